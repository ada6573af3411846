"""Keeps what a target shows within bounds: what it is made of is the target's own choice.

A workload may hold ten thousand processes and as many mounts. Processes that are alike in all that
the model asks can do the same, so that a few stand for all of them; of what is left, what lies
beyond a number counts as not read: it is not ruled out that it opens a way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from isoaudit.assess.definitions import Definitions
from isoaudit.assess.quantities import QUANTITIES
from isoaudit.assess.truth import PID
from isoaudit.facts.vocabulary import root
from isoaudit.model import FactSet, Missing, Part, Reason, Record
from isoaudit.rules.context import Context

_ACTING = "process"

_FEW = 64
"""Records that are looked at one by one, whatever they hold."""

MOST = 512
"""Records of a part that are looked at."""

ALIKE = 4
"""Records that stand for all that are alike: as many as one way shows the evidence of."""


class Bounds:
    """Knows which fields of a process tell one from another; `asked` are paths of any facts."""

    def __init__(self, asked: Iterable[str]) -> None:
        self._asked = frozenset(path for path in asked if root(path) == _ACTING) - {PID}

    def of(self, context: Context) -> Context:
        """Return a context with parts of bounded size: the same one if they all are."""
        own = context.own
        large = [name for name, several in own.parts.items() if any(map(_is_large, several))]
        if not large:
            return context
        parts = {name: tuple(map(self._part, own.parts[name])) for name in large}
        facts = FactSet(own.facts, {**own.parts, **parts}, own.missing)
        return Context(context.target, facts, *context.around)

    def _part(self, part: Part) -> Part:
        if not _is_large(part):
            return part
        records = self._unlike(part.records) if part.name == _ACTING else part.records
        why = part.incomplete
        if len(records) > MOST:
            why = why or Missing(part.name, Reason.LIMIT, f"only the first {MOST} were looked at",
                                 vantage=part.vantage)  # fmt: skip
        return replace(part, records=records[:MOST], incomplete=why, kin=0)

    def _unlike(self, records: Iterable[Record]) -> tuple[Record, ...]:
        """Return the first few of all processes that are alike, in their order."""
        seen: dict[Any, int] = {}
        kept: list[Record] = []
        for record in records:
            key = self._key(record)
            count = seen[key] = seen.get(key, 0) + 1
            if count <= ALIKE:
                kept.append(record)
        return tuple(kept)

    def _key(self, record: Record) -> tuple[Any, ...]:
        asked = self._asked
        values = [(path, f.value, f.vantage) for path, f in record.facts.items() if path in asked]
        lacking = [(path, one.reason) for path, one in record.missing.items()]
        return (PID in record.facts, frozenset(values), frozenset(lacking))


def asked_by(known: Definitions) -> Iterator[str]:
    """Yield every fact that a condition or quantity of the model asks for, or a step passes on."""
    for condition in known.conditions.values():
        yield from condition.reads
    for quantity in QUANTITIES.values():
        yield from quantity.reads
    for primitive in known.primitives:
        yield primitive.leads_to
        yield from (str(value)[1:] for value in primitive.gives.values())


def _is_large(part: Part) -> bool:
    return len(part.records) > _FEW
