"""Words of a Dockerfile with quotes taken off and variables replaced.

Source: the Dockerfile reference, "Environment replacement". A variable that neither ARG nor ENV of
the file gives a value to becomes UNSET: the base image, or whoever builds, may well give it one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

UNSET = "\0"
"""Stands in a text for what is not known from the file."""

_MOST_NESTED = 10
_LONGEST = 4_096
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]")
_BRACE = re.compile(r"\$\{|\}")

Scope = Mapping[str, str | None]
"""Values of variables; None for one that is declared and left to whoever builds."""


def resolved(raw: str, scope: Scope, escape: str = "\\") -> str:
    """Return a word as BuildKit takes it; longer ones than any in use come out as unknown."""
    if "$" not in raw and '"' not in raw and "'" not in raw and escape not in raw:
        return raw
    return _resolved(raw, scope, escape, 0)


def _resolved(raw: str, scope: Scope, escape: str, depth: int) -> str:
    pieces: list[str] = []
    quote = ""
    at = length = 0
    while at < len(raw):
        mark = raw[at]
        if quote == "'":
            end = raw.find("'", at)
            end = len(raw) if end < 0 else end
            piece, at, quote = raw[at:end], end + 1, ""
        elif mark == escape and at + 1 < len(raw) and (not quote or raw[at + 1] in f'"${escape}'):
            piece, at = raw[at + 1], at + 2
        elif mark == "'" and not quote:
            piece, at, quote = "", at + 1, "'"
        elif mark == '"':
            piece, at, quote = "", at + 1, "" if quote else '"'
        elif mark == "$":
            piece, at = _variable(raw, at + 1, scope, escape, depth)
        else:
            piece, at = mark, at + 1
        pieces.append(piece)
        length += len(piece)
        if length > _LONGEST:
            return UNSET
    return "".join(pieces)


def _variable(raw: str, at: int, scope: Scope, escape: str, depth: int) -> tuple[str, int]:
    """Return what the `$` before a position brings, and where to go on."""
    if not raw.startswith("{", at):
        name = _NAME.match(raw, at)
        return (_value(scope, name[0]), name.end()) if name else ("$", at)
    end = _closing(raw, at + 1)
    if end < 0 or depth >= _MOST_NESTED:
        return UNSET, len(raw)
    inner = raw[at + 1 : end]
    name = _NAME.match(inner)
    if name is None:
        return UNSET, end + 1
    return _modified(name[0], inner[name.end() :], scope, escape, depth), end + 1


def _modified(name: str, operator: str, scope: Scope, escape: str, depth: int) -> str:
    value = _value(scope, name)
    if not operator:
        return value
    word = operator.lstrip(":")[1:]
    kind = operator.lstrip(":")[:1]
    if kind == "?":
        return value
    if kind == "-":
        if (name in scope and scope[name] is None) or (value and value != UNSET):
            return value
        # Without a value of its own, or one that is not known here, the default stands.
        return _resolved(word, scope, escape, depth + 1)
    if kind == "+" and value != UNSET:
        return _resolved(word, scope, escape, depth + 1) if value else ""
    return UNSET


def _value(scope: Scope, name: str) -> str:
    value = scope.get(name)
    return UNSET if value is None else value


def _closing(raw: str, at: int) -> int:
    level = 1
    for match in _BRACE.finditer(raw, at):
        level += 1 if match[0] == "${" else -1
        if level == 0:
            return match.start()
    return -1
