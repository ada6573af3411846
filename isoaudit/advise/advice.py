"""Advice for one target: the wall its workload needs, the one it has, and what lies between."""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.advise.enough import Enough, EnoughJudge
from isoaudit.advise.moves import Blocker, Move, blockers, load_moves
from isoaudit.advise.needs import Workload
from isoaudit.advise.required import Required, required
from isoaudit.advise.rules import Demand
from isoaudit.assess import Assessor
from isoaudit.assess.truth import Truth
from isoaudit.model import Assessment, Kind, Target, WallKind
from isoaudit.rules.context import Context

_BRANCHES = frozenset({WallKind.MICROVM, WallKind.VM})
"""Where a VM may go; what it lacks for that its wall says, and it stays a VM."""


class Advised(NamedTuple):
    """What is advised for a target.

    `enough` is whether its wall will do for the workload as it stands, `demands` what has to stand
    beside the wall and whether that is seen. `moves` are the walls that a container goes to if its
    own will not do, or the next stronger one.
    """

    target: Target
    assessment: Assessment
    workload: Workload
    required: Required
    enough: Enough
    demands: tuple[tuple[Demand, Truth], ...]
    blockers: tuple[Blocker, ...]
    moves: tuple[Move, ...]


def advise(
    context: Context, assessment: Assessment, workload: Workload, assessor: Assessor
) -> Advised:
    """Return the advice for a target whose boundary was assessed."""
    judge = EnoughJudge(assessor.truths)
    needed = required(workload)
    assessment = assessment._replace(verdict=judge.verdict(assessment, context))
    moves = () if context.target.kind is Kind.VM else _moves(assessment, needed)
    aims = {move.to for move in moves} or _BRANCHES
    return Advised(
        context.target,
        assessment,
        workload,
        needed,
        judge.of(assessment, needed, context),
        tuple((one, judge.demand(one, assessment, context)) for one in needed.demands),
        tuple(one for one in blockers(context, assessor.truths) if not aims.isdisjoint(one.walls)),
        moves,
    )


def _moves(assessment: Assessment, needed: Required) -> tuple[Move, ...]:
    """Return the walls to go to: those that are needed, or the next stronger one."""
    possible = assessment.verdict.wall.possible
    known = load_moves().moves
    if not needed.met_by(possible):
        return tuple(known[wall] for wall in needed.walls if wall in known)
    stronger = [wall for wall in WallKind if wall.tier > possible.tier and wall in known]
    if possible.tier >= WallKind.MICROVM.tier:
        return ()
    return (known[stronger[0]],)
