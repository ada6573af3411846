"""What many conditions ask of a target, looked up once, and remembered by what it came to.

Most targets of a run agree in nearly all that the model reads. What follows from values alone is
worked out once for equal values; the facts, whose sources differ, are put in for each target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from isoaudit.assess.truth import PID, Truth, View, without_number
from isoaudit.model import Fact, Missing
from isoaudit.rules.context import Seen

Looks = Mapping[str, Seen | Missing]
"""What stands at each path, or why there is nothing."""

_WEAK = "weak"


class Rests(NamedTuple):
    """An answer without its facts: the paths that it rests on, and those that are lacking."""

    value: bool | None
    evidence: tuple[str, ...]
    lacking: tuple[str, ...]

    def truth(self, looks: Looks) -> Truth:
        """Return the answer with the facts of one target."""
        return Truth(self.value, facts_at(self.evidence, looks), lacking_at(self.lacking, looks))


class Vector:
    """The paths that are asked for, in one order."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(sorted(set(paths)))

    def of(self, view: View) -> tuple[Looks, tuple[Any, ...]]:
        """Return what a view shows at each path, and a key that is equal for equal answers."""
        looks: dict[str, Seen | Missing] = {}
        key: list[Any] = []
        for path in self.paths:
            seen = looks[path] = view.seen(path)
            if isinstance(seen, Missing):
                key.append(None)
            elif path == PID:
                key.append((seen.dark is None, without_number(seen.fact).value))
            elif seen.dark is None:
                key.append(seen.fact.value)
            else:
                key.append((_WEAK, seen.fact.value))
        return looks, tuple(key)


def rests_of(truth: Truth, reads: Iterable[str], looks: Looks) -> Rests:
    """Return an answer to a condition that reads these paths, without its facts."""
    lacking = () if truth.value is not None else tuple(p for p in reads if _is_lacking(looks[p]))
    return Rests(truth.value, tuple(fact.path for fact in truth.evidence), lacking)


def facts_at(paths: Iterable[str], looks: Looks) -> tuple[Fact, ...]:
    """Return the facts that stand at paths."""
    found = (looks[path] for path in paths)
    return tuple(seen.fact for seen in found if isinstance(seen, Seen))


def lacking_at(paths: Iterable[str], looks: Looks) -> tuple[Missing, ...]:
    """Return why there is nothing firm at paths."""
    found = (looks[path] for path in paths)
    entries = (seen if isinstance(seen, Missing) else seen.dark for seen in found)
    return tuple(dict.fromkeys(entry for entry in entries if entry is not None))


def _is_lacking(seen: Seen | Missing) -> bool:
    return isinstance(seen, Missing) or seen.dark is not None
