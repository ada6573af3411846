"""Judges targets against what surrounds them, here or in a process aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from isoaudit.audit.common import Collected, run_error
from isoaudit.bundle import Evidence
from isoaudit.model import (
    Assessment,
    FactSet,
    Kind,
    Record,
    RunError,
    Standing,
    Target,
    TargetResult,
)
from isoaudit.rules.context import Context
from isoaudit.rules.judge import Judge
from isoaudit.rules.wall_gate import Wanted
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.assess import Assessor
    from isoaudit.audit.aside import Aside
    from isoaudit.audit.placing import Ground


class Around(NamedTuple):
    """What surrounds targets: the host they may run on, the engines that run them, and what
    could not be read beside them. `ground` is the host that files will run on, if that is known."""

    host: Evidence | None = None
    engines: Mapping[str, Record] = {}
    errors: tuple[RunError, ...] = ()
    ground: Ground | None = None


class Judging:
    """Judges and finishes live targets, here or in a process aside; told first what is around."""

    def __init__(self, judge: Judge, finish: Callable[[TargetResult], Any], fixes: int = 0) -> None:
        self._judge = judge
        self._fixes = fixes
        self._finish = finish
        self._around = Around()

    def __call__(self, item: Evidence | Around) -> Any:
        """Take note of what is around, or return what judging and finishing a target gives."""
        if isinstance(item, Around):
            self._around = item
            self._judge.fixes = self._fixes
            return None
        return outcome(self._judge, self._finish, item, self._around)


def aside_for(judging: Judging, *, live: bool, jobs: int) -> Aside[Any, Any] | None:
    """Fork a process that judges, where there is something to collect meanwhile."""
    if not live or jobs == 1:
        return None
    import threading

    if threading.active_count() > 1:
        return None  # a fork would inherit locks that nobody opens any more
    from isoaudit.audit.aside import Aside

    return Aside(judging)


def judge_live(live: Collected, judging: Judging, aside: Aside[Any, Any] | None) -> Iterator[Any]:
    """Yield what finishing every live target gives, and an error for each that was not read."""
    around = Around(live.host, live.engines)
    judging(around)
    if aside is None:
        for entry in live.targets:
            yield entry if isinstance(entry, RunError) else judging(entry)
        return
    errors: list[RunError] = []

    def evidence() -> Iterator[Evidence | Around]:
        yield around
        for entry in live.targets:
            if isinstance(entry, RunError):
                errors.append(entry)
            else:
                yield entry

    for result in aside.results(evidence(), _lost):
        if result is not None:
            yield result
    yield from errors


def _lost(item: Evidence | Around) -> RunError | None:
    if isinstance(item, Around):
        return None
    return RunError(item.target.id, "judge", "the process that judged it died",
                    "Scan with -j 1, which judges in one process.")  # fmt: skip


def _assessor() -> Assessor:
    # NOTE: imported here, since what only judges (harden) should not pay for it.
    from isoaudit.assess import load_assessor

    return load_assessor()


def outcome(
    judge: Judge, finish: Callable[[TargetResult], Any], evidence: Evidence, around: Around
) -> Any:
    """Judge and finish one target; a fault of isoaudit's own costs that target only."""
    try:
        return finish(judged(judge, evidence, around, _assessor()))
    except Exception as error:
        return run_error(Address(evidence.target.id, "file"), "judge", error)


def judged(
    judge: Judge, evidence: Evidence, around: Around, assessor: Assessor | None = None
) -> TargetResult:
    """Judge one target against its own evidence and that of the host it is proven to run on.

    A file runs on the host that was named for it, if one was. With an assessor it is also said
    what gets through its boundary, and what that is worth.
    """
    context, said = context_of(evidence, around), evidence.said
    findings = judge.judge(context)
    result = TargetResult(context.target, context.own, findings, said)
    if assessor is None:
        return result
    result = assessed(result, context, assessor, judge.wanted)
    if judge.fixes <= 0 or result.assessment is None:
        return result
    return _with_fixes(judge, result, result.assessment, context, assessor)


def _with_fixes(
    judge: Judge,
    result: TargetResult,
    assessment: Assessment,
    context: Context,
    assessor: Assessor,
) -> TargetResult:
    """Return a result with the changes that close its open ways to the host, if it has such.

    Each change is judged anew, so that it is done for the first targets of a run alone.
    """
    if assessment.verdict.status is not Standing.OPEN:
        return result
    from isoaudit.advise.fixes import fixes_for

    judge.fixes -= 1
    return replace(result, fixes=fixes_for(context, assessment, assessor))


def assessed(
    result: TargetResult, context: Context, assessor: Assessor, wanted: Sequence[Wanted] = ()
) -> TargetResult:
    """Return a result with what its target's boundary comes to, if it has one.

    Its wall is judged for the workloads that are `wanted` beside those of every run.
    """
    found = assessor.whole(context)
    if found is None:
        return result
    # NOTE: imported here, since what only judges (harden) should not pay for it.
    from isoaudit.advise.enough import judge_verdict

    assessment, leads = found
    verdict = judge_verdict(assessment, context, wanted)
    return replace(result, assessment=assessment._replace(verdict=verdict), leads=leads)


def context_of(evidence: Evidence, around: Around) -> Context:
    """Return what rules are asked about a target: its evidence, its host's, its engine's."""
    if around.ground is not None and evidence.target.dialect:
        evidence, engine = around.ground.placed(evidence)
        host: FactSet | None = around.ground.host.facts
    else:
        engine = _engine_of(evidence.target, around)
        host = _host_of(evidence.target, around)
    target = evidence.target
    facts = evidence.facts if target.dialect else _compared(target, evidence.facts, host)
    return Context(target, facts, host, engine)


def _compared(target: Target, facts: FactSet, host: FactSet | None) -> FactSet:
    """Return what was seen of a live target, with where its sources say different things."""
    # NOTE: imported here, since most scans of files have nothing live to judge.
    from isoaudit.audit.guests import with_contradictions
    from isoaudit.facts.drift import with_drift

    return with_contradictions(target, with_drift(target, facts), host)


def _host_of(target: Target, around: Around) -> FactSet | None:
    proven = around.host is not None and target.host == around.host.target.id
    return around.host.facts if around.host is not None and proven else None


def _engine_of(target: Target, around: Around) -> Record | None:
    return None if target.kind is Kind.HOST else around.engines.get(target.engine)
