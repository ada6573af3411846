"""What variables of a script come to, where the script itself leaves no doubt.

A value is certain if the variable is assigned it by a command that always runs, and nothing in the
script that may or may not run could assign it another. What the environment, an argument, a sourced
file or a command brings is not known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from isoaudit.documents.shell import Command
from isoaudit.documents.shell_words import NAME, Piece, ShellWord

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)")
_DECLARING = frozenset({"export", "readonly", "declare", "typeset", "local"})
_READING = frozenset({"read", "mapfile", "readarray", "getopts", "unset", "printf", "let"})
_LOOPS = frozenset({"for", "select"})
_FROM_ELSEWHERE = frozenset({"source", ".", "eval"})
_IFS = re.compile(r"[ \t\n]+")
_LONGEST = 20_000
_MOST_WORDS = 2_000

Values = dict[str, "str | tuple[ShellWord, ...]"]


def resolved(commands: Sequence[Command]) -> Iterator[Command]:
    """Yield the commands that are no mere assignments, with what is certain put in."""
    changing = _changing(commands)
    is_open = changing is None
    once = _assigned_once(commands)
    values: Values = {}
    lasting: Values = {}  # what also holds where a command may run at another time
    for command in commands:
        assigned = _assigned(command)
        if assigned is None:
            held = lasting if command.guarded else values
            yield command._replace(words=tuple(_words(command.words, held)))
            continue
        for name, operator, word in assigned:
            known = None
            if not (is_open or command.guarded or operator == "+=" or name in (changing or ())):
                known = _value(word, len(name) + len(operator), values)
            if known is None:
                values.pop(name, None)
            else:
                values[name] = known
                if name in once:
                    lasting[name] = known


def _assigned_once(commands: Sequence[Command]) -> frozenset[str]:
    """Return the variables that are assigned in one place of the script alone."""
    counts = Counter(name for c in commands for name, _, _ in _assigned(c) or ())
    return frozenset(name for name, times in counts.items() if times == 1)


def _changing(commands: Sequence[Command]) -> frozenset[str] | None:
    """Return the variables that something may assign that need not run; None for any of them."""
    found: set[str] = set()
    for command in commands:
        first = command.words[0].text
        if first in _FROM_ELSEWHERE and command.words[0].known:
            return None
        if first in _LOOPS and len(command.words) > 1:
            found.add(command.words[1].text)
        if first in _READING:
            found.update(word.text for word in command.words[1:] if word.known)
        for name, operator, _ in _assigned(command) or ():
            if command.guarded or operator == "+=":
                found.add(name)
        for word in command.words:
            found.update(p.text for p in word.pieces if p.open and p.is_variable and p.assigns)
    return frozenset(found)


def _assigned(command: Command) -> list[tuple[str, str, ShellWord]] | None:
    """Return what a command assigns that does nothing else; None if it does something."""
    words = list(command.words)
    declares = words[0].bare and words[0].text in _DECLARING
    if declares:
        words = [word for word in words[1:] if not word.text.startswith("-")]
    found: list[tuple[str, str, ShellWord]] = []
    for word in words:
        match = _assignment(word)
        if match is not None:
            found.append((match[1], match[2], word))
        elif not declares:
            return None
    return found


def _assignment(word: ShellWord) -> re.Match[str] | None:
    if not word.pieces or word.pieces[0].open:
        return None
    return _ASSIGNMENT.match(word.pieces[0].text)


def _value(word: ShellWord, skipped: int, values: Values) -> str | tuple[ShellWord, ...] | None:
    """Return what a word assigns, None if it is not certain or too long to be kept."""
    if word.array is not None:
        elements = tuple(_words(word.array, values))
        certain = all(element.known for element in elements)
        return elements if certain and len(elements) <= _MOST_WORDS else None
    text: list[str] = []
    for piece in word.pieces:
        value = values.get(piece.text) if piece.open and piece.is_variable else piece.text
        if not isinstance(value, str) or (piece.open and not _is_bare_variable(piece)):
            return None
        text.append(value)
    whole = "".join(text)[skipped:]
    return whole if len(whole) <= _LONGEST else None


def _is_bare_variable(piece: Piece) -> bool:
    return piece.is_variable and not piece.all and NAME.fullmatch(piece.text) is not None


def _words(words: Sequence[ShellWord], values: Values) -> Iterator[ShellWord]:
    """Yield words with certain values put in; an unquoted one may bring several words, or none."""
    for word in words:
        if word.known or not any(p.open and p.text in values for p in word.pieces):
            yield word
            continue
        alone = word.pieces[0] if len(word.pieces) == 1 else _only(word.pieces)
        held = values.get(alone.text) if alone is not None and alone.is_variable else None
        if alone is not None and alone.all and isinstance(held, tuple):
            yield from held
        else:
            yield from _spread(word, values)


def _only(pieces: Sequence[Piece]) -> Piece | None:
    """Return the only piece that is not empty, as of a variable in quotes."""
    full = [piece for piece in pieces if piece.open or piece.text]
    return full[0] if len(full) == 1 else None


def _spread(word: ShellWord, values: Values) -> Iterator[ShellWord]:
    """Yield the words that a word comes to once its certain variables are put in."""
    pieces: list[Piece] = []
    for piece in word.pieces:
        value = values.get(piece.text) if piece.open and _is_bare_variable(piece) else None
        if not isinstance(value, str):
            pieces.append(piece)
        elif piece.quoted:
            pieces.append(Piece(value))
        else:
            first, *more = _IFS.split(value)
            if first:
                pieces.append(Piece(first))
            for part in more:
                if pieces:
                    yield word._replace(pieces=tuple(pieces))
                pieces = [Piece(part)] if part else []
    if pieces:
        yield word._replace(pieces=tuple(pieces))
