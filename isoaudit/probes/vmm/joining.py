"""Joins what a domain's XML says of its hardware with what its QEMU was started with.

The command line shows what libvirt was told to pass on unseen; the live XML shows what was plugged
in later, and what libvirt alone knows, as network filters. So the hardware of a running domain is
that of the XML and whatever is on the command line besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from isoaudit.model import Fact, FactSet, Part, Record, Vantage
from isoaudit.probes.vmm.devices import PARTS

_DEVICES = "vm.devices"
_LINKS = {"user": "user", "vhostuser": "vhostuser", "vdpa": "vdpa", "mcast": "socket",
          "server": "socket", "client": "socket", "udp": "socket"}  # fmt: skip
_REMOVABLE = frozenset({"cdrom", "floppy"})
_NUMBERED = frozenset({"serial", "parallel", "channel"})
"""Ports that both sides name alike; of others only their number counts."""

Key = tuple[object, ...]


def joined(declared: FactSet, running: FactSet) -> FactSet:
    """Return what is known of the process, its hardware joined with that of the live XML."""
    if not running.facts and not running.parts:
        return running  # it is off, or not seen
    parts = dict(running.parts)
    for name in PARTS:
        known, seen = declared.part(name, Vantage.ENGINE), running.part(name, Vantage.VMM)
        if known is not None and seen is not None:
            parts[name] = (_joined(known, seen),)
    return replace(running, parts=parts).merge(_models(declared, running))


def _joined(known: Part, seen: Part) -> Part:
    """Return the records of the XML and those of the command line that none of them stands for."""
    told = Counter(_key(known.name, record) for record in known.records)
    hidden = []
    for record in seen.records:
        key = _key(known.name, record)
        if told[key] > 0:
            told[key] -= 1
        else:
            hidden.append(record)
    incomplete = seen.incomplete or known.incomplete
    return Part(known.name, Vantage.VMM, (*known.records, *hidden), incomplete)


def _key(part: str, record: Record) -> Key:
    """Return what a record must have in common with one of the other side."""

    def field(name: str) -> object:
        fact = record.facts.get(f"{part}.{name}")
        return fact.value if fact else None

    return _KEYS[part](field)


def _interface(field: Callable[[str], object]) -> Key:
    kind, model = str(field("type")), str(field("model"))
    if kind == "client" and "passt" in str(field("source")):
        kind = "user"  # how libvirt starts it
    model = "virtio" if model.startswith("virtio") else model
    return (_LINKS.get(kind, "tap"), model)


def _disk(field: Callable[[str], object]) -> Key:
    """Compare by the medium; one that can be changed or is no file by its bus alone."""
    if field("device") in _REMOVABLE or field("source_type") not in {"file", "block"}:
        return (field("bus"), field("device"))
    return (field("bus"), field("source"))


def _port(field: Callable[[str], object]) -> Key:
    role = field("role")
    return (role, field("name") if role in _NUMBERED else "")


def _host_device(field: Callable[[str], object]) -> Key:
    """USB devices are named by maker or by place, one each on the two sides."""
    kind = field("type")
    return (kind, "" if kind == "usb" else field("address"))


_KEYS: dict[str, Callable[[Callable[[str], object]], Key]] = {
    "interface": _interface,
    "disk": _disk,
    "share": lambda field: (field("target"),),
    "host_device": _host_device,
    "shared_memory": lambda field: (field("name"),),
    "character_device": _port,
}


def _models(declared: FactSet, running: FactSet) -> FactSet:
    """Return the device models of both sides, in the name of the running process."""
    known = _of(declared.facts.get(_DEVICES, ()), Vantage.ENGINE)
    seen = _of(running.facts.get(_DEVICES, ()), Vantage.VMM)
    if known is None or seen is None:
        return FactSet()
    names = sorted({*_words(known), *_words(seen)})
    source = f"{seen.source}, {known.source}"
    return FactSet.of([Fact(_DEVICES, tuple(names), source, Vantage.VMM)])


def _of(several: Iterable[Fact], vantage: Vantage) -> Fact | None:
    return next((fact for fact in several if fact.vantage is vantage), None)


def _words(fact: Fact) -> tuple[str, ...]:
    return fact.value if isinstance(fact.value, tuple) else ()
