"""Judges targets by checks: three-valued, one finding per failing record, nothing raised.

Most of what a check comes to is the same for many targets: a file can tell nothing of what only a
kernel shows, and containers of one image have the same mounts. It is worked out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from isoaudit.model import Finding, Kind, Missing, Outcome, Part, Record, Status, Value
from isoaudit.rules import outcome
from isoaudit.rules.cel import Condition
from isoaudit.rules.check import Check
from isoaudit.rules.context import Case, Context, SeenPart, Shape
from isoaudit.rules.decide import REMEMBERED, Decider, Verdict
from isoaudit.rules.fingerprint import identity_text, of
from isoaudit.rules.plan import PID, Plan
from isoaudit.rules.told import Told
from isoaudit.rules.wall_gate import Wanted

_SHAPES = 256
"""Shapes of targets kept at most; a run over one kind of file has a handful."""

_OF_THE_WHOLE = frozenset({Status.PASS, Status.UNKNOWN, Status.NOT_APPLICABLE})
"""What a check comes to for a target as a whole: a failure names a record, and its pid."""

_NO_RECORD = Record({})


class _Bare(NamedTuple):
    """What a part came to before it is one target's: what tells it from others, as the fingerprint
    has it, and the number of the record it is about, or None for the part as a whole."""

    outcome: Outcome
    identity: str
    record: int | None


_Judged = tuple[Verdict, Case, Record]
_Settled = list[tuple[Plan, Outcome | None, Told | None]]
"""The checks for one shape of target, with what they come to where it is the same for all, and
with what they came to for those that had the very same facts."""


class _Met(NamedTuple):
    """A shape of target that was met: its surroundings, and what it settles once it comes again."""

    around: object
    settled: _Settled


class Judge:
    """Judges by one list of checks, whose parameters a profile may have changed."""

    def __init__(self, checks: Sequence[Check], wanted: Sequence[Wanted] = ()) -> None:
        self.checks = tuple(checks)
        self.wanted = tuple(wanted)
        """Workloads that walls are to be judged for, beside those of every run."""
        self.fixes = 0
        """For how many targets more changes are worked out that close their ways out."""
        self._decider = Decider()
        self._bare: dict[tuple[Any, ...], list[_Bare]] = {}
        self._met: dict[Shape, _Met] = {}
        self._plans: dict[str, Plan] = {}
        self._nothing_wrong: dict[str, list[_Bare]] = {}
        self._by_kind: dict[Kind, list[Plan]] = {}

    def judge(self, context: Context) -> tuple[Finding, ...]:
        """Return the findings of every check that applies to the kind of target."""
        findings: list[Finding] = []
        target = context.quoted_id
        for plan, known, told in self._settled_for(context):
            if known is not None:
                findings.append(Finding(known, of(known.check, target, "{}")))
                continue
            findings += (
                self._findings(plan, context) if told is None else self._told(plan, context, told)
            )
        return tuple(findings)

    def findings(self, check: Check, context: Context) -> list[Finding]:
        """Return what one check comes to: one finding, or one per failing record."""
        return self._findings(self._plan(check), context)

    def _plan(self, check: Check) -> Plan:
        plan = self._plans.get(check.id)
        if plan is None:
            plan = self._plans[check.id] = Plan(check)
            self._nothing_wrong[check.id] = [_Bare(outcome.passed(plan, ()), "{}", None)]
        return plan

    def _plans_for(self, kind: Kind) -> list[Plan]:
        """Return the checks of a kind of target, worked out when the first of its kind comes."""
        plans = self._by_kind.get(kind)
        if plans is None:
            several = [self._plan(check) for check in self.checks if kind in check.applies_to]
            plans = self._by_kind[kind] = several
        return plans

    def _settled_for(self, context: Context) -> _Settled:
        """Return the checks for a target, with what its shape alone settles of them.

        That is worked out when a shape is met again: many targets have one that none shares.
        """
        plans = self._plans_for(context.target.kind)
        shape = context.shape()
        met = self._met.get(shape)
        if met is None:
            if len(self._met) >= _SHAPES:
                self._met.clear()
            # NOTE: a shape knows the surroundings by identity: as long as it is kept, so are they.
            self._met[shape] = _Met(context.around, [])
            return [(plan, None, None) for plan in plans]
        if not met.settled:
            # What a file declares has places in it, which no other target shares.
            live = not context.target.dialect
            met.settled.extend(
                (plan, self._by_shape(plan, context), Told(plan) if live else None)
                for plan in plans
            )
        return met.settled

    def _by_shape(self, plan: Plan, context: Context) -> Outcome | None:
        """Return what a check comes to where no value of the target's own is asked for."""
        each = plan.check.each
        if each and (plan.reads_pids or not context.shows_nothing(each, plan.fields)):
            return None
        if not context.tells_nothing(plan.outside):
            return None
        finding, *further = self._findings(plan, context)
        alone = not further and finding.fingerprint == of(plan.check.id, context.quoted_id, "{}")
        return finding.outcome if alone and finding.status in _OF_THE_WHOLE else None

    def _findings(self, plan: Plan, context: Context) -> list[Finding]:
        bares, found = self._judged(plan, context)
        return [_own(plan, context, bare, found) for bare in bares]

    def _told(self, plan: Plan, context: Context, told: Told) -> list[Finding]:
        """Judge a target, from memory where one with the same objects was judged before."""
        read = told.reads(context.own)
        known = told.findings(read, context.quoted_id) if read is not None else None
        if known is not None:
            return known
        bares, found = self._judged(plan, context)
        new = [_own(plan, context, bare, found) for bare in bares]
        if read is not None and (found is None or _holds(found.part, bares)):
            outcomes = (finding.outcome for finding in new)
            told.keep(read, list(zip(outcomes, (bare.identity for bare in bares), strict=True)))
        return new

    def _judged(self, plan: Plan, context: Context) -> tuple[list[_Bare], SeenPart | None]:
        """Return what a check comes to, and the part that was judged, if it is about one."""
        if not plan.check.each:
            case = context.case(_NO_RECORD, plan.reads)
            verdict = self._decider.verdict(plan, case)
            result = outcome.of_case(plan, context, verdict, case)
            return [_Bare(result, verdict.identity, None)], None
        found = context.part(plan.check.each)
        if isinstance(found, Missing):
            if self._is_beside_the_point(plan, context):
                return [_Bare(outcome.passed_by(plan), "{}", None)], None
            return [_Bare(outcome.undecided(plan, (found,)), "{}", None)], None
        return self._remembered(plan, context, found), found

    def _remembered(self, plan: Plan, context: Context, found: SeenPart) -> list[_Bare]:
        """Judge a part, from memory where its kin was judged before."""
        kin = found.part.kin
        if not kin or plan.reads_pids or found.dark:
            return self._bares(plan, context, found)
        key = (plan.check.id, kin, context.whose, *[context.fact(path) for path in plan.outside])
        known = self._bare.get(key)
        if known is None:
            if len(self._bare) >= REMEMBERED:
                self._bare.clear()
            known = self._bare[key] = self._bares(plan, context, found)
        return known

    def _bares(self, plan: Plan, context: Context, found: SeenPart) -> list[_Bare]:
        """Judge every record of a part."""
        judged: list[_Judged] = []
        for record in self._in_question(plan, context, found.part.records):
            case = context.case(record, plan.reads)
            judged.append((self._decider.verdict(plan, case), case, record))
        if not judged and not found.dark:
            return self._nothing_wrong[plan.check.id]
        if not judged and self._is_beside_the_point(plan, context):
            return [_Bare(outcome.passed_by(plan), "{}", None)]
        statuses = {verdict.status for verdict, _, _ in judged}
        for status in (Status.FAIL, Status.ERROR):
            if status in statuses:
                numbers = {id(one): n for n, one in enumerate(found.part.records)}
                bad = [entry for entry in judged if entry[0].status is status]
                return [_of_record(plan, context, numbers[id(b[2])], b) for b in bad]
        if Status.UNKNOWN in statuses or found.dark:
            open_cases = [case for verdict, case, _ in judged if verdict.status is Status.UNKNOWN]
            lacking = [entry for case in open_cases for entry in case.lacking()]
            dark = (found.dark,) if found.dark else ()
            return [_Bare(outcome.undecided(plan, (*lacking, *dark)), "{}", None)]
        passed = [case for verdict, case, _ in judged if verdict.status is Status.PASS]
        if not passed:
            return self._nothing_wrong[plan.check.id]
        return [_Bare(outcome.passed(plan, passed), "{}", None)]

    def _in_question(
        self, plan: Plan, context: Context, records: Sequence[Record]
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

    def _is_beside_the_point(self, plan: Plan, context: Context) -> bool:
        """Say whether `when` is false whatever a record of the part held that was not read."""
        when = plan.check.when
        return when is not None and self._passes_by(plan, context, when, _NO_RECORD, bare=True)

    def _passes_by(
        self, plan: Plan, context: Context, when: Condition, record: Record, *, bare: bool = False
    ) -> bool:
        """Say whether `when` is false by fields that nothing outranks; `bare`, by some of them."""
        values: dict[str, Value] = {}
        for path in when.reads:
            seen = context.field(record, path) if path in plan.fields else context.fact(path)
            if isinstance(seen, Missing) or seen.dark:
                if bare:
                    continue
                return False
            values[path] = seen.fact.value
        return self._decider.holds(plan, when, values) is False


def _of_record(plan: Plan, context: Context, number: int, judged: _Judged) -> _Bare:
    verdict, case, record = judged
    result = outcome.of_case(plan, context, verdict, case, record)
    return _Bare(result, identity_text(plan.check, record.facts.values()), number)


def _holds(part: Part, bares: list[_Bare]) -> bool:
    """Say whether what a part came to holds wherever the check reads the same objects: not where
    it names a record, of which other fields take part, unless these are the same as well."""
    return bool(part.kin) or all(bare.record is None for bare in bares)


def _own(plan: Plan, context: Context, bare: _Bare, found: SeenPart | None) -> Finding:
    """Return the finding of one target: with its own fingerprint, and with its process's pid."""
    result = bare.outcome
    if bare.record is not None and found is not None:
        pid = found.part.records[bare.record].facts.get(PID)
        if pid is not None and pid not in result.evidence:
            result = result._replace(evidence=(*result.evidence, pid))
    return Finding(result, of(plan.check.id, context.quoted_id, bare.identity))
