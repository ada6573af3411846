"""Finds the commands of a shell script that start a program, without running any of it.

What a variable or a command in between comes to is decided when the script runs: each becomes a
mark, which stands for any text, but where the script itself leaves no doubt (`shell_values.py`). A
value that a mark is in, or that was made of one, is never taken for known.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.documents import shell
from isoaudit.documents.passage import Passage
from isoaudit.documents.shell_values import resolved
from isoaudit.documents.shell_words import ShellWord
from isoaudit.errors import DocumentError
from isoaudit.model import Location
from isoaudit.probes.vmm.line import MARK

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

    Raises DocumentError for a script that no shell could read, for a long command, and for too
    many.
    """
    found = []
    clean = text.replace("\r\n", "\n").replace(MARK, "")
    for command in resolved(shell.commands(Passage.of_text(clean, file))):
        words = [_marked(word) for word in command.words]
        start = next((i for i, word in enumerate(words) if _is(word, program)), None)
        if start is None or not _TALKING.isdisjoint(words[:start]):
            continue
        where = command.words[0].location
        rest = tuple(words[start + 1 :])
        if sum(map(len, rest)) > _LONGEST:
            raise DocumentError(f"{where}: a command longer than {_LONGEST} characters, not read")
        if any(word.startswith("-") or MARK in word for word in rest):
            found.append(Command(words[start].rpartition("/")[2], rest, where))
        if len(found) > _MOST_COMMANDS:
            raise DocumentError(f"{where}: more than {_MOST_COMMANDS} commands, not read")
    return found


def _marked(word: ShellWord) -> str:
    return "".join(MARK if piece.open else piece.text for piece in word.pieces)


def _is(word: str, program: re.Pattern[str]) -> bool:
    return program.fullmatch(word.rpartition("/")[2]) is not None
