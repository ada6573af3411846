"""Weighs the attack paths of one acting record: their terms, their sums, what these are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from typing import NamedTuple

from isoaudit.assess.bits import Bits, bits_of, is_folded, reads_of
from isoaudit.assess.model import AttackPath, Model, Term
from isoaudit.assess.truth import Truths, View
from isoaudit.model import Axis, Kind, Layer, Why

_FULL = 100.0
_SHOWN = 3

Folds = tuple[tuple[str, Bits], ...]
"""What the terms give that are about all records of a part, by their ids."""


class Weighed(NamedTuple):
    """One attack path: whether it certainly exists, its terms, and their sum at both ends."""

    path: AttackPath
    sure: bool
    terms: tuple[tuple[Term, Bits], ...]
    low: float
    high: float


class OfAxis(NamedTuple):
    """Both ends of an axis before caps, and the lines that explain them."""

    low: float
    high: float
    lines: tuple[Why, ...]


Axes = Mapping[Axis, OfAxis]


def weigh_reads(model: Model, kind: Kind) -> Iterator[str]:
    """Yield every path that the weighing of a kind of target reads, parts aside."""
    for path in model.paths:
        if kind not in path.kinds:
            continue
        yield from path.when.reads if path.when else ()
        for term in model.terms[path.id]:
            yield from reads_of(term)
    for names in model.layers.values():
        for _, when in names:
            yield from when.reads if when else ()


class Weigher:
    """Weighs by one model."""

    def __init__(self, model: Model, truths: Truths) -> None:
        self._model = model
        self._truths = truths

    def folds(self, kind: Kind, view: View) -> Folds:
        """Return what the terms give that are about parts."""
        return tuple(
            (term.id, bits_of(term, view, self._truths))
            for term in self._of_kind(kind)
            if is_folded(term.each) and not term.quantity
        )

    def weighed(self, kind: Kind, view: View, folds: Mapping[str, Bits]) -> list[Weighed]:
        """Return the attack paths that there are, or may be, of all axes."""
        known = dict(folds)
        found: list[Weighed] = []
        for path in self._model.paths:
            if kind not in path.kinds:
                continue
            exists: bool | None = True
            if path.when is not None:
                exists = self._truths.of(path.when, view).value
            if exists is False:
                continue
            terms: list[tuple[Term, Bits]] = []
            for term in self._model.terms[path.id]:
                if term.id not in known:
                    known[term.id] = bits_of(term, view, self._truths)
                terms.append((term, known[term.id]))
            low, high = sum(b.low for _, b in terms), sum(b.high for _, b in terms)
            found.append(Weighed(path, exists is True, tuple(terms), low, high))
        return found

    def axes(self, weighed: Sequence[Weighed]) -> Axes:
        """Return what the attack paths come to on each axis."""
        return {axis: self._axis(axis, [w for w in weighed if w.path.axis is axis])
                for axis in Axis}  # fmt: skip

    def _axis(self, axis: Axis, weighed: Sequence[Weighed]) -> OfAxis:
        low = self._worth([one.low for one in weighed])
        high = self._worth([one.high for one in weighed if one.sure])
        return OfAxis(low, high, tuple(_lines(axis, weighed)))

    def _worth(self, sums: Sequence[float]) -> float:
        if not sums:
            return _FULL
        return points(softmin(sums, self._model.softness), self._model.scale)

    def layers(self, weighed: Sequence[Weighed], view: View) -> tuple[Layer, ...]:
        """Return what each layer gives on the escape axis, from the workload outwards.

        Of several attack paths through a layer the one counts on which it gives least, of those on
        which it gives anything.
        """
        found: dict[str, list[list[Bits]]] = {}
        for one in weighed:
            if one.path.axis is not Axis.ESCAPE:
                continue
            own: dict[str, list[Bits]] = {}
            for term, bits in one.terms:
                own.setdefault(term.layer, []).append(bits)
            for name, several in own.items():
                found.setdefault(name, []).append(several)
        return tuple(
            self._layer(name, _weakest(found[name]), view)
            for name in self._model.layers
            if name in found
        )

    def _layer(self, name: str, several: Sequence[Bits], view: View) -> Layer:
        kind = next(
            text
            for text, when in self._model.layers[name]
            if when is None or self._truths.of(when, view).value is True
        )
        rests_on = tuple(dict.fromkeys(path for bits in several for path in bits.rests_on))
        return Layer(name, kind, sum(b.low for b in several), sum(b.high for b in several),
                     (), rests_on)  # fmt: skip

    def _of_kind(self, kind: Kind) -> Iterator[Term]:
        seen: set[str] = set()
        for path in self._model.paths:
            if kind not in path.kinds:
                continue
            for term in self._model.terms[path.id]:
                if term.id not in seen:
                    seen.add(term.id)
                    yield term


def _weakest(paths: Sequence[Sequence[Bits]]) -> Sequence[Bits]:
    return min((one for one in paths if _sum(one)[1] > 0), key=_sum, default=paths[0])


def _sum(several: Sequence[Bits]) -> tuple[float, float]:
    return sum(bits.low for bits in several), sum(bits.high for bits in several)


def _lines(axis: Axis, weighed: Sequence[Weighed]) -> Iterator[Why]:
    """Yield a line for every term, the weakest attack path first."""
    for one in sorted(weighed, key=lambda one: (one.low, one.high)):
        for term, bits in one.terms:
            yield Why(axis, "widens" if bits.wide else "gives", one.path.id, term.layer, bits.text,
                      bits.low, bits.high, bits.rests_on, bits.missing[:_SHOWN])  # fmt: skip


def softmin(sums: Sequence[float], softness: float) -> float:
    """Return the soft minimum of sums of bits: a little below the least where several are near."""
    least = min(sums)
    near = sum(exp(-(one - least) / softness) for one in sums)
    return max(0.0, least - softness * log(near))


def points(bits: float, scale: float) -> float:
    """Return bits as points of a score."""
    worth: float = _FULL * (1 - 2 ** (-bits / scale))
    return worth
