"""Which guests of a run share an identity: a machine id, a UUID, or an SSH host key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from isoaudit.model import Fact, FactSet, Missing, Reason, Vantage

_FACT = "guest.identity.shared_with"
_IDS = ("guest.machine_id", "guest.uuid", "guest.connection.fingerprint")


def shared_identity(guests: Mapping[str, FactSet]) -> dict[str, FactSet]:
    """Return for each guest, by the id of its target, with which others it shares an identity.

    One machine that is two targets must be given once. Of a single guest nothing is concluded.
    """
    holders: defaultdict[str, set[str]] = defaultdict(set)
    marks = {target: set(_marks(facts)) for target, facts in guests.items()}
    told = {target for target, found in marks.items() if found}
    for target, found in marks.items():
        for mark in found:
            holders[mark].add(target)
    return {target: _compared(target, marks[target], holders, len(told)) for target in guests}


def _marks(facts: FactSet) -> Iterator[str]:
    for path in _IDS:
        for fact in facts.facts.get(path, ()):
            yield _mark(path, str(fact.value))
    for part in facts.parts.get("guest_host_key", ()):
        for record in part.records:
            key = record.facts.get("guest_host_key.fingerprint")
            if key is not None:
                yield _mark("guest.connection.fingerprint", str(key.value))


def _mark(path: str, value: str) -> str:
    return f"{path} {value}"


def _compared(target: str, marks: set[str], holders: Mapping[str, set[str]], told: int) -> FactSet:
    if not marks or told < 2:
        why = "it told nothing to compare" if not marks else "no other guest was asked in this run"
        return FactSet.of(missing=[
            Missing(_FACT, Reason.NOT_SUPPORTED, why, "Scan the guests together.", Vantage.GUEST)
        ])  # fmt: skip
    others = sorted({one for mark in marks for one in holders[mark]} - {target})
    source = f"machine id, UUID and host keys of {told} guests"
    return FactSet.of([Fact(_FACT, tuple(others), source, Vantage.GUEST)])
