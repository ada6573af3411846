"""Edits the XML of a libvirt domain by splicing its text: all else stays byte for byte.

A path leads from the domain, or from the element that a finding points at (`evidence/…`); its last
step may be an attribute (`@listen`). `add` takes the child to put in, as XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from isoaudit.documents.xml import load
from isoaudit.errors import DocumentError
from isoaudit.harden.edits import Effect
from isoaudit.model import Location, Target
from isoaudit.rules.fixes import ADD, CUT, DELETE, SET, Edit

_EVIDENCE = "evidence"
_ENTITY = {"'": "&apos;", '"': "&quot;"}
_NAME = re.compile(r"<([A-Za-z_][\w:.-]*)")
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")


@dataclass(slots=True)
class _Element:
    """An element by its place in the text: where it begins, its first tag ends, and it ends."""

    name: str
    start: int
    tag_end: int
    place: tuple[int, int]
    end: int = 0
    empty: bool = False
    children: list[_Element] = field(default_factory=list)


class _Splice(NamedTuple):
    start: int
    end: int
    text: str


class XmlFile:
    """One XML file that is edited in memory; `shown` is what errors call it."""

    def __init__(self, text: str, shown: str) -> None:
        load(text, shown)  # refuses what is hostile or broken, with its place
        self._raw = text.encode("utf-8", "surrogateescape")
        self._shown = shown
        self._root, self._by_place = _index(self._raw, shown)
        self._splices: dict[tuple[int, int, str], _Splice] = {}

    def effect(self, target: Target, edit: Edit, evidence: Location | None) -> Effect | None:
        """Return what an edit would do, None if there is nothing here that it could change."""
        del target
        if edit.operation in {CUT, DELETE}:
            return Effect.TAKES_AWAY if self._find(edit, evidence) else None
        if edit.operation == ADD:
            return self._effect_of_child(edit, evidence)
        element = self._find(edit, evidence)
        if element is None:
            return None
        said = self._attributes(element).get(edit.path.rpartition("@")[2])
        if said is None:
            return Effect.ADDS
        return Effect.NOTHING if said == str(edit.value) else Effect.TAKES_AWAY

    def apply(self, target: Target, edit: Edit, evidence: Location | None) -> None:
        """Make an edit."""
        if self.effect(target, edit, evidence) in {None, Effect.NOTHING}:
            return
        if edit.operation == ADD:
            self._add(edit, evidence)
            return
        element = self._find(edit, evidence)
        if element is None:
            return
        if edit.operation == SET:
            self._set(element, edit.path.rpartition("@")[2], str(edit.value))
        else:
            self._put(*self._lines_of(element), "")

    def text(self) -> str:
        """Return the file as it is after the edits."""
        pieces: list[bytes] = []
        at = 0
        for splice in sorted(self._splices.values(), key=lambda one: (one.start, -one.end)):
            if splice.start < at:
                continue  # inside of what was taken out
            pieces += [self._raw[at : splice.start], splice.text.encode()]
            at = splice.end
        return b"".join([*pieces, self._raw[at:]]).decode("utf-8", "surrogateescape")

    def _put(self, start: int, end: int, text: str) -> None:
        self._splices[start, end, text] = _Splice(start, end, text)

    def _find(self, edit: Edit, evidence: Location | None) -> _Element | None:
        """Return the element that an edit is about, None if there is none."""
        path = edit.path.partition("@")[0].rstrip("/")
        first, *steps = path.split("/") if path else [""]
        element: _Element | None = self._root
        if edit.operation == CUT or first == _EVIDENCE:
            known = evidence is not None and evidence.file == self._shown
            place = (evidence.line or 0, evidence.column or 0) if known and evidence else (0, 0)
            element = self._by_place.get(place)
        elif first:
            steps = [first, *steps]
        for step in steps:
            below = element.children if element else []
            element = next((one for one in below if one.name == step), None)
        return None if element is self._root and edit.operation in {CUT, DELETE} else element

    def _effect_of_child(self, edit: Edit, evidence: Location | None) -> Effect | None:
        element = self._find(edit, evidence)
        if element is None:
            return Effect.ADDS if not edit.path.startswith(_EVIDENCE) else None
        name = _NAME.match(str(edit.value))
        present = name is not None and any(one.name == name[1] for one in element.children)
        return Effect.NOTHING if present else Effect.ADDS

    def _add(self, edit: Edit, evidence: Location | None) -> None:
        element = self._find(edit, evidence)
        child = str(edit.value)
        if element is None:
            child, element = f"<{edit.path}>{child}</{edit.path}>", self._root
        inner = f"{self._indent(element)}{self._step()}"
        if element.empty:
            tag = self._raw[element.start : element.tag_end].decode("utf-8", "surrogateescape")
            opened = f"{tag[:-2].rstrip()}>\n{inner}{child}\n{self._indent(element)}"
            self._put(element.start, element.tag_end, f"{opened}</{element.name}>")
        else:
            self._put(element.tag_end, element.tag_end, f"\n{inner}{child}")

    def _set(self, element: _Element, name: str, value: str) -> None:
        tag = self._raw[element.start : element.tag_end].decode("utf-8", "surrogateescape")
        for match in _ATTRIBUTE.finditer(tag):
            if match[1] == name:
                start = element.start + len(tag[: match.start(2)].encode())
                quote = match[2][0]
                quoted = f"{quote}{escape(value, {quote: _ENTITY[quote]})}{quote}"
                self._put(start, start + len(match[2].encode()), quoted)
                return
        at = element.start + len(f"<{element.name}".encode())
        self._put(at, at, f" {name}={quoteattr(value)}")

    def _attributes(self, element: _Element) -> dict[str, str]:
        tag = self._raw[element.start : element.tag_end].decode("utf-8", "surrogateescape")
        return {match[1]: match[2][1:-1] for match in _ATTRIBUTE.finditer(tag)}

    def _indent(self, element: _Element) -> str:
        """Return the white space before an element on its line."""
        line = self._raw[self._raw.rfind(b"\n", 0, element.start) + 1 : element.start]
        return line.decode("utf-8", "replace") if not line.strip() else ""

    def _step(self) -> str:
        below = self._root.children
        return self._indent(below[0]) if below else "  "

    def _lines_of(self, element: _Element) -> tuple[int, int]:
        """Return where an element begins and ends, with its line if it stands there alone."""
        start = self._raw.rfind(b"\n", 0, element.start) + 1
        end = self._raw.find(b"\n", element.end)
        if (
            end < 0
            or self._raw[start : element.start].strip()
            or self._raw[element.end : end].strip()
        ):
            return element.start, element.end
        return start, end + 1


def _index(raw: bytes, shown: str) -> tuple[_Element, dict[tuple[int, int], _Element]]:
    """Return the root element with the places of all, and every element by line and column."""
    parser = expat.ParserCreate()
    opened: list[_Element] = []
    roots: list[_Element] = []
    by_place: dict[tuple[int, int], _Element] = {}

    def begin(name: str, _attributes: dict[str, str]) -> None:
        start = parser.CurrentByteIndex
        place = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        element = _Element(name, start, _tag_end(raw, start), place)
        by_place[place] = element
        (opened[-1].children if opened else roots).append(element)
        opened.append(element)

    def finish(_name: str) -> None:
        element = opened.pop()
        at = parser.CurrentByteIndex
        element.empty = raw[element.tag_end - 2 : element.tag_end] == b"/>"
        element.end = element.tag_end if element.empty else raw.index(b">", at) + 1

    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise DocumentError(f"{shown}:{error.lineno}: cannot be read for editing") from error
    return roots[0], by_place


def _tag_end(raw: bytes, start: int) -> int:
    """Return where the tag that begins at a place ends: `>` may stand in an attribute's value."""
    quote = 0
    for index in range(start, len(raw)):
        byte = raw[index]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return index + 1
    return len(raw)
