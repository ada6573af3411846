"""What stands in the way of a stronger wall, and what moving behind one gives and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.assess.asked import view_of
from isoaudit.assess.truth import Truths, View
from isoaudit.assess.words import filled
from isoaudit.model import Fact, Kind, Missing, WallKind
from isoaudit.rules.cel import Condition
from isoaudit.rules.context import Context
from isoaudit.rules.data import load_data

_FILE = Path(__file__).parent / "data" / "moves.yaml"
_SHOWN = "advice/moves.yaml"
_MOST = 4
"""Records of which one blocker tells: a container may have a hundred mounts."""

DIMENSIONS = ("virtualization", "compatibility", "size", "performance", "security", "replicability")


class BlockerRule(NamedTuple):
    """What blocks `walls` for targets of some kinds, where its condition is true."""

    id: str
    walls: tuple[WallKind, ...]
    kinds: tuple[Kind, ...]
    that: Condition
    text: str
    source: str
    each: str = ""
    ask: str = ""


class Blocker(NamedTuple):
    """Something that stands in the way; `missing` is what leaves that open."""

    id: str
    walls: tuple[WallKind, ...]
    text: str
    source: str
    evidence: tuple[Fact, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it is seen to be so."""
        return not self.missing


class Move(NamedTuple):
    """What a workload gains and pays behind a wall by dimension: words, not measured."""

    to: WallKind
    gains: Mapping[str, str]
    pays: Mapping[str, str]
    source: str


class Moves(NamedTuple):
    """All blockers and moves that are known."""

    blockers: tuple[BlockerRule, ...]
    moves: Mapping[WallKind, Move]


@cache
def load_moves() -> Moves:
    """Return isoaudit's own; raises DefinitionError if they do not load."""
    data = load_data("moves", [(str(_FILE), _SHOWN)])
    document = data.documents[_SHOWN]
    moves = [_move(one) for one in document["moves"]]
    return Moves(
        tuple(_rule(one, data.conditions) for one in document["blockers"]),
        {move.to: move for move in moves},
    )


def blockers(context: Context, truths: Truths) -> tuple[Blocker, ...]:
    """Return what stands in the way of stronger walls for a target, what is seen first."""
    view = view_of(context)
    found = [
        blocker
        for rule in load_moves().blockers
        if context.target.kind in rule.kinds
        for blocker in blockers_of(rule, view, truths)
    ]
    return tuple(sorted(found, key=lambda one: not one.is_known))


def blockers_of(rule: BlockerRule, view: View, truths: Truths) -> Sequence[Blocker]:
    """Return what one rule finds of a target: what is seen, or else that it is not known."""
    known: dict[str, Blocker] = {}
    open_end: list[Missing] = []
    for one in view.each(rule.each):
        truth = truths.of(rule.that, one, trusting=True)
        if truth.value:
            text = filled(rule.text, one, truth.evidence)
            known[text] = Blocker(rule.id, rule.walls, text, rule.source, truth.evidence)
        elif truth.value is None:
            open_end += truth.missing
    if known:
        return list(known.values())[:_MOST]
    if not open_end:
        return ()
    text = rule.ask or rule.text
    return [Blocker(rule.id, rule.walls, text, rule.source, missing=tuple(dict.fromkeys(open_end)))]


def _rule(data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> BlockerRule:
    return BlockerRule(
        data["id"],
        tuple(WallKind(one) for one in data["for"]),
        tuple(Kind(one) for one in data["kinds"]),
        conditions[data["that"]],
        data["text"],
        data["source"],
        data.get("each", ""),
        data.get("ask", ""),
    )


def _move(data: Mapping[str, Any]) -> Move:
    return Move(WallKind(data["to"]), data["gains"], data["pays"], data["source"])
