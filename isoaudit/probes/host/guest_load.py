"""How much memory and how many CPUs the running VMs of libvirt may use, and what the host has.

Sources: libvirt keeps the state of a running VM in /run/libvirt/qemu/NAME.xml (<domstatus> around
the domain); formatdomain document for units; proc_meminfo(5), sysfs for CPUs that are online.
"""

from __future__ import annotations

import re

from isoaudit.documents.xml import Element, load
from isoaudit.errors import DocumentError
from isoaudit.model import Missing, Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_RUNNING = "/run/libvirt/qemu"
_ONLINE = "/sys/devices/system/cpu/online"
_MEMINFO = "/proc/meminfo"
_MOST = 2_000
_LARGEST = 2**62  # a condition's integers have 64 bits
_FACTS = ("host.guests.memory_bytes", "host.guests.vcpus")
_POWERS = "kmgtpe"
_UNIT = re.compile(r"(?:bytes|b|([kmgtpe])(i?b)?)")


def note_guest_load(sheet: Sheet) -> None:
    """Note the host's memory and CPUs, and the sums of what running VMs were given."""
    sheet.note("host.memory.bytes", _MEMINFO, _total)
    sheet.note("host.cpus", _ONLINE, count)
    if sheet.known("host.libvirt.present") is None:
        for fact in _FACTS:
            detail = "whether libvirt is here is not known"
            sheet.declared.missing(fact, Reason.PERMISSION_DENIED, detail, "Run as root.")
        return
    try:
        roots = _domains(sheet)
        memory = sum(_bytes(root) for root in roots)
        vcpus = sum(_vcpus(root) for root in roots)
    except Unreadable as error:
        for fact in _FACTS:
            sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    except (DocumentError, ValueError):
        for fact in _FACTS:
            detail = f"a file in {_RUNNING} is no domain's state"
            sheet.declared.lacks(
                Missing(fact, Reason.PARSE_ERROR, detail, "", sheet.declared.vantage)
            )
        return
    if memory > _LARGEST or vcpus > _LARGEST:
        detail = f"the state of a VM in {_RUNNING} names more than a machine can have"
        for fact in _FACTS:
            sheet.declared.missing(fact, Reason.PARSE_ERROR, detail)
        return
    source = f"{_RUNNING}: {len(roots)} running VMs of libvirt"
    sheet.declared.fact(_FACTS[0], memory, source)
    sheet.declared.fact(_FACTS[1], vcpus, source)


def count(text: str) -> int:
    """Return how many CPUs a list as 0-3,8 names; raises ValueError."""
    total = 0
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def _total(text: str) -> int:
    found = re.search(r"(?m)^MemTotal:\s+(\d+) kB$", text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * 1024


def _domains(sheet: Sheet) -> list[Element]:
    """Return the domains that run; raises Unreadable, DocumentError, ValueError."""
    names = sheet.names(_RUNNING)
    if isinstance(names, Unreadable):
        raise names
    files = [f"{_RUNNING}/{name}" for name in names if name.endswith(".xml")]
    if len(files) > _MOST:
        raise Unreadable(Reason.LIMIT, f"{_RUNNING} has more than {_MOST} files")
    found: list[Element] = []
    for file in files:
        try:
            root = load(sheet.whole(file), file)
        except Unreadable as error:
            if error.absent:
                continue  # a VM that stopped since
            raise
        domain = root.find("domain")
        if domain is None:
            raise ValueError(file)
        found.append(domain)
    return found


def _bytes(domain: Element) -> int:
    memory = domain.find("memory")
    if memory is None:
        raise ValueError("memory")
    unit = _UNIT.fullmatch(memory.get("unit", "KiB").lower())
    if unit is None:
        raise ValueError(unit)
    base = 1000 if unit[2] == "b" else 1024
    power = _POWERS.index(unit[1]) + 1 if unit[1] else 0
    factor: int = base**power
    return int(memory.text) * factor


def _vcpus(domain: Element) -> int:
    vcpu = domain.find("vcpu")
    return int(vcpu.get("current") or vcpu.text) if vcpu is not None else 1
