"""A decision on how to run one workload: the options, which is proposed, and why not the others.

It proposes only what is proven to be enough and to be had: what is not known proposes nothing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from isoaudit.advise.advice import Advised
from isoaudit.advise.candidates import Candidate
from isoaudit.advise.enough import Enough
from isoaudit.advise.exploits import reachable
from isoaudit.model import Assessment, Axis, Kind, Missing, WallKind
from isoaudit.rules.context import Context
from isoaudit.seccomp.exploits import corpus, corpus_words

REVIEW_MONTHS = 6
"""Until a decision is looked at again: kernels and runtimes get new known flaws every month."""


class Option(NamedTuple):
    """One way to run the workload; `against` is why it is not proposed, empty if nothing is.

    `candidate` is None for the workload as it runs where no candidate stands for that.
    """

    title: str
    is_current: bool
    kind: Kind
    assessment: Assessment
    enough: Enough
    against: tuple[str, ...]
    candidate: Candidate | None = None


class Decision(NamedTuple):
    """The options with the proposed one (None: none is proven to do), and what it rests on."""

    advised: Advised
    on: date
    review: date
    options: tuple[Option, ...]
    proposed: Option | None
    kernel: str
    unknown: tuple[str, ...]

    @property
    def considered(self) -> Option:
        """What residual risk is told of: what is proposed, or how it runs now."""
        return self.proposed or self.options[0]


def decision(
    context: Context, advised: Advised, found: Sequence[Candidate], today: date
) -> Decision:
    """Return the decision on a workload from its advice and the candidates looked at.

    What it runs as now comes first, and is kept if it is enough.
    """
    options = sorted(
        (*_as_it_runs(advised, found), *(_option(one, advised) for one in found)),
        key=lambda one: not one.is_current,
    )
    proposed = next((one for one in options if not one.against), None)
    considered = proposed or options[0]
    return Decision(
        advised,
        today,
        in_months(today, REVIEW_MONTHS),
        tuple(options),
        proposed,
        kernel_risk(context, considered),
        tuple(dict.fromkeys(_unknown(considered))),
    )


def in_months(day: date, months: int) -> date:
    """Return the same day some months on, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def kernel_risk(context: Context, option: Option) -> str:
    """Return what one bug in a kernel is enough for, with the count of exploits if it is known."""
    wall = option.assessment.verdict.wall.possible
    if option.kind is Kind.VM or wall.tier >= WallKind.USER_KERNEL.tier:
        return (
            "One bug in the host's kernel alone is no way out as long as the wall stands: it takes "
            "one in the kernel, the VMM or the hypervisor that answers the workload, and what is "
            "behind that."
        )
    known = reachable(context)
    if known is None:
        told = f"how many of {corpus_words()} begin with calls that it may make is not known"
    else:
        told = f"{known} of {len(corpus())} begin with calls that it may make: {corpus_words()}"
    return f"One bug in the host's kernel is enough to be out; {told}."


def _as_it_runs(advised: Advised, found: Sequence[Candidate]) -> Iterator[Option]:
    if any(one.is_current for one in found):
        return
    yield Option(
        "as it runs now", is_current=True, kind=advised.target.kind, assessment=advised.assessment,
        enough=advised.enough, against=tuple(_too_little(advised.enough)),
    )  # fmt: skip


def _option(one: Candidate, advised: Advised) -> Option:
    current = bool(one.is_current)
    enough = advised.enough if current or one.enough is None else one.enough
    against = [*_too_little(enough), *(() if current else _in_the_way(one))]
    return Option(one.way.title, current, one.kind, one.after, enough, tuple(against), one)


def _too_little(enough: Enough) -> Iterator[str]:
    if enough.value:
        return
    state = "not enough" if enough.value is False else "not proven to be enough"
    yield from (f"{state}: {text}" for text in enough.because or ("no reason is known",))


def _in_the_way(one: Candidate) -> Iterator[str]:
    for need, truth in one.needs:
        if not truth.value:
            state = "not known whether here" if truth.value is None else "missing here"
            yield f"{state}: {need.text}"
    for entry in one.breaks:
        yield f"{'breaks' if entry.is_known else 'not known whether'}: {entry.text}"


def _unknown(option: Option) -> Iterator[str]:
    """Yield everything that is not known and widens wall, score or ways, with how to settle it."""
    for line in option.assessment.score.why:
        if line.axis is Axis.ESCAPE and line.low != line.high:
            yield f"score: {line.text}: {_paths(line.missing)}"
    for entry in option.assessment.verdict.wall.missing:
        yield f"wall: {_told(entry)}"
    for path in option.assessment.escape_paths:
        for entry in path.missing:
            yield f"{path.id}: {_told(entry)}"
    for entry in option.enough.missing:
        yield f"what it is enough for: {_told(entry)}"


def _paths(missing: Sequence[Missing]) -> str:
    return ", ".join(dict.fromkeys(entry.path for entry in missing)) or "a bound, not a value"


def _told(entry: Missing) -> str:
    settle = f" ({entry.how_to_get})" if entry.how_to_get else ""
    return f"{entry.path}: {entry.detail or entry.reason.value}{settle}"
