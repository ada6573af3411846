"""Fits text into columns: width, wrapping, clipping. Everything is cleaned here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

from isoaudit.report.escape import clean

ELLIPSIS = "…"
_JOINTS = "/,:;=&|"
"""Characters behind which a word that is too long is cut with least harm."""

_LONGEST = 20_000
"""Characters that are wrapped: a stranger's report may hold megabytes where a fix should be."""


def width(text: str) -> int:
    """Return how many columns a clean text takes; wide East Asian characters take two.

    A combining mark counts as one column, though it takes none: too short a line looks odd, too
    long a one breaks the page.
    """
    if text.isascii():
        return len(text)
    return sum(_columns(one) for one in text)


def clip(text: str, columns: int) -> str:
    """Return the cleaned text, shortened in its middle to at most so many columns."""
    # NOTE: a hostile name may be megabytes long; what lies in its middle is never shown.
    if len(text) > 2 * columns:
        text = text[:columns] + ELLIPSIS + text[-columns:]
    text = clean(text)
    if width(text) <= columns:
        return text
    room = columns - 1
    head = _prefix(text, room // 2)
    tail = _prefix(text[::-1], room - width(head))[::-1]
    return head + ELLIPSIS + tail


def clip_apart(texts: Sequence[str], columns: int) -> list[str]:
    """Return the texts clipped; those that would then look alike keep their end instead.

    Ids of one folder differ near it: `…/ops/compose.yaml#agent`.
    """
    clipped = [clip(text, columns) for text in texts]
    alike = {one for one, number in Counter(clipped).items() if number > 1}
    return [
        _end(text, columns) if short in alike else short
        for text, short in zip(texts, clipped, strict=True)
    ]


def _end(text: str, columns: int) -> str:
    """Return the end of the cleaned text, as much as fits behind a mark of what is left out."""
    end = clean(text[-columns:])
    if len(text) <= columns and width(end) <= columns:
        return end
    return ELLIPSIS + _prefix(end[::-1], columns - 1)[::-1]


def pad(text: str, columns: int) -> str:
    """Return text with spaces behind it up to so many columns."""
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int) -> list[str]:
    """Return the cleaned text in lines of at most so many columns, at least one line.

    Lines break at spaces only, so that `--cap-drop` stays whole; a longer word is cut. Of a text
    that fills several screens the middle is left out.
    """
    if len(text) > _LONGEST:
        text = text[: _LONGEST // 2] + ELLIPSIS + text[-_LONGEST // 2 :]
    text = clean(" ".join(text.split()))
    if width(text) <= columns:
        return [text]
    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        needed = width(word)
        if used + 1 + needed <= columns and line:
            line, used = f"{line} {word}", used + 1 + needed
            continue
        if line:
            lines.append(line)
        *full, line = _cut(word, columns) if needed > columns else [word]
        lines += full
        used = width(line)
    return [*lines, line]


def widest(cells: Iterable[str]) -> int:
    """Return the width of the widest of some clean cells."""
    return max((width(cell) for cell in cells), default=0)


def rule(left: str, right: str, columns: int) -> str:
    """Return a section's first line: `-- left ------ right`, or without right if there is none."""
    right = clip(right, columns // 2)
    left = clip(left, columns - 6 - (width(right) + 1 if right else 0))
    dashes = columns - 4 - width(left) - (width(right) + 1 if right else 0)
    return f"-- {left} {'-' * dashes}{' ' + right if right else ''}"


def count(number: int, thing: str, several: str = "") -> str:
    """Return a number with its noun: `1 check`, `2 checks`."""
    return f"{number} {thing if number == 1 else several or thing + 's'}"


def _columns(one: str) -> int:
    return 2 if east_asian_width(one) in "WF" else 1


def _prefix(text: str, columns: int) -> str:
    """Return as much of the beginning as fits."""
    if text.isascii():
        return text[:columns]
    taken = 0
    for index, one in enumerate(text):
        taken += _columns(one)
        if taken > columns:
            return text[:index]
    return text


def _cut(word: str, columns: int) -> list[str]:
    """Return a word in pieces that fit."""
    pieces = []
    while width(word) > columns:
        piece = _prefix(word, columns)
        joint = max(map(piece.rfind, _JOINTS)) + 1
        piece = piece[:joint] if joint > len(piece) // 2 else piece
        pieces.append(piece)
        word = word[len(piece) :]
    return [*pieces, word]
