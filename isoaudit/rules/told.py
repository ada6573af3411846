"""Remembers what a check came to for targets that have not only equal facts but the same ones.

Probes give what targets share as one object to all of them. That the same objects come to the same
is seen without looking into them.
"""

from __future__ import annotations

from isoaudit.model import FactSet, Finding, Outcome
from isoaudit.rules.fingerprint import of
from isoaudit.rules.plan import Plan

_KEPT = 8
"""Answers kept of one check for one shape of target; a fleet is made from a few templates."""

_MOST_RECORDS = 8
"""Records of a part that are looked at one by one; of longer parts only those with kin are."""

_Answer = list[tuple[Outcome, str]]


class Told:
    """What one check came to for targets of one shape, by the objects that it reads of them.

    The objects are kept with the answer, so that no others come to have their ids. Where eight
    answers have served nobody, none is looked for any more.
    """

    __slots__ = ("_known", "_of_use", "_off", "_plan")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[int, ...], tuple[list[object], _Answer]] = {}
        self._of_use = False
        self._off = False

    def reads(self, own: FactSet) -> list[object] | None:
        """Return the objects that the check reads of a target, None if they are too many."""
        if self._off:
            return None
        read: list[object] = [own.facts.get(path) for path in self._plan.outside]
        each = self._plan.check.each
        if not each:
            return read
        several = own.parts.get(each)
        part = several[0] if several else None
        if part is None or part.kin:
            read.append(part)
            return read
        if len(part.records) > _MOST_RECORDS:
            return None
        read.append(part.incomplete)
        for record in part.records:
            read.append(record.missing)
            read += [record.facts.get(path) for path in self._plan.fields]
        return read

    def findings(self, read: list[object], target: str) -> list[Finding] | None:
        """Return the findings of a target, by its quoted id, None if they are not known yet."""
        known = self._known.get(tuple(map(id, read)))
        if known is None:
            return None
        self._of_use = True
        check = self._plan.check.id
        return [Finding(outcome, of(check, target, identity)) for outcome, identity in known[1]]

    def keep(self, read: list[object], answer: _Answer) -> None:
        """Remember what a target came to: outcomes, and what tells each from others."""
        if len(self._known) >= _KEPT:
            self._known.clear()
            self._off, self._of_use = not self._of_use, False
        self._known[tuple(map(id, read))] = (read, answer)
