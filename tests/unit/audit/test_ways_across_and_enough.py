"""A way that runs through another workload takes away what a wall was enough for."""

from __future__ import annotations

from isoaudit.advise.enough import judge_verdict
from isoaudit.assess import load_assessor
from isoaudit.assess.verdict import with_paths
from isoaudit.model import (
    Assessment,
    Axis,
    EscapePath,
    Goal,
    Interval,
    Kind,
    Openness,
    Score,
    Standing,
    Step,
    Verdict,
    Wall,
    WallKind,
)
from isoaudit.rules.examples import context_of


def test_further_ways_keep_the_classes_until_they_are_judged_anew() -> None:
    """Status and wall follow from them at once."""
    axes = {axis: Interval(90, 95) for axis in Axis}
    wall = Wall(WallKind.HARDENED, WallKind.HARDENED)
    before = Assessment((), (), Verdict(Standing.HOLDS, None, wall), Score(axes, {}))
    before = before._replace(verdict=judge_verdict(before, context_of(Kind.CONTAINER, {})))
    way = EscapePath(Goal.HOST_ROOT, Openness.OPEN, (Step("ESC-201", "a way", "there", ()),))

    after = with_paths(before, [way], load_assessor().model)

    assert (Standing.OPEN, WallKind.NONE) == (after.verdict.status, after.verdict.wall.proven)
    assert before.verdict.enough_for == after.verdict.enough_for != ()
