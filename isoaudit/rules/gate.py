"""The gate: whether findings let a run pass, and in what words it says why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from isoaudit.model import Finding, Reason, Severity, Status
from isoaudit.rules.select import Gate

_BEYOND_ALL = frozenset({Reason.NOT_DECLARABLE})
_BEYOND_A_FILE = frozenset({Reason.NOT_DECLARABLE, Reason.OTHER_HOST})
"""What a file cannot say, of itself or of the host, is no gap in the evidence to be had."""


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

    def __add__(self, other: GateCount) -> GateCount:
        return GateCount(
            self.fails + other.fails,
            self.unknown + other.unknown,
            self.errors + other.errors,
            self.open_unknown + other.open_unknown,
            self.judged + other.judged,
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
        elif finding.status is Status.UNKNOWN and not beyond(finding, declared=declared):
            unknown += 1
    return GateCount(fails, unknown if gate.fail_on_unknown else 0, errors, unknown, judged)


def beyond(finding: Finding, *, declared: bool) -> bool:
    """Say whether a finding is unknown for no other reason than that nothing could ever say it:
    no file of this kind, no engine where there is none."""
    reasons = {entry.reason for entry in finding.missing}
    return bool(reasons) and reasons <= (_BEYOND_A_FILE if declared else _BEYOND_ALL)


def describe(gate: Gate) -> str:
    """Return the gate in words, as "no finding of critical severity"."""
    if gate.fail_on is None:
        return "none: findings never fail this run"
    above = "" if gate.fail_on is Severity.CRITICAL else " or above"
    undecided = ", and none of those left undecided" if gate.fail_on_unknown else ""
    return f"no finding of {gate.fail_on.value} severity{above}{undecided}"
