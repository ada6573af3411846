"""How a run ends: the exit code, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from isoaudit.model import RunError
from isoaudit.report.layout import count as _count
from isoaudit.rules.gate import GateCount, describe
from isoaudit.rules.select import Gate

_SHOWN = 6


class Ending(NamedTuple):
    """The exit code, whether the gate holds, and why it does not or what is incomplete."""

    code: int
    passed: bool
    reasons: tuple[str, ...]
    open_unknown: int
    idle: tuple[str, ...] = ()
    """Targets that no check of the run is about."""


def ending(
    counts: Mapping[str, GateCount],
    errors: Sequence[RunError],
    gate: Gate,
    *,
    report_only: bool,
    stale: str = "",
) -> Ending:
    """Return how a run ends; a broken gate outranks an incomplete audit.

    Where no check is about anything that was found, nothing was audited: that is never green.

    `stale` says which waivers fail it, if they are to: --strict-waivers.
    """
    failing = sorted(target for target, count in counts.items() if count.fails)
    undecided = sorted(target for target, count in counts.items() if count.unknown)
    reasons: list[str] = []
    if failing:
        reasons.append(f"the gate does not hold for {_some(failing)}")
    reasons += _walls(counts)
    if stale:
        reasons.append(f"waivers to look at: {stale}")
    if undecided:
        reasons.append(f"left undecided: {_some(undecided)}")
    faults = sum(count.errors for count in counts.values())
    if faults:
        reasons.append(f"{_count(faults, 'check')} could not be run: see status error")
    lost = sorted(error.target for error in errors if error.asked)
    if lost:
        reasons.append(f"not audited: {_some(lost)}")
    code = 1 if failing or stale else 4 if reasons else 0
    if report_only:
        code = 0
    idle = tuple(sorted(target for target, count in counts.items() if not count.judged))
    nothing = bool(counts) and len(idle) == len(counts)
    if nothing:
        reasons.append(f"no check of this run is about what was found: {_some(idle)}")
        code, idle = code or 3, ()
    open_unknown = sum(count.open_unknown - count.unknown for count in counts.values())
    passed = not (failing or undecided or stale or nothing)
    return Ending(code, passed, tuple(reasons), open_unknown, idle)


def _walls(counts: Mapping[str, GateCount]) -> list[str]:
    """Return why walls are not enough for the workload of the gate, a few of them one by one."""
    short = [text for target in sorted(counts) for text in counts[target].short]
    more = [f"and {len(short) - _SHOWN} more walls"] if len(short) > _SHOWN else []
    return [*short[:_SHOWN], *more]


def explain_exit(end: Ending, gate: Gate) -> list[str]:
    """Return the lines that say why the run ended as it did."""
    lines = [f'exit {end.code}  gate "{describe(gate)}"']
    lines += [f"        {reason}" for reason in end.reasons]
    if end.idle:
        lines.append(f"        no check of this run is about {_some(end.idle)}")
    if end.open_unknown:
        lines.append(
            f"        {end.open_unknown} unknowns not counted; --fail-on-unknown counts them"
        )
    return lines


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
