"""What a wall is enough for: by its structure first, by its score second, three-valued.

An open way out makes it enough for nothing but what the host is trusted to. What is not known never
makes it enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from isoaudit.advise.needs import workload_of
from isoaudit.advise.required import Required, required
from isoaudit.advise.rules import Demand, load_rules
from isoaudit.advise.words import GOALS, either, wall_name
from isoaudit.assess.asked import view_of
from isoaudit.assess.truth import Truth, Truths
from isoaudit.model import Assessment, EscapePath, Goal, Kind, Missing, NotEnough, Openness, Verdict
from isoaudit.rules.context import Context
from isoaudit.rules.wall_gate import NOT_KNOWN, Wanted

_SHOWN = 3

_NO_WALL = Required((), 0, (), neighbour=False, rules=())
"""What a workload needs of which only ways out are looked at: none that are found later lead to
neighbours alone."""


class Reason(NamedTuple):
    """Why a wall is not enough (`is_certain`), or why that is not known."""

    text: str
    is_certain: bool
    missing: tuple[Missing, ...] = ()


class Enough(NamedTuple):
    """Whether a wall is enough: True, False, or not known (None), with the reasons if not."""

    value: bool | None
    reasons: tuple[Reason, ...] = ()

    @property
    def because(self) -> tuple[str, ...]:
        """The reasons in words: those that are certain, or if there are none, what is not known."""
        certain = tuple(one.text for one in self.reasons if one.is_certain)
        return certain or tuple(f"{NOT_KNOWN}{one.text}" for one in self.reasons)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What would have to be read to know."""
        return tuple(dict.fromkeys(entry for one in self.reasons for entry in one.missing))


class EnoughJudge:
    """Judges what walls are enough for; what the demands come to is remembered by its facts."""

    def __init__(self, truths: Truths) -> None:
        self._truths = truths

    def of(self, assessment: Assessment, needed: Required, context: Context) -> Enough:
        """Return whether a target's wall is enough for what is required."""
        reasons = [
            *by_structure(assessment, needed, context.target.kind),
            *self._unmet(assessment, needed, context),
        ]
        return _concluded(reasons)

    def verdict(
        self, assessment: Assessment, context: Context, wanted: Sequence[Wanted] = ()
    ) -> Verdict:
        """Return the verdict with the classes of workloads that the wall is enough for, or not.

        Those that are `wanted` come behind the classes of every run, by their profiles' names.
        """
        yes: list[str] = []
        no: list[NotEnough] = []
        for name, needed in (*_classes(), *((one.name, _required(one)) for one in wanted)):
            found = self.of(assessment, needed, context)
            if found.value:
                yes.append(name)
            else:
                no.append(NotEnough(name, found.because))
        verdict = assessment.verdict
        return verdict._replace(enough_for=tuple(yes), not_enough_for=tuple(no))

    def demand(self, demand: Demand, assessment: Assessment, context: Context) -> Truth:
        """Return whether something that has to stand beside a wall does; None if nobody sees it."""
        if demand.addition:
            proven = demand.addition in assessment.verdict.wall.additions
            return Truth(proven)
        if demand.that is None:
            return Truth(None)
        return self._truths.of(demand.that, view_of(context), trusting=False)

    def _unmet(
        self, assessment: Assessment, needed: Required, context: Context
    ) -> Iterator[Reason]:
        for demand in needed.demands:
            if not demand.is_seen:
                continue
            truth = self.demand(demand, assessment, context)
            if truth.value is None:
                yield Reason(demand.text, is_certain=False, missing=truth.missing)
            elif not truth.value:
                yield Reason(demand.lacks, is_certain=True)


def by_structure(assessment: Assessment, needed: Required, kind: Kind) -> Iterator[Reason]:
    """Yield why ways out, wall and score are not enough, or leave it open."""
    ways = [path for path in assessment.escape_paths if _counts(path, needed)]
    opened = [path for path in ways if path.certainty is Openness.OPEN]
    if opened:
        yield Reason(f"a way is open to {_goals(opened)}", is_certain=True)
        return
    if ways:
        missing = tuple(entry for path in ways for entry in path.missing)
        yield Reason(f"a way to {_goals(ways)} is not ruled out", is_certain=False, missing=missing)
    yield from _of_wall(assessment, needed, kind)
    score = assessment.score.escape
    if score.high < needed.score:
        yield Reason(f"its score {score} is below {needed.score}", is_certain=True)
    elif score.low < needed.score:
        yield Reason(f"its score is {score}, and {needed.score} is needed", is_certain=False)


def judge_verdict(
    assessment: Assessment, context: Context, wanted: Sequence[Wanted] = ()
) -> Verdict:
    """Return the verdict of an assessment with what its wall is enough for, and not."""
    return _judge().verdict(assessment, context, wanted)


def after_ways(assessment: Assessment, kind: Kind) -> Assessment:
    """Return an assessment to which ways were added, with what the wall is still enough for.

    What has to stand beside a wall was judged before, and is as it was. So was what a profile's
    workload needs: it can only lose by a way.
    """
    verdict = assessment.verdict
    before = {one.workload: one.because for one in verdict.not_enough_for}
    needs = dict(_classes())
    said = dict.fromkeys((*verdict.enough_for, *before))
    names = [*(one for one in needs if one in said), *(one for one in said if one not in needs)]
    yes: list[str] = []
    no: list[NotEnough] = []
    for name in names:
        found = _concluded(list(by_structure(assessment, needs.get(name, _NO_WALL), kind)))
        if found.value and name in verdict.enough_for:
            yes.append(name)
        else:
            no.append(NotEnough(name, _together(found.because, before.get(name, ()))))
    changed = verdict._replace(enough_for=tuple(yes), not_enough_for=tuple(no))
    return assessment._replace(verdict=changed)


def _judge() -> EnoughJudge:
    from isoaudit.assess import load_assessor

    return EnoughJudge(load_assessor().truths)


def _together(found: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Return reasons each once: what is certain, or else what is not known."""
    every = tuple(dict.fromkeys((*found, *before)))
    return tuple(text for text in every if not text.startswith(NOT_KNOWN)) or every


@cache
def _classes() -> tuple[tuple[str, Required], ...]:
    return tuple((one.name, required(one.workload)) for one in load_rules().classes)


@cache
def _required(wanted: Wanted) -> Required:
    """Return what a profile's workload needs."""
    questions = load_rules().questions
    several = {one.name for one in questions if one.is_several}
    answers = {name: words if name in several else words[0] for name, words in wanted.answers}
    return required(workload_of(answers, questions))


def _concluded(reasons: Sequence[Reason]) -> Enough:
    if any(one.is_certain for one in reasons):
        return Enough(False, tuple(reasons))
    return Enough(None if reasons else True, tuple(reasons))


def _counts(path: EscapePath, needed: Required) -> bool:
    return path.goal.is_out or (needed.neighbour and path.goal is Goal.NEIGHBOUR)


def _of_wall(assessment: Assessment, needed: Required, kind: Kind) -> Iterator[Reason]:
    wall = assessment.verdict.wall
    if not needed.met_by(wall.possible):
        what = f"its wall is {wall_name(wall.possible, kind)}, and {either(needed.walls)} is needed"
        yield Reason(what, is_certain=True)
    elif not needed.met_by(wall.proven):
        what = f"{either(needed.walls)} is not proven"
        yield Reason(what, is_certain=False, missing=wall.missing)


def _goals(paths: Sequence[EscapePath]) -> str:
    goals = sorted({path.goal for path in paths}, key=lambda goal: goal.rank)
    more = f" and {len(goals) - _SHOWN} more" if len(goals) > _SHOWN else ""
    return ", ".join(GOALS[goal] for goal in goals[:_SHOWN]) + more
