"""Answers a condition's question for a fact: the strongest value, or why there is none.

The rules of design section 5 live here: whose fact a path is, which vantage decides, and that a
value seen only from a weaker vantage than there is may fail a check but not pass it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from isoaudit.facts.vocabulary import facts, parts, root
from isoaudit.model import Fact, FactSet, Kind, Missing, Part, Reason, Record, Target, Vantage

Shape = tuple[object, ...]
"""Equal for targets that have values at the same paths, lack the rest for the same reasons, and
have the same surroundings: what is asked of neither's own values comes to the same for both."""

_DARK = object()
_NO_HOST = "this target is not proven to run on a host that was audited"
_RUNS = frozenset({"running", "paused", "restarting"})
_NO_HOST_REMEDY = "Scan the running workload on its host."


class Seen(NamedTuple):
    """A value, and the stronger vantage that stayed dark, if there is one."""

    fact: Fact
    dark: Missing | None = None


class Case(NamedTuple):
    """What one judgement reads, by path: facts, the stronger word some lack, and what is missing.

    `key` is equal for cases that must be judged alike.
    """

    facts: dict[str, Fact]
    dark: dict[str, Missing]
    missing: dict[str, Missing]
    key: tuple[Any, ...]

    def evidence(self) -> tuple[Fact, ...]:
        """Return the facts in the order in which they were asked for."""
        return tuple(self.facts.values())

    def lacking(self) -> tuple[Missing, ...]:
        """Return everything that would have to be read for a firm answer."""
        return (*self.missing.values(), *self.dark.values())


class SeenPart(NamedTuple):
    """A part's records, and why they may not be all, or not be the last word."""

    part: Part
    dark: Missing | None = None


class Context:
    """One target's evidence together with that of its host and engine, where proven."""

    def __init__(
        self,
        target: Target,
        own: FactSet,
        host: FactSet | None = None,
        engine: Record | None = None,
    ) -> None:
        self.target = target
        self.quoted_id = quoted(target.id)
        self.whose = (target.kind, target.dialect, target.state in _RUNS, target.host is None)
        """What decides why something was never read."""
        self._own = own
        self._host = own if target.kind is Kind.HOST else host
        self._engine = engine
        self._known: dict[str, Seen | Missing] = {}
        self._firm: dict[int, bool] = {}
        self.in_question: dict[tuple[str, str], list[Record]] = {}
        """For the judge: the records of a part that a `when` does not pass by for certain."""

    def fact(self, path: str) -> Seen | Missing:
        """Return the value of a scalar path, or why it is missing."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._fact(path)
        return known

    def _fact(self, path: str) -> Seen | Missing:
        whose = root(path)
        if whose == "engine":
            return self._engine_fact(path)
        source = self._host if whose == "host" else self._own
        if source is None:
            return Missing(path, Reason.OTHER_HOST, _NO_HOST, _NO_HOST_REMEDY)
        several = source.facts.get(path)
        unread: tuple[Missing, ...] = ()
        if source.missing:
            several_unread = [source.missing.get(branch, ()) for branch in _branches(path)]
            unread = tuple(entry for entries in several_unread for entry in entries)
        if not several:
            return unread[0] if unread else self._never_read(path)
        return Seen(several[0], _outranking(several[0].vantage, unread) if unread else None)

    def shape(self) -> Shape:
        """Return what settles the questions that no value of this target's own answers."""
        own = self._own
        forms = frozenset((name, _form(parts[0])) for name, parts in own.parts.items())
        around = (id(self._host), id(self._engine))
        missing = frozenset(own.missing.items())
        return (self.whose, around, frozenset(own.facts), missing, forms)

    @property
    def own(self) -> FactSet:
        """What was seen of the target itself."""
        return self._own

    @property
    def around(self) -> tuple[FactSet | None, Record | None]:
        """The host and the engine, which a shape knows by their identity."""
        return self._host, self._engine

    def tells_nothing(self, paths: Iterable[str]) -> bool:
        """Say whether no value of this target's own stands at scalar paths."""
        return all(
            path not in self._own.facts
            or (root(path) == "host" and self.target.kind is not Kind.HOST)
            for path in paths
        )

    def shows_nothing(self, part: str, fields: Iterable[str]) -> bool:
        """Say whether no record of a part has a value of its own in these fields.

        Of a part that is not complete that is not said. One that has kin is settled with them.
        """
        several = self._own.parts.get(part)
        if not several:
            return True
        best = several[0]
        if best.incomplete is not None or part in self._own.missing:
            return False
        return bool(best.kin) or _paths(best).isdisjoint(fields)

    def case(self, record: Record, reads: Iterable[tuple[str, bool]]) -> Case:
        """Return what stands at paths, of which those marked true are fields of the record."""
        facts: dict[str, Fact] = {}
        dark: dict[str, Missing] = {}
        missing: dict[str, Missing] = {}
        key: list[Any] = []
        fields = record.facts if not record.missing or self._is_firm(record) else {}
        for path, is_field in reads:
            fact = fields.get(path) if is_field else None
            if fact is None:
                one = self.field(record, path) if is_field else self.fact(path)
                if isinstance(one, Missing):
                    missing[path] = one
                    key.append(None)
                    continue
                fact = one.fact
                if one.dark is not None:
                    dark[path] = one.dark
                    key.append(_DARK)
            facts[path] = fact
            key.append(fact.value)
        return Case(facts, dark, missing, tuple(key))

    def part(self, name: str) -> SeenPart | Missing:
        """Return the records of a part, or why the part is missing."""
        several = self._own.parts.get(name)
        unread = self._own.missing.get(name, ())
        if not several:
            return unread[0] if unread else self._never_read(name)
        best = several[0]
        dark = _outranking(best.vantage, unread) if unread else None
        return SeenPart(best, dark or best.incomplete)

    def field(self, record: Record, path: str) -> Seen | Missing:
        """Return a field of a record, or why it is missing."""
        fact = record.facts.get(path)
        if not record.missing:
            return self._never_read(path) if fact is None else Seen(fact)
        if fact is not None and self._is_firm(record):
            return Seen(fact)
        known = record.missing
        unread = tuple(known[branch] for branch in _branches(path) if branch in known)
        if fact is None:
            return unread[0] if unread else self._never_read(path)
        return Seen(fact, _outranking(fact.vantage, unread))

    def _is_firm(self, record: Record) -> bool:
        """Say whether nothing that was not read of a record could outrank what was read of it."""
        known = self._firm.get(id(record))
        if known is None:
            unread = max((m.vantage.rank for m in record.missing.values() if m.vantage), default=0)
            least = min((fact.vantage.rank for fact in record.facts.values()), default=unread)
            known = self._firm[id(record)] = unread <= least
        return known

    def _engine_fact(self, path: str) -> Seen | Missing:
        if self._engine is None:
            return Missing(path, Reason.OTHER_HOST, "the engine that runs it was not asked",
                           _NO_HOST_REMEDY)  # fmt: skip
        return self.field(self._engine, path)

    def _never_read(self, path: str) -> Missing:
        target = self.target
        if target.kind is Kind.CONTAINER and not target.dialect:
            if target.state not in _RUNS:
                return Missing(path, Reason.NOT_DECLARABLE, "only a running container shows it",
                               "Scan the running target.")  # fmt: skip
            if target.host is None:
                return Missing(path, Reason.OTHER_HOST, "its processes run on another machine",
                               "Run isoaudit on the host of its engine.")  # fmt: skip
        return _nobody_tried(target.dialect, path)


def _form(part: Part) -> object:
    """Return what of a part settles the questions that no value in it answers."""
    if part.kin or part.incomplete is not None:
        return part.kin, part.incomplete
    return _paths(part), tuple(dict.fromkeys([tuple(r.missing.values()) for r in part.records]))


def _paths(part: Part) -> frozenset[str]:
    return frozenset[str]().union(*[record.facts for record in part.records])


@lru_cache(4096)
def _branches(path: str) -> tuple[str, ...]:
    """Return a path and every branch above it: a missing entry may stand for all below it."""
    words = path.split(".")
    return tuple(".".join(words[:end]) for end in range(len(words), 0, -1))


@lru_cache(4096)
def _nobody_tried(dialect: str, path: str) -> Missing:
    """Say why nobody even tried: the dialect cannot say it, or nothing here reads it."""
    spec = facts().get(path) or parts()[path]
    if dialect and dialect not in spec.dialects:
        return Missing(path, Reason.NOT_DECLARABLE, f"a {dialect} file cannot say it",
                       "Scan the running target.")  # fmt: skip
    if dialect:
        return Missing(path, Reason.NOT_DECLARED, f"this {dialect} file does not say it",
                       "Scan the running target.")  # fmt: skip
    return Missing(path, Reason.NOT_SUPPORTED, "no probe of this target reads it")


def _outranking(vantage: Vantage, unread: tuple[Missing, ...]) -> Missing | None:
    """Return the first unread entry of a vantage that outranks the one that was read."""
    return next((m for m in unread if m.vantage and m.vantage.rank > vantage.rank), None)
