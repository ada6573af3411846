"""Puts into words what a judgement came to: message, evidence, and what was lacking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from isoaudit.facts.vocabulary import root
from isoaudit.model import Fact, Missing, Outcome, Record, Severity, Status, Value
from isoaudit.rules.check import Check
from isoaudit.rules.context import Case, Context
from isoaudit.rules.decide import Verdict
from isoaudit.rules.plan import PLACEHOLDER, Plan

_SHOWN_VALUE = 200
_SHOWN_PASSES = 5
"""Records shown as the evidence of a pass: enough to see what was looked at."""

_NOT_KNOWN = "not known"


def of_case(
    plan: Plan, context: Context, verdict: Verdict, case: Case, record: Record | None = None
) -> Outcome:
    """Return what a verdict on one case is, in words."""
    evidence = case.evidence()
    if verdict.status is Status.UNKNOWN:
        return undecided(plan, case.lacking(), verdict.severity, evidence)
    message = verdict.problem or plan.check.title
    if verdict.status is Status.FAIL:
        message = _fill(plan.check, context, record)
    missing = tuple(case.missing.values())
    return Outcome(plan.check.id, verdict.severity, verdict.status, message, evidence, missing)


def undecided(
    plan: Plan,
    missing: Iterable[Missing],
    severity: Severity | None = None,
    evidence: tuple[Fact, ...] = (),
) -> Outcome:
    """Return that a check could not be decided, and for want of what."""
    lacking = tuple(dict.fromkeys(missing))
    check = plan.check
    level = severity or plan.severity
    return Outcome(check.id, level, Status.UNKNOWN, check.title, evidence, lacking)


def passed(plan: Plan, cases: Sequence[Case]) -> Outcome:
    """Return that nothing in a part is wrong; `cases` are the records that were in question."""
    evidence = cases[0].evidence() if cases else ()
    if len(cases) > 1:
        several = [fact for case in cases[:_SHOWN_PASSES] for fact in case.evidence()]
        evidence = tuple(dict.fromkeys(several))
    return Outcome(plan.check.id, plan.severity, Status.PASS, plan.check.title, evidence)


def passed_by(plan: Plan) -> Outcome:
    """Return that a check does not apply to a target, whatever its records are."""
    return Outcome(plan.check.id, plan.severity, Status.NOT_APPLICABLE, plan.check.title, ())


def _fill(check: Check, context: Context, record: Record | None) -> str:
    """Return the check's message with the values of facts and parameters put in."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("params."):
            return _shown(check.params[name.removeprefix("params.")])
        if record is not None and root(name) == check.each:
            fact = record.facts.get(name)
            return _shown(fact.value) if fact else _NOT_KNOWN
        seen = context.fact(name)
        return _NOT_KNOWN if isinstance(seen, Missing) else _shown(seen.fact.value)

    return PLACEHOLDER.sub(value, check.message)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    if not text:
        return "none"
    return text if len(text) <= _SHOWN_VALUE else text[: _SHOWN_VALUE - 1] + "…"
