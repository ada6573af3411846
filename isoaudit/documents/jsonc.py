"""JSON with comments, as editors' settings have it, with the position of every value.

Comments become blanks, so that every value stays where it is; what is left is read as YAML, which
knows trailing commas as well.
"""

from __future__ import annotations

import re

from isoaudit.documents import yaml
from isoaudit.documents.yaml import Node

_PIECE = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*|/\*.*?(?:\*/|\Z)|[^"/]++|/', re.DOTALL)
_INK = re.compile(r"[^\s]")


def load(text: str, file: str) -> Node:
    """Return the document; `file` is what positions call it. Raises DocumentError."""
    return yaml.load(without_comments(text), file)


def without_comments(text: str) -> str:
    """Return a text with blanks where its comments are."""
    return _PIECE.sub(_blank, text) if "/" in text else text


def _blank(match: re.Match[str]) -> str:
    piece = match[0]
    if len(piece) < 2 or not piece.startswith(("//", "/*")):
        return piece
    # NOTE: a tab would be no blank to YAML at the beginning of a line.
    return _INK.sub(" ", piece).replace("\t", " ")
