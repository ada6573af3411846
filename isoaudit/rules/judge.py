"""Judges targets by checks: three-valued, one finding per failing record, nothing raised.

A check's outcome depends only on the values it reads, so equal values are judged once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.facts.vocabulary import root
from isoaudit.model import Fact, Finding, Missing, Record, Severity, Status, Value
from isoaudit.rules.cel import Condition, Evaluator, cel_value
from isoaudit.rules.check import Check
from isoaudit.rules.context import Context, Seen
from isoaudit.rules.fingerprint import fingerprint

_PLACEHOLDER = re.compile(r"\{([a-z][\w.]*)\}")
_SHOWN_VALUE = 200
_SHOWN_PASSES = 5
"""Records shown as the evidence of a pass: enough to see what was looked at."""

_REMEMBERED = 50_000
"""Verdicts kept at most, so that memory stays flat over any number of targets."""


class _Verdict(NamedTuple):
    """What one set of values came to; `problem` is set for an error only."""

    status: Status
    severity: Severity
    problem: str = ""


class _Case(NamedTuple):
    """The evidence that one judgement reads: known facts, missing ones, and darkened ones."""

    seen: Mapping[str, Seen]
    missing: Mapping[str, Missing]


class Judge:
    """Judges by one list of checks, whose parameters a profile may have changed."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = tuple(checks)
        self._evaluator = Evaluator()
        self._known: dict[tuple[Any, ...], _Verdict] = {}
        self._params = {
            check.id: {f"params.{name}": cel_value(v) for name, v in check.params.items()}
            for check in checks
        }
        self._reads = {check.id: _all_reads(check) for check in checks}

    def judge(self, context: Context) -> tuple[Finding, ...]:
        """Return the findings of every check that applies to the kind of target."""
        findings: list[Finding] = []
        for check in self.checks:
            if context.target.kind in check.applies_to:
                findings.extend(self.findings(check, context))
        return tuple(findings)

    def findings(self, check: Check, context: Context) -> list[Finding]:
        """Return what one check comes to: one finding, or one per failing record."""
        if check.each:
            return self._judge_each(check, context)
        case = _case((path, context.fact(path)) for path in self._reads[check.id])
        verdict = self._verdict(check, case)
        return [self._finding(check, context, verdict, case)]

    def _judge_each(self, check: Check, context: Context) -> list[Finding]:
        seen = context.part(check.each)
        if isinstance(seen, Missing):
            return [_undecided(check, context, (seen,))]
        shared = {
            path: context.fact(path) for path in self._reads[check.id] if root(path) != check.each
        }
        fields = [path for path in self._reads[check.id] if root(path) == check.each]
        judged: list[tuple[_Verdict, _Case, Record]] = []
        for record in seen.part.records:
            found = [(path, context.field(record, path)) for path in fields]
            case = _case((*shared.items(), *found))
            judged.append((self._verdict(check, case), case, record))
        for status in (Status.FAIL, Status.ERROR):
            bad = [entry for entry in judged if entry[0].status is status]
            if bad:
                return [self._finding(check, context, *entry) for entry in bad]
        open_cases = [case for verdict, case, _ in judged if verdict.status is Status.UNKNOWN]
        if open_cases or seen.dark:
            lacking = [entry for case in open_cases for entry in _lacking(case)]
            return [_undecided(check, context, (*lacking, *((seen.dark,) if seen.dark else ())))]
        return [_passed(check, context, [e for e in judged if e[0].status is Status.PASS])]

    def _verdict(self, check: Check, case: _Case) -> _Verdict:
        """Judge one case, from memory where the same values were judged before."""
        key = (
            check.id,
            tuple((path, seen.fact.value, seen.dark is None) for path, seen in case.seen.items()),
        )
        known = self._known.get(key)
        if known is None:
            known = self._decide(check, case)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known

    def _decide(self, check: Check, case: _Case) -> _Verdict:
        values = self._values(check, case, only_undimmed=False)
        verdict = self._decide_values(check, case, values)
        if verdict.status in {Status.PASS, Status.NOT_APPLICABLE} and _darkened(case):
            # NOTE: a pass must stand without what a stronger vantage might contradict.
            firm = self._values(check, case, only_undimmed=True)
            if self._decide_values(check, case, firm).status is not verdict.status:
                return _Verdict(Status.UNKNOWN, verdict.severity)
        return verdict

    def _values(self, check: Check, case: _Case, *, only_undimmed: bool) -> dict[str, Any]:
        values = dict(self._params[check.id])
        for path, seen in case.seen.items():
            if seen.dark is None or not only_undimmed:
                values[path] = cel_value(seen.fact.value)
        return values

    def _decide_values(self, check: Check, case: _Case, values: Mapping[str, Any]) -> _Verdict:
        severity = self._severity(check, values)
        applies: bool | str = True
        if check.when is not None:
            applies = self._evaluator.evaluate(check.when, values)
            if applies is False:
                return _Verdict(Status.NOT_APPLICABLE, severity)
        passes = self._evaluator.evaluate(check.passes, values)
        if passes is True and (applies is True or _lacks(check.when, values)):
            # Whether or not the check applies, nothing is wrong.
            return _Verdict(Status.PASS, severity)
        if passes is False and applies is True:
            return _Verdict(Status.FAIL, severity)
        for condition, result in ((check.when, applies), (check.passes, passes)):
            if isinstance(result, str) and condition and not _lacks(condition, values):
                return _Verdict(Status.ERROR, severity, f"{condition.source}: {result}")
        return _Verdict(Status.UNKNOWN, severity)

    def _severity(self, check: Check, values: Mapping[str, Any]) -> Severity:
        for level in check.levels:
            if level.when is None or self._evaluator.evaluate(level.when, values) is not False:
                return level.severity
        return check.levels[-1].severity

    def _finding(
        self,
        check: Check,
        context: Context,
        verdict: _Verdict,
        case: _Case,
        record: Record | None = None,
    ) -> Finding:
        evidence = _evidence(check, case)
        if verdict.status is Status.UNKNOWN:
            return _undecided(check, context, _lacking(case), verdict.severity, evidence)
        message = verdict.problem or check.title
        if verdict.status is Status.FAIL:
            message = _fill(check, context, record)
        identity = record.facts.values() if record else evidence
        return Finding(
            check.id,
            verdict.severity,
            verdict.status,
            message,
            evidence,
            tuple(case.missing.values()),
            fingerprint(check, context.target.id, identity),
        )


def _all_reads(check: Check) -> tuple[str, ...]:
    paths = set(check.reads)
    for level in check.levels:
        paths |= set(level.when.reads if level.when else ())
    return tuple(sorted(paths))


def _case(found: Iterable[tuple[str, Seen | Missing]]) -> _Case:
    seen: dict[str, Seen] = {}
    missing: dict[str, Missing] = {}
    for path, one in found:
        if isinstance(one, Missing):
            missing[path] = one
        else:
            seen[path] = one
    return _Case(seen, missing)


def _darkened(case: _Case) -> bool:
    return any(seen.dark for seen in case.seen.values())


def _lacking(case: _Case) -> tuple[Missing, ...]:
    dark = [seen.dark for seen in case.seen.values() if seen.dark]
    return (*case.missing.values(), *dark)


def _lacks(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    return condition is not None and any(path not in values for path in condition.reads)


def _evidence(check: Check, case: _Case) -> tuple[Fact, ...]:
    """Return the known facts with those of the judged part first: they say what is wrong."""
    facts = [seen.fact for seen in case.seen.values()]
    return tuple(sorted(facts, key=lambda fact: (root(fact.path) != check.each, fact.path)))


def _undecided(
    check: Check,
    context: Context,
    missing: Iterable[Missing],
    severity: Severity | None = None,
    evidence: tuple[Fact, ...] = (),
) -> Finding:
    unique = tuple(dict.fromkeys(missing))
    return Finding(
        check.id,
        severity or check.severity,
        Status.UNKNOWN,
        check.title,
        evidence,
        unique,
        fingerprint(check, context.target.id, ()),
    )


def _passed(
    check: Check, context: Context, judged: Sequence[tuple[_Verdict, _Case, Record]]
) -> Finding:
    evidence = [fact for _, case, _ in judged[:_SHOWN_PASSES] for fact in _evidence(check, case)]
    return Finding(
        check.id,
        check.severity,
        Status.PASS,
        check.title,
        tuple(dict.fromkeys(evidence)),
        (),
        fingerprint(check, context.target.id, ()),
    )


def _fill(check: Check, context: Context, record: Record | None) -> str:
    """Return the check's message with the values of facts and parameters put in."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("params."):
            return _shown(check.params[name.removeprefix("params.")])
        if record is not None and root(name) == check.each:
            fact = record.facts.get(name)
            return _shown(fact.value) if fact else "?"
        seen = context.fact(name)
        return "?" if isinstance(seen, Missing) else _shown(seen.fact.value)

    return _PLACEHOLDER.sub(value, check.message)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    if not text:
        return "none"
    return text if len(text) <= _SHOWN_VALUE else text[: _SHOWN_VALUE - 1] + "…"
