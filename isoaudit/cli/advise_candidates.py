"""`--candidates`: what other ways to run a workload would come to, as sections of its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from isoaudit.advise.words import GOALS, wall_name
from isoaudit.cli.advice_page import Section
from isoaudit.model import Openness, WallKind

if TYPE_CHECKING:
    from isoaudit.advise.candidates import Candidate
    from isoaudit.advise.needs import Workload
    from isoaudit.audit.advising import Judged

_ENOUGH = {True: "enough for this workload", False: "not enough for this workload",
           None: "not proven to be enough for this workload"}  # fmt: skip
_HERE = {True: "here", False: "MISSING HERE", None: "not known whether here"}
_MOST_IDS = 6


def names_said(text: str | None) -> tuple[str, ...]:
    """Return the candidates that `--candidates` names; raises UsageError for one there is not."""
    from isoaudit.advise.candidates import load_ways, ways_named
    from isoaudit.errors import UsageError

    if text is None:
        return ()
    names = tuple(one.strip() for one in text.split(",") if one.strip())
    if not names:
        raise UsageError("--candidates names none", f"There are: {', '.join(load_ways())}.")
    return tuple(way.id for way in ways_named(names))


def every_name() -> tuple[str, ...]:
    """Return the names of all candidates."""
    from isoaudit.advise.candidates import load_ways

    return tuple(load_ways())


def candidates_of(
    judged: Judged, workload: Workload, names: Sequence[str]
) -> tuple[Candidate, ...]:
    """Return what ways come to for a target and the workload that it is taken for."""
    from isoaudit.advise.candidates import candidates
    from isoaudit.advise.required import required

    assessment = judged.result.assessment
    if assessment is None or not names:
        return ()
    return candidates(judged.context, assessment, judged.assessor, names, required(workload))


def candidate_sections(found: Sequence[Candidate]) -> list[Section]:
    """Return a section for each candidate; of a VM that it is one already."""
    if not found:
        return [Section("CANDIDATE", ["none: candidates are ways to run a container"])]
    return [Section("CANDIDATE", list(_lines(one))) for one in found]


def _lines(one: Candidate) -> Iterator[str]:
    now = {True: "  (as it runs now)", None: "  (it may run so already)"}.get(one.is_current, "")
    yield f"{one.way.id}: {one.way.title}{now}"
    if one.refused:
        yield from (f"  would not start: {entry.text}" for entry in one.refused)
        return
    yield f"  wall: {wall_words(one)}"
    yield f"  score (escape): {one.after.score.escape}"
    if one.enough is not None:
        yield f"  {_ENOUGH[one.enough.value]}"
    yield from (f"  {text}" for text in ways_left(one))
    if one.closed:
        yield f"  closes {_ids(one.closed)}"
    yield from (f"  {text}" for text in broken(one))
    for need, truth in one.needs:
        how = "" if truth.value else f": {need.how}"
        yield f"  needs {need.text} [{_HERE[truth.value]}]{how}"
    yield from (f"  {text}" for text in cost_words(one))
    if not one.is_current:
        yield "  computed from changed facts: nothing was started"
    if one.way.note:
        yield f"  {one.way.note}"


def wall_words(one: Candidate) -> str:
    """Return the wall that would be proven, and that which is possible if it is another."""
    wall = one.after.verdict.wall
    if wall.possible is WallKind.NONE:
        return "none, a way to root or to the kernel of the host is open"
    proven = wall_name(wall.proven, one.kind)
    if wall.possible is wall.proven:
        return proven
    return f"proven {proven}, possible {wall_name(wall.possible, one.kind)}"


def ways_left(one: Candidate) -> Iterator[str]:
    """Yield what would still get through, by where it leads."""
    for (certainty, goal), paths in one.left.items():
        state = "still open" if certainty is Openness.OPEN else "not ruled out"
        yield f"{state}: {GOALS[goal]}  {_ids([path.id for path in paths])}"
    if not one.left:
        yield "no known way out is left"


def broken(one: Candidate) -> Iterator[str]:
    """Yield what would break, and what of that is not known in one line."""
    yield from (f"breaks: {entry.text}" for entry in one.breaks if entry.is_known)
    unknown = [entry.text for entry in one.breaks if not entry.is_known]
    if unknown:
        yield f"breaks, but not known whether {'; or whether '.join(unknown)}"
    if not one.breaks and not one.is_current:
        yield "breaks nothing that is seen of it"


def cost_words(one: Candidate) -> Iterator[str]:
    """Yield what it costs by the literature, and where that has no figure."""
    for cost in one.way.costs:
        if cost.figure:
            yield f"costs, {cost.what}: {cost.figure}  [{cost.source}; read, not measured here]"
    without = [cost.what for cost in one.way.costs if not cost.figure]
    if without:
        yield f"costs, {', '.join(without)}: not known, no figure in what was read"


def _ids(several: Sequence[str]) -> str:
    known = list(dict.fromkeys(several))
    more = f" and {len(known) - _MOST_IDS} more" if len(known) > _MOST_IDS else ""
    return f"{', '.join(known[:_MOST_IDS])}{more}"
