"""Which devices a guest has bound, and which drivers it could bind: whether it is ready for others.

Sources: sysfs ABI of the virtio and PCI buses, modules.dep(5), kernel.org kbuild (modules.builtin).
"""

from __future__ import annotations

import re

from isoaudit.model import Record
from isoaudit.probes.guest.answers import Pages
from isoaudit.probes.guest.notes import Guest, record
from isoaudit.transports.base import Unreadable

_DRIVERS = "/sys/bus/virtio/drivers"
_NAMES = {
    "virtio_net": "virtio_net",
    "virtio_blk": "virtio_blk",
    "virtio_scsi": "virtio_scsi",
    "virtio_gpu": "virtio_gpu",
    "virtio_rng": "virtio_rng",
    "virtio_balloon": "virtio_balloon",
    "virtio_console": "virtio_console",
    "virtio_input": "virtio_input",
    "virtiofs": "virtiofs",
    "9p": "9p",
    "vmw_vsock_virtio_transport": "vsock",
}
"""Drivers by their modules' names, dashes as underscores, with the names that facts have."""

_MODULE = re.compile(r"/([^/]+?)\.ko")
_LINK = re.compile(r"/sys/bus/(virtio|pci)/devices/([^/]+)/driver -> \S*?([^/\s]+)$")
_DEVICE = re.compile(r"/sys/bus/(virtio|pci)/devices/([^/]+)/device")


def note_devices(guest: Guest) -> None:
    """Note devices with the drivers bound to them, and the drivers that are there to be bound."""
    paths = ("guest_device", "guest.drivers.available", "guest.drivers.unavailable")
    with guest.missing_if_unreadable(*paths):
        seen = guest.pages("drivers")
        with guest.missing_if_unreadable(paths[0]):
            guest.part("guest_device", _devices(seen))
        _note_drivers(guest, seen)


def _devices(seen: Pages) -> list[Record]:
    """Return a record for every device; raises Unreadable if no bus was shown."""
    links: dict[tuple[str, str], str] = {}
    for line in seen.listed("links"):
        found = _LINK.search(line)
        if found:
            links[found[1], found[2]] = found[3]
    records: list[Record] = []
    for path, page in seen.files.items():
        at = _DEVICE.fullmatch(path)
        if at is None or page.word != "ok":
            continue
        vendor = seen.files.get(path.removesuffix("/device") + "/vendor")
        words = [*(vendor.lines[:1] if vendor and at[1] == "pci" else []), *page.lines[:1]]
        kind = ":".join(word.strip().removeprefix("0x") for word in words)
        records.append(
            record(
                "guest_device",
                path,
                bus=at[1],
                address=at[2][:64],
                id=kind[:64],
                driver=links.get((at[1], at[2]), "")[:64],
            )
        )
    if not records and seen.is_there(_DRIVERS) is not True:
        seen.file(_DRIVERS).text()
    return records


def _note_drivers(guest: Guest, seen: Pages) -> None:
    """Note the drivers that are there, and those that provably are not."""
    there = dict.fromkeys(_loaded(seen), "loaded")
    indexes = [
        page
        for path, page in seen.files.items()
        if path.endswith(("/modules.dep", "/modules.builtin")) and page.word == "ok"
    ]
    for page in indexes:
        found = _MODULE.findall("\n".join(page.lines))
        for module in found:
            name = _NAMES.get(module.replace("-", "_"))
            if name:
                there.setdefault(name, page.rest)
    if not indexes and not any(seen.is_there(path) for path in (_DRIVERS, "/proc/filesystems")):
        seen.file(_DRIVERS).text()
    source = "; ".join(f"{name}: {where}" for name, where in sorted(there.items()))
    guest.notes.fact("guest.drivers.available", sorted(there), source or "none seen")
    endings = {page.rest.rpartition("/")[2] for page in indexes if page.lines}
    if endings != {"modules.dep", "modules.builtin"}:
        guest.unknown(
            "guest.drivers.unavailable",
            "the running kernel's lists of modules are not in the guest: others may be built in",
        )
        return
    without = sorted(set(_NAMES.values()) - set(there))
    guest.notes.fact(
        "guest.drivers.unavailable", without, "modules.dep and modules.builtin of the kernel"
    )


def _loaded(seen: Pages) -> list[str]:
    """Return the drivers that the kernel has now; what cannot be read adds none."""
    names: list[str] = []
    for path in (_DRIVERS, "/proc/filesystems"):
        try:
            lines = seen.listed(path)
        except Unreadable:
            continue
        names += [line.split()[-1] for line in lines if line.split()]
    return [_NAMES[name] for name in names if name in _NAMES]
