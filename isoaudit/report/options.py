"""How a report is to look; a format takes from it what it can use."""

from __future__ import annotations

from dataclasses import dataclass

from isoaudit.model import Goal, Severity


@dataclass(frozen=True, slots=True)
class Options:
    """`verbosity` is -1 for one line per target, 0, or 1 for everything; `width` is in columns.

    `fail_on`, `fail_on_unknown` and `way_out` are the gate's; None is a gate that nothing breaks.
    `ways` says that the profile is about ways out: formats that show findings one by one show them.
    """

    color: bool = False
    verbosity: int = 0
    width: int = 80
    fail_on: Severity | None = None
    fail_on_unknown: bool = False
    way_out: Goal | None = None
    ways: bool = False
