"""What a condition comes to for a target: true, false, or not known, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.facts.vocabulary import root
from isoaudit.model import Fact, Missing, Reason, Record, Value
from isoaudit.rules.cel import Condition, Evaluator, cel_value
from isoaudit.rules.context import Context, Seen

_REMEMBERED = 100_000

PID = "process.pid"
"""Conditions ask of it only whether it is above zero: whether the process was seen. What is
remembered by values does not tell one process from another by it."""

UNREAD = Record({})
"""Stands for a record that there may be and that was not read: nothing is known of it."""


class Truth(NamedTuple):
    """True, false or not known (None); the facts it rests on; what is lacking for a firm answer."""

    value: bool | None
    evidence: tuple[Fact, ...] = ()
    missing: tuple[Missing, ...] = ()


class View(NamedTuple):
    """A target as one acting record sees it: what conditions are asked about.

    `records` holds by part the record that is looked at, UNREAD for one that was not read; `unread`
    says why. `given` are facts that hold after steps that were taken, `added` further records.
    """

    context: Context
    records: Mapping[str, Record] = {}
    unread: Mapping[str, Missing] = {}
    given: Mapping[str, Fact] = {}
    added: Mapping[str, tuple[Record, ...]] = {}

    def beside(self, part: str, record: Record, why: Missing | None = None) -> View:
        """Return the view with a record of one more part."""
        unread = self.unread if why is None else {**self.unread, part: why}
        return self._replace(records={**self.records, part: record}, unread=unread)

    def each(self, part: str) -> list[View]:
        """Return the view with each record of a part, one that was not read included.

        For no part ("") it is the view itself.
        """
        if not part:
            return [self]
        found = self.context.part(part)
        if isinstance(found, Missing):
            return [self.beside(part, UNREAD, found)]
        views = [self.beside(part, record) for record in found.part.records]
        if found.dark is not None:
            views.append(self.beside(part, UNREAD, found.dark))
        return views

    def seen(self, path: str) -> Seen | Missing:
        """Return a fact as this view has it, or why it is missing."""
        fact = self.given.get(path)
        if fact is not None:
            return Seen(fact)
        part = root(path)
        record = self.records.get(part)
        if record is None:
            return self.context.fact(path)
        if record is UNREAD:
            return self.unread.get(part) or Missing(path, Reason.NOT_SUPPORTED, "not read")
        return self.context.field(record, path)


class Truths:
    """Evaluates conditions; what one came to for the same values is remembered."""

    def __init__(self) -> None:
        self._evaluator = Evaluator()
        self._held: dict[tuple[Any, ...], bool | None] = {}
        self._parts: dict[bytes, tuple[tuple[tuple[str, str], ...], bool]] = {}

    def of(self, condition: Condition, view: View, trusting: bool | None = None) -> Truth:
        """Return what a condition comes to.

        An answer that rests on a weaker vantage than there is does not stand, unless it is the one
        that is `trusting`: what opens a way may rest on a file's word, what closes it may not.
        """
        reads, asks_pid = self._reads(condition)
        looks = [_looked(view, path, part) for path, part in reads]
        told = _without_pid(looks) if asks_pid else looks
        values = tuple(None if isinstance(one, Missing) else one.fact.value for one in told)
        value = self._holds(condition, values)
        evidence = tuple(one.fact for one in looks if not isinstance(one, Missing))
        if value is None:
            return Truth(None, evidence, _lacking(looks))
        if value is not trusting and any(
            not isinstance(one, Missing) and one.dark is not None for one in looks
        ):
            firm = tuple(
                None if isinstance(one, Missing) or one.dark else one.fact.value for one in told
            )
            if self._holds(condition, firm) is not value:
                return Truth(None, evidence, _lacking(looks))
        return Truth(value, evidence)

    def _reads(self, condition: Condition) -> tuple[tuple[tuple[str, str], ...], bool]:
        """Return the paths that a condition reads, each with the part that it may be a field of.

        Also whether the number of a process is one of them.
        """
        known = self._parts.get(condition.program)
        if known is None:
            paths = tuple((path, root(path)) for path in condition.reads)
            known = paths, PID in condition.reads
            self._parts[condition.program] = known
        return known

    def _holds(self, condition: Condition, values: tuple[Value | None, ...]) -> bool | None:
        """Evaluate a condition for the values of what it reads, None where there is none."""
        key = (condition.program, values)
        try:
            return self._held[key]
        except KeyError:
            pass
        read = {
            path: cel_value(value)
            for path, value in zip(condition.reads, values, strict=True)
            if value is not None
        }
        result = self._evaluator.evaluate(condition, read)
        # A fault of the condition leaves its question open: that is never a way closed.
        found = result if isinstance(result, bool) else None
        if len(self._held) >= _REMEMBERED:
            self._held.clear()
        self._held[key] = found
        return found


def without_number(fact: Fact) -> Fact:
    """Return a fact with one number for all that are above zero."""
    value = fact.value
    return fact._replace(value=int(value > 0)) if isinstance(value, int) else fact


def _without_pid(looks: Sequence[Seen | Missing]) -> list[Seen | Missing]:
    return [
        one._replace(fact=without_number(one.fact))
        if isinstance(one, Seen) and one.fact.path == PID
        else one
        for one in looks
    ]


def _looked(view: View, path: str, part: str) -> Seen | Missing:
    """Return what `View.seen` does, by the shortest way for what most records are."""
    record = view.records.get(part)
    if record is None or path in view.given or record.missing or record is UNREAD:
        return view.seen(path)
    fact = record.facts.get(path)
    return view.seen(path) if fact is None else Seen(fact)


def _lacking(looks: Sequence[Seen | Missing]) -> tuple[Missing, ...]:
    """Return why there is nothing, or nothing firm."""
    found = (one if isinstance(one, Missing) else one.dark for one in looks)
    return tuple(entry for entry in found if entry is not None)
