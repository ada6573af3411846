"""The score line by line: which layer gives what, which way caps it, and what widens it."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.cli.advice_page import Section, shortened
from isoaudit.model import Assessment, Axis, Missing, Why

_ENDS = 0.05
"""Bits below which a difference is not worth a word."""


def why_sections(assessment: Assessment) -> list[Section]:
    """Return a section for each axis, weakest attack path first, and one on what to settle."""
    axes = [_axis(assessment, axis) for axis in Axis]
    return [*axes, Section("SETTLE", _settle(assessment.score.why))]


def _axis(assessment: Assessment, axis: Axis) -> Section:
    score = assessment.score
    own = [line for line in score.why if line.axis is axis]
    cap = score.capped_by.get(axis)
    lines = [f"{score.axes[axis]}{f', capped by {cap}' if cap else ''}"]
    lines += [_cap(one) for one in own if one.kind == "caps"]
    paths = [
        [line for line in own if line.path == path and line.kind != "caps"]
        for path in dict.fromkeys(line.path for line in own if line.kind != "caps")
    ]
    for several in sorted(paths, key=lambda lines: sum(line.low for line in lines)):
        lines += _path(several)
    return Section(axis.value.upper(), lines)


def _cap(one: Why) -> str:
    """Return what caps an axis, or what would if it turned out so."""
    if one.low < one.high:
        return f"capped at {one.low:g} if it turns out so: {one.text}  ({one.layer})"
    return f"capped at {one.high:g}: {one.text}  ({one.layer})"


def _path(several: Sequence[Why]) -> list[str]:
    """Return an attack path with what it has to overcome: the sum counts, in bits."""
    low, high = sum(one.low for one in several), sum(one.high for one in several)
    lines = [f"{_bits(low, high)} against {several[0].path}"]
    for one in several:
        if one.high >= _ENDS:
            unknown = " [not known]" if one.kind == "widens" else ""
            lines.append(f"  {_number(one.low, one.high)}  {one.layer}: {one.text}{unknown}")
    nothing = [one.text for one in several if one.high < _ENDS]
    if nothing:
        lines.append(f"  0    not here: {'; '.join(nothing)}")
    return lines


def _settle(why: Sequence[Why]) -> list[str]:
    """Return what widens the score and how to settle it, each once and the widest first."""
    lines: list[str] = []
    seen: dict[str, Why] = {}
    for one in why:
        if one.kind == "widens" and one.missing:
            seen.setdefault(one.text, one)
    for one in sorted(seen.values(), key=lambda one: one.low - one.high):
        lines.append(f"{_number(one.low, one.high)} bits  {one.text}")
        lines += [f"  {_first(one.missing)}"]
    return lines


def _first(missing: Sequence[Missing]) -> str:
    """Return what is not known, why, and what settles it, in one entry."""
    return " - ".join(next(shortened(missing)))


def _number(low: float, high: float) -> str:
    return f"{low:.1f}" if high - low < _ENDS else f"{low:.1f}-{high:.1f}"


def _bits(low: float, high: float) -> str:
    return f"{_number(low, high)} bits"
