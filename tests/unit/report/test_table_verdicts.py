"""What the table says of boundaries: verdicts, ways out, changes, and what is left."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from golden.report_samples import fact, report
from golden.verdict_samples import verdicts

from isoaudit.model import (
    Axis,
    FactSet,
    FixChange,
    Goal,
    Interval,
    KnownWay,
    Openness,
    Part,
    Record,
    TargetResult,
    Value,
    Vantage,
)
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
    """Return a workload that holds, of whose process something is said about exploits."""
    return replace(holding(), facts=of_processes(Record.of([fact(EXPLOITS, value, "model")])))


def of_processes(*records: Record) -> FactSet:
    """Return what is known of some processes."""
    return FactSet.of([], [Part("process", Vantage.KERNEL, records)], [])


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


def test_the_count_of_one_process_is_not_told_as_that_of_all() -> None:
    """Another one, whose filter was not read, may make more calls."""
    known = Record.of([fact(EXPLOITS, 12, "model")])

    text = page([replace(holding(), facts=of_processes(known, Record({})))])

    assert "One bug in what it shares with the host is enough." in text


def test_a_way_that_is_not_shut_is_told_of_where_the_wall_holds() -> None:
    """The two numbers differ, so it is said why that is no way to the host."""
    held = holding()
    assert held.assessment is not None
    keys = KnownWay("ESC-044", "Key rings are shared", Openness.POSSIBLE)
    ways = (*held.assessment.ways, keys)

    text = page([replace(held, assessment=held.assessment._replace(ways=ways))])

    assert "2 of 3 known ways are closed or absent, the other does not lead to the host" in text


def change(name: str, *closes: str) -> FixChange:
    """Return a change that closes some ways."""
    after = {Axis.ESCAPE: Interval(20, 30)}
    return FixChange(name, f"do {name}", closes, after, 1, "restart", "")


def with_changes(*changes: FixChange) -> TargetResult:
    """Return a workload with a way to the host and one that only stops it, and changes."""
    result = opened()
    assert result.assessment is not None
    way = result.assessment.escape_paths[0]
    stop = way._replace(
        goal=Goal.HOST_DOS, steps=(way.steps[0]._replace(id="ESC-053", title="Uses all memory"),)
    )
    assessment = result.assessment._replace(escape_paths=(way, stop))
    return replace(result, assessment=assessment, fixes=changes)


def test_changes_against_what_does_not_reach_the_host_are_one_line() -> None:
    """The sentence at the top counts the others alone; -v lists all."""
    result = with_changes(change("first", "ESC-008"), change("other", "ESC-053"))

    text = page([result])
    assert "1 change closes every open way to it" in text
    assert "do first" in text
    assert "Against ways that end short of the host: do other" in text
    assert "2 do other" in page([result], verbosity=1)


def test_a_change_that_closes_what_the_one_before_brought_about_is_needed() -> None:
    """As an ordinary user it may use setuid programs: without the second it is not closed."""
    result = with_changes(
        change("non-root", "ESC-008"), change("no-new-privileges", "ESC-043"),
        change("limit", "ESC-053"),
    )  # fmt: skip

    text = page([result])

    assert "2 changes close every open way to it" in text
    assert "do no-new-privileges" in text
    assert "short of the host: do limit" in text


def test_a_change_that_closes_nothing_alone_stays_before_one_that_does() -> None:
    """Two that close a way together are both needed."""
    text = page([with_changes(change("half"), change("whole", "ESC-008"))])

    assert "2 changes close every open way to it" in text
    assert "do half" in text


def test_no_number_of_changes_is_given_where_a_way_stays_open() -> None:
    """What closes it is said by the way itself then."""
    text = page([with_changes(change("other", "ESC-053"))])

    assert "every open way" not in text
    assert "CLOSE remove the mount; or run as another user" in text


def test_what_closes_a_way_is_said_once() -> None:
    """Where a change closes it, its other words stand with -v only; how to keep it always."""
    result = opened()

    text = page([result])
    assert "CLOSE " not in text
    assert "Keep that with: A rootless engine of its own." in text
    assert "CLOSE " in page([result], verbosity=1)


def test_what_every_way_asks_is_counted_beside_what_makes_it_one() -> None:
    """The socket is shown; that it runs on the host's kernel is one more value."""
    result = opened()
    assert result.assessment is not None
    path = result.assessment.escape_paths[0]
    kernel = fact("container.kernel", "host", "/proc/48213/cgroup")
    step = path.steps[0]._replace(evidence=(*path.steps[0].evidence, kernel))
    paths = (path._replace(steps=(step,)),)
    result = replace(result, findings=(), assessment=result.assessment._replace(escape_paths=paths))

    text = page([result])
    assert "control_socket.path: /run/docker.sock" in text
    assert "container.kernel" not in text
    assert "and 1 more value; -v lists it" in text
    assert "container.kernel: host" in page([result], verbosity=1)


@pytest.mark.parametrize("name", ["docker:api", "docker:" + "very-long-name-of-a-workload" * 3])
def test_a_verdict_is_never_cut_in_its_middle(name: str) -> None:
    """Beside a long name it ends early: what it is, and for what, comes first."""
    held = holding()

    lines = raw([replace(held, target=replace(held.target, id=name))]).splitlines()

    row = next(line for line in lines if line.startswith("  docker:"))
    assert "HOLDS for own" in row
    assert len(row) <= 80
    assert row.endswith("56-65")


@pytest.mark.parametrize("goal", [goal for goal in Goal if goal.is_out])
def test_every_goal_is_legible_in_the_row(goal: Goal) -> None:
    """Whatever is reached, the row begins to say it even beside a long name."""
    result = opened()
    assert result.assessment is not None
    verdict = result.assessment.verdict._replace(goal=goal)
    target = replace(result.target, id="compose:" + "folder/" * 12 + "compose.yaml#runner")
    result = replace(result, target=target, assessment=result.assessment._replace(verdict=verdict))

    row = next(line for line in raw([result]).splitlines() if line.startswith("  compose:"))

    assert " OPEN: " + goal.words.split()[0] in row
    assert len(row) <= 80
