"""How a report is to look; a format takes from it what it can use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`verbosity` is -1 for one line per target, 0, or 1 for everything; `width` is in columns."""

    color: bool = False
    verbosity: int = 0
    width: int = 80
