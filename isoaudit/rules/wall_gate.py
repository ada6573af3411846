"""The part of the gate that is about walls: whether one is enough for a profile's workload.

That is judged elsewhere (`isoaudit.advise.enough`) and stands in the verdict, so that a report that
was saved can be gated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.model import Verdict

NOT_KNOWN = "not known: "
"""What a reason begins with that leaves open whether a wall is enough."""


class Wanted(NamedTuple):
    """A workload that walls have to be enough for: its profile, and the answers about it."""

    name: str
    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @staticmethod
    def of(name: str, workload: Mapping[str, Any]) -> Wanted:
        """Return what the key `workload` of a profile says."""
        several = (
            (key, (value,) if isinstance(value, str) else tuple(value))
            for key, value in workload.items()
        )
        return Wanted(name, tuple(sorted(several)))


class WallCount(NamedTuple):
    """Workloads that a wall is not enough for, and those for which that is not known, in words."""

    short: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def wall_count(target: str, verdict: Verdict | None, wanted: Sequence[Wanted]) -> WallCount:
    """Return for which of the wanted workloads a target's wall is not enough.

    What has no boundary has no wall: nothing is asked of it.
    """
    if verdict is None or not wanted:
        return WallCount()
    reasons = {one.workload: one.because for one in verdict.not_enough_for}
    short: list[str] = []
    unknown: list[str] = []
    for name in dict.fromkeys(one.name for one in wanted):
        if name in verdict.enough_for:
            continue
        because = reasons.get(name, (f"{NOT_KNOWN}it was not judged for it",))
        is_open = all(text.startswith(NOT_KNOWN) for text in because)
        words = "; ".join(text.removeprefix(NOT_KNOWN) for text in because)
        state = "not known to be enough" if is_open else "not enough"
        (unknown if is_open else short).append(f"{target}: {state} for {name}: {words}")
    return WallCount(tuple(short), tuple(unknown))


def union(several: Iterable[Sequence[Wanted]]) -> tuple[Wanted, ...]:
    """Return all that several gates want, each once."""
    return tuple(dict.fromkeys(one for wanted in several for one in wanted))


def wall_words(wanted: Sequence[Wanted]) -> str:
    """Return what is wanted of walls in words; "" for nothing."""
    names = ", ".join(dict.fromkeys(one.name for one in wanted))
    return f"a wall that is enough for {names}" if names else ""


def saved_walls(wanted: Sequence[Wanted]) -> str:
    """Return the names as a report holds them."""
    return ",".join(dict.fromkeys(one.name for one in wanted))


def walls_of_saved(text: str) -> tuple[Wanted, ...]:
    """Return what a report's gate wants, by name: it was judged when the report was made."""
    return tuple(Wanted(name) for name in text.split(",") if name)
