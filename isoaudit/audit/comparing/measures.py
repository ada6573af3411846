"""What is read or measured of one side of a comparison: numbers, each with what it is known by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

READ = "read"
MEASURED = "measured"
UNKNOWN = "unknown"


class Measure(NamedTuple):
    """A number, what it is known by, and whether it was read or measured; without one, why not."""

    value: float | None
    by: str
    state: str = READ
    spread: tuple[float, float] | None = None


class Measures(NamedTuple):
    """Of one side: bytes on disk and in memory, seconds; what stays None was not asked for."""

    boot_id: str = ""
    kernel: str = ""
    system: str = ""
    image: Measure | None = None
    layers: Measure | None = None
    unique: Measure | None = None
    writable: Measure | None = None
    disk_size: Measure | None = None
    disk_used: Measure | None = None
    memory: Measure | None = None
    started: Measure | None = None
    ready: Measure | None = None
    call: Measure | None = None
    copy_memory: Measure | None = None
    digest: str = ""
    notes: tuple[str, ...] = ()


def unknown(why: str) -> Measure:
    """Return a number that is not known, and why."""
    return Measure(None, why, UNKNOWN)


def tried(read: Callable[[], Measure]) -> Measure:
    """Return what a reader returns; one that fails costs its own number only."""
    try:
        return read()
    except Exception as error:
        text = str(error).strip().splitlines()
        return unknown(text[0][:120] if text else type(error).__name__)
