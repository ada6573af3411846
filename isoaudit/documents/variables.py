"""Variables in a text, as compose and its env files have them: `$A`, `${A}`, `${A:-b}` and so on.

Only what files say is known. The environment of whoever audits is not read: it is not the one in
which the file will be used. So a variable that no file sets is unknown, never empty.

Source: the Compose specification, chapter interpolation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.regex import regex

UNSET = "\0"
"""Stands in a text for what a variable that is not known would bring."""

MAX_TEXT = 65_536
"""Longest text that variables may bring in one place."""

_MAX_TOTAL = 4_000_000
_MAX_NESTING = 20
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_INNER = regex(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?)([-+?])(.*))?", re.DOTALL)
_CLOSING_MARKS = regex(r"[\0{}]")
_BRACE = regex(r"[{}]")


def waiting_for(what: str) -> str:
    """Return the text of a value that depends on something other than a variable.

    Readers of other kinds of file put it in their values: no text of YAML can hold it.
    """
    return f"${{{UNSET}{_CLOSING_MARKS.sub('', what)}}}"


class Known(NamedTuple):
    """The value of a variable. `depends` says what it lacks, `secret` that it is none to show."""

    text: str
    depends: str = ""
    secret: bool = False


class Expanded(NamedTuple):
    """A text with its variables replaced, what it depends on, and whether a secret went into it."""

    text: str
    depends: str = ""
    secret: bool = False


class Variables:
    """Variables by name. `open_end` says why there may be others than are known.

    `read` keeps what files came to in which these variables stand, for whoever reads them.
    """

    def __init__(self, values: Mapping[str, Known] | None = None, open_end: str = "") -> None:
        self.values = dict(values or {})
        self.open_end = open_end
        self.read: dict[tuple[str, str], Any] = {}
        self._left = _MAX_TOTAL

    def expand(self, text: str, *, secrets: bool = False) -> Expanded:
        """Return a text with its variables replaced; UNSET stands for each that is not known.

        Values of secrets are left out as if they were not known, unless `secrets` are wanted.
        """
        return self._expand(text, 0, secrets)

    def _expand(self, text: str, depth: int, secrets: bool) -> Expanded:
        pieces: list[str] = []
        depends, secret, at, length = "", False, 0, len(text)
        while (dollar := text.find("$", at)) >= 0:
            pieces.append(text[at:dollar])
            found, at = self._variable(text, dollar, depth, secrets)
            length += len(found.text)
            if length - len(text) > min(MAX_TEXT, self._left):
                return Expanded(UNSET, "variables that bring in too much")
            pieces.append(found.text)
            depends = depends or found.depends
            secret = secret or found.secret
        pieces.append(text[at:])
        self._left -= length - len(text)
        return Expanded("".join(pieces), depends, secret)

    def _variable(self, text: str, dollar: int, depth: int, secrets: bool) -> tuple[Expanded, int]:
        """Return what the `$` at a position brings, and where to go on."""
        start = dollar + 1
        if text.startswith("$", start):
            return Expanded("$"), start + 1
        if not text.startswith("{", start):
            name = _NAME.match(text, start)
            if name is None:
                return Expanded("$"), start
            return self._value(name[0], secrets), name.end()
        end = _closing(text, start + 1)
        if end < 0 or depth >= _MAX_NESTING:
            return Expanded(UNSET, "a variable that is not closed"), len(text)
        return self._braced(text[start + 1 : end], depth, secrets), end + 1

    def _braced(self, inner: str, depth: int, secrets: bool) -> Expanded:
        """Return what stands between braces: a name, or one with an operator and its argument."""
        match = _INNER.fullmatch(inner)
        if match is None:
            return Expanded(UNSET, inner.partition(UNSET)[2] or "a variable that is none")
        name, operator, argument = match[1], match[3] or "", match[4] or ""
        if not operator:
            return self._value(name, secrets)
        colon = bool(match[2])
        if self._falls_back(name, operator, colon=colon):
            return self._expand(argument, depth + 1, secrets)
        known = self.values.get(name)
        if known is None or (colon and known.depends) or known.text or not colon:
            return self._value(name, secrets)
        if operator == "+":
            return Expanded("")
        return Expanded(UNSET, f"${{{name}}}, which must not be empty")

    def _falls_back(self, name: str, operator: str, *, colon: bool) -> bool:
        """Say whether it is the argument of an operator that counts, and not the variable."""
        known = self.values.get(name)
        if known is None:
            return operator == "-" and not self.open_end
        if colon and known.depends:
            return False
        counts = bool(known.text) or not colon
        return (operator == "+" and counts) or (operator == "-" and not counts)

    def _value(self, name: str, secrets: bool) -> Expanded:
        known = self.values.get(name)
        if known is None:
            why = f": {self.open_end}" if self.open_end else ""
            return Expanded(UNSET, f"${{{name}}}{why}")
        if known.depends:
            return Expanded(UNSET, f"${{{name}}}, which depends on {known.depends}", known.secret)
        if known.secret and not secrets:
            return Expanded(UNSET, f"${{{name}}}, a secret", secret=True)
        return Expanded(known.text, secret=known.secret)


NONE = Variables()
"""No variable is known, and what a default gives is believed."""


def _closing(text: str, at: int) -> int:
    """Return where the brace of a variable closes, or -1."""
    level = 1
    for match in _BRACE.finditer(text, at):
        level += 1 if match[0] == "{" else -1
        if level == 0:
            return match.start()
    return -1
