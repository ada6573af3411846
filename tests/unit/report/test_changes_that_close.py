"""Which changes of a target are needed to close its ways to the host, and what is said of them."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from golden.report_samples import report
from golden.verdict_samples import verdicts

from isoaudit.model import Axis, EscapePath, FixChange, Goal, Interval, Openness, Step, TargetResult
from isoaudit.report.options import Options
from isoaudit.report.table import render
from isoaudit.report.table_verdicts import verdict_sentence
from isoaudit.report.table_view import View, changes_out

OUT = EscapePath(Goal.HOST_ROOT, Openness.OPEN, (Step("OUT-1", "a socket", "It asks."),))
SHORT = EscapePath(Goal.HOST_DOS, Openness.OPEN, (Step("DOS-1", "no limit", "It forks."),))


def _change(name: str, *closes: str, scope: str = "target") -> FixChange:
    after = {Axis.ESCAPE: Interval(5, 40 + len(name))}
    return FixChange(name, f"make {name}", closes, after, 1, "restart", "", scope)


def _target(*fixes: FixChange, paths: tuple[EscapePath, ...] = (OUT, SHORT)) -> TargetResult:
    first = verdicts().results[0]
    assert first.assessment is not None
    return replace(first, assessment=first.assessment._replace(escape_paths=paths), fixes=fixes)


@pytest.mark.parametrize(
    ("fixes", "needed"),
    [
        ((_change("a", "OUT-1"), _change("b", "DOS-1")), "a"),
        ((_change("a"), _change("b", "OUT-1"), _change("c", "DOS-1")), "ab"),
        # A change before it opens NEW-1: who stops before it is left with that way.
        ((_change("a", "OUT-1"), _change("b", "NEW-1"), _change("c")), "ab"),
        # The score after the last was computed with the one in the middle made.
        ((_change("a", "OUT-1"), _change("b", "DOS-1"), _change("c", "NEW-1")), "abc"),
        ((_change("b", "DOS-1"),), ""),
        ((), ""),
    ],
)
def test_changes_are_needed_up_to_the_last_that_closes_a_way_out(
    fixes: tuple[FixChange, ...], needed: str
) -> None:
    """What is only against ways that end short of the host comes after them."""
    assert needed == "".join(one.id for one in changes_out(View.of(_target(*fixes))))


def test_no_change_is_needed_where_no_way_to_the_host_is_open() -> None:
    """A limit is no escape's remedy."""
    assert () == changes_out(View.of(_target(_change("b", "DOS-1"), paths=(SHORT,))))


def _sentence(*results: TargetResult) -> str:
    return verdict_sentence([View.of(one) for one in results], verdicts().run)


def test_the_sentence_counts_what_is_needed() -> None:
    """One change at the host is one, whatever the number of workloads it closes ways of."""
    one = _target(_change("a", "OUT-1"), _change("b", "DOS-1"))
    at_host = _target(_change("h", "OUT-1", scope="host"))

    assert "1 change closes every open way to it." in _sentence(one)
    assert "1 change closes every open way to it." in _sentence(at_host, at_host)


@pytest.mark.parametrize("fixes", [(), (_change("b", "DOS-1"),)])
def test_nothing_is_promised_where_a_way_is_left_open(fixes: tuple[FixChange, ...]) -> None:
    """No change is known, or none was looked for."""
    assert "change" not in _sentence(_target(_change("a", "OUT-1")), _target(*fixes))


def test_what_is_short_of_the_host_stands_in_a_line() -> None:
    """With its words, without a score that it does not move."""
    stream = io.StringIO()
    render(report([_target(_change("a", "OUT-1"), _change("b", "DOS-1"))]), stream, Options())
    text = " ".join(stream.getvalue().split())

    assert "FIX make a Closes 1 way; ESCAPE 5 -> 5-41; downtime: restart" in text
    assert "Against ways that end short of the host: make b" in text
    assert "CLOSE" not in text
