"""Reads env files: the `.env` of compose and what `env_file` names, and the plainer ones of docker.

Sources: docs.docker.com, syntax of `.env` files; docker-run(1), `--env-file`. Errors tell the line
and nothing of what stands there: a file that is named as an env file need not be one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from isoaudit.documents.variables import Known, Variables
from isoaudit.errors import DocumentError
from isoaudit.model import Location

MAX_ENTRIES = 20_000
"""Most variables read from one file."""

_SPACE = re.compile(r"\s*+")
_BLANK = re.compile(r"[ \t\v\f\r]*+")
_KEY = re.compile(r"(?:export[ \t]++)?([\w.\-\[\]]{1,1000})[ \t\v\f\r]*+(=|:|\n|\Z)")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL),
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Entry(NamedTuple):
    """A variable and where it stands. `value` is None if it is taken over from the environment."""

    name: str
    value: Known | None
    location: Location


def parse(
    text: str,
    shown: str,
    outer: Variables | None = None,
    is_secret: Callable[[str, str], bool] = lambda _name, _value: False,
) -> list[Entry]:
    """Return the variables of an env file in its order; of two with a name the later one holds.

    A value may name variables of `outer`, which come first, and those above it. `is_secret` tells
    by name and value what must not be shown; what such a value went into is a secret as well.
    Raises DocumentError for what is no env file.
    """
    reader = _Reader(text, shown)
    known = dict(outer.values) if outer is not None else {}
    scope = Variables(known, outer.open_end if outer is not None else "")
    entries: list[Entry] = []
    while (found := reader.next()) is not None:
        name, raw, literal, where = found
        value: Known | None = None
        if raw is not None:
            told = None if literal else scope.expand(raw, secrets=True)
            plain = raw if told is None else told.text
            depends = "" if told is None else told.depends
            tainted = told is not None and told.secret
            value = Known(plain, depends, tainted or is_secret(name, plain))
            if outer is None or name not in outer.values:
                scope.values[name] = value
        entries.append(Entry(name, value, where))
        if len(entries) > MAX_ENTRIES:
            raise DocumentError(f"{shown}: more than {MAX_ENTRIES} variables, not read")
    return entries


def parse_plain(text: str, shown: str) -> list[Entry]:
    """Return the variables of an env file as docker's command line reads it: without any quoting.

    Raises DocumentError for a line that begins with `=` or has blanks in its name.
    """
    entries: list[Entry] = []
    for number, line in enumerate(text.split("\n"), 1):
        content = line.removesuffix("\r").lstrip()
        if not content or content.startswith("#"):
            continue
        name, equals, value = content.partition("=")
        if not re.fullmatch(r"[^\s\0]{1,1000}", name):
            raise _no_entry(shown, number)
        where = Location(shown, number, len(line) - len(line.lstrip()) + 1)
        entries.append(Entry(name, Known(value) if equals else None, where))
        if len(entries) > MAX_ENTRIES:
            raise DocumentError(f"{shown}: more than {MAX_ENTRIES} variables, not read")
    return entries


class _Reader:
    """Goes through an env file, entry by entry."""

    def __init__(self, text: str, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._at = 0
        self._counted = 0
        self._line = 1
        self._line_start = 0
        if "\0" in text:
            raise _no_entry(shown, text.count("\n", 0, text.index("\0")) + 1)

    def next(self) -> tuple[str, str | None, bool, Location] | None:
        """Return name, value, whether it is literal, and the place of the next entry, or None."""
        text = self._text
        while True:
            self._at = _past(_SPACE, text, self._at)
            if self._at == len(text):
                return None
            if text[self._at] != "#":
                break
            self._at = self._end_of_line()
        where = self._location()
        key = _KEY.match(text, self._at)
        if key is None:
            raise _no_entry(self._shown, where.line)
        self._at = key.end()
        if key[2] not in ("=", ":"):
            return key[1], None, True, where
        value, literal = self._value(where)
        return key[1], value, literal, where

    def _value(self, where: Location) -> tuple[str, bool]:
        """Return a value, and whether its `$` mean nothing."""
        text = self._text
        self._at = _past(_BLANK, text, self._at)
        pattern = _QUOTED.get(text[self._at : self._at + 1])
        if pattern is None:
            end = self._end_of_line()
            value = text[self._at : end].partition(" #")[0].rstrip()
            self._at = end
            return value, False
        quoted = pattern.match(text, self._at)
        if quoted is None:
            raise _no_entry(self._shown, where.line)
        self._at = quoted.end()
        if pattern is _QUOTED["'"]:
            return quoted[1].replace("\\'", "'"), True
        return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), quoted[1]), False

    def _end_of_line(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _location(self) -> Location:
        breaks = self._text.count("\n", self._counted, self._at)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rfind("\n", self._counted, self._at) + 1
        self._counted = self._at
        return Location(self._shown, self._line, self._at - self._line_start + 1)


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where what a pattern finds at a position ends."""
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _no_entry(shown: str, line: int | None) -> DocumentError:
    return DocumentError(
        f"{shown}:{line}: not a line of an env file", "Write NAME=value, one on each line."
    )
