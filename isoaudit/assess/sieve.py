"""Leaves out the records of a second part that cannot take part in a step, whoever acts.

The first needs of most primitives are about the second record alone (that a mount is writable and
of the host's). What they come to is kept, since the same records are asked about again for every
acting record, after every step, and for every change that is tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.assess.primitive import Need, Primitive
from isoaudit.assess.truth import Truth, Truths, View
from isoaudit.facts.vocabulary import root
from isoaudit.model import Part, Record

_PARTS, _RECORDS = 2_048, 200_000
"""Parts and records that are remembered at most."""


class Passed(NamedTuple):
    """A record that may take part, and what the first needs came to for it."""

    record: Record
    truths: tuple[Truth, ...]


class Failed(NamedTuple):
    """The record that gets furthest of those that cannot, and the number of the need it fails."""

    record: Record
    at: int


class Sieved(NamedTuple):
    """What is left of a part, and the best of what is not."""

    passed: tuple[Passed, ...]
    failed: Failed | None


class Sieve:
    """Asks the needs of primitives that are about a record of the second part alone."""

    def __init__(self, truths: Truths) -> None:
        self._truths = truths
        self._alone: dict[str, tuple[Need, ...]] = {}
        self._known: dict[tuple[object, ...], tuple[Part, Sieved]] = {}
        self._asked: dict[tuple[object, ...], tuple[Record, tuple[Truth, ...]]] = {}

    def of(self, primitive: Primitive, view: View, part: Part) -> Sieved:
        """Return the records of a part that may take part in a step."""
        if any(root(path) == part.name for path in view.given):
            return Sieved(tuple(Passed(record, ()) for record in part.records), None)
        # Parts and records are known by what they are, not by what they hold: to compare thousands
        # would cost what is saved. They are kept as long, so that no other takes their place.
        key = (primitive.id, id(part), view.context.whose)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _PARTS:
                self._known.clear()
            known = self._known[key] = part, self._sieved(primitive, view, part)
        return known[1]

    def _needs(self, primitive: Primitive) -> tuple[Need, ...]:
        known = self._alone.get(primitive.id)
        if known is None:
            known = self._alone[primitive.id] = tuple(_alone(primitive.paired, primitive.second))
        return known

    def _sieved(self, primitive: Primitive, view: View, part: Part) -> Sieved:
        needs = self._needs(primitive)
        passed: list[Passed] = []
        failed: Failed | None = None
        for record in part.records:
            found = self._found(primitive, needs, view, record)
            if len(found) == len(needs) and (not found or found[-1].value is not False):
                passed.append(Passed(record, found))
            elif failed is None or len(found) - 1 > failed.at:
                failed = Failed(record, len(found) - 1)
        return Sieved(tuple(passed), failed)

    def _found(
        self, primitive: Primitive, needs: Sequence[Need], view: View, record: Record
    ) -> tuple[Truth, ...]:
        """Return what needs come to for a record, up to the first that is certainly false."""
        key = (primitive.id, id(record), view.context.whose)
        known = self._asked.get(key)
        if known is None:
            if len(self._asked) >= _RECORDS:
                self._asked.clear()
            beside = view.beside(primitive.second, record)
            known = self._asked[key] = record, tuple(self._ask(needs, beside))
        return known[1]

    def _ask(self, needs: Sequence[Need], view: View) -> Iterator[Truth]:
        for need in needs:
            truth = self._truths.of(need.that, view, trusting=True)
            yield truth
            if truth.value is False:
                return


def _alone(needs: Sequence[Need], part: str) -> Iterator[Need]:
    """Yield needs as long as they ask about a record of one part and nothing else."""
    for need in needs:
        if any(root(path) != part for path in need.that.reads):
            return
        yield need
