"""Walls and goals in words for people; the words of a wall are those of the model's own data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from isoaudit.assess.definitions import definitions
from isoaudit.assess.wall import WallRules, wall_rules
from isoaudit.model import Goal, Kind, WallKind

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
def _names() -> dict[tuple[WallKind, bool], str]:
    names = {(rule.kind, False): rule.name for rule in walls().walls}
    return names | {(rule.kind, True): rule.name_of_vm or rule.name for rule in walls().walls}


def wall_name(wall: WallKind, kind: Kind = Kind.CONTAINER) -> str:
    """Return what a wall is called where it stands around a target of some kind."""
    return _names()[wall, kind is Kind.VM]


def either(needed: Sequence[WallKind]) -> str:
    """Return walls, each of which will do, as `microVM or virtual machine`."""
    return " or ".join(wall_name(wall) for wall in needed)
