"""The gate: whether findings let a run pass, and in what words it says why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from isoaudit.model import (
    Finding,
    Goal,
    Openness,
    Severity,
    Status,
    TargetResult,
    Verdict,
    finding_of,
)
from isoaudit.rules.select import Gate
from isoaudit.rules.wall_gate import wall_count, wall_words


@dataclass(frozen=True, slots=True)
class GateCount:
    """How many findings of one target break the gate, and how many may not be left undecided."""

    fails: int = 0
    unknown: int = 0
    errors: int = 0
    open_unknown: int = 0
    """Unknown findings at or above the gate's severity, whether or not the gate counts them."""
    judged: int = 0
    """Findings of checks that are about such a target at all."""
    short: tuple[str, ...] = ()
    """Why its wall is not enough for a workload that the gate names, or not known to be."""

    def __add__(self, other: GateCount) -> GateCount:
        return GateCount(
            self.fails + other.fails,
            self.unknown + other.unknown,
            self.errors + other.errors,
            self.open_unknown + other.open_unknown,
            self.judged + other.judged,
            self.short + other.short,
        )


def count(findings: Iterable[Finding], gate: Gate, *, declared: bool = False) -> GateCount:
    """Count what breaks the gate among the findings of one target.

    `declared` says that a file is all there is of it. What is waived, or stood in the baseline,
    breaks nothing.
    """
    fails = unknown = errors = judged = 0
    for finding in findings:
        judged += finding.status is not Status.NOT_APPLICABLE
        if finding.status is Status.PASS:
            continue
        if finding.status is Status.ERROR:
            errors += 1
        if finding.waiver is not None or finding.known:
            continue
        if gate.fail_on is None or finding.severity.rank > gate.fail_on.rank:
            continue
        if finding.status is Status.FAIL:
            fails += 1
        elif finding.status is Status.UNKNOWN and not finding.beyond(declared=declared):
            unknown += 1
    return GateCount(fails, unknown if gate.fail_on_unknown else 0, errors, unknown, judged)


def count_walls(target: str, verdict: Verdict | None, gate: Gate) -> GateCount:
    """Count the workloads of the gate that a target's wall is not enough for."""
    found = wall_count(target, verdict, gate.wanted)
    unknown = len(found.unknown)
    told = found.unknown if gate.fail_on_unknown else ()
    return GateCount(len(found.short), len(told), 0, unknown, 0, found.short + told)


def count_ways(result: TargetResult, gate: Gate) -> GateCount:
    """Count the ways out of a target that break the gate, and a score that is too low.

    What is waived, or stood in the baseline, breaks nothing as a way; the score stays as low as it
    makes it. Of a target that was never assessed (a report saved before) nothing is known.
    """
    if result.assessment is None:
        return _not_assessed(result, gate)
    declared = bool(result.target.dialect)
    worst: Goal | None = None
    fails = unknown = 0
    for path in result.assessment.escape_paths:
        if gate.way_out is None or path.goal.rank > gate.way_out.rank or path.waiver or path.known:
            continue
        if path.certainty is Openness.OPEN:
            fails += 1
            worst = path.goal if worst is None or path.goal.rank < worst.rank else worst
        elif not finding_of(path).beyond(declared=declared):
            unknown += 1
    told = (f"{result.target.id}: a way out is open: {worst.words}",) if worst else ()
    low = result.assessment.score.escape.low
    if low < gate.min_score:
        told = (*told, f"{result.target.id}: escape {result.assessment.score.escape}, "
                       f"under {gate.min_score}")  # fmt: skip
        fails += 1
    return GateCount(fails, unknown if gate.fail_on_unknown else 0, 0, unknown, 0, told)


def _not_assessed(result: TargetResult, gate: Gate) -> GateCount:
    if not result.target.has_boundary or (gate.way_out is None and not gate.min_score):
        return GateCount()
    told = f"{result.target.id}: its ways out are not known, it was saved before they were told"
    if gate.min_score:
        return GateCount(1, 0, 0, 1, 0, (told,))
    return GateCount(0, int(gate.fail_on_unknown), 0, 1, 0, (told,) if gate.fail_on_unknown else ())


def describe(gate: Gate) -> str:
    """Return the gate in words, as "no open way to the host; no finding of critical severity"."""
    words = (_of_ways(gate), _of_findings(gate), wall_words(gate.wanted), _of_score(gate))
    said = "; ".join(one for one in words if one)
    return said or "none: nothing fails this run"


def _of_ways(gate: Gate) -> str:
    if gate.way_out is None:
        return ""
    if gate.way_out is Goal.HOST_READ:
        return "no open way to the host"
    return f"no open way out to {gate.way_out.value} or worse"


def _of_score(gate: Gate) -> str:
    return f"escape {gate.min_score} or more" if gate.min_score else ""


def _of_findings(gate: Gate) -> str:
    if gate.fail_on is None:
        return ""
    above = "" if gate.fail_on is Severity.CRITICAL else " or above"
    undecided = ", and none of those left undecided" if gate.fail_on_unknown else ""
    return f"no finding of {gate.fail_on.value} severity{above}{undecided}"
