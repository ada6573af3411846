"""Ways out that run across workloads: the end of a run follows where a target's ways lead to.

A target that reaches another one of the run (`TargetResult.leads`) has that one's ways out as well,
step by step. Whose ways those are is known once all have been judged: such targets wait until then,
all others go on at once. The names of others are strangers' words: they are looked up, never
followed further than `_FARTHEST`, and never back to where a way has been.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from isoaudit.assess import load_assessor
from isoaudit.assess.assessor import known_by
from isoaudit.assess.verdict import with_paths
from isoaudit.assess.ways import order
from isoaudit.audit.common import run_error
from isoaudit.model import (
    EscapePath,
    Goal,
    Lead,
    Missing,
    Openness,
    Reason,
    RunError,
    Step,
    Target,
    TargetResult,
)
from isoaudit.targets.address import Address

_FARTHEST = 4
"""Workloads that a way crosses at most."""

_MOST_LOOKED_AT = 500
"""Ways to others that are followed from one target: a project may name each of its services."""

_KEPT = 4
"""Ways out of a neighbour, and ways through neighbours, that are told of."""

_TARGET = "neighbour.target"
_CUT_OFF = Missing(_TARGET, Reason.LIMIT, f"more than {_FARTHEST} workloads on the way",
                   "Look at the ways out of the workloads on the way.")  # fmt: skip

Finish = Callable[[TargetResult], Any]


class Reach(NamedTuple):
    """What a judged target means to those who reach it: its worst ways out, and where it leads."""

    ids: tuple[str, ...]
    paths: tuple[EscapePath, ...]
    leads: tuple[Lead, ...]


class Carried(NamedTuple):
    """A judged target on its way to whoever settles the run: finished, or held until its end."""

    reach: Reach | None
    finished: Any = None
    held: TargetResult | None = None


def carrying(finish: Finish) -> Callable[[TargetResult], Carried]:
    """Return what finishes a judged target unless its ways lead to others, and tells its reach."""

    def carry(result: TargetResult) -> Carried:
        reach = reach_of(result)
        if result.assessment is not None and result.leads:
            return Carried(reach, held=result)
        return Carried(reach, finish(result))

    return carry


def settled(carried: Iterator[Any], finish: Finish) -> Iterator[Any]:
    """Yield what finished targets came to, then those that were held, with their further ways.

    Their walls are judged anew.
    """
    known: dict[str, Reach] = {}
    held: list[TargetResult] = []
    for entry in carried:
        if not isinstance(entry, Carried):
            yield entry
            continue
        if entry.reach is not None:
            known.update(dict.fromkeys(entry.reach.ids, entry.reach))
        if entry.held is None:
            yield entry.finished
        else:
            held.append(entry.held)
    for result in held:
        yield _finished(result, known, finish)


def _finished(result: TargetResult, known: Mapping[str, Reach], finish: Finish) -> Any | RunError:
    """Extend and finish one target; a fault of isoaudit's own costs that target only."""
    try:
        return finish(extended(result, known))
    except Exception as error:
        return run_error(Address(result.target.id, "file"), "judge", error)


def reach_of(result: TargetResult) -> Reach | None:
    """Return what a target means to others; None where it has no boundary."""
    if result.assessment is None:
        return None
    out = [path for path in result.assessment.escape_paths if path.goal.is_out]
    ids = (result.target.id, *result.target.aliases)
    return Reach(ids, tuple(_undominated(out)[:_KEPT]), result.leads)


def extended(result: TargetResult, known: Mapping[str, Reach]) -> TargetResult:
    """Return a result with the ways out that run through others and reach more than its own.

    Changes that were found without these ways are dropped: they promise a score that there is not.
    """
    if result.assessment is None:
        return result
    better = further(known, result.target, result.assessment.escape_paths, result.leads)
    if not better:
        return result
    named = [known_by(path, result.target.id) for path in better]
    # NOTE: imported here, since most targets have no way that leads across others.
    from isoaudit.advise.enough import after_ways

    extended_by = with_paths(result.assessment, named, load_assessor().model)
    return replace(result, assessment=after_ways(extended_by, result.target.kind), fixes=())


def further(
    known: Mapping[str, Reach], target: Target, own: Sequence[EscapePath], leads: Sequence[Lead]
) -> Sequence[EscapePath]:
    """Return the ways out of a target that run through others and reach more than its own."""
    found = _undominated(list(_through(target, leads, known)))
    return [path for path in found if not any(_covers(one, path) for one in own)][:_KEPT]


def _through(
    target: Target, leads: Sequence[Lead], known: Mapping[str, Reach]
) -> Iterator[EscapePath]:
    """Yield the ways out through others: nearest first, each workload once for each certainty."""
    own = {target.id, *target.aliases}
    waiting = [(lead, name, 1) for lead in leads for name in lead.names]
    seen: set[tuple[str, Openness]] = set()
    looked_at = 0
    while waiting and looked_at < _MOST_LOOKED_AT:
        looked_at += 1
        lead, name, distance = waiting.pop(0)
        if not name or name in own or (name, lead.certainty) in seen:
            continue
        seen.add((name, lead.certainty))
        reach = known.get(name)
        if reach is None:
            yield _unknown(lead, _unaudited(name))
            continue
        for path in reach.paths:
            yield _joined(lead, path, reach.ids[0])
        beyond = [
            (_onward(lead, further, reach.ids[0]), one, distance + 1)
            for further in reach.leads
            for one in further.names
            if one not in own and (one, _weaker(lead.certainty, further.certainty)) not in seen
        ]
        if beyond and distance == _FARTHEST:
            yield _unknown(beyond[0][0], _CUT_OFF)
        else:
            waiting += beyond
    if waiting:
        yield _unknown(waiting[0][0], _CUT_OFF)


def _joined(lead: Lead, path: EscapePath, target: str) -> EscapePath:
    """Return a neighbour's way out as it begins here; it is as sure as its weaker part."""
    certainty = _weaker(lead.certainty, path.certainty)
    steps = (*lead.steps, *_at(path.steps, target))
    breaks = dict.fromkeys((*lead.broken_by, *path.broken_by))
    return EscapePath(path.goal, certainty, steps, tuple(breaks))


def _onward(lead: Lead, further: Lead, target: str) -> Lead:
    certainty = _weaker(lead.certainty, further.certainty)
    steps = (*lead.steps, *_at(further.steps, target))
    breaks = dict.fromkeys((*lead.broken_by, *further.broken_by))
    return Lead(steps, certainty, further.names, tuple(breaks))


def _unaudited(name: str) -> Missing:
    remedy = f"Audit both in one run: isoaudit scan {shlex.quote(name)}"
    return Missing(_TARGET, Reason.NOT_REQUESTED, f"{name} was not audited with it", remedy)


def _unknown(lead: Lead, missing: Missing) -> EscapePath:
    """Return the way through neighbours beyond which nothing is known: it may lead anywhere."""
    last = lead.steps[-1]
    steps = (*lead.steps[:-1], last._replace(missing=(*last.missing, missing)))
    return EscapePath(Goal.HOST_ROOT, Openness.POSSIBLE, steps, lead.broken_by)


def _at(steps: Sequence[Step], target: str) -> tuple[Step, ...]:
    return tuple(step if step.target else step._replace(target=target) for step in steps)


def _weaker(one: Openness, other: Openness) -> Openness:
    return max(one, other, key=lambda state: state.rank)


def _undominated(paths: Sequence[EscapePath]) -> list[EscapePath]:
    """Return paths, surest and worst first, without those that another one outdoes."""
    kept: list[EscapePath] = []
    for path in sorted(paths, key=order):
        if not any(_covers(one, path) for one in kept):
            kept.append(path)
    return kept


def _covers(one: EscapePath, other: EscapePath) -> bool:
    """Say whether a way is as sure as another and leads to nothing milder."""
    return one.goal.rank <= other.goal.rank and one.certainty.rank <= other.certainty.rank
