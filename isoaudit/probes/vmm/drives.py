"""The drives of a QEMU command line, each with the image or device of the host behind it.

Source: qemu(1), block device options; QAPI `BlockdevOptions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.model import Record
from isoaudit.probes.disk_names import whole_disk
from isoaudit.probes.vmm.argv import is_on, properties
from isoaudit.probes.vmm.defaults import added
from isoaudit.probes.vmm.line import Line, Origin, chain
from isoaudit.probes.vmm.models import drive_model, model

_DRIVES = re.compile(
    r"^(?:virtio-blk|vhost-user-blk|scsi-(?:hd|cd|block|generic)|ide-(?:hd|cd|drive)|floppy|nvme"
    r"|usb-(?:storage|uas|bot)|sd-card)"
)
_BUSES = {
    "virtio-blk": "virtio", "scsi-disk": "scsi", "scsi-cdrom": "scsi", "ide-disk": "ide",
    "ide-cdrom": "ide", "sata-disk": "sata", "sata-cdrom": "sata", "floppy": "fdc",
    "sd-card": "sd", "usb-storage": "usb", "usb-uas": "usb", "usb-bot": "usb",
}  # fmt: skip
_HOST = ("host_device", "host_cdrom")
_NETWORK = ("nbd", "rbd", "iscsi", "ssh", "http", "https", "ftp", "ftps", "gluster", "nfs",
            "sheepdog", "virtio-blk-vhost-vdpa", "blkio")  # fmt: skip
_PROTOCOL = re.compile(r"^(?!(?:file|host_device):)([a-z][a-z0-9+]*):")
_SCSI = frozenset({"scsi-block", "scsi-generic"})


class Medium(NamedTuple):
    """What a drive holds: how it is reached and by what name, in which format, "" if none is said.

    `kind` is file, block, network, vhostuser, none, or "" for one that is defined elsewhere.
    """

    kind: str
    name: str = ""
    format: str = ""
    read_only: bool = False
    encrypted: bool = False
    below: tuple[str, ...] = ()


class _Drive(NamedTuple):
    option: str
    target: str
    model: str
    kind: str
    medium: Medium
    raw: bool = False


def disks(line: Line, origin: Origin) -> list[Record]:
    """Return one record of the part `disk` per drive, QEMU's own empty ones included."""
    return [_record(drive, origin) for drive in (*_devices(line), *_short(line), *_own(line))]


def _devices(line: Line) -> Iterator[_Drive]:
    """Yield the drives of -device, each with the block node that it names."""
    media = _media(line)
    for number, device in enumerate(line.devices()):
        driver = device.get("driver", "")
        if not _DRIVES.match(driver):
            continue
        named = device.get("drive", "")
        medium = media.get(named, Medium("")) if named else Medium("none")
        if driver.startswith("vhost-user-blk"):
            medium = Medium("vhostuser", device.get("chardev", ""), "raw")
        name = model(device, line)
        kind = "cdrom" if name.endswith("-cdrom") else "floppy" if name == "floppy" else "disk"
        raw = driver in _SCSI or is_on(device.get("scsi"))
        target = device.get("id", f"{name}{number}")
        yield _Drive("-device", target, name, "lun" if driver in _SCSI else kind, medium, raw)


def _short(line: Line) -> Iterator[_Drive]:
    """Yield the drives of -drive and of the options older than that, which need no -device."""
    number = 0
    for option, value in line.all("drive", "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd"):
        asked = properties(value) if option == "drive" else {"file": value}
        if option == "cdrom" or asked.get("media") == "cdrom":
            kind, interface = "cdrom", asked.get("if", "")
        elif option in {"fda", "fdb"} or asked.get("if") == "floppy":
            kind, interface = "floppy", "floppy"
        else:
            kind, interface = "disk", "sd" if option == "sd" else asked.get("if", "")
        name = drive_model(interface, kind, line)
        if name:
            target = asked.get("id", option if option != "drive" else f"drive{number}")
            yield _Drive(f"-{option}", target, name, kind, _medium(asked, {}))
            number += 1


def _own(line: Line) -> Iterator[_Drive]:
    for role in ("cdrom", "floppy"):
        if name := added(line, role):
            yield _Drive("", role, name, role, Medium("none"))


def _media(line: Line) -> dict[str, Medium]:
    """Return what block nodes and drives without a card of their own hold, by name."""
    nodes = line.by_id("blockdev", "driver", "node-name")
    media = {name: _medium(node, nodes) for name, node in nodes.items()}
    for _, value in line.all("drive"):
        asked = properties(value)
        if "id" in asked:
            media[asked["id"]] = _medium(asked, nodes)
    return media


def _medium(node: dict[str, str], nodes: dict[str, dict[str, str]]) -> Medium:
    """Return what a block node holds: its format, and the file at the bottom of its chain."""
    below = chain(nodes, node.get("file", ""))
    last = below[-1] if below else node
    kind, name = _place(last)
    stated = [one.get("format") or one.get("driver", "") for one in (node, *below)]
    formats = [word for word in stated if word and word not in {"file", *_HOST, *_NETWORK}]
    if not formats and stated[0] and "node-name" in node:
        formats = ["raw"]  # a node without a format above it is read as it is
    backing = tuple(
        found for one in (node, *below) if (found := _backing(one, nodes)) and found != name
    )
    return Medium(
        kind,
        name,
        formats[0] if formats else "",
        is_on(node.get("read-only")) or is_on(node.get("readonly")),
        any(one.get("driver") == "luks" or "encrypt.format" in one for one in (node, *below)),
        backing,
    )


def _place(node: dict[str, str]) -> tuple[str, str]:
    """Return how the medium at the bottom of a chain is reached, and its name."""
    driver = node.get("file.driver") or node.get("driver", "")
    name = (
        node.get("filename")
        or node.get("file.filename")
        or (node.get("file", "") if "node-name" not in node else "")
    )
    if driver in _NETWORK or (found := _PROTOCOL.match(name)) is not None:
        protocol = driver if driver in _NETWORK else found[1] if found else driver
        where = node.get("export") or node.get("image") or node.get("path") or name
        return "network", f"{protocol}:{where.removeprefix(f'{protocol}:')}"
    for prefix in ("file:", "host_device:"):
        name = name.removeprefix(prefix)
    if not name:
        return ("none", "") if driver in {"", "null-co", "null-aio"} else ("", "")
    block = driver in _HOST or name.startswith("/dev/")
    return ("block" if block and not name.startswith("/dev/fdset/") else "file"), name


def _backing(node: dict[str, str], nodes: dict[str, dict[str, str]]) -> str:
    """Return the file below an overlay, as far as the command line names it."""
    named = node.get("backing", "")
    if named in nodes:
        return _place((chain(nodes, named) or [{}])[-1])[1]
    return node.get("backing.file.filename", node.get("backing.filename", ""))


def _record(drive: _Drive, origin: Origin) -> Record:
    jotter = origin.record(drive.option)
    medium = drive.medium
    why = "" if drive.option else "QEMU's default: -nodefaults is not there"
    jotter.fact("disk.target", drive.target, why)
    jotter.fact("disk.device", drive.kind, why)
    jotter.fact("disk.bus", _BUSES.get(drive.model, drive.model), why)
    jotter.fact("disk.raw_scsi", drive.raw)
    jotter.fact("disk.read_only", medium.read_only or drive.kind == "cdrom")
    if not medium.kind:
        for field in ("source_type", "source", "format", "whole_host_disk", "encrypted"):
            jotter.missing(f"disk.{field}", "its medium is defined elsewhere, or in other words")
        return jotter.record()
    jotter.fact("disk.source_type", medium.kind)
    jotter.fact("disk.backing_files", list(medium.below))
    whole = whole_disk(medium.name) if medium.kind in {"file", "block"} else False
    if whole is None:
        jotter.missing("disk.whole_host_disk", f"{medium.name[:200]} does not say what it is",
                       "Look at it with lsblk on the host.")  # fmt: skip
    else:
        jotter.fact("disk.whole_host_disk", whole)
    if medium.kind != "none":
        jotter.fact("disk.source", medium.name)
        jotter.fact("disk.format", medium.format)
        jotter.fact("disk.encrypted", medium.encrypted)
    return jotter.record()
