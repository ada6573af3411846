"""systemd's unit files, and Podman's Quadlet files, which have the same syntax.

Sources: systemd.syntax(7), systemd.unit(5) (drop-ins, specifiers), podman-systemd.unit(5). Nothing
is looked up and nothing replaced: specifiers (`%h`) stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.documents.passage import Passage
from isoaudit.errors import DocumentError
from isoaudit.model import Location

MAX_ENTRIES = 20_000
"""Most assignments read of one unit; systemd's own largest has some two hundred."""

_SECTION = re.compile(r"\[([^\[\]\n]{1,255})\]")
_SPACE = " \t\n\r"
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
            "\\": "\\", '"': '"', "'": "'", "s": " "}  # fmt: skip
_NUMBERS = (
    ("x", re.compile(r"[0-9a-fA-F]{2}"), 16),
    ("u", re.compile(r"[0-9a-fA-F]{4}"), 16),
    ("U", re.compile(r"[0-9a-fA-F]{8}"), 16),
    ("", re.compile(r"[0-7]{3}"), 8),
)


class UnitWord(NamedTuple):
    """One word of a value, without its quotes, and where it begins."""

    text: str
    location: Location


class Entry(NamedTuple):
    """One assignment: its section and key, and its value with where that stands.

    `key_location` is where the key stands: the place of an empty value.
    """

    section: str
    key: str
    passage: Passage
    key_location: Location

    @property
    def value(self) -> str:
        """The value as it was written, continuation lines joined."""
        return self.passage.text

    @property
    def location(self) -> Location:
        """Where the value begins."""
        return self.passage.location if self.value else self.key_location

    def words(self) -> list[UnitWord]:
        """Return the value split at blanks, quotes and escapes taken off.

        Raises DocumentError for a quote that is not closed.
        """
        return list(split_words(self.passage))


class Unit(NamedTuple):
    """What a unit file, or one with its drop-ins, assigns, in order.

    `sections` are those that have a header, `stray` the lines that are neither a header, nor a
    comment, nor an assignment below a header: systemd passes them by, Quadlet refuses the file.
    """

    file: str
    entries: tuple[Entry, ...]
    sections: tuple[tuple[str, Location], ...] = ()
    stray: tuple[Location, ...] = ()

    def all(self, section: str, *keys: str) -> list[Entry]:
        """Return the assignments of keys that count: an empty one forgets those before it."""
        return _kept(e for e in self.entries if e.section == section and e.key in keys)

    def last(self, section: str, key: str) -> Entry | None:
        """Return the assignment that counts of a key that holds one value; None if it is empty."""
        found = self.all(section, key)
        return found[-1] if found else None

    def has(self, section: str) -> bool:
        """Say whether there is a header of that name."""
        return any(name == section for name, _ in self.sections)

    def with_drop_ins(self, drop_ins: Sequence[Unit]) -> Unit:
        """Return the unit with what its drop-ins assign after it, in their order."""
        several = (self, *drop_ins)
        return Unit(
            self.file,
            tuple(entry for one in several for entry in one.entries),
            tuple(section for one in several for section in one.sections),
            tuple(place for one in several for place in one.stray),
        )


def load(text: str, file: str) -> Unit:
    """Return what a unit file assigns; `file` is what positions call it.

    Raises DocumentError for more than MAX_ENTRIES assignments.
    """
    entries: list[Entry] = []
    sections: list[tuple[str, Location]] = []
    stray: list[Location] = []
    section = ""
    for line in _logical_lines(text, file):
        header = _SECTION.fullmatch(line.text.rstrip(_SPACE))
        if header is not None:
            section = header[1]
            sections.append((section, line.location))
            continue
        key, equals, _ = line.text.partition("=")
        if not equals or not section or not key.strip(_SPACE):
            stray.append(line.location)
            continue
        entries.append(Entry(section, key.strip(_SPACE), _value(line, len(key) + 1), line.location))
        if len(entries) > MAX_ENTRIES:
            raise DocumentError(
                f"{line.location}: more than {MAX_ENTRIES} assignments, not read",
                "No unit needs that many; look at who wrote it.",
            )
    return Unit(file, tuple(entries), tuple(sections), tuple(stray))


def split_words(passage: Passage) -> Iterator[UnitWord]:
    """Yield the words of a value, split at blanks that are not quoted, C escapes resolved.

    Raises DocumentError for a quote that is not closed.
    """
    text, at = passage.text, 0
    while True:
        while at < len(text) and text[at] in _SPACE:
            at += 1
        if at == len(text):
            return
        word, end = _word(passage, at)
        yield UnitWord(word, passage.at(at))
        at = end


def _kept(entries: Iterator[Entry]) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        if entry.value:
            found.append(entry)
        else:
            found.clear()
    return found


def _logical_lines(text: str, file: str) -> Iterator[Passage]:
    """Yield lines that are no comment, continuation lines joined as systemd does: by a blank.

    A comment between continuation lines is left out, and does not end them.
    """
    pieces: list[str] = []
    starts: list[int] = []
    places: list[tuple[int, int]] = []
    length = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        body = line.lstrip(_SPACE)
        if body.startswith(("#", ";")) or (not pieces and not body):
            continue
        goes_on = line.endswith("\\")
        if not pieces:
            line, column = body, len(line) - len(body) + 1
        else:
            column = 1
        piece = line[:-1] + " " if goes_on else line
        starts.append(length)
        places.append((number, column))
        pieces.append(piece)
        length += len(piece)
        if not goes_on:
            yield Passage("".join(pieces), file, starts, places)
            pieces, starts, places, length = [], [], [], 0
    if pieces:
        yield Passage("".join(pieces), file, starts, places)


def _value(line: Passage, start: int) -> Passage:
    """Return what stands after the equals sign, without the blanks around it."""
    text = line.text
    while start < len(text) and text[start] in _SPACE:
        start += 1
    return line.cut(start, len(text.rstrip(_SPACE)))


def _word(passage: Passage, at: int) -> tuple[str, int]:
    """Return the word that begins at an offset, and where it ends."""
    text = passage.text
    pieces: list[str] = []
    quote, opened = "", at
    while at < len(text):
        char = text[at]
        if char == "\\":
            piece, at = _escape(text, at)
            pieces.append(piece)
            continue
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, opened = char, at
        elif not quote and char in _SPACE:
            break
        else:
            pieces.append(char)
        at += 1
    if quote:
        raise DocumentError(f"{passage.at(opened)}: a quote that is not closed",
                            "Close it, or escape it.")  # fmt: skip
    return "".join(pieces), at


def _escape(text: str, at: int) -> tuple[str, int]:
    """Return what a backslash and what follows it stand for, and where to go on.

    An escape that C does not know stays as it is written.
    """
    following = text[at + 1 : at + 2]
    if following in _ESCAPES:
        return _ESCAPES[following], at + 2
    for letter, digits, base in _NUMBERS:
        found = digits.match(text, at + 1 + len(letter)) if following.startswith(letter) else None
        if found is not None and 0 < (code := int(found[0], base)) <= 0x10FFFF:
            is_text = not 0xD800 <= code <= 0xDFFF
            return (chr(code) if is_text else text[at : found.end()]), found.end()
    return text[at : at + 2], min(at + 2, len(text))
