"""What is put on a terminal: never a control character that came from a target."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from isoaudit.report.escape import clean, clean_block

__all__ = ["clean", "clean_block", "say", "wants_color"]


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
