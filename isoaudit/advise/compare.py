"""Two boundaries side by side on six dimensions: what was read, what was measured, what is unknown.

Nothing is assumed: a cell without evidence says so, and what would settle it. Values only; rows are
made in `compare_rows.py`, what they come to in `compare_verdict.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.assess import Assessor
from isoaudit.model import Axis, FixChange, Interval, TargetResult, WallKind
from isoaudit.rules.context import Context

NOT_KNOWN = "not known"
NOT_MEASURED = "not measured"
READ, MEASURED, UNKNOWN = "read", "measured", "unknown"


class Cell(NamedTuple):
    """One side's word; `state` is read, measured or unknown, `hint` what would settle it.

    `by` is what it is known by. `value` is the number itself where it is one, in bytes or seconds;
    `low` and `high` are the least and the most of several measurements.
    """

    text: str
    state: str = READ
    hint: str = ""
    by: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the cell; numbers only where it has some."""
        told: dict[str, Any] = {
            "text": self.text, "state": self.state, "settled_by": self.hint, "known_by": self.by,
        }  # fmt: skip
        if self.value is not None:
            told["value"] = self.value
        if self.low is not None and self.high is not None:
            told |= {"least": self.low, "most": self.high}
        return told


class Row(NamedTuple):
    """One line of a dimension."""

    dimension: str
    label: str
    a: Cell
    b: Cell

    @property
    def by(self) -> str:
        """What both cells are known by, in short; "-" if neither is known."""
        told = [word for one in (self.a, self.b) for word in one.by.split(", ") if one.by]
        return ", ".join(dict.fromkeys(told)) or "-"

    def to_json(self) -> dict[str, Any]:
        """Return the row as the document holds it."""
        return {
            "dimension": self.dimension,
            "label": self.label,
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "known_by": self.by,
        }


class Side(NamedTuple):
    """One side: the result, what it was judged by, and what was read or measured for this alone.

    `measures` are cells by the names in `compare_rows.py`, `assessor` assesses it changed.
    """

    result: TargetResult
    context: Context
    measures: Mapping[str, Cell]
    assessor: Assessor
    boot_id: str = ""
    host_boot_id: str = ""
    kernel: str = ""
    system: str = ""
    origin: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class SideFix(NamedTuple):
    """The changes that close what is open of one side, and what its wall comes to with them.

    `letter` is A or B; `enough_after` are the classes of workloads that it is enough for then.
    """

    letter: str
    changes: tuple[FixChange, ...]
    before: Mapping[Axis, Interval]
    after: Mapping[Axis, Interval]
    enough_after: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the fix as the document holds it."""
        return {
            "side": self.letter.lower(),
            "changes": [one.to_json() for one in self.changes],
            "before": {axis.value: one.to_json() for axis, one in self.before.items()},
            "after": {axis.value: one.to_json() for axis, one in self.after.items()},
            "enough_for_after": list(self.enough_after),
        }


class Enough(NamedTuple):
    """Whether a wall is enough for a class of workload; None if that is not known, and why not.

    `after` is the letter of the fix after which it is, "" if none makes it so.
    """

    value: bool | None
    because: str = ""
    after: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as the document holds it."""
        return {"enough": self.value, "because": self.because, "after_fix": self.after}


class Comparison(NamedTuple):
    """Both sides and the rows, ordered by dimension; `move` is what blocks a move behind a VM.

    `workload` is the class that was asked for, "" for all; `host` the machine this was done on.
    """

    a: Side
    b: Side
    rows: tuple[Row, ...]
    fixes: tuple[SideFix, ...] = ()
    move: tuple[str, ...] = ()
    workload: str = ""
    host: str = ""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both of them."""
        return self.a, self.b

    def fix_of(self, number: int) -> SideFix | None:
        """Return the fix of the first or the second side."""
        letter = "AB"[number]
        return next((one for one in self.fixes if one.letter == letter), None)


VM_WALLS = frozenset({WallKind.MICROVM, WallKind.VM})


def gaps(comparison: Comparison) -> list[str]:
    """Return what is not known, each with what would settle it, once."""
    told: dict[str, dict[str, None]] = {}
    for row in comparison.rows:
        for cell in (row.a, row.b):
            if cell.state == UNKNOWN:
                told.setdefault(cell.hint, {})[f"{row.dimension} {row.label}"] = None
    return [f"{', '.join(rows)}{f': {hint}' if hint else ''}" for hint, rows in told.items()]
