"""The comma-separated fields of one word, as Go's encoding/csv splits them for the engines."""

from __future__ import annotations

from isoaudit.probes.run_line.words import RunWord


def fields(word: RunWord) -> list[RunWord]:
    """Return the fields of a word, each with the word's place, quotes taken off.

    A quote begins a quoted field only where the field begins. A comma inside `${…}` is none.
    """
    text, at = word.text, 0
    found: list[RunWord] = []
    while True:
        if text.startswith('"', at):
            field, at = _quoted(text, at)
        else:
            end = _end(text, at)
            field, at = text[at:end], end
        found.append(word._replace(text=field))
        if at >= len(text):
            return found
        at += 1


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Return a quoted field, a doubled quote in it being one, and where it ends."""
    pieces: list[str] = []
    at += 1
    while True:
        closing = text.find('"', at)
        if closing < 0:
            return "".join([*pieces, text[at:]]), len(text)
        pieces.append(text[at:closing])
        if not text.startswith('"', closing + 1):
            return "".join(pieces), _end(text, closing + 1)
        pieces.append('"')
        at = closing + 2


def _end(text: str, at: int) -> int:
    """Return where the next comma outside of a variable is, or the end of the text."""
    while True:
        comma = text.find(",", at)
        if comma < 0:
            return len(text)
        opening = text.find("${", at, comma)
        if opening < 0:
            return comma
        closing = text.find("}", opening)
        if closing < 0:
            return len(text)
        at = closing + 1
