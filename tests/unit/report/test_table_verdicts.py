"""What the table says of boundaries: verdicts, ways out, changes, and what is left."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from golden.report_samples import fact, report
from golden.verdict_samples import verdicts

from isoaudit.model import FactSet, KnownWay, Openness, TargetResult, Value
from isoaudit.report.options import Options
from isoaudit.report.table import render

EXPLOITS = "process.seccomp.exploits_reachable"


def page(results: Sequence[TargetResult], verbosity: int = 0) -> str:
    """Return the page of some targets, its lines joined so that words can be looked for."""
    return " ".join(raw(results, verbosity).split())


def raw(results: Sequence[TargetResult], verbosity: int = 0) -> str:
    """Return the page of some targets as it is."""
    stream = io.StringIO()
    render(report(list(results)), stream, Options(verbosity=verbosity))
    return stream.getvalue()


def opened() -> TargetResult:
    """A workload with one open way and the change that closes it."""
    return verdicts().results[0]


def holding() -> TargetResult:
    """A workload whose wall holds."""
    return verdicts().results[2]


def with_exploits(value: Value) -> TargetResult:
    """Return a workload that holds, of which something is said about exploits."""
    return replace(holding(), facts=FactSet.of([fact(EXPLOITS, value, "model")], [], []))


def test_the_count_of_exploits_stands_where_it_is_known() -> None:
    """As a number of the corpus with its date, never as a share."""
    text = page([with_exploits(12)])

    assert "12 of 78 published kernel exploits (kernelCTF, 2026-08)" in text
    assert "%" not in text


@pytest.mark.parametrize("value", ["many", True, ("12",)])
def test_what_is_no_count_of_exploits_does_not_stop_the_page(value: Value) -> None:
    """A report from elsewhere may hold anything; then no count is given."""
    text = page([with_exploits(value)])

    assert "One bug in what it shares with the host is enough." in text
    assert "published kernel exploits" not in text


def test_a_way_that_is_not_shut_is_told_of_where_the_wall_holds() -> None:
    """The two numbers differ, so it is said why that is no way to the host."""
    held = holding()
    assert held.assessment is not None
    keys = KnownWay("ESC-044", "Key rings are shared", Openness.POSSIBLE)
    ways = (*held.assessment.ways, keys)

    text = page([replace(held, assessment=held.assessment._replace(ways=ways))])

    assert "2 of 3 known ways are closed or absent, the other does not lead to the host" in text
