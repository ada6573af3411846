"""Turns what was read of a command in a script into what the script itself declares.

A mark (`line.MARK`) in a value means that the value is filled in when the script runs. In a record
with a mark only those fields are kept that stand in the command in so many words: what was
concluded from the others was concluded from a mark.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.model import (
    Fact,
    FactSet,
    Location,
    Missing,
    Part,
    Reason,
    Record,
    Value,
    Vantage,
)
from isoaudit.probes.vmm.line import MARK

_WHY = "a variable decides when the script runs"
_HOW = "Scan the running VM."
_VERBATIM = frozenset({
    "disk.target", "disk.device", "disk.bus", "disk.format", "disk.read_only", "interface.type",
    "interface.model", "share.driver", "share.target", "share.read_only", "host_device.type",
    "character_device.role", "character_device.name", "character_device.backend",
    "boot_file.role", "monitor.kind", "monitor.backend",
})  # fmt: skip


def settled(found: FactSet, where: Location, open_ended: frozenset[str]) -> FactSet:
    """Return facts as declared at a place, without what marks leave open.

    `open_ended` names the parts, and `vm.devices`, of which there may be more than was read.
    """
    facts: list[Fact] = []
    missing = [_open(path, Vantage.KERNEL) for path in open_ended if "." in path]
    missing += [entry for several in found.missing.values() for entry in several]
    for path, several in found.facts.items():
        fact = several[0]
        if isinstance(fact.value, tuple):
            kept = tuple(word for word in fact.value if MARK not in word)
            facts.append(_declared(fact._replace(value=kept), where))
            if len(kept) < len(fact.value):
                missing.append(_open(path, Vantage.KERNEL))
        elif _is_marked(fact.value):
            missing.append(_open(path))
        else:
            facts.append(_declared(fact, where))
    parts = [_part(several[0], where, open_ended) for several in found.parts.values()]
    return FactSet.of(facts, parts, missing)


def _part(part: Part, where: Location, open_ended: frozenset[str]) -> Part:
    records = tuple(_record(record, where) for record in part.records)
    incomplete = part.incomplete
    if incomplete is None and part.name in open_ended:
        incomplete = _open(part.name)
    return Part(part.name, Vantage.DECLARED, records, incomplete)


def _record(record: Record, where: Location) -> Record:
    marked = any(_is_marked(fact.value) for fact in record.facts.values())
    kept = list(_kept(record, where, marked))
    lost = set(record.facts) - {fact.path for fact in kept}
    missing = [entry._replace(vantage=Vantage.DECLARED) for entry in record.missing.values()]
    return Record.of(kept, [*missing, *(_open(path) for path in sorted(lost))])


def _kept(record: Record, where: Location, marked: bool) -> Iterator[Fact]:
    for path, fact in record.facts.items():
        if not marked or (path in _VERBATIM and not _is_marked(fact.value)):
            yield _declared(fact, where)


def _declared(fact: Fact, where: Location) -> Fact:
    return Fact(fact.path, fact.value, fact.source, Vantage.DECLARED, where)


def _is_marked(value: Value) -> bool:
    if isinstance(value, tuple):
        return any(MARK in word for word in value)
    return isinstance(value, str) and MARK in value


def _open(path: str, vantage: Vantage = Vantage.DECLARED) -> Missing:
    return Missing(path, Reason.NOT_DECLARED, _WHY, _HOW, vantage)
