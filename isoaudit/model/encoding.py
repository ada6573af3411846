"""Writes values as JSON text, several times as fast as `json.dumps(value.to_json())`.

The text is the same to the byte (a test holds it to that). It is faster because no dictionary is
built for any of the thousands of facts, because a fact that stands in the evidence and in several
findings is put into words once, and because a part that several targets share is, too.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quoted

from isoaudit.model.evidence import Fact, Location, Missing, Value
from isoaudit.model.factset import FactSet, Part, Record

_KEPT = 8192
"""Facts whose text is kept from one target to the next, beside those of the target itself."""

_PID = "process.pid"
_BETWEEN = "}, {"

_SHARED = 256
"""Parts whose text is kept for further targets; they are of some ten kilobytes each."""


class Encoder:
    """Remembers what each fact, missing entry and part reads like; ASCII only.

    The keys are object ids, and the objects are kept alive with their texts, so that no other can
    come to have the same id. Telling two equal facts apart costs only some repeated work.
    """

    def __init__(self) -> None:
        self._facts: dict[int, tuple[Fact, str]] = {}
        self._evidence: dict[int, tuple[Fact, str]] = {}
        self._missing: dict[int, tuple[Missing, str]] = {}
        self._parts: dict[int, tuple[Part, str]] = {}
        self._kin: dict[int, list[tuple[str, str]]] = {}

    def next_target(self) -> None:
        """Forget what would make memory grow with the number of targets."""
        for known in (self._facts, self._evidence, self._missing):
            if len(known) > _KEPT:
                known.clear()

    def factset(self, facts: FactSet) -> str:
        """Return the text of `facts.to_json()`."""
        by_path = [
            f"{quoted(path)}: [{{{_BETWEEN.join(map(self.fact, several))}}}]"
            for path, several in facts.facts.items()
        ]
        by_name = [
            f"{quoted(name)}: [{', '.join(map(self.part, several))}]"
            for name, several in facts.parts.items()
        ]
        missing = [self.missing(entry) for several in facts.missing.values() for entry in several]
        return (
            f'{{"facts": {{{", ".join(by_path)}}}, "parts": {{{", ".join(by_name)}}}, '
            f'"missing": [{", ".join(missing)}]}}'
        )

    def part(self, part: Part) -> str:
        """Return the text of `part.to_json()`."""
        incomplete = self.missing(part.incomplete) if part.incomplete else "null"
        return (
            f'{{"vantage": {quoted(part.vantage)}, "incomplete": {incomplete}, '
            f'"records": [{self.records(part)}]}}'
        )

    def records(self, part: Part) -> str:
        """Return the texts of a part's records, as they stand in a list."""
        if part.kin:
            return self._kindred(part)
        known = self._parts.get(id(part))
        if known is None:
            text = ", ".join([self.record(record) for record in part.records])
            if len(self._parts) >= _SHARED:
                self._parts.clear()
            known = self._parts[id(part)] = (part, text)
        return known[1]

    def _kindred(self, part: Part) -> str:
        """Return the texts of records that others are like but for the pids in them."""
        known = self._kin.get(part.kin)
        if known is None:
            if len(self._kin) >= _SHARED:
                self._kin.clear()
            known = self._kin[part.kin] = [self._around_pid(record) for record in part.records]
        texts = []
        for (before, after), record in zip(known, part.records, strict=True):
            pid = record.facts.get(_PID)
            texts.append(f"{before}{_member(pid)}{after}" if pid else before)
        return ", ".join(texts)

    def _around_pid(self, record: Record) -> tuple[str, str]:
        """Return the text of a record before and after its pid; all before without one."""
        text, pid = self.record(record), record.facts.get(_PID)
        before, _, after = text.partition(_member(pid)) if pid else (text, "", "")
        return before, after

    def record(self, record: Record) -> str:
        """Return the text of `record.to_json()`."""
        members = [f"{quoted(path)}: {{{self.fact(fact)}}}" for path, fact in record.facts.items()]
        if record.missing:
            entries = ", ".join([self.missing(entry) for entry in record.missing.values()])
            members.append(f'"missing": [{entries}]')
        return f"{{{', '.join(members)}}}"

    def evidence(self, fact: Fact) -> str:
        """Return the text of a fact with its path."""
        known = self._evidence.get(id(fact))
        if known is None:
            text = f'{{"path": {quoted(fact.path)}, {self.fact(fact)}}}'
            known = self._evidence[id(fact)] = (fact, text)
        return known[1]

    def fact(self, fact: Fact) -> str:
        """Return the members of a fact, without the braces around them."""
        known = self._facts.get(id(fact))
        if known is None:
            known = self._facts[id(fact)] = (fact, _text(fact))
        return known[1]

    def missing(self, entry: Missing) -> str:
        """Return the text of `entry.to_json()`."""
        known = self._missing.get(id(entry))
        if known is None:
            vantage = quoted(entry.vantage) if entry.vantage else "null"
            text = (
                f'{{"path": {quoted(entry.path)}, "reason": {quoted(entry.reason)}, '
                f'"detail": {quoted(entry.detail)}, "how_to_get": {quoted(entry.how_to_get)}, '
                f'"vantage": {vantage}}}'
            )
            known = self._missing[id(entry)] = (entry, text)
        return known[1]


def _text(fact: Fact) -> str:
    text = (
        f'"value": {_value(fact.value)}, "source": {quoted(fact.source)}, '
        f'"vantage": {quoted(fact.vantage)}'
    )
    if fact.location is not None:
        text += f', "location": {location_text(fact.location)}'
    return text


def _member(fact: Fact) -> str:
    """Return a fact as a member of its record; quotes in strings have a backslash before them, so
    that no value can look like it."""
    return f"{quoted(fact.path)}: {{{_text(fact)}}}"


def _value(value: Value) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(quoted, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def location_text(location: Location | None) -> str:
    """Return the text of a location, null for none."""
    if location is None:
        return "null"
    line = "null" if location.line is None else location.line
    column = "null" if location.column is None else location.column
    return f'{{"file": {quoted(location.file)}, "line": {line}, "column": {column}}}'
