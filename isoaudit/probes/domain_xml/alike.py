"""Reads domains that differ in nothing but what is their own, as name, UUID and disk, only once.

A fleet is made from a few templates. What is a domain's own is put aside, as marks in its XML; a
text that was met before then has the facts that were read of it, with the marks filled in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from isoaudit.documents import xml
from isoaudit.errors import DocumentError
from isoaudit.model import Fact, FactSet, Missing, Part, Record, Value, Vantage
from isoaudit.probes.base import new_kin
from isoaudit.probes.domain_xml.reading import domain_element, read_domain

_KEPT = 256
"""Templates kept at most, of some ten kilobytes each."""

_KEPT_PARTS = 4096
_KEPT_FACTS = 16_384

_OPEN, _CLOSE = "\ue000", "\ue001"  # of Unicode's private use area: no name has them
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

# NOTE: only what the readers pass on as it stands may be put aside. A path is one only where no
# reader could find more in it than in its mark: below /dev it would tell of a whole disk.
_PATH = r"\w[\w.-]*(?:/\w[\w.-]*)*"
_OWN = re.compile(
    r"(<(?:(?:uu|gen)id>(?=[0-9a-f-]{36}<)|name>(?=[\w.-]+<)|mac address='(?=[0-9a-f:]{17}')"
    rf"|source file='/(?!dev/)(?={_PATH}')|nvram[^<>]*>/(?!dev/)(?={_PATH}<)))([^<']+)",
    re.ASCII,
)
_LONGEST = 1024
"""Longest value that is put aside, in characters: a longer one is cut where it is read."""

_Several = tuple[Fact, ...]
_Marked = list[tuple[str, ...]]
"""Of each record of a part, the fields that a mark got to."""


class Reading(NamedTuple):
    """What a domain's XML tells; `live` says that it is that of a running one."""

    facts: FactSet
    live: bool


class Alike:
    """Reads the domains of one connection, which `file` is the name of in errors."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._templates: dict[tuple[str, str], _Template | None] = {}
        self._facts: dict[_Several, _Several] = {}
        self._parts: dict[object, Part] = {}

    def read(self, text: str, vantage: Vantage, prefix: str) -> Reading:
        """Return what the XML of a domain tells; raises DocumentError."""
        if _OPEN in text:
            return self._read(text, vantage, prefix)
        values: dict[str, str] = {}
        key = (prefix, _OWN.sub(lambda found: _put_aside(found, values), text))
        if key not in self._templates:
            if len(self._templates) >= _KEPT:
                self._templates.clear()
            self._templates[key] = self._template(key[1], vantage, prefix)
            known = self._templates[key]
        else:
            known = self._templates[key]
            if known is not None and not known.shared:
                known = self._templates[key] = self._shared(known)
        if known is None:
            return self._read(text, vantage, prefix)
        return known.filled(tuple(values))

    def _read(self, text: str, vantage: Vantage, prefix: str) -> Reading:
        root = xml.load(text, self._file)
        found = read_domain(root, vantage, prefix, file_locations=False)
        return Reading(found, bool(domain_element(root).get("id")))

    def _template(self, text: str, vantage: Vantage, prefix: str) -> _Template | None:
        """Return what is read of a text with marks, None where a mark got to where no value is."""
        try:
            found, live = self._read(text, vantage, prefix)
        except DocumentError:
            return None  # which is to be told of the text itself
        words = [entry for several in found.missing.values() for entry in several]
        facts = [fact for several in found.facts.values() for fact in several]
        for part in (part for several in found.parts.values() for part in several):
            words += [part.incomplete] if part.incomplete else []
            for record in part.records:
                facts += record.facts.values()
                words += record.missing.values()
        if any(_OPEN in fact.source for fact in facts) or any(map(_is_marked_entry, words)):
            return None
        return self._shared(_Template.of(found, live), again=False)

    def _shared(self, template: _Template, *, again: bool = True) -> _Template:
        """Return a template whose facts and parts are those that others have, too.

        Only what is met `again` is marked as kin: else all would differ in the number alone.
        """
        found = template.found
        facts = {path: self._fact(several) for path, several in found.facts.items()}
        parts = {
            name: several if name in template.own_parts else tuple(map(self._part, several))
            for name, several in found.parts.items()
        }
        return template._replace(found=FactSet(facts, parts, found.missing), shared=again)

    def _fact(self, several: _Several) -> _Several:
        if len(self._facts) >= _KEPT_FACTS:
            self._facts.clear()
        return self._facts.setdefault(several, several)

    def _part(self, part: Part) -> Part:
        records = tuple((tuple(r.facts.values()), tuple(r.missing.values())) for r in part.records)
        key = (part.name, part.vantage, records, part.incomplete)
        known = self._parts.get(key)
        if known is None:
            if len(self._parts) >= _KEPT_PARTS:
                self._parts.clear()
            self._parts[key] = part
            return part
        if not known.kin:
            known = self._parts[key] = replace(known, kin=new_kin())
        return known


class _Template(NamedTuple):
    """What was read of a text with marks, and where the marks have got to."""

    found: FactSet
    live: bool
    own_facts: tuple[str, ...]
    own_parts: Mapping[str, list[_Marked]]
    shared: bool = False

    @staticmethod
    def of(found: FactSet, live: bool) -> _Template:
        """Look for the marks."""
        marked = {name: [_marked(part) for part in parts] for name, parts in found.parts.items()}
        return _Template(
            found,
            live,
            tuple(p for p, several in found.facts.items() if any(map(_is_marked, several))),
            {name: parts for name, parts in marked.items() if any(map(any, parts))},
        )

    def filled(self, values: tuple[str, ...]) -> Reading:
        """Return what the text tells with these values in place of its marks."""
        facts, parts = dict(self.found.facts), dict(self.found.parts)
        for path in self.own_facts:
            facts[path] = tuple(_fact(fact, values) for fact in facts[path])
        for name, marked in self.own_parts.items():
            parts[name] = tuple(
                _part(p, paths, values) for p, paths in zip(parts[name], marked, strict=True)
            )
        return Reading(FactSet(facts, parts, self.found.missing), self.live)


def _put_aside(found: re.Match[str], values: dict[str, str]) -> str:
    """Return a place with the mark of its value; equal values have the same."""
    place, value = found.groups()
    if len(value) > _LONGEST:
        return found[0]
    return place + values.setdefault(value, f"{_OPEN}{len(values)}{_CLOSE}")


def _is_marked(fact: Fact) -> bool:
    return _OPEN in (fact.value if isinstance(fact.value, str) else _joined(fact.value))


def _joined(value: Value) -> str:
    return "".join(value) if isinstance(value, tuple) else ""


def _marked(part: Part) -> _Marked:
    return [tuple(p for p, fact in r.facts.items() if _is_marked(fact)) for r in part.records]


def _is_marked_entry(entry: Missing) -> bool:
    return _OPEN in entry.detail or _OPEN in entry.how_to_get


def _part(part: Part, marked: _Marked, values: tuple[str, ...]) -> Part:
    records = tuple(
        Record({**r.facts, **{path: _fact(r.facts[path], values) for path in paths}}, r.missing)
        if paths
        else r
        for r, paths in zip(part.records, marked, strict=True)
    )
    return Part(part.name, part.vantage, records, part.incomplete)


def _fact(fact: Fact, values: tuple[str, ...]) -> Fact:
    if not _is_marked(fact):
        return fact
    path, value, source, vantage, location = fact
    if isinstance(value, tuple):
        filled: Value = tuple(_text(word, values) for word in value)
    else:
        filled = _text(str(value), values)
    return Fact(path, filled, source, vantage, location)


def _text(text: str, values: tuple[str, ...]) -> str:
    return _MARK.sub(lambda mark: values[int(mark[1])], text)
