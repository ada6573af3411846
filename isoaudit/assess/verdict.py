"""The verdict: whether a way to the host is open, and what a wall is enough for."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.assess.model import Model
from isoaudit.assess.score import with_ways
from isoaudit.assess.ways import order
from isoaudit.model import (
    Assessment,
    EscapePath,
    Goal,
    Openness,
    Standing,
    Verdict,
    Wall,
    WallKind,
)

_THROUGH = frozenset({Goal.HOST_ROOT, Goal.HOST_KERNEL})


def verdict_of(paths: Sequence[EscapePath], wall: Wall) -> Verdict:
    """Return the verdict on ways out that were found: what is enough for whom is said elsewhere."""
    out = [path for path in paths if path.goal.is_out]
    for status, certainty in (
        (Standing.OPEN, Openness.OPEN),
        (Standing.UNDECIDED, Openness.POSSIBLE),
    ):
        goals = [path.goal for path in out if path.certainty is certainty]
        if goals:
            return Verdict(status, min(goals, key=lambda goal: goal.rank), wall)
    return Verdict(Standing.HOLDS, None, wall)


def fallen(wall: Wall, paths: Sequence[EscapePath]) -> Wall:
    """Return a wall as ways to root or kernel of the host leave it."""
    through = [path for path in paths if path.goal in _THROUGH]
    if any(path.certainty is Openness.OPEN for path in through):
        return Wall(WallKind.NONE, WallKind.NONE, (), ("a way to the host is open",))
    if through:
        missing = tuple(dict.fromkeys(entry for path in through for entry in path.missing))
        return wall._replace(proven=WallKind.NONE, missing=(*missing, *wall.missing))
    return wall


def with_paths(assessment: Assessment, further: Sequence[EscapePath], model: Model) -> Assessment:
    """Return an assessment with further ways out: score, wall and verdict follow from them.

    What the wall is enough for has to be said anew (`isoaudit.advise.enough.after_ways`).
    """
    if not further:
        return assessment
    paths = tuple(sorted((*assessment.escape_paths, *further), key=order))
    wall = fallen(assessment.verdict.wall, further)
    score = with_ways(assessment.score, further, model)
    before = assessment.verdict
    verdict = verdict_of(paths, wall)._replace(
        enough_for=before.enough_for, not_enough_for=before.not_enough_for
    )
    return assessment._replace(escape_paths=paths, score=score, verdict=verdict)
