"""What the probes of declaring files share: facts with the place in the file they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Protocol

from isoaudit.model import Fact, FactSet, Location, Missing, Part, Reason, Record, Value, Vantage

MAX_RECORDS = 2_000
"""Most records kept of one part: a range of ports or a list of aliases can name millions."""

_DECLARED = Vantage.DECLARED


class Placed(Protocol):
    """What stands somewhere in a file: a node of YAML, an element of XML, a line."""

    @property
    def location(self) -> Location:
        """Where it begins."""
        ...


def place(node: Placed) -> tuple[Location, str]:
    """Return where a node stands, and the same as the text of a source."""
    where = node.location
    return where, f"{where.file}:{where.line}:{where.column}"


def not_declared(path: str, detail: str, how_to_get: str = "") -> Missing:
    """Return the missing entry of something that the file leaves open."""
    return Missing(path, Reason.NOT_DECLARED, detail, how_to_get, _DECLARED)


def not_declarable(path: str, detail: str) -> Missing:
    """Return the missing entry of something that only what runs can show."""
    return Missing(path, Reason.NOT_DECLARABLE, detail, "Scan the running target.", _DECLARED)


def record(
    node: Placed, fields: Mapping[str, Value], unread: Mapping[str, str | Missing] | None = None
) -> Record:
    """Return one record of a part, all of it read at `node`; `unread` says why a field is not."""
    where, source = place(node)
    facts = {
        path: Fact(path, value, source, _DECLARED, where)
        for path, value in fields.items()
        if not unread or path not in unread
    }
    missing = {
        path: not_declared(path, why) if isinstance(why, str) else why
        for path, why in (unread or {}).items()
    }
    return Record(facts, missing)


class Sheet:
    """Gathers what a file declares of one target, or of the one process record it has.

    `anchor` is where the target itself stands: the place of every default. `unless` says why an
    absent setting proves nothing here; nothing is then taken for a default.
    """

    __slots__ = ("_facts", "_missing", "_parts", "_source", "_where", "unless")

    def __init__(self, anchor: Placed, unless: str = "") -> None:
        self._where, self._source = place(anchor)
        self._facts: list[Fact] = []
        self._missing: list[Missing] = []
        self._parts: list[Part] = []
        self.unless = unless

    def say(self, path: str, value: Value, node: Placed, remark: str = "") -> None:
        """Note a value that stands at `node`; `remark` tells what was concluded from it."""
        where, source = place(node)
        if remark:
            source = f"{source} ({remark})"
        self._facts.append(Fact(path, value, source, _DECLARED, where))

    def default(self, path: str, value: Value, remark: str) -> None:
        """Note what holds because the file says nothing; `remark` tells whose default it is."""
        if self.unless:
            self.unknown(path, self.unless)
            return
        source = f"{self._source} ({remark})"
        self._facts.append(Fact(path, value, source, _DECLARED, self._where))

    def unknown(self, path: str, detail: str, how_to_get: str = "") -> None:
        """Note that the file leaves a value open, and why."""
        self._missing.append(not_declared(path, detail, how_to_get))

    def beyond(self, path: str, detail: str) -> None:
        """Note that only what runs can show a value, and why."""
        self._missing.append(not_declarable(path, detail))

    def part(self, name: str, records: Iterable[Record], incomplete: Missing | None = None) -> None:
        """Note a part with its records, at most MAX_RECORDS of them."""
        kept = tuple(islice(records, MAX_RECORDS + 1))
        if len(kept) > MAX_RECORDS:
            kept = kept[:MAX_RECORDS]
            detail = f"more than {MAX_RECORDS} entries"
            incomplete = Missing(name, Reason.LIMIT, detail, vantage=_DECLARED)
        self._parts.append(Part(name, _DECLARED, kept, incomplete))

    def record(self) -> Record:
        """Return what was noted as one record of a part."""
        return Record.of(self._facts, self._missing)

    def factset(self) -> FactSet:
        """Return what was noted as a target's fact set."""
        return FactSet.of(self._facts, self._parts, self._missing)
