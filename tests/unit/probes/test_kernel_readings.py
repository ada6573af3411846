"""What readings are worth where the host's kernel does not answer the workload's system calls."""

from __future__ import annotations

import pytest
from runtime_layouts import layout

from isoaudit.facts.vocabulary import facts, parts
from isoaudit.model import Fact, FactSet, Kind, Missing, Part, Reason, Record, Target, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.readings import note_kernel, sentry_facts, veiled
from isoaudit.probes.kernel.runtimes import Recognition, recognise
from isoaudit.rules.context import Context, SeenPart

SENTRY = layout("gvisor: Sentry in Kubernetes")
GUEST = layout("kata: QEMU, daemonized, in the pod's group")
OPEN = layout("gvisor: under docker, its file not compared")
TARGET = Target("docker:web", Kind.CONTAINER, "web", "running", "web")


@pytest.mark.parametrize("kernel", ["host", ""])
def test_nothing_is_veiled_of_what_may_be_the_workload(kernel: str) -> None:
    """An unknown kernel hides no reading: whoever is inside could ask for that by a name."""
    assert () == veiled(Recognition(kernel=kernel))


@pytest.mark.parametrize("evidence", [SENTRY, GUEST], ids=["gVisor", "Kata"])
def test_readings_of_another_process_are_missing(evidence) -> None:
    """Processes and mounts of a Sentry or a VMM are not the workload's, and it is said why."""
    entries = veiled(recognise(evidence))
    assert {"process", "mount", "container.rootfs.read_only"} <= {entry.path for entry in entries}
    assert {Reason.NOT_SUPPORTED} == {entry.reason for entry in entries}
    assert all(entry.detail and entry.how_to_get for entry in entries)


def test_limits_hold_for_a_sentry_and_not_for_a_vmm() -> None:
    """The group of a Sentry is the container's own; a VMM may sit in one without limits."""
    assert (False, True) == tuple(
        "container.limits" in {entry.path for entry in veiled(recognise(one))}
        for one in (SENTRY, GUEST)
    )


def test_paths_are_of_the_vocabulary() -> None:
    """Every path that is veiled is a part, a fact, or the branch of one."""
    known = {*facts(), *parts()}
    for entry in veiled(recognise(GUEST)):
        assert any(path == entry.path or path.startswith(f"{entry.path}.") for path in known)


def test_what_was_asked_for_stays_and_is_not_the_last_word() -> None:
    """An engine's records of the inner layer are kept; a pass cannot rest on them alone."""
    asked = Record.of([Fact("process.seccomp.mode", "filter", "inspect", Vantage.ENGINE)])
    seen = FactSet.of(
        parts=[Part("process", Vantage.ENGINE, (asked,))], missing=veiled(recognise(SENTRY))
    )
    part = Context(TARGET, seen).part("process")
    assert isinstance(part, SeenPart)
    assert ((asked,), True) == (part.part.records, part.dark is not None)


def noted(recognition: Recognition) -> FactSet:
    notes = Notes(Vantage.KERNEL)
    note_kernel(notes, recognition)
    return notes.factset()


def test_kernel_and_runtime_are_noted() -> None:
    """What is recognised becomes two facts with what was seen as their source."""
    seen = noted(recognise(SENTRY)).facts
    assert ("sentry", "runsc") == (
        seen["container.kernel"][0].value,
        seen["container.runtime_seen"][0].value,
    )
    assert "containerd-shim-runsc-v1" in seen["container.kernel"][0].source


def test_what_is_not_recognised_is_missing() -> None:
    """No fact stands for an unknown kernel, and the reason says what was seen."""
    seen = noted(recognise(OPEN))
    assert ({}, {"container.kernel", "container.runtime_seen"}) == (seen.facts, set(seen.missing))
    assert "not compared" in seen.missing["container.kernel"][0].detail


def test_confinement_of_a_sentry_is_its_own() -> None:
    """Its record of processes says how the Sentry is confined, and its flags how it was started."""
    record = Record.of(
        [
            Fact("process.name", "exe", "status", Vantage.KERNEL),
            Fact("process.seccomp.mode", "filter", "status", Vantage.KERNEL),
            Fact("process.capabilities.effective", ("CAP_SYS_PTRACE",), "status", Vantage.KERNEL),
        ],
        [Missing("process.lsm.label", Reason.PERMISSION_DENIED)],
    )
    seen = sentry_facts(record, SENTRY.cmdline)
    assert {
        "sentry.seccomp.mode": "filter",
        "sentry.capabilities.effective": ("CAP_SYS_PTRACE",),
        "sentry.platform": "systrap",
        "sentry.network": "sandbox",
    } == {path: several[0].value for path, several in seen.facts.items()}
    assert {"sentry.lsm.label"} == set(seen.missing)
    assert set(facts()) >= {*seen.facts, *seen.missing}


def test_flags_that_were_not_given_are_not_guessed() -> None:
    """A platform that is nobody's word is no fact."""
    assert {} == sentry_facts(Record({}), ("runsc-sandbox", "--platform=x", "boot")).facts
