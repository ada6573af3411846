"""Tries one primitive for one acting record: open, possible, inert or closed, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.assess.primitive import Need, Primitive
from isoaudit.assess.sieve import Failed, Sieve
from isoaudit.assess.truth import UNREAD, Truth, Truths, View
from isoaudit.assess.vector import Looks, Rests, rests_of
from isoaudit.assess.words import filled
from isoaudit.model import Fact, Goal, Missing, Openness, Reason

_ALWAYS = Truth(True)

_NO_WORDS = "this kind of file has no words for it"


class Instance(NamedTuple):
    """A pair of records for which a primitive is open or possible, with what it rests on."""

    state: Openness
    view: View
    evidence: tuple[Fact, ...]
    missing: tuple[Missing, ...]
    goal: Goal | None


class Trial(NamedTuple):
    """What a primitive comes to; `because` says what closes it, or why it is inert."""

    state: Openness
    because: str = ""
    instances: tuple[Instance, ...] = ()


_Pair = tuple[View, Sequence[Truth]]
"""The acting record beside a second one, and what is known already of what is needed."""


class _Closed(NamedTuple):
    """The number of the need that a pair of records fails first, and its words.

    Of several pairs the one that gets furthest is told: that / is mounted read-only, and not that
    some other mount is not /.
    """

    at: int
    words: str


First = str | tuple[Rests, ...]
"""What the needs come to that are asked once: the words of the one that closes, or the answers."""


class Trier:
    """Tries primitives; shares what conditions came to."""

    def __init__(self, truths: Truths) -> None:
        self._truths = truths
        self._sieve = Sieve(truths)

    def first(self, primitive: Primitive, view: View, looks: Looks) -> First:
        """Return what the needs come to that no second record takes part in."""
        found: list[Rests] = []
        for need in primitive.first:
            truth = self._truths.of(need.that, view, trusting=True)
            if truth.value is False:
                return filled(need.closed, view, truth.evidence)
            found.append(rests_of(truth, need.that.reads, looks))
        return tuple(found)

    def of(self, primitive: Primitive, view: View, first: First, looks: Looks) -> Trial:
        """Return what a primitive comes to for the acting record of a view."""
        if isinstance(first, str):
            return Trial(Openness.CLOSED, first)
        if primitive.second and _beyond_words(primitive.second, view):
            return Trial(Openness.POSSIBLE, _NO_WORDS)
        pairs, left_out = self._pairs(primitive, view)
        if not pairs and left_out is None:
            return Trial(Openness.CLOSED, _nothing_of(primitive))
        found: list[Truth] = []
        closed = _Closed(-1, "")
        instances: list[Instance] = []
        for pair, known in pairs:
            second = self._all(primitive.paired, pair, known)
            if isinstance(second, _Closed):
                closed = second if second.at > closed.at else closed
                continue
            found = found or [one.truth(looks) for one in first]
            evidence, missing = _joined([*found, *second])
            certain = Instance(_state(missing, found, second), pair, evidence, missing, None)
            instances += self._aimed(primitive, certain)
        if instances:
            return self._present(primitive, view, instances)
        if left_out is not None and left_out.at > closed.at:
            words = self._all(primitive.paired, view.beside(primitive.second, left_out.record))
            closed = words if isinstance(words, _Closed) else closed
        return Trial(Openness.CLOSED, closed.words)

    def _pairs(self, primitive: Primitive, view: View) -> tuple[list[_Pair], Failed | None]:
        """Return the view with each record that may take part, one that was not read included.

        Beside them the record that gets furthest of those that cannot.
        """
        name = primitive.second
        if not name:
            return [(view, ())], None
        pairs: list[_Pair] = [(view.beside(name, one), ()) for one in view.added.get(name, ())]
        found = view.context.part(name)
        if isinstance(found, Missing):
            return [*pairs, (view.beside(name, UNREAD, found), ())], None
        passed, failed = self._sieve.of(primitive, view, found.part)
        pairs += [(view.beside(name, one.record), one.truths) for one in passed]
        if found.dark is not None:
            pairs.append((view.beside(name, UNREAD, found.dark), ()))
        return pairs, failed

    def _present(self, primitive: Primitive, view: View, instances: list[Instance]) -> Trial:
        """Return the trial unless the host lacks what the primitive needs."""
        unsettled: list[Missing] = []
        for absence in primitive.absent:
            truth = self._truths.of(absence.when, view)
            if truth.value is True:
                return Trial(Openness.INERT, filled(absence.because, view, truth.evidence))
            if truth.value is None:
                unsettled += truth.missing
        if unsettled:
            instances = [_less_sure(one, unsettled) for one in instances]
        instances.sort(key=lambda one: (one.state.rank, one.goal.rank if one.goal else 99))
        return Trial(instances[0].state, "", tuple(instances))

    def _all(
        self, needs: Sequence[Need], view: View, known: Sequence[Truth] = ()
    ) -> list[Truth] | _Closed:
        """Return what every need comes to, or the first that is certainly false.

        What the first of them come to may be `known`.
        """
        found = list(known)
        for at, need in enumerate(needs[len(known) :], len(known)):
            truth = self._truths.of(need.that, view, trusting=True)
            if truth.value is False:
                return _Closed(at, filled(need.closed, view, truth.evidence))
            found.append(truth)
        return found

    def _aimed(self, primitive: Primitive, one: Instance) -> list[Instance]:
        """Return an instance with what it leads to: once for each goal if it is not known which.

        It is as sure as it was of the mildest of them alone; the others are only not ruled out. A
        list of goals ends in a plain one (`definitions`), so that one of them is always led to.
        """
        goals: list[Goal] = []
        missing: list[Missing] = []
        for aim in primitive.aims:
            truth = _ALWAYS if aim.when is None else self._truths.of(aim.when, one.view)
            if truth.value is False:
                continue
            goals.append(aim.goal)
            if truth.value:
                break
            missing += truth.missing
        mildest = max(goals, key=lambda goal: goal.rank, default=None)
        worse = (goal for goal in dict.fromkeys(goals) if goal is not mildest)
        unsure = _less_sure(one, missing)
        return [one._replace(goal=mildest), *(unsure._replace(goal=goal) for goal in worse)]


def _beyond_words(part: str, view: View) -> bool:
    """Say whether a part is lacking only because no file of this kind has words for it.

    Of what it holds nothing is said either way: what a file says of the same thing in other words
    has a primitive of its own.
    """
    found = view.context.part(part)
    unsaid = isinstance(found, Missing) and found.reason is Reason.NOT_DECLARABLE
    return unsaid and not view.added.get(part)


def _nothing_of(primitive: Primitive) -> str:
    """Return the words for a part without a record: those of the first need that asks about it."""
    return primitive.paired[0].closed if primitive.paired else "there is none"


def _joined(truths: Sequence[Truth]) -> tuple[tuple[Fact, ...], tuple[Missing, ...]]:
    evidence = dict.fromkeys(fact for truth in truths for fact in truth.evidence)
    missing = dict.fromkeys(
        entry for truth in truths if truth.value is None for entry in truth.missing
    )
    return tuple(evidence), tuple(missing)


def _state(missing: tuple[Missing, ...], *groups: list[Truth]) -> Openness:
    undecided = any(truth.value is None for group in groups for truth in group)
    return Openness.POSSIBLE if undecided or missing else Openness.OPEN


def _less_sure(one: Instance, unsettled: list[Missing]) -> Instance:
    missing = tuple(dict.fromkeys((*one.missing, *unsettled)))
    return one._replace(state=Openness.POSSIBLE, missing=missing)
