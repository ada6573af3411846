"""Walls and goals in words for people; the words of a wall are those of the model's own data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from isoaudit.assess.definitions import definitions
from isoaudit.assess.wall import WallRules, wall_rules
from isoaudit.model import Goal, WallKind

GOALS = {
    Goal.HOST_ROOT: "root on the host",
    Goal.HOST_KERNEL: "the host's kernel",
    Goal.HOST_WRITE: "writing the host's files",
    Goal.HOST_USER: "the account that runs the engine",
    Goal.HOST_READ: "reading the host's files",
    Goal.NEIGHBOUR: "other workloads",
    Goal.HOST_DOS: "bringing the host down",
    Goal.HOST_INFO: "what the host tells of itself",
}
"""What is reached by a way out, each goal once."""


@cache
def walls() -> WallRules:
    """Return all walls as data says them."""
    return wall_rules(definitions())


@cache
def _names() -> dict[WallKind, str]:
    return {rule.kind: rule.name for rule in walls().walls}


def wall_name(wall: WallKind) -> str:
    """Return what a wall is called."""
    return _names()[wall]


def either(needed: Sequence[WallKind]) -> str:
    """Return walls, each of which will do, as `microVM or virtual machine`."""
    return " or ".join(wall_name(wall) for wall in needed)
