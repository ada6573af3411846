"""Lays advice out for people: verdict first, then what is needed and what stands, in 80 columns.

A section is a label and lines below it; who adds to the page adds sections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from isoaudit.advise.moves import DIMENSIONS
from isoaudit.advise.words import GOALS, either, wall_name, walls
from isoaudit.model import Axis, Kind, Missing, NotEnough, Openness, Standing, WallKind
from isoaudit.report.layout import count, rule, wrap

if TYPE_CHECKING:
    from isoaudit.advise.advice import Advised
    from isoaudit.advise.moves import Blocker, Move

WIDTH = 80
_MARGIN, _LABEL = 3, 10
_MOST_UNKNOWN, _MOST_WAYS = 6, 5

_MET = {True: "seen", False: "NOT SO", None: "not known"}


class Section(NamedTuple):
    """A label and its entries; those that begin with a space hang below the one before."""

    label: str
    entries: Sequence[str]


def page(advised: Advised, *, why: bool = False, further: Sequence[Section] = ()) -> list[str]:
    """Return the lines of one target's page; `further` sections come before the score's reasons."""
    sections = [*_sections(advised), *further]
    if why:
        from isoaudit.cli.advice_why import why_sections

        sections += why_sections(advised.assessment)
    lines = [rule(advised.target.id, headline(advised), WIDTH)]
    for section in sections:
        lines += laid_out(section)
    return lines


def laid_out(section: Section) -> list[str]:
    """Return a section's lines, each at most 80 columns; one without entries is left out."""
    lines: list[str] = []
    for entry in section.entries:
        indent = len(entry) - len(entry.lstrip())
        room = WIDTH - _MARGIN - _LABEL - 1 - indent
        for line in wrap(entry.strip(), room):
            label = "" if lines else section.label
            lines.append(f"{' ' * _MARGIN}{label:<{_LABEL}} {' ' * indent}{line}".rstrip())
    return lines


def headline(advised: Advised) -> str:
    """Return the verdict in words."""
    verdict = advised.assessment.verdict
    if verdict.status is Standing.OPEN and verdict.goal is not None:
        return f"OPEN: {GOALS[verdict.goal]}"
    return {True: "ENOUGH", False: "NOT ENOUGH", None: "NOT PROVEN"}[advised.enough.value]


def _sections(advised: Advised) -> Iterator[Section]:
    yield Section("WORKLOAD", _workload(advised))
    yield Section("NEEDS", _needs(advised))
    yield Section("HAS", _has(advised))
    yield Section("UNKNOWN", _unknown(advised.assessment.verdict.wall.missing))
    yield Section("WAYS OUT", _ways(advised))
    yield Section("SO", _so(advised))
    verdict = advised.assessment.verdict
    yield Section("ENOUGH FOR", verdict.enough_for or [_nobody(verdict.status)])
    yield Section("NOT FOR", _not_for(verdict.not_enough_for))
    yield Section("IN THE WAY", _blockers(advised.blockers))
    for move in advised.moves:
        yield Section("MOVE", _move(move))


def _nobody(status: Standing) -> str:
    if status is Standing.OPEN:
        return "nothing but what the host is trusted to"
    return "nothing, as far as is known"


def _not_for(classes: Sequence[NotEnough]) -> list[str]:
    """Return the workloads that a wall is not enough for, those for the same reasons together."""
    by_reasons: dict[tuple[str, ...], list[str]] = {}
    for one in classes:
        by_reasons.setdefault(one.because, []).append(one.workload)
    return [
        line
        for because, names in by_reasons.items()
        for line in ("; ".join(names), *(f"  {text}" for text in because))
    ]


def _workload(advised: Advised) -> list[str]:
    """Return what it was taken for, and what of that nobody said."""
    answers = advised.workload.to_json()
    assumed = answers.pop("assumed")
    needs = answers.pop("needs")
    words = [f"{name} {word}" for name, word in answers.items()]
    lines = [", ".join(words) + (f"; needs {', '.join(needs)}" if needs else "")]
    options = [f"--{name}" for name in assumed]
    if options:
        lines.append(f"assumed, since nobody said: {', '.join(options)}")
    return lines


def _needs(advised: Advised) -> list[str]:
    needed = advised.required
    lines = [f"{either(needed.walls)}, and a score of {needed.score}"]
    for one in needed.rules:
        lines += [f"{either(one.walls)}: {one.because}", f"  {one.ground}"]
    for demand, truth in advised.demands:
        state = _MET[truth.value] if demand.is_seen else "yours to see to"
        lines += [f"beside it: {demand.text} [{state}]", f"  {demand.ground}"]
    return lines


def _has(advised: Advised) -> list[str]:
    wall = advised.assessment.verdict.wall
    kind = advised.target.kind
    proven = _proven(wall.proven, kind)
    lines = [f"{proven}{_more(wall.additions)}"]
    if wall.possible is WallKind.NONE:
        lines = ["none: a way to root or to the kernel of the host is open"]
        return [*lines, _scores(advised)]
    if wall.possible is not wall.proven:
        lines[0] = f"proven: {proven}{_more(wall.additions)}"
        lines.append(
            f"possible: {wall_name(wall.possible, kind)}, if what is unknown turns out well"
        )
    meaning = {one.kind: one.meaning for one in walls().walls}[wall.possible]
    lines.append(f"  {meaning}")
    lines.append(_scores(advised))
    if wall.lacks:
        lines.append("for the next stronger wall:")
        lines += [f"  {text}" for text in wall.lacks]
    return lines


def _proven(wall: WallKind, kind: Kind) -> str:
    """Return the wall that is proven; NONE is that a way through is not ruled out."""
    if wall is WallKind.NONE:
        return "none, as long as a way to root or kernel of the host is not ruled out"
    return wall_name(wall, kind)


def _scores(advised: Advised) -> str:
    axes = advised.assessment.score.axes
    return "score: " + ", ".join(f"{axis.value} {axes[axis]}" for axis in Axis)


def _more(additions: Sequence[str]) -> str:
    return f", {', '.join(additions)}" if additions else ""


def _unknown(missing: Sequence[Missing]) -> list[str]:
    return [line for entry in shortened(missing) for line in entry]


def shortened(missing: Sequence[Missing]) -> Iterator[list[str]]:
    """Yield what is not known with how to settle it, the same remedy once, the first few."""
    by_remedy: dict[str, list[Missing]] = {}
    for entry in missing:
        by_remedy.setdefault(entry.how_to_get, []).append(entry)
    for number, (remedy, entries) in enumerate(by_remedy.items()):
        if number == _MOST_UNKNOWN:
            yield [f"and {sum(map(len, list(by_remedy.values())[number:]))} more"]
            return
        paths = list(dict.fromkeys(entry.path for entry in entries))
        more = f" and {len(paths) - _MOST_UNKNOWN} more" if len(paths) > _MOST_UNKNOWN else ""
        line = f"{', '.join(paths[:_MOST_UNKNOWN])}{more}: {entries[0].detail}"
        yield [line, f"  {remedy}"] if remedy else [line]


def _ways(advised: Advised) -> list[str]:
    paths = advised.assessment.escape_paths
    known = advised.assessment.ways
    lines: list[str] = []
    for path in paths[:_MOST_WAYS]:
        state = "open" if path.certainty is Openness.OPEN else "not ruled out"
        lines.append(f"{state}: {GOALS[path.goal]}  {path.id}")
        lines += [f"  {step.title}" for step in path.steps]
    if len(paths) > _MOST_WAYS:
        lines.append(f"and {len(paths) - _MOST_WAYS} more: isoaudit scan -v")
    if not known:
        return [*lines, "no way is known yet that such a target could have"]
    closed = sum(1 for way in known if way.state in {Openness.CLOSED, Openness.INERT})
    lines.append(
        f"{count(len(known), 'way')} known, {closed} of them closed or absent on this host"
    )
    return lines


def _so(advised: Advised) -> list[str]:
    enough = advised.enough
    if enough.value:
        return ["its wall is enough for this workload, if what it is told here of it is so"]
    state = "not enough for this workload" if enough.value is False else "not proven to be enough"
    return [state, *(f"  {text}" for text in enough.because)]


def _blockers(found: Sequence[Blocker]) -> list[str]:
    """Return what is in the way of each wall; what of that is not known in one line."""
    by_walls: dict[str, list[Blocker]] = {}
    for one in found:
        by_walls.setdefault(f"of a {either(one.walls)}", []).append(one)
    lines: list[str] = []
    for walls_, several in by_walls.items():
        lines += [walls_, *(f"  {one.text}" for one in several if one.is_known)]
        unknown = [one.text for one in several if not one.is_known]
        if unknown:
            lines.append(f"  not known whether {'; or whether '.join(unknown)}")
    return lines


def _move(move: Move) -> list[str]:
    lines = [f"to a {wall_name(move.to)}  ({move.source})"]
    for name in DIMENSIONS:
        if name in move.gains:
            lines.append(f"  + {name}: {move.gains[name]}")
        if name in move.pays:
            lines.append(f"  - {name}: {move.pays[name]}")
    return [*lines, "  nothing here was measured: isoaudit compare measures it"]
