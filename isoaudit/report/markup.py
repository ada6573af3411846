"""Puts text into Markdown and HTML so that it stays text, whatever it holds.

In CommonMark a character reference (`&#42;`) is never structure, so a letter that means something
is written as one. Code hosts look for names to notify and issues to link only after that, which
is why `@` and `#` are kept apart from what follows them.
"""

from __future__ import annotations

import re

from isoaudit.report.layout import clip

_SPECIAL = re.compile(r"""[^A-Za-z0-9 .,/\-'"();%?!=+{}:]|:(?=\S)""", re.ASCII)
"""All ASCII that means something within a line; a colon does before a word, as in an address."""
_BARE_ADDRESS = re.compile(r"www\.", re.IGNORECASE)
_CALLS = {"@": "&#64;&#8203;", "#": "&#35;&#8203;"}
_LEADING = re.compile(r"^([-+=]|\d+[.)])")


def prose(text: str, most: int) -> str:
    """Return text as a line of Markdown that is shown letter by letter: no mark-up, no link, no
    mention. What stands between two backticks is set as code."""
    *pieces, last = clip(text, most).strip().split("`")
    if len(pieces) % 2:
        pieces[-1:], last = [], f"{pieces[-1]}`{last}"
    pieces.append(last)
    return "".join(
        _as_code(piece) if number % 2 else _referenced(piece, _CALLS)
        for number, piece in enumerate(pieces)
    )


def code(text: str, most: int) -> str:
    """Return text set as code, in which hosts look for no mentions; it may stand in a table."""
    return _as_code(clip(text, most))


def _as_code(text: str) -> str:
    return f"<code>{_referenced(text, {})}</code>" if text else ""


def _referenced(text: str, calls: dict[str, str]) -> str:
    def reference(match: re.Match[str]) -> str:
        one = match[0]
        if not one.isascii():
            return one
        return calls.get(one) or f"&#{ord(one)};"

    text = _SPECIAL.sub(reference, text)
    text = _BARE_ADDRESS.sub(lambda match: f"{match[0][:-1]}&#46;", text)
    # A list or heading is one only at the beginning of a line.
    return _LEADING.sub(lambda match: f"{match[0][:-1]}&#{ord(match[0][-1])};", text)
