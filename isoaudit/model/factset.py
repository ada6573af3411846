"""A fact set: everything that one run saw of one target, and everything it could not see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from isoaudit.model.evidence import Fact, Missing
from isoaudit.model.words import Vantage

_Ranked = TypeVar("_Ranked", Fact, "Part")


@dataclass(frozen=True, slots=True)
class Record:
    """One element of a part (a mount, a process, a disk): its fields, and the unread ones."""

    facts: Mapping[str, Fact]
    missing: Mapping[str, Missing] = field(default_factory=dict)

    @staticmethod
    def of(facts: Iterable[Fact], missing: Iterable[Missing] = ()) -> Record:
        """Build a record from its facts and missing entries, each under its own path."""
        return Record({f.path: f for f in facts}, {m.path: m for m in missing})

    def to_json(self) -> dict[str, Any]:
        """Return `{path: fact}`, with the unread fields under `missing` if there are any."""
        data: dict[str, Any] = {path: fact.to_json() for path, fact in self.facts.items()}
        if self.missing:
            data["missing"] = [entry.to_json() for entry in self.missing.values()]
        return data

    @staticmethod
    def from_json(data: dict[str, Any]) -> Record:
        """Rebuild a record from `to_json`."""
        return Record(
            {path: Fact.from_json(path, fact) for path, fact in data.items() if path != "missing"},
            {entry["path"]: Missing.from_json(entry) for entry in data.get("missing", [])},
        )


@dataclass(frozen=True, slots=True)
class Part:
    """All records of one part as one vantage shows them.

    `incomplete` says why the records may not be all there are: such a part can fail a check, it
    cannot pass one. Parts of one run with the same `kin`, if it is not 0, hold the same records but
    for the pids in them: what one comes to, the others come to.
    """

    name: str
    vantage: Vantage
    records: tuple[Record, ...]
    incomplete: Missing | None = None
    kin: int = field(default=0, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the part with its vantage and its reason for being incomplete."""
        return {
            "vantage": self.vantage.value,
            "incomplete": self.incomplete.to_json() if self.incomplete else None,
            "records": [record.to_json() for record in self.records],
        }

    @staticmethod
    def from_json(name: str, data: dict[str, Any]) -> Part:
        """Rebuild a part from its name and `to_json`."""
        incomplete = data["incomplete"]
        return Part(
            name,
            Vantage(data["vantage"]),
            tuple(Record.from_json(record) for record in data["records"]),
            Missing.from_json(incomplete) if incomplete else None,
        )


@dataclass(frozen=True, slots=True)
class FactSet:
    """Facts by path, parts by name and missing entries by path; of each all vantages, best first.

    Build one with `FactSet.of` and join several with `merge`: both keep the order by rank.
    """

    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    missing: Mapping[str, tuple[Missing, ...]] = field(default_factory=dict)

    @staticmethod
    def of(
        facts: Iterable[Fact] = (), parts: Iterable[Part] = (), missing: Iterable[Missing] = ()
    ) -> FactSet:
        """Build a fact set; of two facts with the same path and vantage the later one stands."""
        by_path: dict[str, tuple[Fact, ...]] = {}
        for fact in facts:
            by_path[fact.path] = _ranked(by_path.get(fact.path, ()), fact)
        by_name: dict[str, tuple[Part, ...]] = {}
        for part in parts:
            by_name[part.name] = _ranked(by_name.get(part.name, ()), part)
        unread: dict[str, tuple[Missing, ...]] = {}
        for entry in missing:
            known = unread.get(entry.path, ())
            unread[entry.path] = known if entry in known else (*known, entry)
        return FactSet(by_path, by_name, unread)

    def merge(self, *others: FactSet) -> FactSet:
        """Return the fact set that holds what this one and `others` saw."""
        facts, parts, missing = dict(self.facts), dict(self.parts), dict(self.missing)
        for one in others:
            # What only one of them has is in order already.
            for path, several in one.facts.items():
                facts[path] = _joined(facts[path], several) if path in facts else several
            for name, found in one.parts.items():
                parts[name] = _joined(parts[name], found) if name in parts else found
            for path, entries in one.missing.items():
                known = missing.get(path, ())
                missing[path] = (*known, *(entry for entry in entries if entry not in known))
        return FactSet(facts, parts, missing)

    def fact(self, path: str, vantage: Vantage) -> Fact | None:
        """Return the fact of a path that one vantage saw, if it did."""
        return next((one for one in self.facts.get(path, ()) if one.vantage is vantage), None)

    def part(self, name: str, vantage: Vantage) -> Part | None:
        """Return a part as one vantage saw it, if it did."""
        return next((one for one in self.parts.get(name, ()) if one.vantage is vantage), None)

    def all_missing(self) -> list[Missing]:
        """Return every missing entry, those of records included, ordered by path."""
        entries = [entry for several in self.missing.values() for entry in several]
        for parts in self.parts.values():
            for part in parts:
                entries += [e for record in part.records for e in record.missing.values()]
                if part.incomplete is not None:
                    entries.append(part.incomplete)
        return sorted(set(entries), key=lambda entry: (entry.path, entry.reason, entry.detail))

    def to_json(self) -> dict[str, Any]:
        """Return all of it, for an evidence bundle."""
        return {
            "facts": {p: [f.to_json() for f in several] for p, several in self.facts.items()},
            "parts": {n: [p.to_json() for p in several] for n, several in self.parts.items()},
            "missing": [entry.to_json() for several in self.missing.values() for entry in several],
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> FactSet:
        """Rebuild a fact set from `to_json`."""
        return FactSet.of(
            (Fact.from_json(p, f) for p, several in data["facts"].items() for f in several),
            (Part.from_json(n, p) for n, several in data["parts"].items() for p in several),
            (Missing.from_json(entry) for entry in data["missing"]),
        )


def _joined(known: tuple[_Ranked, ...], several: tuple[_Ranked, ...]) -> tuple[_Ranked, ...]:
    for new in several:
        known = _ranked(known, new)
    return known


def _ranked(known: tuple[_Ranked, ...], new: _Ranked) -> tuple[_Ranked, ...]:
    """Return `known` with `new` in place of the same vantage's word, strongest vantage first."""
    if not known:
        return (new,)
    ranked: list[_Ranked] = [old for old in known if old.vantage is not new.vantage]
    ranked.append(new)
    ranked.sort(key=lambda one: one.vantage.rank, reverse=True)
    return tuple(ranked)
