"""Progress of a long run: on a terminal only, on stderr, and gone when the report is there."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

_Entry = TypeVar("_Entry")

_QUIET_SECONDS = 0.7
"""Runs shorter than this show nothing: a line that flashes up helps nobody."""

_EVERY_SECONDS = 0.1


def shown(entries: Iterable[_Entry]) -> Iterator[_Entry]:
    """Yield entries, counting them on the terminal while they come."""
    if not sys.stderr.isatty():
        yield from entries
        return
    started = last = time.monotonic()
    drawn = False
    try:
        for number, entry in enumerate(entries, 1):
            now = time.monotonic()
            if now - started > _QUIET_SECONDS and now - last > _EVERY_SECONDS:
                sys.stderr.write(f"\r{number} targets audited, {now - started:.0f} s")
                sys.stderr.flush()
                drawn, last = True, now
            yield entry
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
