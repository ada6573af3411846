"""Facts of a domain's memory: how much, what backs it, who else may see it.

Source: libvirt's "Domain XML format", memory allocation, backing and tuning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isoaudit.model import Reason
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_UNITS = {
    "b": 1, "bytes": 1, "": 1024, "kb": 1000, "k": 1024, "kib": 1024, "mb": 10**6, "m": 2**20,
    "mib": 2**20, "gb": 10**9, "g": 2**30, "gib": 2**30, "tb": 10**12, "t": 2**40, "tib": 2**40,
}  # fmt: skip
_NUMBER = re.compile(r"[0-9]{1,18}")
_NO_LIMIT = 9007199254740991 * 1024  # VIR_DOMAIN_MEMORY_PARAM_UNLIMITED, in KiB
_HOW_DUMP = "Say dumpCore='off' in <memory>; qemu.conf's dump_guest_core decides for the others."


def size(spot: Spot) -> int | None:
    """Return the bytes that an element with a unit stands for, None if it cannot be read."""
    factor = _UNITS.get(spot.get("unit").lower())
    if factor is None or not _NUMBER.fullmatch(spot.text):
        return None
    return int(spot.text) * factor


def read_memory(domain: Spot, writer: Writer) -> None:
    """Note how much memory the guest has and may get, and what limits the VMM."""
    memory = domain.child("memory")
    amount = size(memory) if memory else None
    if memory and amount is not None:
        writer.fact("vm.memory.bytes", amount, memory)
    else:
        writer.missing("vm.memory.bytes", Reason.PARSE_ERROR, "no memory size that can be read")
    most = domain.child("maxMemory")
    highest = size(most) if most else amount
    if highest is not None:
        writer.fact("vm.memory.maximum", highest, most or domain)
    slots = most.get("slots", "0") if most else "0"
    if _NUMBER.fullmatch(slots):
        writer.fact("vm.memory.slots", int(slots), most or domain, "slots" if most else "")
    limit = domain.child("memtune/hard_limit")
    bound = size(limit) if limit else 0
    if bound is not None:
        writer.fact("vm.memory.hard_limit", bound if bound < _NO_LIMIT else 0, limit or domain)


def read_memory_backing(domain: Spot, writer: Writer) -> None:
    """Note what backs the memory of a QEMU guest, and whether others may map or see it."""
    backing = domain.child("memoryBacking")
    where = backing or domain
    for path, name in (("locked", "locked"), ("huge_pages", "hugepages")):
        spot = backing.child(name) if backing else None
        writer.fact(f"vm.memory.{path}", spot is not None, spot or where)
    _read_shared_pages(domain, writer)
    _read_access(domain, backing, writer)
    kind = backing.value("source", "type") if backing else ""
    why = "" if kind else LIBVIRT_DEFAULT
    writer.fact("vm.memory.source", kind or "anonymous", where, "", why)
    needs = next(_needing_shared(domain), None)
    writer.fact("vm.memory.sharing_needed", needs is not None, needs or domain)
    memory = domain.child("memory")
    dump = memory.get("dumpCore") if memory else ""
    if memory and dump:
        writer.fact("vm.dump_core", dump == "on", memory, "dumpCore")
    else:
        writer.missing("vm.dump_core", Reason.OTHER_HOST, "qemu.conf of the host decides",
                       _HOW_DUMP)  # fmt: skip


def _read_shared_pages(domain: Spot, writer: Writer) -> None:
    """Note whether KSM may merge pages; it never merges huge pages (mm/ksm.c)."""
    path = "vm.memory.shared_pages"
    if (refused := domain.child("memoryBacking/nosharepages")) is not None:
        writer.fact(path, False, refused)
        return
    huge = domain.child("memoryBacking/hugepages")
    if huge is not None and not any(page.get("nodeset") for page in huge.children("page")):
        writer.fact(path, False, huge, "", "huge pages are not merged")
        return
    writer.fact(path, True, domain, "", "libvirt's default: pages are offered for merging")


def _read_access(domain: Spot, backing: Spot | None, writer: Writer) -> None:
    """Note whether the memory is shared: as a whole, or that of one NUMA cell."""
    path = "vm.memory.access"
    cell = next((c for c in domain.children("cpu/numa/cell") if c.get("memAccess") == "shared"),
                None)  # fmt: skip
    access = backing.child("access") if backing else None
    if cell is not None:
        writer.fact(path, "shared", cell, "memAccess")
    elif access is not None and access.get("mode"):
        writer.fact(path, access.get("mode"), access, "mode")
    else:
        writer.fact(path, "private", backing or domain, "", LIBVIRT_DEFAULT)


def _needing_shared(domain: Spot) -> Iterator[Spot]:
    """Yield the devices whose backend is another process that maps the guest's memory."""
    yield from (s for s in domain.children("devices/filesystem/driver")
                if s.get("type") == "virtiofs")  # fmt: skip
    for path in ("devices/interface", "devices/disk"):
        yield from (s for s in domain.children(path) if s.get("type") == "vhostuser")
    yield from (s for s in domain.children("devices/video/driver")
                if s.get("name") == "vhostuser")  # fmt: skip
