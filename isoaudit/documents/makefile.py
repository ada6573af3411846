"""The recipes of a makefile, as the scripts that make hands to the shell, each with its places.

Source: GNU make's manual (syntax of recipes, flavours of variables, conditionals). Nothing is run
and nothing included: what make fills in stands between marks (`shell_words.OPENING`), unless the
file itself assigns it in one way only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.passage import Passage
from isoaudit.documents.shell_words import CLOSING, OPENING

_ASSIGNMENT = re.compile(
    r"[ ]*(?:export[ \t]+|override[ \t]+)*(?P<name>[A-Za-z0-9_.-]+)[ \t]*"
    r"(?P<operator>:::=|::=|:=|\?=|\+=|!=|=)[ \t]*(?P<value>.*)",
    re.DOTALL,
)
_CONDITIONAL = re.compile(r"[ \t]*(ifeq|ifneq|ifdef|ifndef)\b")
_END = re.compile(r"[ \t]*endif\b")
_INCLUDE = re.compile(r"[ ]*[-s]?include\b")
_DEFINE = re.compile(r"[ ]*(?:override[ \t]+|export[ \t]+)*(define|endef)\b[ \t]*(\S*)")
_OF_A_TARGET = re.compile(r"[^:=]+:[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.-]+)[ \t]*[:?+!]?=")
_RULE = re.compile(r"[^\t#=][^=]*:")
_SIMPLE = re.compile(r"[A-Za-z0-9_.-]+")
_PREFIX = re.compile(r"[ \t]*[@+-]*[ \t]*")
_LONGEST = 20_000
_MOST_FILLED = 20


class _Line(NamedTuple):
    """A logical line: its physical lines with their numbers, the last of which does not go on."""

    lines: list[tuple[int, str]]

    @property
    def joined(self) -> str:
        """The line as make reads it outside of recipes: joined by blanks."""
        return " ".join(text.removesuffix("\\").strip(" \t") for _, text in self.lines)


def recipes(text: str, file: str) -> Iterator[Passage]:
    """Yield each line of a recipe as a script of its own, continuation lines included."""
    lines = list(_logical_lines(text.replace(OPENING, "").replace(CLOSING, "")))
    filler = _Filler(_values(lines))
    for line in lines:
        script = _script(line)
        if script is not None:
            yield filler.filled(script, file)


def _logical_lines(text: str) -> Iterator[_Line]:
    held: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        held.append((number, line))
        if not _goes_on(line):
            yield _Line(held)
            held = []
    if held:
        yield _Line(held)


def _goes_on(line: str) -> bool:
    """Say whether a line ends in a backslash that no other one takes away."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _script(line: _Line) -> list[tuple[int, int, str]] | None:
    """Return the lines of a recipe with their places, None for what is none.

    A recipe may also begin behind the semicolon of its rule.
    """
    number, first = line.lines[0]
    start = 0
    if not first.startswith("\t"):
        rule, semicolon, _ = first.partition(";")
        if not semicolon or _RULE.match(rule) is None or _ASSIGNMENT.match(first):
            return None
        start = len(rule) + 1
    prefix = _PREFIX.match(first, start)
    start = prefix.end() if prefix is not None else start
    found = [(number, start + 1, first[start:])]
    for number, text in line.lines[1:]:
        cut = text.startswith("\t")
        found.append((number, 1 + cut, text[1:] if cut else text))
    return found


def _values(lines: list[_Line]) -> dict[str, str]:
    """Return the values of variables that the file assigns in one way and whatever holds."""
    values: dict[str, str] = {}
    open_names: set[str] = set()
    depth = 0
    for line in lines:
        first = line.lines[0][1]
        if first.startswith("\t"):
            continue
        depth += _CONDITIONAL.match(first) is not None
        depth -= _END.match(first) is not None
        if _INCLUDE.match(first):
            return {}
        define, of_target = _DEFINE.match(first), _OF_A_TARGET.match(first)
        if define is not None or of_target is not None:
            open_names.add(define[2] if define is not None else of_target[1] if of_target else "")
            continue
        match = _ASSIGNMENT.match(line.joined)
        if match is None:
            continue
        name = match["name"]
        if depth > 0 or name in values or match["operator"] in {"+=", "!="}:
            open_names.add(name)
        values[name] = _without_comment(match["value"])
    return {name: value for name, value in values.items() if name not in open_names}


def _without_comment(value: str) -> str:
    at = value.find("#")
    return (value[:at] if at >= 0 else value).strip(" \t")


class _Filler:
    """Puts make's expansions into recipes; what a variable comes to is worked out once."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._known: dict[str, str] = {}

    def filled(self, script: list[tuple[int, int, str]], file: str) -> Passage:
        """Return a recipe as the shell sees it; what follows an expansion keeps its place."""
        pieces: list[str] = []
        starts: list[int] = []
        places: list[tuple[int, int]] = []
        length = 0
        for index, (number, column, text) in enumerate(script):
            last = index == len(script) - 1
            for offset, piece in self._expanded(text if last else f"{text}\n"):
                pieces.append(piece)
                starts.append(length)
                places.append((number, column + offset))
                length += len(piece)
        return Passage("".join(pieces), file, starts or [0], places or [(1, 1)])

    def _expanded(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield stretches of a line with where they began before make's expansions."""
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            yield at, text[at:dollar]
            value, at = self._reference(text, dollar, 0)
            yield dollar, value
        yield at, text[at:]

    def _reference(self, text: str, dollar: int, depth: int) -> tuple[str, int]:
        """Return what a `$` brings, and where to go on: a dollar, a value, or a marked name."""
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            return "$", dollar + 2
        if following not in {"(", "{"}:
            if not following or following == "\n":
                return "", dollar + 1
            return _marked(following), dollar + 2
        end = _closing(text, dollar + 1)
        name = text[dollar + 2 : end - 1]
        if _SIMPLE.fullmatch(name) is None:
            return _marked("what make fills in"), end
        return self._value(name, depth), end

    def _value(self, name: str, depth: int) -> str:
        """Return what a variable comes to, a marked name where that is not known."""
        if name not in self._values or depth >= _MOST_FILLED:
            return _marked(name)
        if name not in self._known:
            self._known[name] = _marked(name)  # for one that refers to itself
            self._known[name] = self._deep(name, self._values[name], depth)
        return self._known[name]

    def _deep(self, name: str, value: str, depth: int) -> str:
        """Return a value with the references in it put in."""
        pieces: list[str] = []
        at = length = 0
        while (dollar := value.find("$", at)) >= 0:
            pieces.append(value[at:dollar])
            piece, at = self._reference(value, dollar, depth + 1)
            pieces.append(piece)
            length += len(piece)
            if length > _LONGEST:
                return _marked(name)
        return "".join([*pieces, value[at:]])


def _closing(text: str, at: int) -> int:
    """Return where a reference ends whose parenthesis stands at a position."""
    opening, closing = text[at], {"(": ")", "{": "}"}[text[at]]
    depth = 0
    for index in range(at, len(text)):
        if text[index] == opening:
            depth += 1
        elif text[index] == closing:
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text) + 1


def _marked(name: str) -> str:
    return f"{OPENING}{name}{CLOSING}"
