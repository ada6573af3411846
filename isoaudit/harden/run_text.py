"""Edits `docker run` lines in scripts and makefiles by splicing words in and out of them.

Only words that stand in the line itself are taken out; what a variable or an array brings in stays,
and is said to. Options are put in right behind `run`, where no image or command can be mistaken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from shlex import quote
from typing import NamedTuple

from isoaudit.documents.makefile import recipes
from isoaudit.documents.passage import Passage
from isoaudit.documents.shell import commands
from isoaudit.documents.shell_words import ShellWord
from isoaudit.harden.edits import Effect, is_meant
from isoaudit.harden.run_options import Option, option_of
from isoaudit.model import Location, Target
from isoaudit.rules.fixes import ADD, CUT, DELETE, SET, Edit

_MAKEFILE = re.compile(r"(?:.*/)?(?:GNUmakefile|[Mm]akefile(?:[.][^/]*)?|[^/]*[.]mk)")
_VERBS = frozenset({"run", "create"})
_SWITCHES = frozenset({"--privileged", "--read-only"})
_SHORT = {"-u": "--user", "-m": "--memory", "--net": "--network"}
_ONE_WORD = re.compile(r"[^\s\\'\"|&;<>()]+(?:[ \t]|\\\r?\n)*")
_REST_OF_WORDS = re.compile(r"(?:[ \t]|\\\r?\n)+")


class _Given(NamedTuple):
    """An option that stands in a line, and the numbers of its words."""

    flag: str
    value: str
    first: int
    last: int


class RunFile:
    """One script or makefile that is edited in memory; `shown` is what errors call it."""

    def __init__(self, text: str, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._commands = [one for passage in _scripts(text, shown) for one in commands(passage)]
        self._put_in: dict[int, dict[str, None]] = {}
        self._taken: set[tuple[int, int]] = set()

    def effect(self, target: Target, edit: Edit, evidence: Location | None) -> Effect | None:
        """Return what an edit would do, None if there is nothing here that it could change."""
        words = self._words(target)
        if words is None:
            return None
        if edit.operation == CUT:
            return Effect.TAKES_AWAY if self._pointed_at(words, evidence) else None
        option = option_of(edit)
        return _effect(words, edit, option) if option is not None else None

    def apply(self, target: Target, edit: Edit, evidence: Location | None) -> None:
        """Make an edit."""
        words = self._words(target)
        what = self.effect(target, edit, evidence)
        if words is None or what in {None, Effect.NOTHING}:
            return
        if edit.operation == CUT:
            span = self._pointed_at(words, evidence)
            if span is not None:
                self._taken.add(span)
            return
        option = option_of(edit)
        for one in _given(words):
            if option is not None and one.flag == option.flag and _is_to_go(one, edit):
                span = self._span(words, one.first, one.last)
                if span is not None:
                    self._taken.add(span)
        if edit.operation in {ADD, SET} and option is not None:
            self._put_in.setdefault(self._offset(words[0].location), {})[_as_words(option)] = None

    def text(self) -> str:
        """Return the file as it is after the edits."""
        splices = [(start, end, "") for start, end in self._taken]
        splices += [(at, at, self._inserted(at, list(new))) for at, new in self._put_in.items()]
        text = self._text
        for start, end, new in sorted(splices, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _inserted(self, at: int, options: list[str]) -> str:
        """Return options as they are put before the first word behind `run`: each on a line of
        its own where the command is written on several."""
        before = self._text[self._text.rfind("\n", 0, at) + 1 : at]
        if not before.strip():
            return "".join(f"{option} \\\n{before}" for option in options)
        line, _, below = self._text[at:].partition("\n")
        if not line.endswith("\\"):
            return " ".join([*options, ""])
        indent = below[: len(below) - len(below.lstrip(" \t"))]
        return "".join(f"\\\n{indent}{option} " for option in options) + f"\\\n{indent}"

    def _words(self, target: Target) -> list[ShellWord] | None:
        """Return the words behind `run` of a target's line, None if they cannot be edited."""
        for command in self._commands:
            places = [word.location for word in command.words]
            if target.location not in places:
                continue
            words = command.words[places.index(target.location) :]
            verb = next((i for i, word in enumerate(words) if word.text in _VERBS), None)
            behind = list(words[verb + 1 :]) if verb is not None else []
            return behind or None
        return None

    def _pointed_at(
        self, words: list[ShellWord], evidence: Location | None
    ) -> tuple[int, int] | None:
        """Return the span of the option whose value, or whose only word, stands at a place."""
        number = next((i for i, word in enumerate(words) if word.location == evidence), None)
        if number is None:
            return None
        if words[number].text.startswith("-"):
            return self._span(words, number, number)
        flag = words[number - 1].text if number else ""
        is_option = flag.startswith("--") or re.fullmatch(r"-[a-zA-Z]", flag) is not None
        return self._span(words, number - 1, number) if is_option and "=" not in flag else None

    def _span(self, words: list[ShellWord], first: int, last: int) -> tuple[int, int] | None:
        """Return where words begin and the one behind them does, None if more lies between."""
        if last + 1 >= len(words):
            return None
        start, end = (self._offset(words[i].location) for i in (first, last + 1))
        return (start, end) if _is_plain(self._text[start:end], last - first + 1) else None

    def _offset(self, place: Location) -> int:
        return self._lines[(place.line or 1) - 1] + (place.column or 1) - 1


def _effect(words: list[ShellWord], edit: Edit, option: Option) -> Effect:
    """Return what putting an option into a line, or taking it out, would do."""
    same = [one for one in _given(words) if one.flag == option.flag]
    if edit.operation == ADD:
        present = any(one.value == option.value for one in same)
        return Effect.NOTHING if present else Effect.ADDS
    if edit.operation == SET:
        if not same:
            return Effect.ADDS
        wanted = option.value or "true"
        return Effect.NOTHING if same[-1].value == wanted else Effect.TAKES_AWAY
    return Effect.TAKES_AWAY if any(_is_to_go(one, edit) for one in same) else Effect.NOTHING


def _scripts(text: str, shown: str) -> Iterator[Passage]:
    clean = text.replace("\r\n", "\n")
    if _MAKEFILE.fullmatch(shown):
        yield from recipes(clean, shown)
    else:
        yield Passage.of_text(clean, shown)


def _given(words: list[ShellWord]) -> Iterator[_Given]:
    """Yield the options of a line that are known; what follows the image is taken for some, too,
    which does no harm: an edit there ends nothing, and is taken back."""
    for number, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        flag = _SHORT.get(name, name)
        if not word.known or not name.startswith("-"):
            continue
        if equals:
            yield _Given(flag, value, number, number)
        elif flag in _SWITCHES:
            yield _Given(flag, "true", number, number)
        elif number + 1 < len(words) and words[number + 1].known:
            yield _Given(flag, words[number + 1].text, number, number + 1)


def _is_to_go(one: _Given, edit: Edit) -> bool:
    """Say whether an option that stands there is to go for an edit of the same option."""
    if edit.operation in {DELETE, SET}:
        return True
    if edit.operation == ADD:
        return False
    pattern = str(edit.value)
    return is_meant(one.value, pattern) or fnmatchcase(one.value, pattern)


def _is_plain(text: str, count: int) -> bool:
    """Say whether a text is so many words without quotes, and nothing but blanks around them."""
    at = 0
    for _ in range(count):
        word = _ONE_WORD.match(text, at)
        if word is None:
            return False
        at = word.end()
    return at == len(text)


def _as_words(option: Option) -> str:
    return f"{option.flag} {quote(option.value)}" if option.value else option.flag
