"""What is put on a terminal: never a control character that came from a target."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def clean(text: str) -> str:
    r"""Return text with control, direction and zero-width characters shown as \xNN or \uNNNN."""
    return _CONTROL.sub(_escape, text)


def clean_block(text: str) -> str:
    """Return text with everything but its line breaks cleaned."""
    return "\n".join(clean(line) for line in text.split("\n"))


def wants_color(stream: TextIO, choice: str) -> bool:
    """Decide on colour: --color, then NO_COLOR and FORCE_COLOR, then whether it is a terminal."""
    if choice in {"always", "never"}:
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty()


def say(text: str) -> None:
    """Write one line for people to stderr; stdout belongs to the report."""
    sys.stderr.write(clean(text) + "\n")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
