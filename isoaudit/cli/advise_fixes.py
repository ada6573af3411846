"""What advice says of changes: the smallest set of them, and what one that was asked for does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from isoaudit.advise.words import GOALS
from isoaudit.cli.advice_page import Section
from isoaudit.model import Axis, FixChange, Openness, Standing

if TYPE_CHECKING:
    from isoaudit.advise.fixes import Fixes
    from isoaudit.advise.simulate import Simulated
    from isoaudit.model import Assessment

_WHEN = {"none": "at once", "restart": "a restart", "restart-all": "a restart of all on the host",
         "reboot": "a reboot of the host", "rebuild": "a rebuild"}  # fmt: skip
_EFFORT = {1: "minutes", 2: "hours", 3: "to be planned"}


def fix_sections(found: Fixes) -> list[Section]:
    """Return the changes that close every open way, and the best one after them."""
    entries = [line for one in found.changes for line in _change(one)]
    if found.left:
        ids = ", ".join(dict.fromkeys(path.id for path in found.left))
        entries.append(f"left, since no change known here closes it: {ids}")
    sections = [Section("CHANGE", entries)]
    if found.next_best is not None:
        sections.append(Section("THEN" if entries else "CHANGE", list(_change(found.next_best))))
    return sections


def simulated_section(found: Simulated) -> Section:
    """Return verdict and score before and after what was asked for."""
    entries = [f"if {', '.join(found.words)}"]
    if found.idle:
        entries.append(f"  as it is already, or nothing known to change: {', '.join(found.idle)}")
    entries.append(f"verdict: {_verdict(found.before)} -> {_verdict(found.after)}")
    for axis in Axis:
        old, new = found.before.score.axes[axis], found.after.score.axes[axis]
        entries.append(f"{axis.value}: {old} -> {new}" if old != new else f"{axis.value}: {old}")
    before, after = _ways(found.before), _ways(found.after)
    entries += [f"closed: {one}" for one in before if one not in after]
    entries += [f"OPENED: {one}" for one in after if one not in before]
    entries.append("computed from changed facts: nothing was changed")
    return Section("SIMULATED", entries)


def _change(one: FixChange) -> Iterator[str]:
    host = " (once, at the host)" if one.scope == "host" else ""
    yield f"{one.change}{host}"
    if one.where:
        yield f"  {one.where}"
    if one.closes:
        yield f"  closes {', '.join(one.closes)}"
    scores = ", ".join(f"{axis.value} {one.score_after[axis]}" for axis in Axis)
    yield f"  score after it: {scores}"
    yield f"  takes {_EFFORT[one.effort]} and {_WHEN[one.downtime]}; may break: {one.may_break}"


def _verdict(one: Assessment) -> str:
    if one.verdict.status is Standing.HOLDS or one.verdict.goal is None:
        return one.verdict.status.value
    return f"{one.verdict.status.value} ({GOALS[one.verdict.goal]})"


def _ways(one: Assessment) -> Sequence[str]:
    ways = (path for path in one.escape_paths if path.certainty is Openness.OPEN)
    return list(dict.fromkeys(f"{path.id} ({GOALS[path.goal]})" for path in ways))
