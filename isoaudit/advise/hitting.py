"""The cheapest set that has something of every one of several sets: a weighted hitting set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_MOST_STEPS = 20_000
"""Branches looked at before the best that was found is taken."""


def cheapest(clauses: Sequence[frozenset[str]], costs: Mapping[str, int]) -> frozenset[str]:
    """Return the cheapest set of names that has one of each clause; empty clauses are passed by.

    Exact where that takes few steps (branch and bound, beginning with the greedy set), else the
    best that was found. Of equally cheap sets the smallest, then the first by name.
    """
    left = [clause for clause in dict.fromkeys(clauses) if clause]
    left = [one for one in left if not any(other < one for other in left)]
    search = _Search(costs, _greedy(left, costs))
    search.branch(left, frozenset())
    return search.best


def _greedy(clauses: Sequence[frozenset[str]], costs: Mapping[str, int]) -> frozenset[str]:
    chosen: set[str] = set()
    left = list(clauses)
    while left:
        names = sorted(frozenset[str]().union(*left))
        best = max(names, key=lambda name: sum(name in one for one in left) / max(costs[name], 1))
        chosen.add(best)
        left = [one for one in left if best not in one]
    return frozenset(chosen)


class _Search:
    def __init__(self, costs: Mapping[str, int], best: frozenset[str]) -> None:
        self._costs = costs
        self._steps = 0
        self.best = best

    def branch(self, left: Sequence[frozenset[str]], chosen: frozenset[str]) -> None:
        """Try every name of the clause with the fewest, unless it cannot become the best."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            return
        if not left:
            if self._key(chosen) < self._key(self.best):
                self.best = chosen
            return
        if self._cost(chosen) + self._least(left) > self._cost(self.best):
            return
        clause = min(left, key=lambda one: (len(one), sorted(one)))
        for name in sorted(clause, key=lambda one: (self._costs[one], one)):
            self.branch([one for one in left if name not in one], chosen | {name})

    def _least(self, left: Sequence[frozenset[str]]) -> int:
        """Return what clauses without a name in common cost at least."""
        total, seen = 0, frozenset[str]()
        for clause in sorted(left, key=len):
            if clause.isdisjoint(seen):
                total += min(self._costs[name] for name in clause)
                seen |= clause
        return total

    def _cost(self, names: frozenset[str]) -> int:
        return sum(self._costs[name] for name in names)

    def _key(self, names: frozenset[str]) -> tuple[int, int, list[str]]:
        return self._cost(names), len(names), sorted(names)
