"""The kernel itself says which ways out are open, and isoaudit says the same from evidence.

Rows are those of witnesses.yaml. ISOAUDIT_RECORD=1 writes docs/witnesses.md anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.docker import docker_engine
from support.engines import remapping_engine
from support.processes import LabError
from witnesses import canaries, containers, page, rows, static, trying
from witnesses.page import Entry
from witnesses.rows import PLAIN, REMAPPED, Row

from isoaudit.model.ways import Openness

pytestmark = pytest.mark.lab_docker
_ROWS = rows.load()
_TRIED = [row for row in _ROWS if not row.lacking]
_ENGINES = {PLAIN: docker_engine, REMAPPED: remapping_engine}
_FIRM = {Openness.CLOSED, Openness.INERT}
_RECORD = os.environ.get("ISOAUDIT_RECORD") == "1"
_WHOLE = os.environ.get("ISOAUDIT_LAB") == "1"

_OTHERWISE = any(
    Path(one).exists() for one in ("/sys/kernel/security/apparmor", "/sys/fs/selinux/enforce")
)
"""Whether a module of this host's kernel may refuse what the rows say is let through."""

Found = tuple[dict[int, Entry], dict[int, Openness], str]


@pytest.fixture(scope="module")
def found() -> Iterator[Found]:
    """Every row's entry, what is said of it without --deep, and the engine's version."""
    try:
        result = _found()
    except LabError as why:
        if _WHOLE:
            pytest.fail(f"the lab is not whole: {why}", pytrace=False)
        pytest.skip(str(why))
    yield result


def _found() -> Found:
    entries: dict[int, Entry] = {}
    shallow: dict[int, Openness] = {}
    version = ""
    with canaries.canaries() as words:
        witness = Path(words["canary"]) / "witness"
        for name, engine in _ENGINES.items():
            mine = [row for row in _TRIED if row.engine == name]
            with engine() as docker, containers.ground(docker, witness, words, mine) as ground:
                version = docker.cli("version", "--format", "{{.Server.Version}}")
                said = static.verdicts(docker)
                less = static.verdicts(docker, deep=False)
                answers = trying.outcomes(ground, mine)
            for row in mine:
                verdict = page.told(ground.words, said[ground.name(row)][row.way])
                entries[row.number] = Entry(row, answers[row.number], verdict)
                shallow[row.number] = less[ground.name(row)][row.way].state
    return dict(sorted(entries.items())), shallow, version


def _name(row: Row) -> str:
    return f"{row.number}-{row.way}"


@pytest.mark.skipif(_OTHERWISE, reason="the rows are of a host without AppArmor and SELinux")
@pytest.mark.parametrize("row", _TRIED, ids=_name)
def test_the_kernel_answers_the_witness(found: Found, row: Row) -> None:
    """It gets through, or is refused for the very reason that the row names."""
    assert row.refusal == found[0][row.number].answer


@pytest.mark.parametrize("row", [row for row in _TRIED if not row.unknown], ids=_name)
def test_isoaudit_says_what_the_kernel_does(found: Found, row: Row) -> None:
    """Open if the witness gets through, closed or inert if it does not."""
    entry = found[0][row.number]
    assert entry.agrees, f"{row.options}: {entry.answer or 'crossed'}, yet {entry.verdict}"


@pytest.mark.parametrize("row", [row for row in _TRIED if row.unknown], ids=_name)
def test_what_cannot_be_known_is_never_called_closed(found: Found, row: Row) -> None:
    """Where isoaudit lacks what decides, it warns rather than clears; once it knows, say so."""
    entry = found[0][row.number]
    assert (True, False) == (entry.verdict.state not in _FIRM, entry.agrees)


def test_less_evidence_says_nothing_else(found: Found) -> None:
    """Without --deep what was open is not closed, and what was closed is not called open."""
    entries, shallow, _ = found
    pairs = {number: {entry.verdict.state, shallow[number]} for number, entry in entries.items()}
    assert {} == {n: pair for n, pair in pairs.items() if Openness.OPEN in pair and pair & _FIRM}


def test_enough_is_tried_both_ways(found: Found) -> None:
    """Both directions, often enough; and the page is written if that is asked for."""
    entries, _, version = found
    agreeing = [entry for entry in entries.values() if entry.agrees and not entry.row.unknown]
    crossed = [entry for entry in agreeing if not entry.answer]
    assert (True, True) == (len(crossed) >= 30, len(agreeing) - len(crossed) >= len(crossed))
    if _RECORD:
        surprising = [e.row for e in entries.values() if e.answer != e.row.refusal]
        assert [] == surprising, "not written: the kernel answers otherwise than the rows say"
        assert [] == [row.number for row in _ROWS if row.lacking]
        page.FILE.write_text(page.written(list(entries.values()), version), "utf-8")
