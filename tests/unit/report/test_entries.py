"""What a finding counts for is the same in a report as at the gate."""

from __future__ import annotations

from itertools import chain, combinations, product

from golden.machine_samples import ACCEPTED

from isoaudit.model import (
    FactSet,
    Finding,
    Kind,
    Missing,
    Outcome,
    Reason,
    Severity,
    Status,
    Target,
    TargetResult,
    Waiver,
)
from isoaudit.report.entries import Entry, Standing, standing_of
from isoaudit.report.options import Options
from isoaudit.report.table_view import NEEDS_ENGINE, NEEDS_RUNNING, View, settled_by
from isoaudit.rules.gate import count
from isoaudit.rules.select import Gate

REASONS = list(chain.from_iterable(combinations(Reason, size) for size in range(3)))
WAIVERS: tuple[Waiver | None, ...] = (None, ACCEPTED)


def _finding(
    status: Status,
    reasons: tuple[Reason, ...] = (),
    waiver: Waiver | None = None,
    known: bool | None = None,
    severity: Severity = Severity.HIGH,
) -> Finding:
    missing = tuple(Missing("x", reason) for reason in reasons)
    return Finding(Outcome("X", severity, status, "", (), missing), "", waiver, known)


def _target(dialect: str) -> Target:
    return Target("x", Kind.CONTAINER, "x", "", dialect=dialect)


def test_what_nothing_could_settle_is_the_same_to_all() -> None:
    """The gate, the table's column and every other format count the same as a gap."""
    gate = Gate(Severity.INFO, fail_on_unknown=True)
    for reasons, dialect in product(REASONS, ("", "compose")):
        finding = _finding(Status.UNKNOWN, reasons)
        target = _target(dialect)

        gap = int(standing_of(target, finding) is Standing.UNDECIDED)
        shown = View.of(TargetResult(target, FactSet(), (finding,))).unsettled
        assert (gap, gap) == (count([finding], gate, declared=bool(dialect)).unknown, shown)
        assert (gap == 0) == (settled_by(target, finding) in (NEEDS_RUNNING, NEEDS_ENGINE))


def test_what_breaks_the_gate_is_the_same_to_both() -> None:
    """Waived, known, undecided, below its severity: no format calls an error what it lets pass."""
    for status, waiver, known, severity, unknown, dialect in product(
        Status, WAIVERS, (None, True, False), Severity, (True, False), ("", "compose")
    ):
        reasons = (Reason.OTHER_HOST,) if status is Status.UNKNOWN else ()
        finding = _finding(status, reasons, waiver, known, severity)
        counted = count([finding], Gate(Severity.HIGH, unknown), declared=bool(dialect))
        entry = Entry(_target(dialect), finding, standing_of(_target(dialect), finding))

        expected = bool(counted.fails or counted.unknown)
        assert expected == entry.gates(Options(fail_on=Severity.HIGH, fail_on_unknown=unknown))
