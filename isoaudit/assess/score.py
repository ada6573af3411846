"""The score: on each axis the weakest attack path, in bits, as a number from 0 to 100.

r is the soft minimum over the attack paths of the sum of their layers' bits, and 100 (1 - 2^(-r/K))
the score: K bits are worth 50. Open ways and structures cap it. Every unknown is taken at its worst
and at its best; since no protective fact lowers a bit, the two ends are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import NamedTuple

from isoaudit.assess.asked import view_of
from isoaudit.assess.bits import Bits, bits_of, folded
from isoaudit.assess.model import AttackPath, Model, Term
from isoaudit.assess.truth import UNREAD, Truths, View
from isoaudit.model import (
    Axis,
    EscapePath,
    Fact,
    Goal,
    Interval,
    Layer,
    Missing,
    Openness,
    Score,
    Why,
)
from isoaudit.rules.context import Context

_SHOWN = 6
_FULL = 100


class _Weighed(NamedTuple):
    """One attack path for one acting record: whether it exists, its terms, and their sum."""

    path: AttackPath
    sure: bool
    terms: tuple[tuple[Term, Bits], ...]

    @property
    def low(self) -> float:
        return sum(bits.low for _, bits in self.terms)

    @property
    def high(self) -> float:
        return sum(bits.high for _, bits in self.terms)


class Scorer:
    """Scores targets by one model."""

    def __init__(self, model: Model, truths: Truths) -> None:
        self._model = model
        self._truths = truths
        self._terms: dict[tuple[object, ...], Bits] = {}

    def score(
        self, context: Context, paths: Sequence[EscapePath]
    ) -> tuple[Score, tuple[Layer, ...]]:
        """Return a target's score, and its boundary layer by layer."""
        views = _acting(context)
        axes: dict[Axis, Interval] = {}
        capped: dict[Axis, str] = {}
        why: list[Why] = []
        layers: tuple[Layer, ...] = ()
        for axis in Axis:
            weighed = [self._weighed(axis, view) for view in views]
            lows = [self._worth(one, low=True) for one in weighed]
            highs = [self._worth(one, low=False) for one in weighed]
            low, high = min(lows), min(highs)
            worst = weighed[min(range(len(views)), key=lambda n: (lows[n], highs[n]))]
            why += _gives(axis, worst)
            if axis is Axis.ESCAPE:
                layers = self._layers(worst, views[0])
            caps = [*self._structural(axis, context), *self._of_ways(axis, paths)]
            for cap in caps:
                why.append(cap)
                low = min(low, cap.low)
                if cap.high <= high:
                    high = cap.high
                    capped[axis] = cap.layer
            axes[axis] = Interval(round(low), round(high))
        return Score(axes, capped, tuple(why)), layers

    def _weighed(self, axis: Axis, view: View) -> list[_Weighed]:
        """Return the attack paths of an axis that there are, or may be."""
        found: list[_Weighed] = []
        for path in self._model.paths:
            if path.axis is not axis or view.context.target.kind not in path.kinds:
                continue
            exists: bool | None = True
            if path.when is not None:
                exists = self._truths.of(path.when, view).value
            if exists is False:
                continue
            terms = tuple((t, bits_of(t, view, self._truths)) for t in self._model.terms[path.id])
            found.append(_Weighed(path, exists is True, terms))
        return found

    def _worth(self, weighed: Sequence[_Weighed], *, low: bool) -> float:
        """Return the score of paths before caps: at its worst those that may be there count."""
        sums = [one.low if low else one.high for one in weighed if low or one.sure]
        return points(softmin(sums, self._model.softness), self._model.scale) if sums else _FULL

    def _structural(self, axis: Axis, context: Context) -> Iterable[Why]:
        for cap in self._model.caps:
            if cap.axis is not axis or context.target.kind not in cap.kinds:
                continue
            truth = folded(cap.when, view_of(context), self._truths, cap.each, cap.fold)
            if truth.value is False:
                continue
            high = cap.cap if truth.value else _FULL
            yield Why(axis, "caps", cap.id, cap.id, cap.text, cap.cap, high,
                      truth.evidence, truth.missing)  # fmt: skip

    def _of_ways(self, axis: Axis, paths: Sequence[EscapePath]) -> Iterable[Why]:
        for path in paths:
            capped, cap = self._model.goals[path.goal]
            if capped is axis:
                yield cap_of(path, axis, cap)

    def _layers(self, weighed: Sequence[_Weighed], view: View) -> tuple[Layer, ...]:
        """Return what each layer gives on the escape axis, from the workload outwards."""
        found: dict[str, dict[str, tuple[Term, Bits]]] = {}
        for one in weighed:
            for term, bits in one.terms:
                found.setdefault(term.layer, {})[term.id] = (term, bits)
        return tuple(
            self._layer(name, found[name], view) for name in self._model.layers if name in found
        )

    def _layer(self, name: str, terms: Mapping[str, tuple[Term, Bits]], view: View) -> Layer:
        kind = ""
        for text, when in self._model.layers[name]:
            if when is None or self._truths.of(when, view).value is True:
                kind = text
                break
        several = [bits for _, bits in terms.values()]
        evidence = dict.fromkeys(fact for bits in several for fact in bits.evidence)
        return Layer(name, kind, sum(b.low for b in several), sum(b.high for b in several),
                     (), tuple(evidence)[:_SHOWN])  # fmt: skip


def cap_of(path: EscapePath, axis: Axis, cap: int) -> Why:
    """Return the line of a way that caps an axis; of one that is not certain, its low end."""
    open_ = path.certainty is Openness.OPEN
    text = path.steps[-1].title
    evidence: tuple[Fact, ...] = tuple(f for step in path.steps for f in step.evidence)[:_SHOWN]
    missing: tuple[Missing, ...] = path.missing[:_SHOWN]
    return Why(axis, "caps", path.goal.value, path.id, text, cap, cap if open_ else _FULL,
               evidence, missing)  # fmt: skip


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


def softmin(sums: Sequence[float], softness: float) -> float:
    """Return the soft minimum of sums of bits: a little below the least where several are near."""
    least = min(sums)
    near = sum(exp(-(one - least) / softness) for one in sums)
    return max(0.0, least - softness * log(near))


def points(bits: float, scale: float) -> float:
    """Return bits as points of a score."""
    worth: float = _FULL * (1 - 2 ** (-bits / scale))
    return worth


def _acting(context: Context) -> list[View]:
    """Return a view for every process record, one for those not read included."""
    view = view_of(context)
    found = context.part("process")
    if isinstance(found, Missing):
        return [view.beside("process", UNREAD, found)]
    views = [view.beside("process", record) for record in found.part.records]
    if found.dark is not None or not views:
        why = found.dark
        views.append(view.beside("process", UNREAD, why))
    return views


def _gives(axis: Axis, weighed: Sequence[_Weighed]) -> list[Why]:
    """Return a line for every term of the attack paths, and one for each that is widened."""
    lines: list[Why] = []
    for one in sorted(weighed, key=lambda one: (one.low, one.high)):
        for term, bits in one.terms:
            kind = "widens" if bits.wide else "gives"
            lines.append(Why(axis, kind, one.path.id, term.layer, bits.text, bits.low, bits.high,
                             bits.evidence[:_SHOWN], bits.missing[:_SHOWN]))  # fmt: skip
    return lines
