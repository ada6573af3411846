"""The gate: whether findings let a run pass, and in what words it says why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from isoaudit.model import Finding, Severity, Status, Verdict
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


def describe(gate: Gate) -> str:
    """Return the gate in words, as "no finding of critical severity"."""
    walls = wall_words(gate.wanted)
    return "; ".join(words for words in (_of_findings(gate), walls) if words)


def _of_findings(gate: Gate) -> str:
    if gate.fail_on is None:
        return "none: findings never fail this run"
    above = "" if gate.fail_on is Severity.CRITICAL else " or above"
    undecided = ", and none of those left undecided" if gate.fail_on_unknown else ""
    return f"no finding of {gate.fail_on.value} severity{above}{undecided}"
