"""Finds the ways out of a target: primitives, chained where one gives what the next one needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.assess.asked import view_of
from isoaudit.assess.primitive import Primitive
from isoaudit.assess.trial import First, Instance, Trial, Trier
from isoaudit.assess.truth import View
from isoaudit.assess.vector import Looks, Vector
from isoaudit.assess.words import filled
from isoaudit.facts.vocabulary import parts
from isoaudit.model import (
    EscapePath,
    Fact,
    Goal,
    KnownWay,
    Lead,
    Missing,
    Openness,
    Reason,
    Record,
    Step,
    Value,
    Vantage,
)
from isoaudit.rules.context import Context
from isoaudit.rules.data import frozen

DEEPEST = 4
"""Steps of a way at most: longer ones end in what shorter ones reach."""

_SHOWN_TOGETHER = 4
"""Pairs of records of which one way shows the evidence."""

_NOWHERE = 99
"""Ranks a step that only prepares others behind all goals."""

_REMEMBERED = 20_000

_RUNS = "vmm.pid"
"""Shows that a VM runs; a definition that nobody started says nothing of its host."""

_WITH_WHOM = "shared_with"
"""The end of the facts that name others: one definition does not tell who else there is."""


class _Taken(NamedTuple):
    """A step that was taken: the primitive, and the pairs of records by which it can be."""

    primitive: Primitive
    instances: tuple[Instance, ...]

    @property
    def state(self) -> Openness:
        return self.instances[0].state


_Reached = dict[str, tuple[Instance, ...]]
"""The pairs of records by which each primitive was open or possible before a step."""


class Ways(NamedTuple):
    """The ways out of a target, the most certain and the worst first, and every primitive's state.

    `leads` holds, by the id of a path, the names of other workloads that it reaches.
    """

    paths: tuple[EscapePath, ...]
    known: tuple[KnownWay, ...]
    leads: tuple[Lead, ...] = ()


class _Catalogue:
    """The primitives of one kind of target with one acting part, and what their needs read."""

    def __init__(self, each: str, primitives: Sequence[Primitive]) -> None:
        self.each = each
        self.primitives = tuple(primitives)
        reads = (path for one in primitives for need in one.first for path in need.that.reads)
        self.vector = Vector(reads)
        self.known: dict[tuple[object, ...], tuple[tuple[First, KnownWay | None], ...]] = {}


class WayFinder:
    """Finds ways out by one catalogue of primitives."""

    def __init__(self, primitives: Sequence[Primitive], trier: Trier) -> None:
        self._trier = trier
        self._catalogues: dict[str, tuple[_Catalogue, ...]] = {}
        self._primitives = tuple(primitives)

    def find(self, context: Context) -> Ways:
        """Return the ways out of a target."""
        known: dict[str, KnownWay] = {}
        chains: list[tuple[_Taken, ...]] = []
        view = view_of(context)
        for catalogue in self._of_kind(context):
            views = view.each(catalogue.each)
            for one in views:
                chains += self._from(catalogue, one, known)
            if not views:
                known.update((p.id, _nobody(p)) for p in catalogue.primitives)
        merged = _merged(chains)
        paths = _distinct(_path(chain) for chain in merged if _goal(chain))
        leads = tuple(
            lead for chain in merged if chain[-1].primitive.leads_to for lead in _leads(chain)
        )
        return Ways(tuple(paths), tuple(known[one] for one in sorted(known)), leads)

    def _of_kind(self, context: Context) -> tuple[_Catalogue, ...]:
        kind = context.target.kind
        known = self._catalogues.get(kind)
        if known is None:
            ours = [one for one in self._primitives if kind in one.kinds]
            known = tuple(
                _Catalogue(each, [one for one in ours if one.each == each])
                for each in dict.fromkeys(one.each for one in ours)
            )
            self._catalogues[kind] = known
        return known

    def _from(
        self, catalogue: _Catalogue, view: View, known: dict[str, KnownWay]
    ) -> Iterator[tuple[_Taken, ...]]:
        """Yield the chains that begin with an acting record, noting what each primitive came to."""
        looks, key = catalogue.vector.of(view)
        own: _Reached = {}
        taken: list[_Taken] = []
        for one, (first, closed) in zip(
            catalogue.primitives, self._firsts(catalogue, view, looks, key), strict=True
        ):
            if closed is not None:
                known.setdefault(one.id, closed)
                continue
            trial = self._trier.of(one, view, first, looks)
            own[one.id] = trial.instances
            best = known.get(one.id)
            if best is None or trial.state.rank < best.state.rank:
                known[one.id] = KnownWay(one.id, one.title, trial.state, trial.because)
            taken += _taken(one, trial)
        for first_step in taken:
            yield from self._onward(catalogue, (first_step,), view, own)

    def _firsts(
        self, catalogue: _Catalogue, view: View, looks: Looks, key: tuple[object, ...]
    ) -> tuple[tuple[First, KnownWay | None], ...]:
        """Return what is asked once of each primitive, from memory where values are equal."""
        found = catalogue.known.get(key)
        if found is None:
            if len(catalogue.known) >= _REMEMBERED:
                catalogue.known.clear()
            firsts = ((one, self._trier.first(one, view, looks)) for one in catalogue.primitives)
            found = tuple(
                (first, KnownWay(one.id, one.title, Openness.CLOSED, first))
                if isinstance(first, str)
                else (first, None)
                for one, first in firsts
            )
            catalogue.known[key] = found
        return found

    def _onward(
        self,
        catalogue: _Catalogue,
        chain: tuple[_Taken, ...],
        view: View,
        before: _Reached,
    ) -> Iterator[tuple[_Taken, ...]]:
        """Yield a chain, and those that go on from what its last step gives."""
        yield chain
        last = chain[-1].primitive
        if not last.prepares or len(chain) >= DEEPEST:
            return
        after = _after(last, chain[-1].instances[0].view, view)
        looks, key = catalogue.vector.of(after)
        taken = {one.primitive.id for one in chain}
        now = dict(before)
        further: list[_Taken] = []
        firsts = self._firsts(catalogue, after, looks, key)
        for one, (first, closed) in zip(catalogue.primitives, firsts, strict=True):
            if closed is not None or one.id in taken or not one.touched_by(last):
                continue
            trial = self._trier.of(one, after, first, looks)
            earlier = before.get(one.id, ())
            steps = _taken(one, trial)
            further += (step for step in steps if _is_more(step.instances[0], earlier))
            now[one.id] = (*earlier, *trial.instances)
        for step in further:
            yield from self._onward(catalogue, (*chain, step), after, now)


def _taken(primitive: Primitive, trial: Trial) -> Iterator[_Taken]:
    """Yield a step for each goal that records lead to: a surer and milder one hides no other."""
    by_goal: dict[Goal | None, list[Instance]] = {}
    for one in trial.instances:
        by_goal.setdefault(one.goal, []).append(one)
    for several in by_goal.values():
        if not _beyond(several[0]):
            yield _Taken(primitive, tuple(several))


def _is_more(one: Instance, earlier: Sequence[Instance]) -> bool:
    """Say whether a step is surer, or leads further, than it did before."""
    return not any(
        old.state.rank <= one.state.rank and _reach(old) <= _reach(one) for old in earlier
    )


def _reach(one: Instance) -> int:
    return one.goal.rank if one.goal is not None else _NOWHERE


def _beyond(one: Instance) -> bool:
    """Say whether something is lacking that no file of this kind can declare: what only shows live.

    That is a part, the names of those with whom something is shared, or that it runs at all. Of it
    nothing is said either way, whatever else is not known. What a file says of the same thing in
    other words has a primitive of its own.
    """
    return one.state is Openness.POSSIBLE and any(
        entry.reason is Reason.NOT_DECLARABLE and _shows_live(entry.path) for entry in one.missing
    )


def _shows_live(path: str) -> bool:
    return path in parts() or path == _RUNS or path.endswith(_WITH_WHOM)


def _nobody(primitive: Primitive) -> KnownWay:
    """Return what a primitive comes to where there is no record that could act."""
    need = primitive.needs[0]
    return KnownWay(primitive.id, primitive.title, Openness.CLOSED, need.closed)


def _after(primitive: Primitive, pair: View, view: View) -> View:
    """Return what the acting record sees once a step is taken."""
    given = dict(view.given)
    for path, value in primitive.gives.items():
        if not (isinstance(value, str) and value.startswith("$")):
            given[path] = _fact(path, value, primitive.id)
            continue
        seen = pair.seen(value[1:])
        if not isinstance(seen, Missing):
            given[path] = _fact(path, seen.fact.value, primitive.id)
    added = dict(view.added)
    for part, fields in primitive.adds.items():
        facts = [_fact(path, frozen(value), primitive.id) for path, value in fields.items()]
        added[part] = (*added.get(part, ()), Record.of(facts))
    return view._replace(given=given, added=added)


def _fact(path: str, value: Value, step: str) -> Fact:
    return Fact(path, value, f"after {step}", Vantage.KERNEL)


def _merged(chains: Sequence[tuple[_Taken, ...]]) -> list[tuple[_Taken, ...]]:
    """Return one chain for all that take the same steps to the same end, the surest first."""
    groups: dict[tuple[object, ...], list[tuple[_Taken, ...]]] = {}
    for chain in chains:
        key = (*[one.primitive.id for one in chain], _goal(chain))
        groups.setdefault(key, []).append(chain)
    merged: list[tuple[_Taken, ...]] = []
    for several in groups.values():
        several.sort(key=lambda chain: [one.state.rank for one in chain])
        steps = zip(*several, strict=True)
        merged.append(
            tuple(
                _Taken(ones[0].primitive, tuple(i for one in ones for i in one.instances))
                for ones in steps
            )
        )
    return merged


def _goal(chain: tuple[_Taken, ...]) -> Goal | None:
    return chain[-1].instances[0].goal


def _certainty(chain: tuple[_Taken, ...]) -> Openness:
    return max((one.state for one in chain), key=lambda state: state.rank)


def _path(chain: tuple[_Taken, ...]) -> EscapePath:
    goal = _goal(chain)
    if goal is None:
        raise ValueError("a chain without an end is no way out")
    return EscapePath(goal, _certainty(chain), _steps(chain), _breaks(chain))


def _leads(chain: tuple[_Taken, ...]) -> Iterator[Lead]:
    """Yield where a chain leads to: one lead for each pair of records that names a workload.

    Of several pairs one may be open and another only possible: each is told by its own evidence.
    """
    last = chain[-1]
    for one in last.instances:
        seen = one.view.seen(last.primitive.leads_to)
        if isinstance(seen, Missing):
            continue
        value = seen.fact.value
        names = value if isinstance(value, tuple) else (str(value),)
        own = (*chain[:-1], _Taken(last.primitive, (one,)))
        yield Lead(_steps(own), _certainty(own), names, _breaks(own))


def _steps(chain: tuple[_Taken, ...]) -> tuple[Step, ...]:
    return tuple(_step(one) for one in chain)


def _breaks(chain: tuple[_Taken, ...]) -> tuple[str, ...]:
    breaks: dict[str, None] = {}
    for one in chain:
        for need in one.primitive.needs:
            if need.breaks:
                breaks[filled(need.breaks, one.instances[0].view)] = None
    return tuple(breaks)


def _step(taken: _Taken) -> Step:
    best = [one for one in taken.instances if one.state is taken.state][:_SHOWN_TOGETHER]
    evidence = dict.fromkeys(fact for one in best for fact in one.evidence)
    missing = dict.fromkeys(entry for one in best for entry in one.missing)
    way = filled(taken.primitive.way, best[0].view)
    return Step(taken.primitive.id, taken.primitive.title, way, tuple(evidence), tuple(missing),
                no_help=taken.primitive.no_help, keep=taken.primitive.keep)  # fmt: skip


def _distinct(paths: Iterator[EscapePath]) -> list[EscapePath]:
    """Return paths in order, without those that say again what a shorter one says."""
    ordered = sorted(paths, key=order)
    kept: list[EscapePath] = []
    for path in ordered:
        steps = {step.id for step in path.steps}
        if not any(
            {step.id for step in one.steps} <= steps
            and one.goal.rank <= path.goal.rank
            and one.certainty.rank <= path.certainty.rank
            for one in kept
        ):
            kept.append(path)
    return kept


def order(path: EscapePath) -> tuple[int, int, int, str]:
    """Return a key that sorts open before possible, the worst goal and the shortest way first."""
    return path.certainty.rank, path.goal.rank, len(path.steps), path.id
