"""What is read or measured of one side of a comparison: numbers, each with what it is known by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

READ = "read"
MEASURED = "measured"
UNKNOWN = "unknown"

_MOST = 160


class Measure(NamedTuple):
    """A number, what it is known by, and whether it was read or measured; without one, why not."""

    value: float | None
    by: str
    state: str = READ
    spread: tuple[float, float] | None = None


class Disks(NamedTuple):
    """Files of a VM's disks: bytes shown to the guest and taken, and how many have a base.

    `over_base` are the bytes of those that lie over a base image: how far they are off it.
    """

    number: int
    shown: int
    taken: int
    based: int
    over_base: int


class Measures(NamedTuple):
    """Of one side: bytes on disk and in memory, seconds; what stays None was not asked for.

    `keeper` is the memory of what the engine keeps running beside a container, its shim. `limit`
    is the most memory that it may take.
    """

    boot_id: str = ""
    kernel: str = ""
    system: str = ""
    image: Measure | None = None
    layers: Measure | None = None
    unique: Measure | None = None
    writable: Measure | None = None
    disks: Disks | None = None
    no_disks: str = ""
    memory: Measure | None = None
    keeper: Measure | None = None
    limit: Measure | None = None
    age: Measure | None = None
    started: Measure | None = None
    ready: Measure | None = None
    call: Measure | None = None
    copy_memory: Measure | None = None
    origin: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def noting(self, note: str) -> Measures:
        """Return it with one more note."""
        return self._replace(notes=(*self.notes, note))


def unknown(why: str) -> Measure:
    """Return a number that is not known, and why."""
    return Measure(None, why, UNKNOWN)


def middle(values: Sequence[float], by: str) -> Measure:
    """Return what several runs come to: their median, and the least and the most of them."""
    return Measure(median(values), by, MEASURED, (min(values), max(values)))


def tried(read: Callable[[], Measure]) -> Measure:
    """Return what a reader returns; one that fails costs its own number only."""
    try:
        return read()
    except Exception as error:
        return unknown(said(error))


def said(error: Exception) -> str:
    """Return the first line of what an error says, which may be an engine's."""
    lines = str(error).strip().splitlines()
    return lines[0][:_MOST] if lines else type(error).__name__
