"""Finds the command lines that start a container among the commands of a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from isoaudit.documents.passage import Passage
from isoaudit.documents.shell import Command, commands
from isoaudit.documents.shell_values import resolved
from isoaudit.documents.shell_words import Piece, ShellWord
from isoaudit.documents.variables import waiting_for
from isoaudit.model import Location
from isoaudit.probes.run_line.options import ENGINES
from isoaudit.probes.run_line.parse import Called, called
from isoaudit.probes.run_line.words import RunWord

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_ROOT = frozenset({"sudo", "doas"})
_OTHERS_SHELL = frozenset({"su", "sg", "runuser", "script"})
"""Programs that have a shell run what is behind `-c`, as somebody else or somewhere else."""

_MOST_NESTED = 8
_MOST_WRAPPERS = 16

WRAPPERS: Mapping[str, str] = {
    "sudo": "ugCDRTrtph",
    "doas": "uC",
    "env": "uCS",
    "exec": "a",
    "nice": "n",
    "ionice": "cnp",
    "timeout": "ks",
    "stdbuf": "ioe",
    "time": "fo",
    "nohup": "",
    "setsid": "",
    "flock": "wEc",
    "systemd-run": "upEHMCr",
    "command": "",
    "xargs": "aEIdLnPs",
    "ssh": "BbcDEeFIiJLlmOopQRSWw",
    "chroot": "",
    "chronic": "",
    "chrt": "TPD",
    "nsenter": "tSG",
    "pkexec": "",
    "runuser": "ugG",
    "taskset": "",
    "unbuffer": "",
    "watch": "n",
    "winpty": "",
}
"""Programs that start the one they are given, with their options of one letter and a value."""

_WORDS_FIRST: Mapping[str, int] = {
    "flock": 1, "timeout": 1, "ssh": 1, "chroot": 1, "chrt": 1, "taskset": 1,
}  # fmt: skip
"""Words of their own between their options and the program."""


class Found(NamedTuple):
    """A line that starts a container, and where its program's name stands.

    `by_root` says whether it is plain that root runs it, None if it is not.
    """

    call: Called
    location: Location
    by_root: bool | None
    moved: bool


def found_in(passage: Passage) -> Iterator[Found]:
    """Yield the lines of a script that start a container; raises DocumentError."""
    yield from _among(resolved(commands(passage)), 0)


def _among(several: Iterable[Command], depth: int) -> Iterator[Found]:
    moved = False
    last = ""
    for command in several:
        name = command.words[0].text
        # NOTE: `cd "$(dirname "$0")"` leads to where the script lies.
        moved = moved or (name in {"cd", "pushd"} and last != "dirname")
        yield from _within(command, depth, moved=moved)
        last = name


def _within(command: Command, depth: int, *, moved: bool) -> Iterator[Found]:
    """Yield the line that a command is, or those in the script that it hands to a shell."""
    words = list(command.words)
    by_root: bool | None = None
    trailing = False
    for _ in range(_MOST_WRAPPERS):
        if not words:
            return
        name = _program(words[0])
        if name in ENGINES:
            call = _called(words, trailing=trailing)
            if call is not None:
                yield Found(call, words[0].location, by_root, moved)
            return
        if name in _SHELLS and depth < _MOST_NESTED:
            yield from _handed_over(words, depth, by_root, moved=moved)
            return
        script = _script_words(words, name)
        if script and depth < _MOST_NESTED:
            user = None if name in _OTHERS_SHELL else by_root
            yield from _script_of(script, depth, user, moved=moved)
            return
        if _assigns(words[0]):
            first = next((i for i, word in enumerate(words) if not _assigns(word)), len(words))
            words = words[first:]
            continue
        if name not in WRAPPERS:
            return
        if name in _ROOT:
            by_root = True if len(words) > 1 and not _other_user(words) else None
        trailing = trailing or name == "xargs"
        words = _after_wrapper(words, name)
        if name == "ssh" and words and depth < _MOST_NESTED:
            yield from _script_of(words, depth, None, moved=True)
            return


def _script_words(words: list[ShellWord], name: str) -> list[ShellWord]:
    """Return the words that a command takes for a script, none if it takes none."""
    if name == "eval":
        return words[1:]
    if name == "trap":
        return words[1:2]
    if name not in _OTHERS_SHELL:
        return []
    flag = next((i for i, word in enumerate(words) if word.text in {"-c", "--command"}), None)
    return words[flag + 1 : flag + 2] if flag is not None else []


def _program(word: ShellWord) -> str:
    """Return the name of a program without its folder, "" if that is not known.

    One that a variable names is taken by its default, or by what the variable is called.
    """
    if word.known:
        return word.text.rpartition("/")[2]
    pieces = [piece for piece in word.pieces if piece.open or piece.text]
    if len(pieces) != 1 or not pieces[0].is_variable:
        return ""
    if pieces[0].default:
        return pieces[0].default.rpartition("/")[2]
    name = pieces[0].text.lower()
    return next((engine for engine in ("nerdctl", "podman", "docker") if engine in name), "")


def _called(words: Sequence[ShellWord], *, trailing: bool) -> Called | None:
    program = RunWord(_program(words[0]), words[0].location)
    rest = [run_word(word) for word in words[1:]]
    if trailing:
        text = waiting_for("what xargs adds")
        rest.append(RunWord(text, words[-1].location, several=True))
    return called([program, *rest])


def run_word(word: ShellWord) -> RunWord:
    """Return a word of a script in the form in which options are read."""
    return RunWord("".join(_text(p) for p in word.pieces), word.location, word.several)


def _text(piece: Piece) -> str:
    if not piece.open:
        return piece.text.replace("$", "$$")
    if not piece.is_variable or _NAME.fullmatch(piece.text) is None:
        what = f"${piece.text}" if piece.is_variable else piece.text
        return waiting_for(what)
    default = "" if piece.default is None else f":-{piece.default}"
    return f"${{{piece.text}{default}}}"


def _assigns(word: ShellWord) -> bool:
    first = word.pieces[0] if word.pieces else None
    return first is not None and not first.open and bool(_ASSIGNMENT.match(first.text))


def _other_user(words: Sequence[ShellWord]) -> bool:
    options = [word.text for word in words[1:4] if word.text.startswith("-")]
    return any(text.startswith(("-u", "--user", "-g")) for text in options)


def _after_wrapper(words: list[ShellWord], name: str) -> list[ShellWord]:
    """Return the words after a program that starts another, its options and words of its own."""
    valued, at = WRAPPERS[name], 1
    while at < len(words) and words[at].text.startswith("-") and words[at].known:
        text = words[at].text
        at += 1
        if text == "--":
            break
        takes_next = len(text) == 2 and text[1] in valued
        if takes_next or text in {"--user", "--group", "--signal", "--kill-after"}:
            at += 1
    return words[at + _WORDS_FIRST.get(name, 0) :]


def _handed_over(
    words: Sequence[ShellWord], depth: int, by_root: bool | None, *, moved: bool
) -> Iterator[Found]:
    """Yield the lines of a script in a word, as of `sh -c '…'`."""
    for index, word in enumerate(words[1:], 1):
        if not word.text.startswith("-"):
            return
        if word.known and not word.text.startswith("--") and "c" in word.text[1:]:
            yield from _script_of(words[index + 1 : index + 2], depth, by_root, moved=moved)
            return


def _script_of(
    words: Sequence[ShellWord], depth: int, by_root: bool | None, *, moved: bool
) -> Iterator[Found]:
    """Yield the lines of the script that words make up; what is open in it stays so."""
    if not words or not all(_can_be_read_again(word) for word in words):
        return
    text = " ".join("".join(_again(piece) for piece in word.pieces) for word in words)
    where = words[0].location
    column = (where.column or 1) + (not words[0].bare)
    inner = commands(Passage.of_text(text, where.file, where.line or 1, column))
    for found in _among(resolved(inner), depth + 1):
        yield found._replace(by_root=found.by_root or by_root, moved=found.moved or moved)


def _can_be_read_again(word: ShellWord) -> bool:
    return all(not piece.open or piece.is_variable for piece in word.pieces)


def _again(piece: Piece) -> str:
    return f"${{{piece.text}}}" if piece.open else piece.text
