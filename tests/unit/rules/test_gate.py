"""The gate: what counts, and what it says of itself."""

from __future__ import annotations

import pytest

from isoaudit.model import (
    FactSet,
    Finding,
    Goal,
    Kind,
    Missing,
    Outcome,
    Reason,
    Severity,
    Status,
    Target,
    TargetResult,
)
from isoaudit.rules.gate import GateCount, count, count_ways, describe
from isoaudit.rules.select import Gate, strictest

HIGH = Gate(Severity.HIGH)
HIGH_AND_UNKNOWN = Gate(Severity.HIGH, fail_on_unknown=True)


def _finding(status: Status, severity: Severity, *reasons: Reason) -> Finding:
    missing = tuple(Missing("a.b", reason) for reason in reasons)
    return Finding(Outcome("A-001", severity, status, "m", (), missing))


def _unknown(*reasons: Reason) -> Finding:
    return _finding(Status.UNKNOWN, Severity.HIGH, *reasons)


@pytest.mark.parametrize(
    ("severity", "fails"),
    [(Severity.CRITICAL, 1), (Severity.HIGH, 1), (Severity.MEDIUM, 0), (Severity.INFO, 0)],
)
def test_a_failure_counts_from_the_gates_severity_up(severity: Severity, fails: int) -> None:
    """Milder ones are reported and gate nothing."""
    assert GateCount(fails=fails, judged=1) == count([_finding(Status.FAIL, severity)], HIGH)


@pytest.mark.parametrize("status", [Status.PASS, Status.NOT_APPLICABLE])
def test_what_holds_or_does_not_apply_never_counts(status: Status) -> None:
    """Of whatever severity it is."""
    judged = int(status is not Status.NOT_APPLICABLE)
    assert GateCount(judged=judged) == count(
        [_finding(status, Severity.CRITICAL)], HIGH_AND_UNKNOWN
    )


def test_an_error_counts_whatever_its_severity() -> None:
    """A check that could not be run makes the audit incomplete, not the gate broken."""
    assert GateCount(errors=1, judged=1) == count(
        [_finding(Status.ERROR, Severity.INFO)], Gate(None)
    )


@pytest.mark.parametrize(("gate", "unknown"), [(HIGH, 0), (HIGH_AND_UNKNOWN, 1)])
def test_an_unknown_counts_if_the_gate_says_so(gate: Gate, unknown: int) -> None:
    """Otherwise it is only told."""
    expected = GateCount(unknown=unknown, open_unknown=1, judged=1)

    assert expected == count([_unknown(Reason.TIMEOUT)], gate)


@pytest.mark.parametrize(
    ("declared", "reasons", "unknown"),
    [
        (True, (Reason.NOT_DECLARABLE,), 0),
        (True, (Reason.OTHER_HOST,), 0),
        (True, (Reason.NOT_DECLARABLE, Reason.OTHER_HOST), 0),
        (True, (Reason.NOT_DECLARABLE, Reason.NOT_DECLARED), 1),
        (True, (), 1),
        (False, (Reason.OTHER_HOST,), 1),
    ],
)
def test_what_no_file_can_say_counts_for_no_file(
    declared: bool, reasons: tuple[Reason, ...], unknown: int
) -> None:
    """What it could have said counts, and so does every gap of a running target."""
    counted = count([_unknown(*reasons)], HIGH_AND_UNKNOWN, declared=declared)

    assert unknown == counted.unknown


def test_a_gate_that_never_fails_counts_no_unknown() -> None:
    """Nothing gates, so nothing that gates is unknown."""
    assert GateCount(judged=1) == count(
        [_unknown(Reason.TIMEOUT)], Gate(None, fail_on_unknown=True)
    )


def test_counts_add_up() -> None:
    """Number by number."""
    assert GateCount(5, 7, 9, 11, 13) == GateCount(1, 2, 3, 4, 5) + GateCount(4, 5, 6, 7, 8)


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ([Gate(Severity.HIGH), Gate(Severity.LOW)], Gate(Severity.LOW)),
        ([Gate(None), Gate(Severity.HIGH)], HIGH),
        ([HIGH, Gate(None, fail_on_unknown=True)], HIGH_AND_UNKNOWN),
        ([Gate(None)], Gate(None)),
        ([], Gate(None)),
    ],
)
def test_the_strictest_of_several_gates_holds(gates: list[Gate], expected: Gate) -> None:
    """It fails whenever one of them does."""
    assert expected == strictest(gates)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Gate(), "no finding of critical severity"),
        (HIGH, "no finding of high severity or above"),
        (HIGH_AND_UNKNOWN,
         "no finding of high severity or above, and none of those left undecided"),
        (Gate(None), "none: nothing fails this run"),
    ],
)  # fmt: skip
def test_a_gate_says_what_it_asks_for(gate: Gate, words: str) -> None:
    """In words, for the last line of a run."""
    assert words == describe(gate)


@pytest.mark.parametrize(
    ("gate", "fails", "unknown"),
    [(Gate(), 0, 0), (Gate(way_out=Goal.HOST_READ), 0, 0), (Gate(min_score=40), 1, 0),
     (Gate(way_out=Goal.HOST_READ, fail_on_unknown=True), 0, 1)],
)  # fmt: skip
def test_a_target_that_was_never_assessed_has_no_score_that_would_do(
    gate: Gate, fails: int, unknown: int
) -> None:
    """A report that was saved before ways were told of is no report without ways."""
    result = TargetResult(Target("docker:a", Kind.CONTAINER, "a", "running"), FactSet.of(), ())

    found = count_ways(result, gate)

    assert (fails, unknown) == (found.fails, found.unknown)
    assert found.open_unknown == (gate != Gate())


def test_what_has_no_boundary_has_no_ways() -> None:
    """A host, for example."""
    result = TargetResult(Target("host", Kind.HOST, "host", "running"), FactSet.of(), ())

    assert GateCount() == count_ways(result, Gate(way_out=Goal.HOST_READ, min_score=40))
