"""Which wall a workload needs, and why: every rule that fires, and the strictest of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from isoaudit.advise.needs import Workload
from isoaudit.advise.rules import Demand, Rule, load_rules
from isoaudit.model import WallKind


class Required(NamedTuple):
    """The least walls that will do (each of them), the score and what has to stand beside them.

    `rules` are all that fired, those that decided first.
    """

    walls: tuple[WallKind, ...]
    score: int
    demands: tuple[Demand, ...]
    neighbour: bool
    rules: tuple[Rule, ...]

    def met_by(self, wall: WallKind) -> bool:
        """Say whether a wall will do by its structure."""
        return all(suffices(wall, rule.walls) for rule in self.rules)


@lru_cache(256)
def required(workload: Workload) -> Required:
    """Return the wall that a workload needs."""
    fired = [rule for rule in load_rules().rules if rule.fires(workload)]
    enough = [wall for wall in WallKind if all(suffices(wall, rule.walls) for rule in fired)]
    fired.sort(key=lambda rule: (-_least(rule), -rule.score))
    demands = dict.fromkeys(demand for rule in fired for demand in rule.demands)
    return Required(
        _least_of(enough),
        max((rule.score for rule in fired), default=0),
        tuple(demands),
        any(rule.neighbour for rule in fired),
        tuple(fired),
    )


def suffices(wall: WallKind, needed: Sequence[WallKind]) -> bool:
    """Say whether a wall is one of those needed, or stronger than one.

    A microVM and a VM are branches: neither is stronger than the other.
    """
    branch = WallKind.MICROVM.tier
    return any(wall is one or (wall.tier > one.tier and one.tier < branch) for one in needed)


def _least(rule: Rule) -> int:
    return min(wall.tier for wall in rule.walls)


def _least_of(enough: Sequence[WallKind]) -> tuple[WallKind, ...]:
    """Return the weakest of those that will do: one, or both branches."""
    weakest = min(wall.tier for wall in enough)
    if weakest < WallKind.MICROVM.tier:
        return tuple(wall for wall in enough if wall.tier == weakest)
    return tuple(enough)
