"""Facts of a process record from filters that were read, that are not there, or were not read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isoaudit.facts.vocabulary import facts
from isoaudit.model import FactSet, Kind, Reason, Record, Target, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.filters import (
    PATHS,
    Around,
    Engine,
    note_loaded,
    note_shipped,
    note_unfiltered,
    note_unread,
)
from isoaudit.rules.context import Context, Seen
from isoaudit.seccomp import actions, bpf
from isoaudit.seccomp.abi import I386, X32, X86_64, Interfaces
from isoaudit.seccomp.bpf import Instruction
from isoaudit.seccomp.surfaces import SURFACES
from isoaudit.transports import Unreadable

RECORDED = Path(__file__).parents[2] / "recordings" / "seccomp" / "docker-20.10.24.json"
BOTH = Interfaces(X86_64, ((I386, True), (X32, False)))
DOCKER = frozenset({"CAP_CHOWN", "CAP_NET_RAW"})
PLAIN = Around(BOTH, {"CONFIG_IO_URING": "y", "CONFIG_UNIX": "y"}, DOCKER)
_ALLOWS = "process.seccomp.allows."


def _loaded(container: str = "default", around: Around = PLAIN) -> Record:
    filters = json.loads(RECORDED.read_text())[container]["filters"]
    notes = Notes(Vantage.KERNEL)
    note_loaded(notes, filters, around)
    return notes.record()


def _shipped(version: str = "25.0.3", around: Around = PLAIN) -> Record:
    notes = Notes(Vantage.KERNEL)
    note_unread(notes)
    engine = Engine("docker", version, True, DOCKER, (6, 1))
    note_shipped(notes, engine, around)
    return notes.record()


def _open(record: Record) -> set[str]:
    return {p.removeprefix(_ALLOWS) for p, f in record.facts.items()
            if p.startswith(_ALLOWS) and f.value is True}  # fmt: skip


def _value(record: Record, name: str) -> object:
    fact = record.facts.get(f"process.seccomp.{name}")
    return fact.value if fact else None


def test_every_surface_has_its_fact() -> None:
    """The vocabulary and the surfaces name the same things."""
    named = {p.removeprefix(_ALLOWS) for p in facts() if p.startswith(_ALLOWS)}
    assert {surface.name for surface in SURFACES} == named


def test_every_fact_is_in_the_vocabulary() -> None:
    """What is noted or missing is a path that conditions can read, or a branch of such."""
    record = _loaded()
    assert set(record.facts) <= set(facts())
    assert all(any(p == q or p.startswith(f"{q}.") for p in facts()) for q in PATHS)


def test_a_loaded_filter_is_told_in_full() -> None:
    """Docker's default: what is open, which calls pass, and what depends on arguments."""
    record = _loaded()
    allowed = _value(record, "allowed")
    assert isinstance(allowed, tuple)
    assert ({"io_uring", "af_alg", "af_vsock", "ptrace"}, 290, "errno") == (
        _open(record), len(allowed), _value(record, "default_action"),
    )  # fmt: skip
    assert (
        "clone: flags & 0x7e020000 == 0",
        "personality: persona in {0, 0x8, 0x20000, 0x20008, 0xffffffff}",
    ) == _value(record, "by_argument")
    assert ((), (), 20, 7) == tuple(
        _value(record, name)
        for name in ("foreign_calls", "foreign_surfaces", "exploits_reachable",
                     "exploits_reachable_here")
    )  # fmt: skip


def test_sources_name_the_process_and_the_calls() -> None:
    """A reader can check which call opens a surface."""
    fact = _loaded().facts[f"{_ALLOWS}io_uring"]
    source = "loaded seccomp filter of process PID: x86_64:io_uring_setup, i386:io_uring_setup"
    assert (source, Vantage.KERNEL) == (fact.source, fact.vantage)


def test_without_a_filter_all_is_open() -> None:
    """Mode disabled opens every surface, by the kernel's own word."""
    notes = Notes(Vantage.KERNEL)
    note_unfiltered(notes, PLAIN)
    record = notes.record()
    assert {surface.name for surface in SURFACES} == _open(record)
    assert ("allow", 78, ()) == tuple(
        _value(record, n) for n in ("default_action", "exploits_reachable", "by_argument")
    )
    assert "/proc/PID/status Seccomp: no filter" in record.facts[f"{_ALLOWS}bpf"].source


def test_broken_filters_are_no_evidence() -> None:
    """What no kernel would have loaded is missing evidence, whatever it looks like."""
    for broken in ("00", "zz", "06000000"):
        notes = Notes(Vantage.KERNEL)
        note_loaded(notes, [broken], PLAIN)
        record = notes.record()
        reasons = {entry.reason for entry in record.missing.values()}
        assert ({}, {Reason.PARSE_ERROR}) == (dict(record.facts), reasons)


def test_an_architecture_without_tables_is_no_evidence() -> None:
    """Numbers cannot be read without knowing what they call."""
    record = _loaded(around=Around(None))
    assert ({}, set(PATHS)) == (dict(record.facts), set(record.missing))


def test_what_only_an_uncertain_interface_opens_is_missing() -> None:
    """Without the kernel's configuration it is not known whether i386 programs run."""
    notes = Notes(Vantage.KERNEL)
    program = (
        Instruction(bpf.LD_ABS, 0, 0, 4), Instruction(bpf.JEQ, 0, 1, X86_64.audit),
        Instruction(bpf.RET_K, 0, 0, actions.ERRNO), Instruction(bpf.RET_K, 0, 0, actions.ALLOW),
    )  # fmt: skip
    around = Around(Interfaces(X86_64, ((I386, None),)), None, DOCKER)
    note_loaded(notes, [bpf.encode(program).hex()], around)
    record = notes.record()
    assert (set(), True) == (_open(record), f"{_ALLOWS}mount" in record.missing)
    assert "process.seccomp.foreign_calls" in record.missing
    assert "between 0 and 78" in record.missing["process.seccomp.exploits_reachable"].detail


def test_an_unread_filter_is_not_requested() -> None:
    """Without --deep the kernel's word is there to be had, and the report says how."""
    notes = Notes(Vantage.KERNEL)
    note_unread(notes)
    entries = notes.record().missing.values()
    assert {(Reason.NOT_REQUESTED, Vantage.KERNEL)} == {(e.reason, e.vantage) for e in entries}
    assert all("--deep" in entry.how_to_get for entry in entries)


def test_a_refused_reading_keeps_its_reason() -> None:
    """With --deep, what stood in the way is told."""
    notes = Notes(Vantage.KERNEL)
    note_unread(notes, Unreadable(Reason.TIMEOUT, "does not stop", "Scan again."))
    reasons = {entry.reason for entry in notes.record().missing.values()}
    assert {Reason.TIMEOUT} == reasons


def test_the_shipped_default_is_the_engines_word() -> None:
    """What the version certainly opens and closes is noted as the engine's, not the kernel's."""
    record = _shipped()
    vantages = {fact.vantage for fact in record.facts.values()}
    assert ({Vantage.ENGINE}, {"af_alg", "af_vsock", "ptrace"}) == (vantages, _open(record))
    assert record.facts[f"{_ALLOWS}io_uring"].value is False


@pytest.mark.parametrize("name", ["io_uring", "af_alg"])
def test_the_kernels_word_stays_dark_beside_it(name: str) -> None:
    """A pass that rests on the engine's word alone is taken back; a failure stands."""
    context = Context(Target("t", Kind.CONTAINER, "t", "running"), FactSet())
    seen = context.field(_shipped(), f"{_ALLOWS}{name}")
    assert isinstance(seen, Seen)
    assert seen.dark is not None


def test_an_unknown_version_says_nothing() -> None:
    """Of a version that the table does not have only the kernel could tell."""
    record = _shipped("19.03.1")
    assert ({}, set(PATHS)) == (dict(record.facts), set(record.missing))
