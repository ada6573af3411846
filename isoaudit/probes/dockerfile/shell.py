"""The simple commands of what a RUN hands to a shell, as far as they stand there in words.

Source: POSIX.1, "Shell Command Language". Nothing is run. What a variable, a substitution or a
script of its own comes to is not followed, but commands within substitutions and behind `sh -c`
are commands too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST = 65_536
"""Longest script that is read."""

_MOST_NESTED = 6
_MOST_COMMANDS = 5_000
_SUBSTITUTION = re.compile(r"[$<]\(([^()]*)\)|`([^`]*)`")
MARK = "\1"
"""Stands in words around the number of a substitution."""

_INSIDE = re.compile(MARK + r"([0-9]+)" + MARK)
_TOKEN = re.compile(
    r"""(?P<blank>(?:[ \t\r]|\\\n)+)
    |(?P<end>\|\|?&?|&&|;;?|\n|[(){}](?=[\s;]|\Z)|[()]|&(?!>))
    |(?P<redirect>[0-9]*(?:<<<|<<-?|<>|>>|[<>]&|&>>?|>\||<|>))
    |(?P<word>(?:[^\s;&|<>()'"\\]++|'[^']*(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|\\.|\\\Z)++)
    """,
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(r"""'([^']*)'?|"((?:[^"\\]|\\.)*+)"?|\\(.?)|([^'"\\]+)""", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "in"}
)
_BEFORE = frozenset({"command", "exec", "env", "nice", "nohup", "builtin", "eatmydata", "xargs"})
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})


@dataclass(slots=True)
class Command:
    """One simple command: the program's name, its words, and what stands around them.

    `fed_by` is the command whose output it reads. `within` are the commands of substitutions in
    its words; `elevated` says that sudo or doas starts it. `comments` aside, nothing is left out.
    """

    program: str
    words: list[str]
    assignments: list[tuple[str, str]] = field(default_factory=list)
    fed_by: Command | None = None
    within: list[Command] = field(default_factory=list)
    elevated: str = ""


def commands(script: str) -> list[Command]:
    """Return the commands of a script, those within others too; none for a longer one."""
    found: list[Command] = []
    if len(script) <= LONGEST:
        _collect(script, found, 0)
    return found


def _collect(script: str, found: list[Command], depth: int) -> list[Command]:
    """Add a script's commands to those found, and return the ones it consists of itself."""
    own: list[Command] = []
    if depth > _MOST_NESTED or len(found) > _MOST_COMMANDS:
        return own
    inside: list[str] = []

    def mark(match: re.Match[str]) -> str:
        inside.append(match[1] if match[1] is not None else match[2])
        return f"{MARK}{len(inside) - 1}{MARK}"

    bare = script.replace(MARK, "")
    for _ in range(_MOST_NESTED):
        bare, changed = _SUBSTITUTION.subn(mark, bare)
        if not changed:
            break
    scripts = [_unmarked(one, inside) for one in inside]
    before: Command | None = None
    for words, end in _simple(bare):
        command = _command(words)
        if command is not None:
            command.fed_by = before
            for number in dict.fromkeys(m[1] for word in words for m in _INSIDE.finditer(word)):
                command.within += _collect(scripts[int(number)], found, depth + 1)
            found.append(command)
            own.append(command)
            _open(command, found, depth)
        before = command if end in {"|", "|&"} else None
    return own


def _unmarked(text: str, inside: list[str]) -> str:
    """Return the text of a substitution with those in it put back."""
    for _ in range(_MOST_NESTED):
        if MARK not in text or len(text) > LONGEST:
            break
        text = _INSIDE.sub(lambda match: f"$({inside[int(match[1])]})", text)
    return text.replace(MARK, "")


def _open(command: Command, found: list[Command], depth: int) -> None:
    """Follow what a shell is given to run: `sh -c 'script'`, `eval script`."""
    words = command.words
    if command.program in SHELLS:
        at = next((i for i, w in enumerate(words) if re.fullmatch(r"-[a-z]*c[a-z]*", w)), None)
        if at is not None and at + 1 < len(words) and MARK not in words[at + 1]:
            command.within += _collect(words[at + 1], found, depth + 1)
    elif command.program == "eval" and words and not any(MARK in word for word in words):
        command.within += _collect(" ".join(words), found, depth + 1)


def _simple(script: str) -> Iterator[tuple[list[str], str]]:
    """Yield the words of each command, redirections left out, and what ends it."""
    words: list[str] = []
    at = 0
    skip = False
    fresh = True
    while at < len(script):
        if script[at] == "#" and fresh:
            end = script.find("\n", at)
            at = len(script) if end < 0 else end
            continue
        match = _TOKEN.match(script, at)
        if match is None:
            at += 1
            continue
        at, kind = match.end(), match.lastgroup
        fresh = kind in {"blank", "end"}
        if kind == "redirect":
            skip = True
        elif kind == "word":
            if not skip:
                words.append(_plain(match[0]))
            skip = False
        elif kind == "end":
            yield words, match[0].strip()
            words, skip = [], False
    yield words, ""


def _plain(raw: str) -> str:
    """Return a word without its quotes."""
    if "'" not in raw and '"' not in raw and "\\" not in raw:
        return raw
    return "".join(next((g for g in m.groups() if g is not None), "") for m in _PIECE.finditer(raw))


def _command(words: list[str]) -> Command | None:
    """Return a command without the keywords, assignments and helpers in front of its program."""
    rest = list(words)
    assignments: list[tuple[str, str]] = []
    elevated = ""
    while rest:
        word = rest[0]
        if (match := _ASSIGNMENT.fullmatch(word)) is not None:
            assignments.append((match[1], match[2]))
        elif word in {"sudo", "doas"} and len(rest) > 1:
            elevated = word
            while len(rest) > 1 and rest[1].startswith("-"):
                del rest[1]
        elif word in _BEFORE and len(rest) > 1:
            while len(rest) > 1 and rest[1].startswith("-"):
                del rest[1]
        elif word not in _KEYWORDS:
            break
        del rest[0]
    if not rest:
        return Command("", [], assignments, elevated=elevated) if assignments else None
    return Command(rest[0].rpartition("/")[2], rest[1:], assignments, elevated=elevated)
