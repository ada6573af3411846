"""TOML with the line of every key.

The standard parser decides what is TOML and what stands in it; it keeps no positions, so these are
found by a second look at text that is known to be valid. Source: toml.io, version 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from isoaudit.errors import DocumentError
from isoaudit.model import Location

MAX_CHARACTERS = 1_048_576
"""Longest text read: a configuration a hundred times as long as any that is shipped."""

MAX_DEPTH = 100
"""Most words in a dotted key: the parser's work grows with the square of them."""

Keys = tuple[str, ...]

_WORD = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)')[ \t]*""")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)+")
_PLAIN = re.compile(r"""[^"'\[\]{}#\n]+""")
_STRING = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_KEY_WORD = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP = re.compile(rf"(?<![A-Za-z0-9_-]){_KEY_WORD}(?:[ \t]*+\.[ \t]*+{_KEY_WORD}){{{MAX_DEPTH}}}")
_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")


class Entry(NamedTuple):
    """A value, or a whole table, and where its key stands."""

    value: Any
    location: Location

    def error(self, problem: str, remedy: str = "") -> DocumentError:
        """Return an error that starts with this entry's position."""
        return DocumentError(f"{self.location}: {problem}", remedy)


class Document:
    """The tables of a TOML file, by key from the top down."""

    def __init__(self, data: dict[str, Any], places: dict[Keys, Location], file: str) -> None:
        self._data = data
        self._places = places
        self._start = Location(file, 1, 1)

    def get(self, *keys: str) -> Entry | None:
        """Return what stands under keys, or None.

        What has no line of its own, as in a table within braces, has that of the key above it.
        """
        value: Any = self._data
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return None
            value = value[key]
        return Entry(value, self._place(keys))

    def _place(self, keys: Keys) -> Location:
        for end in range(len(keys), 0, -1):
            if (found := self._places.get(keys[:end])) is not None:
                return found
        return self._start


def load(text: str, file: str) -> Document:
    """Return a TOML document; `file` is what positions call it. Raises DocumentError."""
    import tomllib

    if len(text) > MAX_CHARACTERS:
        raise DocumentError(f"{file}: longer than {MAX_CHARACTERS} characters, not read",
                            "Name a configuration file.")  # fmt: skip
    if deep := _DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise DocumentError(f"{file}:{line}: a name of more than {MAX_DEPTH} words, not read")
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise DocumentError(f"{file}: nested too deep, not read") from error
    except ValueError as error:
        match = _AT_LINE.search(str(error))
        where = f"{file}:{match[1]}:{match[2]}" if match else file
        problem = _AT_LINE.sub("", str(error)).partition("\n")[0][:200].strip()
        raise DocumentError(f"{where}: not valid TOML: {problem}",
                            "Correct the file and scan again.") from error  # fmt: skip
    return Document(data, dict(_places(text.replace("\r\n", "\n"), file)), file)


def _places(text: str, file: str) -> Iterator[tuple[Keys, Location]]:
    """Yield where each key and table of valid TOML stands, the first of a name first."""
    table: Keys = ()
    position = line = start = 0
    seen: set[Keys] = set()
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
            continue
        line += text.count("\n", start, position)
        start = position
        where = Location(file, line + 1, position - text.rfind("\n", 0, position))
        if text[position] == "[":
            keys, position = _keys(text, position + (2 if text.startswith("[[", position) else 1))
            table = keys
            position = _past_line(text, position)
        else:
            keys, position = _keys(text, position)
            keys = table + keys
            position = _past_value(text, position + 1)
        if keys not in seen:
            seen.add(keys)
            yield keys, where


def _keys(text: str, position: int) -> tuple[Keys, int]:
    """Return the words of a dotted key and where it ends."""
    words: list[str] = []
    while match := _WORD.match(text, position):
        words.append(next(word for word in match.groups() if word is not None))
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(words), position


def _past_line(text: str, position: int) -> int:
    """Return where the line ends: after a table's name nothing but a comment follows."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _past_value(text: str, position: int) -> int:
    """Return where the line ends on which a value ends: brackets and strings may span lines."""
    depth = 0
    while position < len(text):
        mark = text[position]
        if mark in "\"'":
            found = _STRING.match(text, position)
            position = found.end() if found else position + 1
        elif mark == "#":
            position = _past_line(text, position)
        elif mark == "\n" and not depth:
            return position
        elif plain := _PLAIN.match(text, position):
            position = plain.end()
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
            position += 1
    return position
