"""Reads of a VM what its disks and its process show: sizes by the files, memory by the VMM.

Source of the header: docs/interop/qcow2.txt of QEMU. Files are opened to be read, without following
a last link, and of each 32 bytes are read.
"""

from __future__ import annotations

import os
import stat
import struct

from isoaudit.audit.comparing import memory
from isoaudit.audit.comparing.measures import Measure, Measures, tried
from isoaudit.model import Fact, TargetResult

_MAGIC = b"QFI\xfb"
_HEADER = 32
_BLOCK = 512


def of_machine(result: TargetResult) -> Measures:
    """Return what is known of a VM."""
    here = is_live(result)
    pid = _value(result, "vmm.pid")
    guest = _value(result, "guest.kernel.release")
    found = Measures(
        kernel=str(guest or ""),
        system=" ".join(str(one) for one in (_value(result, "guest.os.pretty_name"),
                                             _value(result, "vm.architecture")) if one),
        digest=_template(result),
    )  # fmt: skip
    if here and isinstance(pid, int):
        found = found._replace(memory=tried(lambda: memory.of_process(pid)))
    disks = _disks(result) if here else None
    if disks is None:
        return found
    sizes, used = [size for size, _ in disks], [taken for _, taken in disks]
    by = f"{len(disks)} disk files"
    return found._replace(
        disk_size=Measure(sum(sizes), by) if disks else Measure(0, "no disk"),
        disk_used=Measure(sum(used), by) if disks else Measure(0, "no disk"),
    )


def engine_of(result: TargetResult) -> str:
    """Return which kind of engine a target was found at: docker, podman, libvirt …"""
    return result.target.id.partition(":")[0].partition("+")[0]


def is_live(result: TargetResult) -> bool:
    """Say whether a target runs here now: what a bundle holds ran once, and somewhere."""
    return result.target.host is not None and bool(result.target.handle)


def _disks(result: TargetResult) -> list[tuple[int, int]] | None:
    """Return the size that each disk file shows its guest and what it takes, None if unread."""
    found: list[tuple[int, int]] = []
    for part in result.facts.parts.get("disk", ())[:1]:
        for record in part.records:
            source, kind = record.facts.get("disk.source"), record.facts.get("disk.source_type")
            if source is None or kind is None or kind.value != "file":
                continue
            try:
                found.append(_file(str(source.value)))
            except OSError:
                return None
    return found


def _file(path: str) -> tuple[int, int]:
    """Return a disk image's virtual size and the bytes that it takes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError("no regular file")
        head = os.read(descriptor, _HEADER)
    finally:
        os.close(descriptor)
    size = seen.st_size
    if head[:4] == _MAGIC and len(head) == _HEADER:
        (size,) = struct.unpack(">Q", head[24:32])
    return size, seen.st_blocks * _BLOCK


def _template(result: TargetResult) -> str:
    backing = [
        record.facts["disk.backing_files"].value
        for part in result.facts.parts.get("disk", ())[:1]
        for record in part.records
        if "disk.backing_files" in record.facts
    ]
    if not backing:
        return ""
    return "disk is off a base image" if any(backing) else "no template: its disk is its own"


def _value(result: TargetResult, path: str) -> object:
    several: tuple[Fact, ...] = result.facts.facts.get(path, ())
    return several[0].value if several else None
