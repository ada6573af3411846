"""Tells the options of a line from its image and its command, as the engines' parsers do.

Both docker and podman read options with Go's pflag, and stop at the first word that is none.
Source: pflag's documentation, "Command line flag syntax".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.probes.run_line.options import (
    ENGINES,
    GLOBALS,
    GROUP,
    SYNTAX,
    VERBS,
    Syntax,
)
from isoaudit.probes.run_line.words import RunWord

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
_NAMED_IMAGE = re.compile(r"\$\{[A-Za-z0-9_]*(?:IMAGE|IMG)[A-Za-z0-9_]*\}", re.IGNORECASE)


class Given(NamedTuple):
    """One option as it was given: its long name and its value, which keeps its place."""

    name: str
    value: RunWord


class Parsed(NamedTuple):
    """What a command line comes to. `doubt` says why there may be other options than these."""

    options: tuple[Given, ...]
    image: RunWord | None
    command: tuple[RunWord, ...]
    doubt: str = ""


class Called(NamedTuple):
    """A line that starts a container: the engine, options before the command, and what follows."""

    engine: str
    before: Parsed
    words: tuple[RunWord, ...]


def called(words: Sequence[RunWord]) -> Called | None:
    """Return the engine and the words after `run` of a line that begins with the program's name.

    None if the line is no `run` or `create` of an engine.
    """
    if not words or not words[0].known:
        return None
    engine = ENGINES.get(words[0].plain.rpartition("/")[2])
    if engine is None:
        return None
    before = _Reader(GLOBALS[engine], words[1:]).read()
    rest = [before.image, *before.command] if before.image is not None else []
    if rest and rest[0].text == GROUP:
        rest = rest[1:]
    if not rest or rest[0].text not in VERBS:
        return None
    return Called(engine, before, tuple(rest[1:]))


def parse_run(words: Sequence[RunWord], engine: str) -> Parsed:
    """Return the options, the image and the command of the words after `run` or `create`."""
    return _Reader(SYNTAX[engine], words).read()


class _Reader:
    """Reads words from left to right up to the first that is no option."""

    def __init__(self, syntax: Syntax, words: Sequence[RunWord]) -> None:
        self._syntax = syntax
        self._words = words
        self._at = 0
        self._options: list[Given] = []
        self._doubt = ""
        self._image_is_known = True

    def read(self) -> Parsed:
        """Return what the words come to."""
        while self._at < len(self._words):
            word = self._words[self._at]
            if word.is_open and not self._is_image(word):
                self._doubts(f"{_shown(word)} may be any option")
                self._at += 1
                continue
            if word.text == "--":
                self._at += 1
                break
            if not word.text.startswith("-") or word.text == "-":
                break
            self._at += 1
            if word.text.startswith("--"):
                self._long(word)
            else:
                self._short(word)
        rest = tuple(self._words[self._at :])
        image = rest[0] if rest and self._image_is_known else None
        return Parsed(tuple(self._options), image, rest[1:], self._doubt)

    def _is_image(self, word: RunWord) -> bool:
        """Say whether a word that begins with something unknown is the image and no option.

        It is if it is called an image, if more than a variable is in it, or if it is the last one
        and a single one: a line without an image starts nothing.
        """
        name = word.text
        if _NAMED_IMAGE.fullmatch(name):
            return True
        if re.fullmatch(r"\$\{[^{}]*\}", name) is None and not word.several:
            return True
        return not word.several and self._at == len(self._words) - 1

    def _doubts(self, why: str) -> None:
        self._doubt = self._doubt or why

    def _long(self, word: RunWord) -> None:
        name, equals, value = word.text[2:].partition("=")
        name = self._syntax.aliases.get(name, name)
        if name in self._syntax.flags:
            self._add(name, word._replace(text=value if equals else "true"))
        elif name in self._syntax.values:
            self._add(name, word._replace(text=value) if equals else self._next())
        else:
            self._unknown(f"--{name}" if _NAME.fullmatch(name) else "an option",
                          takes_next=not equals)  # fmt: skip

    def _short(self, word: RunWord) -> None:
        """Read a cluster as `-it` or `-p80:80`: the first letter that takes a value ends it."""
        text, at = word.text, 1
        while at < len(text):
            name = self._syntax.shorts.get(text[at])
            at += 1
            if name is None:
                known = text[at - 1].isalnum()
                self._unknown(f"-{text[at - 1]}" if known else "an option", takes_next=False)
                return
            rest = text[at:]
            if name in self._syntax.values:
                given = word._replace(text=rest.removeprefix("="))
                self._add(name, given if rest else self._next())
                return
            if rest.startswith("="):
                self._add(name, word._replace(text=rest[1:]))
                return
            self._add(name, word._replace(text="true"))

    def _add(self, name: str, value: RunWord | None) -> None:
        if value is None:
            self._doubts(f"--{name} lacks its value")
            return
        self._options.append(Given(name, value))

    def _next(self) -> RunWord | None:
        if self._at >= len(self._words):
            return None
        self._at += 1
        return self._words[self._at - 1]

    def _unknown(self, name: str, *, takes_next: bool) -> None:
        """Go on after an option that is not in the table, which may or may not take a value."""
        self._doubts(f"{name} is not known: it may be an option of another version")
        if takes_next:
            self._image_is_known = False
            following = self._words[self._at : self._at + 2]
            if len(following) == 2 and not following[0].text.startswith("-"):
                self._at += 1


def _shown(word: RunWord) -> str:
    """Return the variable that a word begins with, as a reason shows it."""
    end = word.text.find("}")
    name = word.text[: end + 1] if 0 < end <= 60 else ""
    return name if re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", name) else "what is filled in"
