"""The score: on each axis the weakest attack path, in bits, as a number from 0 to 100.

r is the soft minimum over the attack paths of the sum of their layers' bits, and 100 (1 - 2^(-r/K))
the score: K bits are worth 50. Open ways and structures cap it. Every unknown is taken at its worst
and at its best; since no protective fact lowers a bit, the two ends are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from isoaudit.assess.asked import view_of
from isoaudit.assess.bits import folded
from isoaudit.assess.model import Model
from isoaudit.assess.truth import UNREAD, Truths, View
from isoaudit.assess.vector import Vector, lacking_at
from isoaudit.assess.weighing import Axes, Weigher, weigh_reads
from isoaudit.model import (
    Axis,
    EscapePath,
    Goal,
    Interval,
    Kind,
    Layer,
    Openness,
    Score,
    Why,
)
from isoaudit.rules.context import Context

_FULL = 100.0
_SHOWN = 6
_REMEMBERED = 20_000


class _Known(NamedTuple):
    """What one acting record's values, and what is lacking of them, come to."""

    axes: Axes
    layers: tuple[Layer, ...]


class Scorer:
    """Scores targets by one model; what equal values come to is remembered."""

    def __init__(self, model: Model, truths: Truths) -> None:
        self._model = model
        self._truths = truths
        self._weigher = Weigher(model, truths)
        self._vectors: dict[Kind, Vector] = {}
        self._known: dict[tuple[Any, ...], _Known] = {}

    def score(
        self, context: Context, paths: Sequence[EscapePath]
    ) -> tuple[Score, tuple[Layer, ...]]:
        """Return a target's score, and its boundary layer by layer."""
        found = [self._record(context, view) for view in _acting(context)]
        axes: dict[Axis, Interval] = {}
        capped: dict[Axis, str] = {}
        why: list[Why] = []
        structures = list(self._structural(context))
        for axis in Axis:
            of_axis = [one.axes[axis] for one in found]
            worst = min(of_axis, key=lambda one: (one.low, one.high))
            low, high = worst.low, min(one.high for one in of_axis)
            why += worst.lines
            for cap in (*[c for c in structures if c.axis is axis], *self._of_ways(axis, paths)):
                why.append(cap)
                low = min(low, cap.low)
                if cap.high <= high:
                    high = cap.high
                    capped[axis] = cap.layer
            axes[axis] = Interval(round(low), round(high))
        worst_record = min(found, key=lambda one: one.axes[Axis.ESCAPE].low)
        return Score(axes, capped, tuple(why)), worst_record.layers

    def _record(self, context: Context, view: View) -> _Known:
        """Return what one acting record comes to, from memory where the same was worked out."""
        kind = context.target.kind
        vector = self._vectors.get(kind)
        if vector is None:
            vector = self._vectors[kind] = Vector(weigh_reads(self._model, kind))
        looks, values = vector.of(view)
        lacking = lacking_at(vector.paths, looks)
        folds = self._weigher.folds(kind, view)
        key = (kind, values, lacking, folds)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            weighed = self._weigher.weighed(kind, view, dict(folds))
            known = _Known(self._weigher.axes(weighed), self._weigher.layers(weighed, view))
            self._known[key] = known
        return known

    def _structural(self, context: Context) -> Iterable[Why]:
        view = view_of(context)
        for cap in self._model.caps:
            if context.target.kind not in cap.kinds:
                continue
            truth = folded(cap.when, view, self._truths, cap.each, cap.fold)
            if truth.value is False:
                continue
            high = float(cap.cap) if truth.value else _FULL
            rests_on = tuple(dict.fromkeys(fact.path for fact in truth.evidence))
            yield Why(cap.axis, "caps", cap.id, cap.id, cap.text, float(cap.cap), high, rests_on,
                      truth.missing)  # fmt: skip

    def _of_ways(self, axis: Axis, paths: Sequence[EscapePath]) -> Iterable[Why]:
        for path in paths:
            capped, cap = self._model.goals[path.goal]
            if capped is axis:
                yield cap_of(path, axis, cap)


def cap_of(path: EscapePath, axis: Axis, cap: int) -> Why:
    """Return the line of a way that caps an axis; of one that is not certain, its low end."""
    open_ = path.certainty is Openness.OPEN
    paths = tuple(dict.fromkeys(fact.path for step in path.steps for fact in step.evidence))
    high = float(cap) if open_ else _FULL
    return Why(axis, "caps", path.goal.value, path.id, path.steps[-1].title, float(cap), high,
               paths, path.missing[:_SHOWN])  # fmt: skip


def with_ways(score: Score, paths: Sequence[EscapePath], model: Model) -> Score:
    """Return a score that further ways cap as well."""
    axes, capped, why = dict(score.axes), dict(score.capped_by), list(score.why)
    for path in paths:
        axis, cap = model.goals[Goal(path.goal)]
        line = cap_of(path, axis, cap)
        known = axes[axis]
        why.append(line)
        axes[axis] = Interval(min(known.low, cap), min(known.high, round(line.high)))
        if line.high <= known.high:
            capped[axis] = path.id
    return Score(axes, capped, tuple(why))


def _acting(context: Context) -> list[View]:
    """Return a view for every process record, one for those not read included."""
    view = view_of(context)
    if context.target.kind is not Kind.CONTAINER:
        return [view]
    return view.each("process") or [view.beside("process", UNREAD)]
