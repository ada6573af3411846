"""What a comparison comes to: which wall is enough for whom, what is stronger, what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.advise.compare import (
    NOT_KNOWN,
    VM_WALLS,
    Comparison,
    Enough,
    Side,
    SideFix,
)
from isoaudit.advise.compare_rows import rows_of
from isoaudit.model import Assessment, Kind, Standing
from isoaudit.rules.wall_gate import NOT_KNOWN as NOT_KNOWN_THAT

_COSTS = (("memory", ("memory", "copy_memory")), ("start", ("start", "ready")))
"""What a wall costs: the cells that tell it, the first that both sides have."""


def compared(a: Side, b: Side, workload: str = "", host: str = "") -> Comparison:
    """Return two sides compared, with the changes that each needs."""
    fixes = [fix_of(side, letter) for side, letter in ((a, "A"), (b, "B"))]
    return Comparison(
        a,
        b,
        rows_of(a, b),
        tuple(one for one in fixes if one is not None),
        tuple(_move(a, b)),
        workload,
        host,
    )


def fix_of(side: Side, letter: str) -> SideFix | None:
    """Return the changes that close what is open, or the best one; None if none is known.

    What the wall is enough for with them is judged on the changed facts.
    """
    from isoaudit.advise.applicable import applicable
    from isoaudit.advise.enough import judge_verdict
    from isoaudit.advise.fixes import fixes_for
    from isoaudit.assess.edited import edited_context

    before = side.result.assessment
    if before is None:
        return None
    assessor = side.assessor
    changes = fixes_for(side.context, before, assessor)
    if not changes:
        return None
    chosen = {one.id for one in changes}
    every = applicable(side.context, assessor.truths)
    edits = [edit for one in every if one.key in chosen for edit in one.edits]
    context = edited_context(side.context, edits)
    after = assessor.assess(context)
    if after is None:
        return None
    verdict = judge_verdict(after, context)
    return SideFix(letter, changes, before.score.axes, after.score.axes, verdict.enough_for)


def classes(sides: Sequence[Side]) -> list[str]:
    """Return the classes of workloads that verdicts speak of, in the order of the rules."""
    from isoaudit.advise.rules import load_rules

    names: dict[str, None] = {}
    for side in sides:
        if side.result.assessment is not None:
            verdict = side.result.assessment.verdict
            names.update(dict.fromkeys(verdict.enough_for))
            names.update(dict.fromkeys(one.workload for one in verdict.not_enough_for))
    order = {one.name: number for number, one in enumerate(load_rules().classes)}
    return sorted(names, key=lambda name: order.get(name, len(order)))


def enough(side: Side, workload: str, fix: SideFix | None = None) -> Enough:
    """Return whether a wall is enough for a class of workload, or is after a fix."""
    assessment = side.result.assessment
    if assessment is None:
        return Enough(None, "nothing is known of its wall")
    if workload in assessment.verdict.enough_for:
        return Enough(True)
    after = fix.letter if fix is not None and workload in fix.enough_after else ""
    for one in assessment.verdict.not_enough_for:
        if one.workload == workload:
            because = one.because[0] if one.because else ""
            if because.startswith(NOT_KNOWN_THAT):
                return Enough(None, because.removeprefix(NOT_KNOWN_THAT), after)
            return Enough(False, because, after)
    return Enough(None, NOT_KNOWN, after)


def sentence(comparison: Comparison, names: Sequence[str]) -> str:
    """Return what a comparison comes to; `names` are the sides' names as they are shown."""
    stronger, which = _stronger(comparison.sides, names)
    told = [f"{stronger}."]
    for number, name in enumerate(names):
        costs = list(_costs(comparison.sides, number))
        if costs and number == which:
            told[0] = f"{stronger}, for {' and '.join(costs)}."
        elif costs:
            told.append(f"{name} takes {' and '.join(costs)}.")
    return " ".join([*told, *_conclusions(comparison, names)])


def _stronger(sides: Sequence[Side], names: Sequence[str]) -> tuple[str, int | None]:
    """Return which wall is the stronger one in words, and which side's that is."""
    found = [side.result.assessment for side in sides]
    first, second = found
    if first is None or second is None:
        return "Only one of the two has a boundary that is known", None
    for number, one, other in ((0, first, second), (1, second, first)):
        if _is_stronger(one, other):
            return f"The wall of {names[number]} is the stronger one", number
        if _tier(one) == _tier(other) and one.score.escape.low > other.score.escape.high:
            return (
                f"The walls are of one kind, and less gets through that of {names[number]}",
                number,
            )
    return "Neither wall is proven to be the stronger one", None


def _is_stronger(one: Assessment, other: Assessment) -> bool:
    """Say whether a wall is proven to be the stronger one, whatever is not known of both.

    One with a way out that is open today is nobody's stronger wall, of whichever kind it is.
    """
    if one.verdict.status is Standing.OPEN:
        return False
    return _tier(one) > _tier(other) and one.score.escape.low >= other.score.escape.high


def _tier(one: Assessment) -> int:
    """Return the tier of the wall that is proven; a microVM and a VM are branches of one height."""
    wall = one.verdict.wall.proven
    return min(known.tier for known in VM_WALLS) if wall in VM_WALLS else wall.tier


def _costs(sides: Sequence[Side], which: int) -> Iterator[str]:
    """Yield what one side takes more than the other, as far as both are known."""
    for _, names in _COSTS:
        for name in names:
            mine, other = (sides[n].measures.get(name) for n in (which, 1 - which))
            if mine is None or other is None or mine.value is None or other.value is None:
                continue
            more = mine.value - other.value
            if more > 0:
                yield (
                    f"{bytes_words(more)} more"
                    if "memory" in name
                    else f"{seconds_words(more)} longer to start"
                )
            break


def _conclusions(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    """Yield for whom which wall is enough: for the class that was asked for, or for each."""
    asked = [comparison.workload] if comparison.workload else classes(comparison.sides)
    alike: dict[str, list[str]] = {}
    for name in asked:
        found = [enough(side, name) for side in comparison.sides]
        good = [n for n, one in zip(names, found, strict=True) if one.value]
        unsure = any(one.value is None for one in found)
        words = {0: "neither is enough", 1: f"only {''.join(good)} is enough", 2: "both are enough"}
        text = words[len(good)]
        if unsure and len(good) < 2:
            text = "neither is proven to be enough" if not good else f"{good[0]} is enough"
        alike.setdefault(text, []).append(name)
    for text, several in alike.items():
        yield f"For {'; '.join(several)}: {text}."


def _move(a: Side, b: Side) -> Iterator[str]:
    """Yield what blocks a move of a side that is a container behind a VM."""
    from isoaudit.advise.moves import blockers

    for side in (a, b):
        if side.result.target.kind is not Kind.CONTAINER:
            continue
        found = blockers(side.context, side.assessor.truths)
        several = [one for one in found if VM_WALLS.intersection(one.walls)]
        name = side.result.target.name
        for one in several:
            yield f"{name}: {'' if one.is_known else 'not known whether '}{one.text}"
        if not several:
            yield f"{name}: nothing that was seen of it blocks a VM"


_STEPS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def bytes_words(number: float) -> str:
    """Return a number of bytes for people: 23 MiB."""
    for step in _STEPS:
        if abs(number) < _STEP or step == _STEPS[-1]:
            return f"{number:.0f} {step}" if number >= 10 or step == "B" else f"{number:.1f} {step}"
        number /= _STEP
    return str(number)


def seconds_words(seconds: float) -> str:
    """Return a time for people: 3 h, 9.8 s, 250 ms, 310 ns."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    if seconds >= 0.001:
        return f"{seconds * 1e3:.0f} ms"
    if seconds >= 1e-6:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e9:.0f} ns"
