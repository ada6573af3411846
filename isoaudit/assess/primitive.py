"""An escape primitive: one step of a way out, with what it needs and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from isoaudit.facts.vocabulary import root
from isoaudit.model import Goal, Kind, Value
from isoaudit.rules.cel import Condition
from isoaudit.rules.data import frozen


class Need(NamedTuple):
    """A precondition: what must hold, what closes the way if it does not, what would break it."""

    that: Condition
    closed: str
    breaks: str = ""


class Absence(NamedTuple):
    """What the host may lack, and the words for it."""

    when: Condition
    because: str


class Aim(NamedTuple):
    """A goal, and the condition under which it is the one; None always is."""

    goal: Goal
    when: Condition | None = None


class Primitive:
    """One primitive as it was loaded; `each` and `second` are the parts that are tried together."""

    def __init__(self, data: Mapping[str, Any], conditions: Mapping[str, Condition]) -> None:
        self.id: str = data["id"]
        self.title: str = data["title"]
        self.kinds = tuple(Kind(kind) for kind in data["applies_to"])
        self.each: str = data.get("each", "")
        self.second: str = data.get("with", "")
        self.aims = _aims(data.get("goal"), conditions)
        self.needs = tuple(
            Need(conditions[one["that"]], one["closed"], one.get("breaks", ""))
            for one in data["requires"]
        )
        self.absent = tuple(
            Absence(conditions[one["when"]], one["because"]) for one in data.get("absent", ())
        )
        self.gives: Mapping[str, Value] = {
            path: frozen(value) for path, value in data.get("gives", {}).items()
        }
        self.adds: Mapping[str, Mapping[str, Any]] = data.get("adds", {})
        self.leads_to: str = data.get("leads_to", "")
        self.way = " ".join(data["way"].split())
        self.no_help = " ".join(data.get("no_help", "").split())
        self.keep = " ".join(data.get("keep", "").split())
        self.references: Mapping[str, list[str]] = data.get("references", {})

    @property
    def prepares(self) -> bool:
        """Whether other steps may build on this one."""
        return bool(self.gives or self.adds)

    @cached_property
    def first(self) -> tuple[Need, ...]:
        """The needs that are not about a record of the second part: asked once."""
        return tuple(need for need in self.needs if not self._reads_second(need.that))

    @cached_property
    def paired(self) -> tuple[Need, ...]:
        """The needs that are about a record of the second part: asked for each."""
        return tuple(need for need in self.needs if self._reads_second(need.that))

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every fact that decides it."""
        return frozenset(_reads(self))

    def touched_by(self, other: Primitive) -> bool:
        """Say whether what another gives could change what this one comes to."""
        return not self.reads.isdisjoint(other.gives) or self.second in other.adds

    def _reads_second(self, condition: Condition) -> bool:
        return any(root(path) == self.second for path in condition.reads)


def _reads(primitive: Primitive) -> Iterable[str]:
    for need in primitive.needs:
        yield from need.that.reads
    for absence in primitive.absent:
        yield from absence.when.reads
    for aim in primitive.aims:
        yield from aim.when.reads if aim.when else ()


def _aims(data: Any, conditions: Mapping[str, Condition]) -> tuple[Aim, ...]:
    """Return the goals as listed, the plain one last."""
    if data is None:
        return ()
    several = data if isinstance(data, list) else [data]
    return tuple(
        Aim(Goal(one)) if isinstance(one, str) else Aim(Goal(one["goal"]), conditions[one["when"]])
        for one in several
    )
