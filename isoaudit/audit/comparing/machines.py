"""Reads of a VM what its disks and its process show: sizes by the files, memory by the VMM.

Source of the header: docs/interop/qcow2.txt of QEMU. Files are opened to be read, without following
a last link, and of each 32 bytes are read.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import NamedTuple

from isoaudit.audit.comparing import memory
from isoaudit.audit.comparing.measures import Disks, Measure, Measures, said, tried
from isoaudit.model import TargetResult, Value

_MAGIC = b"QFI\xfb"
_HEADER = 32
_BLOCK = 512


class _File(NamedTuple):
    shown: int
    taken: int
    has_base: bool


def of_machine(result: TargetResult) -> Measures:
    """Return what is known of a VM."""
    here = is_live(result)
    pid, most = first(result, "vmm.pid"), first(result, "vm.memory.bytes")
    told = (first(result, "guest.os.pretty_name"), first(result, "vm.architecture"))
    found = Measures(
        kernel=str(first(result, "guest.kernel.release") or ""),
        system=" ".join(str(one) for one in told if one) if told[0] else "",
        limit=Measure(most, "engine") if isinstance(most, int) else None,
    )
    if here and isinstance(pid, int):
        found = found._replace(
            memory=tried(lambda: memory.of_process(pid)),
            age=tried(lambda: Measure(memory.age_of(pid), "/proc")),
        )
    if not here:
        return found._replace(origin=_declared(result))
    try:
        disks = disks_of(result)
    except (OSError, ValueError) as error:
        return found._replace(no_disks=said(error), origin=_declared(result))
    return found._replace(disks=disks, origin=_template(disks))


def engine_of(result: TargetResult) -> str:
    """Return which kind of engine a target was found at: docker, podman, libvirt …"""
    return result.target.id.partition(":")[0].partition("+")[0]


def is_live(result: TargetResult) -> bool:
    """Say whether a target runs here now: what a bundle holds ran once, and somewhere."""
    return result.target.host is not None and bool(result.target.handle)


def first(result: TargetResult, path: str) -> Value | None:
    """Return the value of a target's own fact by its best vantage, None without one."""
    several = result.facts.facts.get(path, ())
    return several[0].value if several else None


def disks_of(result: TargetResult) -> Disks:
    """Return what the files of a VM's disks come to.

    Raises ValueError if not all of them are files, or if it is not known which there are, and
    OSError for one that cannot be read: a sum of some of them would be no answer.
    """
    parts = result.facts.parts.get("disk", ())
    if not parts or parts[0].incomplete is not None:
        raise ValueError("its disks are not all known")
    files = []
    for record in parts[0].records:
        values = {path: fact.value for path, fact in record.facts.items()}
        kind, source = values.get("disk.source_type"), values.get("disk.source")
        if kind == "none" or not source:
            continue  # a drive without a medium
        if kind != "file":
            raise ValueError(f"a disk is no file but of type {kind or 'unknown'}")
        files.append(_file(str(source), str(values.get("disk.format", ""))))
    return Disks(
        len(files),
        sum(one.shown for one in files),
        sum(one.taken for one in files),
        sum(one.has_base for one in files),
        sum(one.taken for one in files if one.has_base),
    )


def _file(path: str, form: str) -> _File:
    """Return a disk image's virtual size, the bytes that it takes, and whether it has a base."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError("a disk is no regular file")
        head = os.read(descriptor, _HEADER)
    finally:
        os.close(descriptor)
    taken = seen.st_blocks * _BLOCK
    # NOTE: a guest may write this header into its own raw disk: the format is as it was declared.
    if form != "qcow2" or head[:4] != _MAGIC or len(head) < _HEADER:
        return _File(seen.st_size, taken, has_base=False)
    _, _, base, _, _, shown = struct.unpack(">4sIQIIQ", head)
    return _File(shown, taken, has_base=bool(base))


def _template(disks: Disks) -> tuple[str, ...]:
    """Return what a VM's disks are made from, by the headers of their files."""
    if not disks.number:
        return ("no disk: nothing of it is kept",)
    if not disks.based:
        return ("no template: its disk is its own",)
    return ("disk over a base image",)


def _declared(result: TargetResult) -> tuple[str, ...]:
    """Return what is told of base images; that none is told of means nothing."""
    for part in result.facts.parts.get("disk", ())[:1]:
        for record in part.records:
            backing = record.facts.get("disk.backing_files")
            if backing is not None and backing.value:
                return ("disk over a base image",)
    return ()
