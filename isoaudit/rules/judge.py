"""Judges targets by checks: three-valued, one finding per failing record, nothing raised.

A check's outcome depends only on the values it reads, so equal values are judged once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.facts.vocabulary import root
from isoaudit.model import Fact, Finding, Kind, Missing, Record, Severity, Status, Value
from isoaudit.rules.cel import Condition, Evaluator, cel_value
from isoaudit.rules.check import Check
from isoaudit.rules.context import Case, Context, SeenPart
from isoaudit.rules.fingerprint import fingerprint, identity_text, of

_PLACEHOLDER = re.compile(r"\{([a-z][\w.]*)\}")
_SHOWN_VALUE = 200
_SHOWN_PASSES = 5
"""Records shown as the evidence of a pass: enough to see what was looked at."""

_NOT_KNOWN = "not known"
_PID = "process.pid"
_REMEMBERED = 50_000
"""Verdicts kept at most, so that memory stays flat over any number of targets."""


class _Verdict(NamedTuple):
    """What one set of values came to; `problem` is set for an error only."""

    status: Status
    severity: Severity
    problem: str = ""


class _Bare(NamedTuple):
    """A finding of a part before it is one target's: what tells it from others, as the fingerprint
    has it, and the number of the record it is about, or None for the part as a whole."""

    finding: Finding
    identity: str
    record: int | None


_Judged = tuple[_Verdict, Case, Record]


class _Plan:
    """What can be known of a check before any target is, worked out once.

    `reads` holds every path its conditions name, and whether it is a field of the judged records.
    Fields come first: they say what is wrong. `outside` holds what it reads that is no field:
    targets that agree in the records and in these are judged alike, unless it reads pids.
    """

    __slots__ = ("check", "outside", "params", "reads", "reads_pids", "severity")

    def __init__(self, check: Check) -> None:
        self.check = check
        self.severity = check.severity
        self.params = {f"params.{name}": cel_value(v) for name, v in check.params.items()}
        reads = [
            (path, bool(check.each) and root(path) == check.each) for path in _all_reads(check)
        ]
        self.reads = sorted(reads, key=lambda read: (not read[1], read[0]))
        said = [n for n in _PLACEHOLDER.findall(check.message) if root(n) != "params"]
        paths = {path for path, _ in reads} | set(said)
        self.outside = sorted(path for path in paths if root(path) != check.each)
        self.reads_pids = _PID in paths


_NO_RECORD = Record({})


class Judge:
    """Judges by one list of checks, whose parameters a profile may have changed."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = tuple(checks)
        self._evaluator = Evaluator()
        self._known: dict[tuple[Any, ...], _Verdict] = {}
        self._held: dict[tuple[Any, ...], bool | str] = {}
        self._bare: dict[tuple[Any, ...], list[_Bare]] = {}
        self._plans = {check.id: _Plan(check) for check in checks}
        self._by_kind = {
            kind: [self._plans[check.id] for check in checks if kind in check.applies_to]
            for kind in Kind
        }

    def judge(self, context: Context) -> tuple[Finding, ...]:
        """Return the findings of every check that applies to the kind of target."""
        findings: list[Finding] = []
        for plan in self._by_kind[context.target.kind]:
            findings += self._findings(plan, context)
        return tuple(findings)

    def findings(self, check: Check, context: Context) -> list[Finding]:
        """Return what one check comes to: one finding, or one per failing record."""
        return self._findings(self._plans[check.id], context)

    def _findings(self, plan: _Plan, context: Context) -> list[Finding]:
        if plan.check.each:
            return self._judge_each(plan, context)
        case = context.case(_NO_RECORD, plan.reads)
        return [_finding(plan, context, self._verdict(plan, case), case)]

    def _judge_each(self, plan: _Plan, context: Context) -> list[Finding]:
        found = context.part(plan.check.each)
        if isinstance(found, Missing):
            return [_undecided(plan, context, (found,))]
        kin = found.part.kin
        if not kin or plan.reads_pids or found.dark:
            return [_own(plan, context, bare, found) for bare in self._bares(plan, context, found)]
        key = (plan.check.id, kin, *[context.fact(path) for path in plan.outside])
        known = self._bare.get(key)
        if known is None:
            if len(self._bare) >= _REMEMBERED:
                self._bare.clear()
            known = self._bare[key] = self._bares(plan, context, found)
        return [_own(plan, context, bare, found) for bare in known]

    def _bares(self, plan: _Plan, context: Context, found: SeenPart) -> list[_Bare]:
        """Judge every record of a part."""
        judged: list[_Judged] = []
        for record in self._in_question(plan, context, found.part.records):
            case = context.case(record, plan.reads)
            judged.append((self._verdict(plan, case), case, record))
        statuses = [verdict.status for verdict, _, _ in judged]
        for status in (Status.FAIL, Status.ERROR):
            if status in statuses:
                bad = [entry for entry in judged if entry[0].status is status]
                return [_of_record(plan, context, found, entry) for entry in bad]
        if Status.UNKNOWN in statuses or found.dark:
            open_cases = [case for verdict, case, _ in judged if verdict.status is Status.UNKNOWN]
            lacking = [entry for case in open_cases for entry in case.lacking()]
            dark = (found.dark,) if found.dark else ()
            return [_Bare(_undecided(plan, context, (*lacking, *dark)), "{}", None)]
        passed = [case for verdict, case, _ in judged if verdict.status is Status.PASS]
        return [_Bare(_passed(plan, context, passed), "{}", None)]

    def _in_question(
        self, plan: _Plan, context: Context, records: Sequence[Record]
    ) -> Sequence[Record]:
        """Return the records without those that the check certainly passes by.

        Most checks of a part pass by the same ones (of 28 mounts, 25 are no bind mounts), so that
        what one of them found is kept for the others.
        """
        when = plan.check.when
        if when is None or "params." in when.source:
            return records
        key = (plan.check.each, when.source)
        known = context.in_question.get(key)
        if known is None:
            known = [one for one in records if not self._passes_by(plan, context, when, one)]
            context.in_question[key] = known
        return known

    def _passes_by(self, plan: _Plan, context: Context, when: Condition, record: Record) -> bool:
        """Say whether `when` is false by fields that nothing outranks."""
        values: dict[str, Value] = {}
        for path in when.reads:
            seen = context.field(record, path)
            if isinstance(seen, Missing) or seen.dark:
                return False
            values[path] = seen.fact.value
        return self._holds(plan, when, values) is False

    def _verdict(self, plan: _Plan, case: Case) -> _Verdict:
        """Judge one case, from memory where the same values were judged before."""
        key = (plan.check.id, case.key)
        known = self._known.get(key)
        if known is None:
            known = self._decide(plan, case)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known

    def _decide(self, plan: _Plan, case: Case) -> _Verdict:
        values = {path: fact.value for path, fact in case.facts.items()}
        verdict = self._decide_values(plan, values)
        if verdict.status in {Status.PASS, Status.NOT_APPLICABLE} and case.dark:
            # NOTE: a pass must stand without what a stronger vantage might contradict.
            firm = {path: value for path, value in values.items() if path not in case.dark}
            if self._decide_values(plan, firm).status is not verdict.status:
                return _Verdict(Status.UNKNOWN, verdict.severity)
        return verdict

    def _decide_values(self, plan: _Plan, values: Mapping[str, Value]) -> _Verdict:
        check = plan.check
        severity = self._severity(plan, values)
        applies: bool | str = True
        if check.when is not None:
            applies = self._holds(plan, check.when, values)
            if applies is False:
                return _Verdict(Status.NOT_APPLICABLE, severity)
        passes = self._holds(plan, check.passes, values)
        if passes is True and (applies is True or _lacks(check.when, values)):
            # Whether or not the check applies, nothing is wrong.
            return _Verdict(Status.PASS, severity)
        if passes is False and applies is True:
            return _Verdict(Status.FAIL, severity)
        for condition, result in ((check.when, applies), (check.passes, passes)):
            if isinstance(result, str) and condition and not _lacks(condition, values):
                return _Verdict(Status.ERROR, severity, f"{condition.source}: {result}")
        return _Verdict(Status.UNKNOWN, severity)

    def _severity(self, plan: _Plan, values: Mapping[str, Value]) -> Severity:
        for level in plan.check.levels:
            if level.when is None or self._holds(plan, level.when, values) is not False:
                return level.severity
        return plan.check.levels[-1].severity

    def _holds(self, plan: _Plan, condition: Condition, values: Mapping[str, Value]) -> bool | str:
        """Evaluate a condition, once for all cases that agree in the values which it reads itself.

        The library is handed these alone: turning values into its own costs more than evaluating.
        """
        key = (plan.check.id, condition.program, *[values.get(path) for path in condition.reads])
        known = self._held.get(key)
        if known is None:
            read = {path: cel_value(values[path]) for path in condition.reads if path in values}
            read |= {name: v for name, v in plan.params.items() if name in condition.source}
            known = self._evaluator.evaluate(condition, read)
            if len(self._held) >= _REMEMBERED:
                self._held.clear()
            self._held[key] = known
        return known


def _of_record(plan: _Plan, context: Context, found: SeenPart, judged: _Judged) -> _Bare:
    verdict, case, record = judged
    finding = _finding(plan, context, verdict, case, record)
    number = next(n for n, one in enumerate(found.part.records) if one is record)
    return _Bare(finding, identity_text(plan.check, record.facts.values()), number)


def _own(plan: _Plan, context: Context, bare: _Bare, found: SeenPart) -> Finding:
    """Return the finding of one target: with its own fingerprint, and with its process's pid."""
    print_of_it = of(plan.check.id, context.quoted_id, bare.identity)
    check, severity, status, message, evidence, missing, _ = bare.finding
    if bare.record is not None:
        pid = found.part.records[bare.record].facts.get(_PID)
        if pid is not None and pid not in evidence:
            evidence = (*evidence, pid)
    return Finding(check, severity, status, message, evidence, missing, print_of_it)


def _finding(
    plan: _Plan,
    context: Context,
    verdict: _Verdict,
    case: Case,
    record: Record | None = None,
) -> Finding:
    evidence = case.evidence()
    if verdict.status is Status.UNKNOWN:
        return _undecided(plan, context, case.lacking(), verdict.severity, evidence)
    message = verdict.problem or plan.check.title
    if verdict.status is Status.FAIL:
        message = _fill(plan.check, context, record)
    identity = record.facts.values() if record else evidence
    return Finding(
        plan.check.id,
        verdict.severity,
        verdict.status,
        message,
        evidence,
        tuple(case.missing.values()),
        fingerprint(plan.check, context.target.id, identity),
    )


def _all_reads(check: Check) -> tuple[str, ...]:
    paths = set(check.reads)
    for level in check.levels:
        paths |= set(level.when.reads if level.when else ())
    return tuple(sorted(paths))


def _lacks(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    return condition is not None and any(path not in values for path in condition.reads)


def _undecided(
    plan: _Plan,
    context: Context,
    missing: Iterable[Missing],
    severity: Severity | None = None,
    evidence: tuple[Fact, ...] = (),
) -> Finding:
    return Finding(
        plan.check.id,
        severity or plan.severity,
        Status.UNKNOWN,
        plan.check.title,
        evidence,
        tuple(dict.fromkeys(missing)),
        fingerprint(plan.check, context.target.id, ()),
    )


def _passed(plan: _Plan, context: Context, cases: Sequence[Case]) -> Finding:
    evidence = cases[0].evidence() if cases else ()
    if len(cases) > 1:
        several = [fact for case in cases[:_SHOWN_PASSES] for fact in case.evidence()]
        evidence = tuple(dict.fromkeys(several))
    return Finding(
        plan.check.id,
        plan.severity,
        Status.PASS,
        plan.check.title,
        evidence,
        (),
        fingerprint(plan.check, context.target.id, ()),
    )


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

    return _PLACEHOLDER.sub(value, check.message)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    if not text:
        return "none"
    return text if len(text) <= _SHOWN_VALUE else text[: _SHOWN_VALUE - 1] + "…"
