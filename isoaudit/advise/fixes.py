"""The smallest set of changes that closes every open way, found by judging the changed facts.

A way can be open by several records (two mounts), and a change that closes one leaves the other.
So what closes what is never assumed: a set is tried, and every way that it leaves open says which
further changes close it there. The cheapest set that has one of each is tried next, until none is
left that any change closes. A way that a change opens counts alike, and so does one that was open
and that a change only makes uncertain, or that it first makes possible: that closes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from isoaudit.advise.applicable import Applied, applicable
from isoaudit.advise.hitting import cheapest
from isoaudit.assess import Assessor
from isoaudit.assess.edited import edited_context
from isoaudit.model import (
    Assessment,
    Axis,
    EscapePath,
    FixChange,
    Openness,
    TargetResult,
)
from isoaudit.rules.context import Context

_IDENTITY = frozenset({
    "mount.destination", "device.path", "control_socket.path", "device_rule.major",
    "device_rule.minor", "network.name", "share.source", "disk.target", "host_device.address",
    "character_device.address", "monitor.address", "graphics.type", "neighbour.name",
})  # fmt: skip
"""Facts that tell the records apart by which a way is open; what is changed is none of them."""

_MOST_ROUNDS = 40

_Way = tuple[str, str, frozenset[tuple[str, object]]]


class Fixes(NamedTuple):
    """The cheapest set that closes what is open, in order, and the next best single change.

    `left` are open ways that no change known here closes; `next_best` is what gains most for its
    cost once the set is made, or of all where nothing is open.
    """

    changes: tuple[FixChange, ...]
    left: tuple[EscapePath, ...]
    next_best: FixChange | None


def fixes_for(
    context: Context, assessment: Assessment, assessor: Assessor, limit: int = 0
) -> tuple[FixChange, ...]:
    """Return the changes to make, the most pressing first; 0 for all of them.

    Where nothing is open that is the one change that gains most, if one gains at all.
    """
    found = smallest_set(context, assessment, assessor)
    changes = found.changes or ((found.next_best,) if found.next_best else ())
    return changes[:limit] if limit else changes


def smallest_set(context: Context, assessment: Assessment, assessor: Assessor) -> Fixes:
    """Return the cheapest set of changes that closes every open way, and what to do after it."""
    trying = _Trying(context, assessor)
    chosen = trying.set_for(assessment.escape_paths)
    ordered, after = trying.told(chosen, assessment)
    best = trying.next_best(chosen, after)
    return Fixes(ordered, trying.pressing(after.escape_paths), best)


class _Trying:
    """Tries sets of changes of one target."""

    def __init__(self, context: Context, assessor: Assessor) -> None:
        context = self._context = assessor.bounded(context)
        self._assessor = assessor
        self._applied = {one.key: one for one in applicable(context, assessor.truths)}
        self._known: dict[frozenset[str], tuple[EscapePath, ...]] = {}
        paths = self._paths(frozenset())
        self._first = {path.id for path in paths if path.certainty is Openness.OPEN}
        self._unsure = {
            (path.id, path.goal) for path in paths if path.certainty is Openness.POSSIBLE
        }

    def pressing(self, paths: Iterable[EscapePath]) -> tuple[EscapePath, ...]:
        """Return ways that are open, and possible ones that a change brought about."""
        return tuple(
            path
            for path in paths
            if path.certainty is Openness.OPEN or (path.id, path.goal) not in self._unsure
        )

    def set_for(self, paths: Sequence[EscapePath]) -> frozenset[str]:
        """Return the names of the changes of the cheapest set."""
        costs = {key: one.cost for key, one in self._applied.items()}
        clauses: dict[_Way, frozenset[str]] = {}
        chosen: frozenset[str] = frozenset()
        open_now = self.pressing(paths)
        for _ in range(_MOST_ROUNDS):
            new = [path for path in open_now if _way(path) not in clauses]
            if not new:
                break
            self._note(new, chosen, clauses)
            chosen = cheapest(list(clauses.values()), costs)
            open_now = self.pressing(self._paths(chosen))
        return self._lean(chosen)

    def _note(
        self,
        paths: Sequence[EscapePath],
        chosen: frozenset[str],
        clauses: dict[_Way, frozenset[str]],
    ) -> None:
        """Note for each way what closes it, beside what is chosen.

        What opened it by being chosen closes it by being left: then the set is not taken so.
        """
        closers: dict[_Way, set[str]] = {_way(path): set() for path in paths}
        concerned = self._concerned(paths).difference(chosen)
        for key in sorted(concerned):
            still = {_way(path) for path in self.pressing(self._paths(chosen | {key}))}
            for way, names in closers.items():
                if way not in still:
                    names.add(key)
        for path in paths:
            way = _way(path)
            clauses[way] = frozenset(closers[way])
            if not closers[way]:
                for key in self._together(path, chosen):
                    # Each of them is needed: what closes it alone is not there.
                    clauses[(f"{path.id} {key}", *way[1:])] = frozenset({key})

    def _concerned(self, paths: Iterable[EscapePath]) -> frozenset[str]:
        """Return the changes that touch anything that ways rest on, or that leaves them open."""
        read = frozenset(one for path in paths for one in _rests_on(path))
        return frozenset(
            key for key, one in self._applied.items() if not one.touches.isdisjoint(read)
        )

    def _together(self, path: EscapePath, chosen: frozenset[str]) -> frozenset[str]:
        """Return changes that close a way only together, without those that it takes not."""
        several = self._concerned((path,)) | chosen
        if self._leaves_open(path, several):
            return frozenset()
        for key in sorted(several - chosen, key=lambda one: (-self._applied[one].cost, one)):
            if not self._leaves_open(path, several - {key}):
                several -= {key}
        return several - chosen

    def _leaves_open(self, path: EscapePath, chosen: frozenset[str]) -> bool:
        return _way(path) in {_way(one) for one in self.pressing(self._paths(chosen))}

    def _lean(self, chosen: frozenset[str]) -> frozenset[str]:
        """Return a set without what it does not need, the dearest first."""
        still = {_way(path) for path in self.pressing(self._paths(chosen))}
        for key in sorted(chosen, key=lambda one: (-self._applied[one].cost, one)):
            fewer = chosen - {key}
            if {_way(path) for path in self.pressing(self._paths(fewer))} <= still:
                chosen = fewer
        return chosen

    def told(
        self, chosen: frozenset[str], assessment: Assessment
    ) -> tuple[tuple[FixChange, ...], Assessment]:
        """Return changes in order, each with what is worth once it is made, and what is after all.

        First comes what closes the worst and the most for its cost.
        """
        made: list[str] = []
        told: list[FixChange] = []
        while left := sorted(chosen.difference(made)):
            ranked = [(self._worth(made, key, assessment), key) for key in left]
            _, key = min(ranked)
            made.append(key)
            after = self._assessed(made)
            told.append(self._fix(self._applied[key], assessment, after))
            assessment = after
        return tuple(told), assessment

    def _worth(
        self, made: Sequence[str], key: str, assessment: Assessment
    ) -> tuple[int, float, int, int]:
        """Return how pressing a change is, the smaller the more."""
        now = self.pressing(assessment.escape_paths)
        still = {_way(path) for path in self.pressing(self._paths(frozenset((*made, key))))}
        closed = [path.goal.rank for path in now if _way(path) not in still]
        worst = min(closed, default=99)
        position = list(self._applied).index(key)
        cost = self._applied[key].cost
        return worst, -len(closed) / max(cost, 1), cost, position

    def next_best(self, chosen: frozenset[str], now: Assessment) -> FixChange | None:
        """Return the single further change that gains most at the low end for what it costs."""
        best: tuple[float, FixChange] | None = None
        pressing = len(self.pressing(now.escape_paths))
        for key, one in self._applied.items():
            if key in chosen:
                continue
            after = self._assessed((*sorted(chosen), key))
            if len(self.pressing(after.escape_paths)) > pressing:
                continue
            gained = _gain(now, after) / max(one.cost, 1)
            if gained > 0 and (best is None or gained > best[0]):
                best = (gained, self._fix(one, now, after))
        return best[1] if best else None

    def _fix(self, one: Applied, before: Assessment, after: Assessment) -> FixChange:
        left = self.pressing(after.escape_paths)
        still, ids = {_way(path) for path in left}, {path.id for path in left}
        closed = [path for path in self.pressing(before.escape_paths) if _way(path) not in still]
        return FixChange(
            id=one.key,
            change=one.title,
            closes=self._closes([path.id for path in closed if path.id not in ids]),
            score_after=after.score.axes,
            effort=one.change.effort,
            downtime=one.change.downtime,
            may_break=one.may_break,
            scope=one.change.scope,
            where=one.how,
        )

    def _closes(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return ways that were open to begin with; for what a change before left, its steps."""
        first = [one for one in ids if one in self._first]
        return tuple(dict.fromkeys(first or [one.partition("+")[0] for one in ids]))

    def _paths(self, chosen: frozenset[str]) -> tuple[EscapePath, ...]:
        known = self._known.get(chosen)
        if known is None:
            context = self._edited(chosen)
            known = self._known[chosen] = self._assessor.paths(context)
        return known

    def _assessed(self, chosen: Iterable[str]) -> Assessment:
        found = self._assessor.assess(self._edited(frozenset(chosen)))
        if found is None:
            raise AssertionError("a target with a boundary has one when it is changed")
        return found

    def _edited(self, chosen: frozenset[str]) -> Context:
        # In the order of their files: what takes `privileged` out comes before what drops more.
        edits = [edit for key, one in self._applied.items() if key in chosen for edit in one.edits]
        return edited_context(self._context, edits)


_WEIGHTS = {Axis.ESCAPE: 4, Axis.NEIGHBOUR: 2, Axis.RESOURCES: 1, Axis.OPERATOR: 1}
"""The headline first; the other axes tell between changes that do nothing for it."""


def _gain(before: Assessment, after: Assessment) -> int:
    return sum(
        weight * (after.score.axes[axis].low - before.score.axes[axis].low)
        for axis, weight in _WEIGHTS.items()
    )


def _way(path: EscapePath) -> _Way:
    """Return what makes a way the same after a change: its steps, and by which records."""
    records = frozenset(
        (fact.path, fact.value)
        for step in path.steps
        for fact in step.evidence
        if fact.path in _IDENTITY
    )
    return path.id, path.goal.value, records


def _rests_on(path: EscapePath) -> Iterable[str]:
    """Yield the facts that a way rests on, those not known too, and the parts that they are of."""
    for step in path.steps:
        facts = [fact.path for fact in step.evidence]
        for one in (*facts, *(entry.path for entry in step.missing)):
            yield one
            yield one.partition(".")[0]


class HostCause(NamedTuple):
    """A change that is made once at a host, and the targets that it helps."""

    fix: FixChange
    targets: tuple[str, ...]


def host_causes(results: Iterable[TargetResult]) -> tuple[HostCause, ...]:
    """Return the changes to make at hosts, each once, with all targets whose ways it closes.

    What helps the most targets comes first.
    """
    found: dict[tuple[str, str], HostCause] = {}
    for result in results:
        for fix in result.fixes:
            if fix.scope != "host":
                continue
            key = (result.target.host or "", fix.id)
            known = found.get(key)
            targets = (*(known.targets if known else ()), result.target.id)
            found[key] = HostCause(known.fix if known else fix, targets)
    return tuple(sorted(found.values(), key=lambda one: (-len(one.targets), one.fix.id)))
