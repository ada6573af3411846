"""What every probe offers, and the notepad on which it writes what it sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Protocol, runtime_checkable

from isoaudit.errors import DocumentError
from isoaudit.model import (
    Fact,
    FactSet,
    Location,
    Missing,
    Part,
    Reason,
    Record,
    Target,
    Value,
    Vantage,
)

_NUMBERS = count(1)


def new_kin() -> int:
    """Return a number that no other part of this run has: `Part.kin`."""
    return next(_NUMBERS)


class Probe(Protocol):
    """One source of evidence: an engine, a libvirt connection, the host, a file.

    `find` lists the targets it knows, cheaply; `collect` reads one of them. Neither changes
    anything. `collect` returns missing evidence as such and raises TargetError only if the target
    itself is gone or unreadable.
    """

    def find(self) -> Sequence[Target]:
        """Return the targets of this source, in a stable order."""
        ...

    def collect(self, target: Target) -> FactSet:
        """Return everything this probe can see of one target."""
        ...


@runtime_checkable
class Partial(Protocol):
    """A probe that may not have seen all targets of its source: it says why, after `find`."""

    def unread(self) -> Sequence[DocumentError]:
        """Return an error for each place where there may be more."""
        ...


class Notes:
    """Gathers the facts of one target, or the fields of one record, from one vantage."""

    def __init__(self, vantage: Vantage) -> None:
        self.vantage = vantage
        self._facts: list[Fact] = []
        self._missing: list[Missing] = []
        self._parts: list[Part] = []

    def fact(
        self, path: str, value: Value | list[str], source: str, location: Location | None = None
    ) -> None:
        """Note a value, with what was read and, for a file, where it stands."""
        frozen = tuple(value) if isinstance(value, list) else value
        self._facts.append(Fact(path, frozen, source, self.vantage, location))

    def value(self, path: str) -> Value | None:
        """Return the value noted last for a path, or None."""
        return next((fact.value for fact in reversed(self._facts) if fact.path == path), None)

    def missing(self, path: str, reason: Reason, detail: str = "", how_to_get: str = "") -> None:
        """Note that this vantage exists for a path or part and could not be read, and why."""
        self._missing.append(Missing(path, reason, detail, how_to_get, self.vantage))

    def holds(self, fact: Fact) -> None:
        """Note a fact that another vantage gives."""
        self._facts.append(fact)

    def lacks(self, entry: Missing) -> None:
        """Note a missing entry that a transport made."""
        self._missing.append(entry)

    def extend(self, other: Notes) -> None:
        """Take over what was noted elsewhere."""
        self._facts += other._facts
        self._missing += other._missing
        self._parts += other._parts

    def part(
        self,
        name: str,
        records: Iterable[Record],
        incomplete: Missing | None = None,
        kin: int = 0,
    ) -> None:
        """Note a part: all its records, or as many as could be read and why no more."""
        self._parts.append(Part(name, self.vantage, tuple(records), incomplete, kin))

    def record(self) -> Record:
        """Return what was noted as one record of a part."""
        return Record.of(self._facts, self._missing)

    def factset(self) -> FactSet:
        """Return what was noted as a target's fact set."""
        return FactSet.of(self._facts, self._parts, self._missing)
