"""Finds the commands of a shell script that start a program, without running any of it.

Source: POSIX.1 "Shell Command Language". What a variable or a command in between comes to is
decided when the script runs: each becomes a mark, which stands for any text. A value that a mark is
in, or that was made of one, is never taken for known.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.errors import DocumentError
from isoaudit.model import Location
from isoaudit.probes.vmm.line import MARK

_FILLED_IN = re.compile(r"\$\([^()]*\)|`[^`]*`|\$\{[^{}]*\}|\$[A-Za-z_]\w*|\$[@*#?$!0-9-]")
_MOST_NESTED = 8
_QUOTED = r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\."""
_OPENING = re.compile(r"""\\.|['"]|(?<!\S)\#""")
_CLOSING = {"'": re.compile(r"[^']*'"), '"': re.compile(r'(?:[^"\\]|\\.)*"')}
_COMMENTS = re.compile(rf"({_QUOTED})|(?<!\S)#[^\n]*", re.DOTALL)
_ENDS = frozenset("();<>|&")
_TALKING = frozenset({"echo", "printf", "which", "type", "pgrep", "pkill", "killall", "grep", "apt",
                      "apt-get", "dnf", "yum", "apk", "man"})  # fmt: skip
"""Programs that only name another one."""

_LONGEST = 32_768
_MOST_COMMANDS = 1_000


class Command(NamedTuple):
    """One command: the program's name without its folder, its words, and where it begins."""

    program: str
    words: tuple[str, ...]
    location: Location


def commands(text: str, file: str, program: re.Pattern[str]) -> list[Command]:
    """Return the commands with options that start a program whose name matches.

    Raises DocumentError for one whose quotes do not close, for a long one, and for too many.
    """
    found = []
    for number, line in _lines(text, program):
        where = Location(file, number, 1)
        for words in _simple(_bare(line, where), where):
            start = next((i for i, word in enumerate(words) if _is(word, program)), None)
            if start is None or not _TALKING.isdisjoint(words[:start]):
                continue
            rest = tuple(words[start + 1 :])
            if any(word.startswith("-") or MARK in word for word in rest):
                found.append(Command(words[start].rpartition("/")[2], rest, where))
            if len(found) > _MOST_COMMANDS:
                raise DocumentError(f"{where}: more than {_MOST_COMMANDS} commands, not read")
    return found


def _is(word: str, program: re.Pattern[str]) -> bool:
    return program.fullmatch(word.rpartition("/")[2]) is not None


def _lines(text: str, program: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that name the program as a shell sees them: joined, each with its number."""
    held: list[str] = []
    first = length = 0
    quote = ""
    for number, line in enumerate(text.replace("\r\n", "\n").replace(MARK, "").split("\n"), 1):
        if not held:
            first, length, quote = number, 0, ""
            if line.lstrip().startswith("#"):
                continue
        goes_on = line.endswith("\\")
        held.append(line[:-1] if goes_on else f"{line}\n")
        length += len(line) + 1
        # A quote that stays open matters only in a line that names the program before.
        quote = _quote_after(quote, line) if len(held) > 1 or program.search(line) else ""
        if (goes_on or quote) and length <= _LONGEST:
            continue
        if program.search(whole := "".join(held)):
            yield first, whole
        held = []
    if held and program.search(whole := "".join(held)):
        yield first, whole


def _quote_after(quote: str, line: str) -> str:
    """Return the quote that is open after a line, "" for none, by the one open before it."""
    position = 0
    while True:
        if quote:
            closing = _CLOSING[quote].match(line, position)
            if closing is None:
                return quote
            position, quote = closing.end(), ""
        opening = _OPENING.search(line, position)
        if opening is None or opening[0] == "#":
            return ""
        position = opening.end()
        quote = opening[0] if opening[0] in _CLOSING else ""


def _bare(line: str, where: Location) -> str:
    """Return a line without comments, and with marks where something is filled in."""
    if len(line) > _LONGEST:
        raise DocumentError(f"{where}: a command longer than {_LONGEST} characters, not read")
    for _ in range(_MOST_NESTED):
        line, changed = _FILLED_IN.subn(MARK, line)
        if not changed:
            break
    return _COMMENTS.sub(lambda match: match[1] or "", line)


def _simple(line: str, where: Location) -> Iterator[list[str]]:
    """Yield the words of each command of a line, up to what ends it or redirects it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if word and set(word) <= _ENDS:
                yield words
                words = []
            else:
                words.append(word)
    except ValueError as error:
        raise DocumentError(f"{where}: no command that a shell could read: {error}",
                            "Correct the file and scan again.") from error  # fmt: skip
    yield words
