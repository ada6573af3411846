"""Reads the syntax of xl's configuration: names with texts, numbers and lists, and their lines.

Source: xl.cfg(5), "SYNTAX": one `KEY=VALUE` a line or between semicolons, lists in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.limits import MAX_NODES
from isoaudit.errors import DocumentError
from isoaudit.model import Location

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)|(?P<end>[\n;])|(?P<mark>\+?=|[\[\],])
    |'(?P<single>[^'\n]*)'|"(?P<double>[^"\n]*)"
    |(?P<word>[A-Za-z0-9_.+-]+)""",
    re.VERBOSE,
)


class Value(NamedTuple):
    """A text (of a number, as it is written) or a list of texts, and where its key stands."""

    texts: tuple[str, ...]
    is_list: bool
    location: Location

    @property
    def text(self) -> str:
        """The text, "" for an empty list."""
        return self.texts[0] if self.texts else ""


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def read(text: str, file: str) -> dict[str, Value]:
    """Return the settings of a file; of one that stands twice the last. Raises DocumentError."""
    found: dict[str, Value] = {}
    tokens = iter(_tokens(text, file))
    for token in tokens:
        if token.kind == "end":
            continue
        where = Location(file, token.line, 1)
        equals = next(tokens, None)
        if token.kind != "word" or equals is None or equals.text not in {"=", "+="}:
            raise _error(where)
        value = _value(tokens, where)
        if equals.text == "+=" and token.text in found:
            old = found[token.text]
            value = Value((*old.texts, *value.texts), True, old.location)
        found[token.text] = value
    return found


def _value(tokens: Iterator[_Token], where: Location) -> Value:
    first = next(tokens, None)
    if first is None or first.kind == "end":
        raise _error(where)
    if first.text != "[" or first.kind != "mark":
        if first.kind == "mark":
            raise _error(where)
        _expect_end(tokens, where)
        return Value((first.text,), False, where)
    texts: list[str] = []
    depth = 1
    for token in tokens:
        if token.kind == "mark":
            depth += {"[": 1, "]": -1}.get(token.text, 0)
        elif token.kind != "end":
            texts.append(token.text)
        if not depth:
            _expect_end(tokens, where)
            return Value(tuple(texts), True, where)
    raise _error(where)


def _expect_end(tokens: Iterator[_Token], where: Location) -> None:
    after = next(tokens, None)
    if after is not None and after.kind != "end":
        raise _error(where)


def _error(where: Location) -> DocumentError:
    return DocumentError(f"{where}: no setting of xl", "Correct the file and scan again.")


def _tokens(text: str, file: str) -> Iterator[_Token]:
    line, position, count = 1, 0, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        count += 1
        if match is None or count > MAX_NODES:
            raise _error(Location(file, line, 1))
        kind = match.lastgroup or ""
        position = match.end()
        if kind in {"single", "double"}:
            yield _Token("text", match[kind], line)
        elif kind != "blank":
            yield _Token(kind, match[0], line)
        line += match[0].count("\n")
