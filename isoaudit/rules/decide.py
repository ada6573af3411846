"""Decides what one set of values comes to, three-valued, and remembers it.

A check's verdict depends only on the values it reads, so equal values are judged once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.model import Severity, Status, Value
from isoaudit.rules.cel import Condition, Evaluator, cel_value
from isoaudit.rules.context import Case
from isoaudit.rules.fingerprint import identity_text
from isoaudit.rules.plan import Plan

REMEMBERED = 50_000
"""Verdicts kept at most, so that memory stays flat over any number of targets."""


class Verdict(NamedTuple):
    """What one set of values came to; `problem` is set for an error only.

    `identity` is what the values say of which finding it is, as the fingerprint has it.
    """

    status: Status
    severity: Severity
    problem: str = ""
    identity: str = "{}"


class Decider:
    """Decides cases; keeps verdicts, and what each condition came to, by the values they read."""

    def __init__(self) -> None:
        self._evaluator = Evaluator()
        self._known: dict[tuple[Any, ...], Verdict] = {}
        self._held: dict[tuple[Any, ...], bool | str] = {}

    def verdict(self, plan: Plan, case: Case) -> Verdict:
        """Judge one case, from memory where the same values were judged before."""
        key = (plan.check.id, case.key)
        known = self._known.get(key)
        if known is None:
            known = self._decide(plan, case)
            if known.status is not Status.UNKNOWN and not plan.check.each:
                identity = identity_text(plan.check, case.facts.values())
                known = known._replace(identity=identity)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known

    def holds(self, plan: Plan, condition: Condition, values: Mapping[str, Value]) -> bool | str:
        """Evaluate a condition, once for all cases that agree in the values which it reads itself.

        The library is handed these alone: turning values into its own costs more than evaluating.
        """
        key = (plan.check.id, condition.program, *[values.get(path) for path in condition.reads])
        known = self._held.get(key)
        if known is None:
            read = {path: cel_value(values[path]) for path in condition.reads if path in values}
            read |= {name: v for name, v in plan.params.items() if name in condition.source}
            known = self._evaluator.evaluate(condition, read)
            if len(self._held) >= REMEMBERED:
                self._held.clear()
            self._held[key] = known
        return known

    def _decide(self, plan: Plan, case: Case) -> Verdict:
        values = {path: fact.value for path, fact in case.facts.items()}
        verdict = self._decide_values(plan, values)
        if verdict.status in {Status.PASS, Status.NOT_APPLICABLE} and case.dark:
            # NOTE: a pass must stand without what a stronger vantage might contradict.
            firm = {path: value for path, value in values.items() if path not in case.dark}
            if self._decide_values(plan, firm).status is not verdict.status:
                return Verdict(Status.UNKNOWN, verdict.severity)
        return verdict

    def _decide_values(self, plan: Plan, values: Mapping[str, Value]) -> Verdict:
        check = plan.check
        severity = self._severity(plan, values)
        applies: bool | str = True
        if check.when is not None:
            applies = self.holds(plan, check.when, values)
            if applies is False:
                return Verdict(Status.NOT_APPLICABLE, severity)
        passes = self.holds(plan, check.passes, values)
        if passes is True and (applies is True or _lacks(check.when, values)):
            # Whether or not the check applies, nothing is wrong.
            return Verdict(Status.PASS, severity)
        if passes is False and applies is True:
            return Verdict(Status.FAIL, severity)
        for condition, result in ((check.when, applies), (check.passes, passes)):
            if isinstance(result, str) and condition and not _lacks(condition, values):
                return Verdict(Status.ERROR, severity, f"{condition.source}: {result}")
        return Verdict(Status.UNKNOWN, severity)

    def _severity(self, plan: Plan, values: Mapping[str, Value]) -> Severity:
        for level in plan.check.levels:
            if level.when is None or self.holds(plan, level.when, values) is not False:
                return level.severity
        return plan.check.levels[-1].severity


def _lacks(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    return condition is not None and any(path not in values for path in condition.reads)
