"""Facts of disks, CD-ROMs and floppies, and which of them are whole disks of the host."""

from __future__ import annotations

import re

from isoaudit.model import Reason, Record
from isoaudit.probes.disk_names import whole_disk
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_BUS = {"hd": "ide", "sd": "scsi", "vd": "virtio", "xvd": "xen", "ubd": "uml", "fd": "fdc"}
_SOURCE = {"file": "file", "block": "dev", "dir": "dir", "vhostuser": "path", "network": "name"}


def read_disks(domain: Spot, writer: Writer) -> None:
    """Note the part `disk`, one record per drive."""
    spots = domain.children("devices/disk")
    writer.notes.part("disk", [_disk(spot, writer.new()) for spot in spots])


def _disk(disk: Spot, writer: Writer) -> Record:
    target = disk.child("target")
    device = disk.get("device") or "disk"
    name = target.get("dev") if target else ""
    writer.fact("disk.target", name, target or disk, "dev")
    writer.fact("disk.device", device, disk, "device")
    if bus := disk_bus(disk):
        said = target is not None and target.get("bus")
        why = "" if said else f"{LIBVIRT_DEFAULT} for the name"
        writer.fact("disk.bus", bus, target or disk, "bus", why)
    _read_source(disk, writer)
    driver = disk.child("driver")
    writer.fact("disk.format", driver.get("type") if driver else "", driver or disk, "type")
    read_only = disk.child("readonly")
    if device == "cdrom" and read_only is None:
        writer.fact("disk.read_only", True, disk, "", LIBVIRT_DEFAULT)
    else:
        writer.fact("disk.read_only", read_only is not None, read_only or disk)
    shareable = disk.child("shareable")
    writer.fact("disk.shareable", shareable is not None, shareable or disk)
    policy = driver.get("error_policy") if driver else ""
    writer.fact("disk.error_policy", policy, driver or disk, "error_policy" if policy else "")
    tuning = _limit(disk)
    writer.fact("disk.limited", tuning is not None, tuning or disk)
    raw = device == "lun" or disk.get("rawio") == "yes" or disk.get("sgio") == "unfiltered"
    writer.fact("disk.raw_scsi", raw, disk)
    return writer.record()


def read_disk_limits(domain: Spot, writer: Writer) -> None:
    """Note whether every disk's throughput is limited, each by itself or all together."""
    path = "vm.disk_io_limited"
    whole = next((s for s in domain.children("blkiotune/device") if _throttles(s)), None)
    free = [disk for disk in domain.children("devices/disk") if _limit(disk) is None]
    if whole is None or not free:
        writer.fact(path, not free, free[0] if free else domain)
    else:
        writer.missing(path, Reason.NOT_DECLARED, "limits of host devices may hold for it",
                       "Give every <disk> an <iotune>.")  # fmt: skip


def _limit(disk: Spot) -> Spot | None:
    """Return the place that limits a disk, None if nothing does."""
    tuning = disk.child("iotune")
    group = disk.child("throttlefilters")
    return group or (tuning if tuning is not None and _throttles(tuning) else None)


def _throttles(tuning: Spot) -> bool:
    return any(
        child.name.endswith(("_sec", "_max")) and child.text.strip() not in {"", "0"}
        for child in tuning.element.children
    )


def disk_bus(disk: Spot) -> str:
    """Return the bus a drive hangs on, as libvirt guesses it from the name where it is not said."""
    target = disk.child("target")
    if target is None or target.get("bus"):
        return target.get("bus") if target else ""
    if disk.get("device") == "floppy":
        return "fdc"
    match = re.match(r"xvd|ubd|[hsvf]d", target.get("dev"))
    return _BUS[match[0]] if match else ""


def _read_source(disk: Spot, writer: Writer) -> None:
    """Note where the medium comes from; without one there is no source and nothing encrypted."""
    kind = disk.get("type") or "file"
    source = disk.child("source")
    attribute = _SOURCE.get(kind, "")
    name = source_name(kind, source) if source else ""
    if source is None or not name:
        writer.fact("disk.source_type", "none", disk, "", "no medium")
        writer.fact("disk.whole_host_disk", False, disk, "", "no medium")
        writer.fact("disk.backing_files", (), disk, "", "no medium")
        writer.fact("disk.backing_formats", (), disk, "", "no medium")
        return
    writer.fact("disk.source_type", kind, disk, "type")
    writer.fact("disk.source", name, source, attribute)
    secret = disk.child("encryption") or source.child("encryption")
    writer.fact("disk.encrypted", secret is not None, secret or source)
    whole = whole_disk(name) if kind in {"file", "block"} else kind == "nvme"
    if whole is None or kind == "volume":
        writer.missing("disk.whole_host_disk", Reason.NOT_DECLARED,
                       f"{source.path} does not say what it is on the host",
                       "Look at it with lsblk on the host.")  # fmt: skip
    else:
        writer.fact("disk.whole_host_disk", whole, source, attribute)
    if disk.child("backingStore") is None and disk.value("driver", "type") != "raw":
        for path in ("disk.backing_files", "disk.backing_formats"):
            writer.missing(path, Reason.NOT_DECLARED,
                           "without <backingStore> the header of the image names what is below it",
                           "Scan the running VM, or end it with <backingStore/>.")  # fmt: skip
        return
    chain = _backing(disk)
    writer.fact("disk.backing_files", [name for name, _ in chain], disk)
    writer.fact("disk.backing_formats", [form for _, form in chain], disk)


def source_name(kind: str, source: Spot) -> str:
    """Return what a source names, as a path or as `protocol:name`; "" if it names nothing."""
    if kind == "network":
        return f"{source.get('protocol')}:{source.get('name')}"
    if kind == "volume":
        return f"{source.get('pool')}/{source.get('volume')}"
    if kind == "nvme":
        return f"nvme:{source.get('namespace')}"
    return source.get(_SOURCE.get(kind, "file"))


def _backing(disk: Spot) -> list[tuple[str, str]]:
    """Return files and formats of the backing chain as far as the XML tells it."""
    chain: list[tuple[str, str]] = []
    store = disk.child("backingStore")
    while store is not None:
        source = store.child("source")
        name = source_name(store.get("type") or "file", source) if source else ""
        if name:
            chain.append((name, store.value("format", "type") or "unstated"))
        store = store.child("backingStore")
    return chain
