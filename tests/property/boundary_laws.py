"""What must hold of the score of any configuration, tried on random ones.

Used by the tests, by `make fuzz`, and by nobody else: it asks the product's own assessor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from isoaudit.assess import load_assessor
from isoaudit.model import Assessment, Axis, Kind
from isoaudit.rules.examples import context_of
from tests.property import configurations, vm_configurations
from tests.property.configurations import Configuration, Weakening

WEAKENED = 6
"""Weakenings that are tried on one configuration, chosen at random."""

HIDDEN = 3


class Sort(NamedTuple):
    """A kind of target: how a configuration is made, weakened, and stripped of a fact."""

    kind: Kind
    make: Callable[[Random], Configuration]
    weakenings: Sequence[Weakening]


SORTS = {
    "container": Sort(Kind.CONTAINER, configurations.container,
                      configurations.CONTAINER_WEAKENINGS),
    "vm": Sort(Kind.VM, vm_configurations.machine, vm_configurations.VM_WEAKENINGS),
}  # fmt: skip


class Tally(NamedTuple):
    """How much was tried, and the breaches in words."""

    configurations: int
    weakenings: int
    hidings: int
    breaches: tuple[str, ...]


def tried(sort: Sort, seed: int, number: int) -> Tally:
    """Try the laws on random configurations; equal seeds try the same ones."""
    random = Random(seed)  # noqa: S311 - what is tried again must be the same
    weakened = hidings = 0
    breaches: list[str] = []
    for index in range(number):
        facts = sort.make(random)
        before = assessed(sort.kind, facts)
        for weakening in random.sample(tuple(sort.weakenings), WEAKENED):
            changed = weakening(facts, random)
            if changed is None:
                continue
            weakened += 1
            name = getattr(weakening, "__name__", "a weakening")
            breaches += _rises(before, assessed(sort.kind, changed), f"{seed}:{index}: {name}")
        for _ in range(HIDDEN):
            changed, path = configurations.hidden(facts, random)
            hidings += 1
            after = assessed(sort.kind, changed)
            breaches += _narrows(before, after, f"{seed}:{index}: hiding {path}")
    return Tally(number, weakened, hidings, tuple(breaches))


def assessed(kind: Kind, facts: Configuration) -> Assessment:
    """Return what a configuration comes to, as if the kernel had shown it."""
    found = load_assessor().assess(context_of(kind, facts))
    if found is None:
        raise ValueError(f"a {kind} has no boundary")
    return found


def _rises(before: Assessment, after: Assessment, name: str) -> Iterator[str]:
    """Yield each end of an axis that is higher once a protection is gone."""
    for axis in Axis:
        old, new = before.score.axes[axis], after.score.axes[axis]
        if new.low > old.low or new.high > old.high:
            yield f"{name}: {axis} rises from {old} to {new}"
    old_wall, new_wall = before.verdict.wall, after.verdict.wall
    if new_wall.proven.tier > old_wall.proven.tier:
        yield f"{name}: wall rises from {old_wall.proven} to {new_wall.proven}"


def _narrows(before: Assessment, after: Assessment, name: str) -> Iterator[str]:
    """Yield each end of an axis that is better known once a fact is gone."""
    for axis in Axis:
        old, new = before.score.axes[axis], after.score.axes[axis]
        if new.low > old.low or new.high < old.high:
            yield f"{name}: {axis} {old} is not within {new}"
    if after.verdict.wall.proven.tier > before.verdict.wall.proven.tier:
        yield f"{name}: wall {before.verdict.wall.proven} becomes {after.verdict.wall.proven}"
