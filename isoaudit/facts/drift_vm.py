"""Drift of virtual machines: what runs, what libvirt stores, and what the VMM was started with.

The stored definition is what was asked for; the live one is what runs, and the process outranks
both. Only what both sides tell is compared. What libvirt itself completes when a domain starts (CPU
features, labels, ports, addresses) differs always and is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from isoaudit.model import (
    Fact,
    FactSet,
    Missing,
    Part,
    Reason,
    Record,
    Target,
    Value,
    Vantage,
)

_OFF = frozenset({"shut off", "crashed", "no state"})
_Weaker = Callable[[Value, Value], bool]


def vm_drift(target: Target, facts: FactSet) -> FactSet:
    """Return the part `drift` of a VM that libvirt manages, or why it cannot be told.

    A VM that is off, or that libvirt keeps no definition of, has nothing to differ from.
    """
    stored = facts.fact("vm.accelerator", Vantage.DECLARED)
    persistent = facts.fact("vm.persistent", Vantage.ENGINE)
    if "drift" in facts.missing:
        return FactSet()
    if stored is None and target.state in _OFF:
        return FactSet.of(parts=[Part("drift", Vantage.ENGINE, ())])
    if stored is None and (persistent is None or persistent.value is True):
        return FactSet.of(missing=[
            Missing("drift", Reason.NOT_REQUESTED, "its stored definition is not known",
                    "Scan it by its libvirt name.", Vantage.DECLARED),
        ])  # fmt: skip
    records = [*_of_definition(facts), *_of_parts(facts), *_of_process(facts)]
    return FactSet.of(parts=[Part("drift", Vantage.ENGINE, tuple(records), _unseen(facts))])


def _unseen(facts: FactSet) -> Missing | None:
    """Return why the process could not be compared, None if it was or there is none."""
    entries = (*facts.missing.get("vm.accelerator", ()), *facts.missing.get("vmm", ()))
    dark = next((e for e in entries if e.reason is not Reason.NOT_SUPPORTED or e.vantage), None)
    return dark._replace(path="drift") if dark else None


def _lost(asked: Value, found: Value) -> bool:
    return asked is True and found is False


def _gained(asked: Value, found: Value) -> bool:
    return asked is False and found is True


def _added(asked: Value, found: Value) -> bool:
    """Say whether a list holds what was not asked for."""
    return not set(_words(found)) <= set(_words(asked))


def _unprotected(asked: Value, found: Value) -> bool:
    return asked != "none" and found == "none"


def _emulated(asked: Value, found: Value) -> bool:
    return asked != "tcg" and found == "tcg"


def _emptied(asked: Value, found: Value) -> bool:
    return asked != "" and found == ""


def _words(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


_WEAKER: dict[str, _Weaker] = {
    "vm.accelerator": _emulated,
    "vm.devices": _added,
    "vm.commandline_passthrough": _added,
    "vm.debug_stub": _gained,
    "vm.memory.shared_pages": _gained,
    "vm.secure_boot": _lost,
    "vm.launch_security.type": _unprotected,
    "vm.launch_security.debug": _gained,
    "vm.seclabel.confined": _lost,
    "disk.read_only": _lost,
    "disk.raw_scsi": _gained,
    "disk.shareable": _gained,
    "disk.encrypted": _lost,
    "disk.whole_host_disk": _gained,
    "interface.filter": _emptied,
    "interface.isolated": _lost,
    "share.read_only": _lost,
    "graphics.password_set": _lost,
    "graphics.tls_required": _lost,
    "character_device.tls": _lost,
    "boot_file.read_only": _lost,
}
"""Which differences protect less; every other one is told and is not weaker."""

_SET_AT_START = ("vm.cpu.", "vm.seclabel.", "vm.autostart", "vm.persistent", "vm.vsock_cid",
                 "vm.resource_partition", "vm.sysinfo", "vm.nvram")  # fmt: skip
"""What libvirt fills in or changes when a domain starts, and what is no part of a definition."""

_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "disk": (("target",), ("source", "bus", "read_only", "raw_scsi", "shareable", "encrypted",
                           "whole_host_disk")),
    "interface": (("type", "source", "model"), ("filter", "isolated")),
    "graphics": (("type",), ("exposure", "tls_required")),
    "share": (("target",), ("source", "driver", "access_mode", "read_only")),
    "host_device": (("type", "address"), ()),
    "character_device": (("role", "name"), ("backend", "tls")),
    "shared_memory": (("name",), ()),
    "boot_file": (("role",), ("path", "read_only")),
}  # fmt: skip
"""The fields that tell records apart whether the domain runs or not, and those to compare."""

_PROCESS = ("vm.accelerator", "vm.machine", "vm.debug_stub")


def _of_definition(facts: FactSet) -> Iterator[Record]:
    for path in facts.facts:
        if not path.startswith("vm.") or path.startswith(_SET_AT_START):
            continue
        asked, found = (facts.fact(path, v) for v in (Vantage.DECLARED, Vantage.ENGINE))
        yield from _compared(asked, found)


def _of_process(facts: FactSet) -> Iterator[Record]:
    for path in _PROCESS:
        asked, found = (facts.fact(path, v) for v in (Vantage.ENGINE, Vantage.VMM))
        yield from _compared(asked, found, vantage=Vantage.VMM)
    for name, (keys, _) in _PARTS.items():
        told, started = (facts.part(name, v) for v in (Vantage.ENGINE, Vantage.VMM))
        if told is not None and started is not None:
            yield from _unknown_to_libvirt(name, told, started, keys)


def _unknown_to_libvirt(
    name: str, told: Part, started: Part, keys: tuple[str, ...]
) -> Iterator[Record]:
    """Yield what the process alone tells of, as what a monitor plugged in past libvirt.

    The process's part holds libvirt's own records too, with libvirt's word for them; screens are
    told apart by their kind.
    """
    known = _numbered(told, name, keys)
    for key, record in _numbered(started, name, keys).items():
        fact = record.facts.get(f"{name}.{keys[0]}")
        if fact is None or fact.vantage is not Vantage.VMM or key in known:
            continue
        nothing = Fact(fact.path, "", "libvirt live XML: not there", Vantage.ENGINE)
        yield _record(nothing, fact._replace(value=_title(key)), True, _title(key), Vantage.VMM)


def _compared(
    asked: Fact | None, found: Fact | None, subject: str = "", vantage: Vantage = Vantage.ENGINE
) -> Iterator[Record]:
    if asked is None or found is None or asked.value == found.value:
        return
    weaker = _WEAKER.get(found.path)
    lesser = weaker is not None and weaker(asked.value, found.value)
    yield _record(asked, found, lesser, subject, vantage)


def _of_parts(facts: FactSet) -> Iterator[Record]:
    for name, (keys, fields) in _PARTS.items():
        asked, found = (facts.part(name, v) for v in (Vantage.DECLARED, Vantage.ENGINE))
        if asked is not None and found is not None:
            yield from _of_part(name, (asked, found), keys, fields)


def _of_part(
    name: str, both: tuple[Part, Part], keys: tuple[str, ...], fields: tuple[str, ...]
) -> Iterator[Record]:
    """Compare records of the same key; what only one side has was added, or is gone."""
    before, now = (_numbered(part, name, keys) for part in both)
    for key, record in now.items():
        known = before.get(key)
        fact = record.facts.get(f"{name}.{keys[0]}")
        if fact is not None and known is None:
            nothing = Fact(fact.path, "", "libvirt stored XML: not there", Vantage.DECLARED)
            yield _record(nothing, fact._replace(value=_title(key)), True, _title(key))
        elif known is not None:
            for field in fields:
                path = f"{name}.{field}"
                yield from _compared(known.facts.get(path), record.facts.get(path), _title(key))
    for key, record in before.items():
        fact = record.facts.get(f"{name}.{keys[0]}")
        if fact is not None and key not in now:
            gone = Fact(fact.path, "", "libvirt live XML: not there", Vantage.ENGINE)
            yield _record(fact._replace(value=_title(key)), gone, False, _title(key))


_Key = tuple[str, ...]


def _numbered(part: Part, name: str, keys: tuple[str, ...]) -> Mapping[_Key, Record]:
    """Return the records by their keys; of several alike the second has a number, and so on."""
    seen: Counter[_Key] = Counter()
    found: dict[_Key, Record] = {}
    for record in part.records:
        words = (record.facts.get(f"{name}.{key}") for key in keys)
        key = tuple(str(fact.value) if fact else "" for fact in words)
        seen[key] += 1
        found[key if seen[key] == 1 else (*key, str(seen[key]))] = record
    return found


def _title(key: _Key) -> str:
    return " ".join(word for word in key if word)


def _record(
    asked: Fact, found: Fact, weaker: bool, subject: str, vantage: Vantage = Vantage.ENGINE
) -> Record:
    both = f"{asked.source}; {found.source}"
    values: dict[str, tuple[Value, str]] = {
        "path": (found.path, both),
        "subject": (subject, found.source),
        "asked": (_shown(asked.value), asked.source),
        "found": (_shown(found.value), found.source),
        "weaker": (weaker, both),
    }
    return Record.of(
        Fact(f"drift.{name}", value, source, vantage) for name, (value, source) in values.items()
    )


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
