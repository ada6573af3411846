"""Assesses targets: what a boundary consists of, what gets through it, what it is worth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from copy import copy
from functools import cache

from isoaudit.assess.bounded import Bounds, asked_by
from isoaudit.assess.definitions import Definitions, definitions, model_version
from isoaudit.assess.model import Model, build
from isoaudit.assess.score import Scorer
from isoaudit.assess.trial import Trier
from isoaudit.assess.truth import Truths
from isoaudit.assess.verdict import fallen, verdict_of
from isoaudit.assess.wall import Walls
from isoaudit.assess.ways import WayFinder, Ways, order
from isoaudit.facts.vocabulary import facts
from isoaudit.model import Assessment, EscapePath, Lead, Target
from isoaudit.rules.context import Context

Further = Callable[[Target, Sequence[EscapePath], Sequence[Lead]], Sequence[EscapePath]]
"""What returns the ways out of a target that run through others: from its own, and where it leads.
"""

__all__ = ["Assessor", "known_by", "load_assessor", "model_version"]


class Assessor:
    """Assesses one target after the other by one model; what conditions came to is shared."""

    def __init__(self, known: Definitions) -> None:
        self.model: Model = build(known.documents, known.conditions)
        self.truths = Truths()
        self.primitives = tuple(known.primitives)
        self._bounds = Bounds(asked_by(known))
        self._finder = WayFinder(self.primitives, Trier(self.truths))
        self._scorer = Scorer(self.model, self.truths)
        self._walls = Walls(known, self.truths)
        self._further: Further | None = None

    def through(self, further: Further) -> Assessor:
        """Return one that also follows ways to other workloads, which are taken as they are."""
        other = copy(self)
        other._further = further
        return other

    def assess(self, context: Context) -> Assessment | None:
        """Return what a target's boundary comes to; None for what has none (a host)."""
        whole = self.whole(context)
        return whole[0] if whole else None

    def paths(self, context: Context) -> tuple[EscapePath, ...]:
        """Return the ways out alone, which is less work than an assessment."""
        if not context.target.has_boundary:
            return ()
        return self._found(self.bounded(context)).paths

    def whole(self, context: Context) -> tuple[Assessment, tuple[Lead, ...]] | None:
        """Return the same, and the ways that lead to other workloads."""
        if not context.target.has_boundary:
            return None
        context = self.bounded(context)
        found = self._found(context)
        paths = tuple(known_by(path, context.target.id) for path in found.paths)
        score, layers = self._scorer.score(context, paths)
        wall = fallen(self._walls.of(context), paths)
        assessment = Assessment(layers, paths, verdict_of(paths, wall), score, found.known)
        return assessment, found.leads

    def bounded(self, context: Context) -> Context:
        """Return a context as it is assessed: of parts without bounds only so much."""
        return self._bounds.of(context)

    def _found(self, context: Context) -> Ways:
        found = self._finder.find(context)
        if self._further is None or not found.leads:
            return found
        more = self._further(context.target, found.paths, found.leads)
        return found._replace(paths=tuple(sorted((*found.paths, *more), key=order)))


@cache
def load_assessor() -> Assessor:
    """Return the assessor of isoaudit's own model."""
    return Assessor(definitions())


def known_by(path: EscapePath, target: str) -> EscapePath:
    """Return a target's path with what makes it the same from run to run: no pid, line or time."""
    identity = _identity(path)
    words = [path.id, path.goal.value, target, identity]
    text = json.dumps(words, sort_keys=True)
    return path._replace(fingerprint=hashlib.sha256(text.encode()).hexdigest())


def _identity(path: EscapePath) -> Sequence[tuple[str, object]]:
    known = facts()
    values = {
        (fact.path, fact.value)
        for step in path.steps
        for fact in step.evidence
        if (spec := known.get(fact.path)) is not None and spec.identifying
    }
    return sorted(values, key=repr)
