"""What a VMM holds open and finds in its /dev, and whether its configuration says why.

A descriptor outlives every namespace, root and label put around it later: a folder of the host's
among them is a way out. Sources: proc(5) (fd, fdinfo), open(2), QEMU's `-add-fd`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.model import FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.devices import Place, note_devices
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.probes.kernel.sources import may_hang
from isoaudit.probes.vmm.places import resolved
from isoaudit.probes.vmm.told import Told
from isoaudit.transports.base import Descriptors, Unreadable

MOST = 4096
_MOST_PATHS = 1024  # on a command line, whose links are followed
_DELETED = " (deleted)"
_DEVICES = re.compile(
    r"/dev/(?:kvm|net/tun|tap\d+|vhost-(?:net|vsock|scsi|vdpa-\d+)|vfio/.+|null|zero|full|u?random"
    r"|hwrng|ptmx|pts/\d+|tty|sev|sgx_vepc|tdx_guest|userfaultfd|udmabuf|iommu|dri/.+|mapper/control"
    r"|hugepages.*|shm/.*|mshv)"
)
"""Device nodes that a VMM opens for what it is: KVM, its cards, its terminals, its memory."""

_MEMORY = ("/memfd:", "/dev/zero", "/dev/shm/", "/dev/hugepages", "/SYSV", "/anon_hugepage")  # noqa: S108
_PID_FILE = re.compile(r"(?:/var)?/run/(?:user/\d+/)?libvirt/.+\.pid")
"""libvirt locks it and lets QEMU hold the lock."""

_NUMBERS = re.compile(r"(?:^|[,\"{ ])(?:fds?|vhostfds?)\"?[=:]\s*\"?(\d+(?::\d+)*)")
_CHAINED = re.compile(r"qcow|qed|vmdk|vhdx|vdi|vpc")
_KINDS = {"directory": "directory", "block": "device", "character": "device", "file": "file",
          "socket": "socket", "fifo": "pipe"}  # fmt: skip


def descriptor_facts(
    machine: Machine, pid: int, held: Descriptors, table: Table | Unreadable, words: Sequence[str]
) -> FactSet:
    """Return the part vmm_descriptor: what of its open files and devices nothing explains.

    Pipes, sockets, memory and what KVM made are none. A file may be the one below an image, which
    only the image names: where there are such images it is left open whether it is explained.
    """
    told = _Explained(words)
    records = []
    for number, link in held["links"].items():
        if number in held["mounts"] and not told.explains(number, link):
            one = _Held(machine, pid, number, link, held)
            if not _is_linked_to(one, table, told):
                records.append(_record(one, table, told))
    notes = Notes(Vantage.KERNEL)
    detail = f"it holds more than {MOST} descriptors"
    cut = Missing("vmm_descriptor", Reason.LIMIT, detail, "", Vantage.KERNEL)
    notes.part("vmm_descriptor", records, None if held["complete"] else cut)
    return notes.factset()


class _Explained:
    """What a command line says of files: paths, and the numbers of descriptors handed over."""

    def __init__(self, words: Sequence[str]) -> None:
        self.numbers = {number for word in words for found in _NUMBERS.findall(word)
                        for number in found.split(":")}  # fmt: skip
        self._paths = Told(words)
        self._led_to: set[str] | None = None
        images = [word for word in words if word.startswith(("file=", "{")) or ",file=" in word]
        self.chained = any(_CHAINED.search(word) for word in words) or any(
            "format=" not in word and "driver" not in word for word in images
        )

    def led_to(self, machine: Machine, table: Table, pid: int) -> set[str]:
        """Return what the named paths lead to, looked at once."""
        if self._led_to is None:
            self._led_to = set()
            for path in self._paths.absolute[:_MOST_PATHS]:
                with contextlib.suppress(Unreadable):
                    self._led_to.add(resolved(machine, table, pid, path))
        return self._led_to

    def explains(self, number: str, link: str) -> bool:
        """Say whether the words, or what any VMM needs, explain a descriptor."""
        path = link.removesuffix(_DELETED)
        if number in {"0", "1", "2"} or number in self.numbers:
            return True
        if _DEVICES.fullmatch(path) or path.startswith(_MEMORY) or _PID_FILE.fullmatch(path):
            return True
        return self._paths.names(path)


class _Held(NamedTuple):
    """One open descriptor of a VMM."""

    machine: Machine
    pid: int
    number: str
    link: str
    all: Descriptors


def _is_linked_to(one: _Held, table: Table | Unreadable, told: _Explained) -> bool:
    """Say whether a file or device is what a named path leads to: /dev/vg/disk is /dev/dm-1.

    A folder is never explained by where a link leads.
    """
    if isinstance(table, Unreadable):
        return False
    try:
        kind = _kind(one, table)
    except Unreadable:
        return False
    return kind in {"file", "device"} and one.link in told.led_to(one.machine, table, one.pid)


def _record(one: _Held, table: Table | Unreadable, told: _Explained) -> Record:
    notes = Notes(Vantage.KERNEL)
    source = f"/proc/{one.pid}/fd/{one.number}"
    notes.fact("vmm_descriptor.path", one.link, source)
    kind = ""
    try:
        kind = _kind(one, table)
        notes.fact("vmm_descriptor.kind", kind, f"stat {source}")
    except Unreadable as error:
        notes.lacks(error.missing("vmm_descriptor.kind", Vantage.KERNEL))
    if kind == "file" and told.chained:
        detail = "an image may lie on it, which only that image says"
        notes.missing("vmm_descriptor.explained", Reason.NOT_SUPPORTED, detail,
                      "Look with `qemu-img info --backing-chain`.")  # fmt: skip
    else:
        notes.fact("vmm_descriptor.explained", False, f"{source}, /proc/{one.pid}/cmdline")
    return notes.record()


def _kind(one: _Held, table: Table | Unreadable) -> str:
    """Return what a descriptor leads to, asked of the descriptor itself; raises Unreadable.

    Not where the file system may never answer.
    """
    mount = one.all["mounts"][one.number]
    known = None if isinstance(table, Unreadable) else table.by_id(mount)
    known = known or one.machine.mounts.by_id(mount)
    if known is None or may_hang(known):
        raise Unreadable(Reason.NOT_SUPPORTED, "its file system is not known, or may never answer")
    return _KINDS.get(one.machine.files.stat(f"/proc/{one.pid}/fd/{one.number}")["type"], "other")


def device_facts(machine: Machine, pid: int, table: Table | Unreadable) -> FactSet:
    """Return `vmm.devices`: the nodes in its /dev by the host's names, `/dev` alone for all."""
    found = Notes(Vantage.KERNEL)
    note_devices(found, Place(machine, pid, table), {}, None, nodes_can_be_made=False)
    facts, path = found.factset(), "vmm.devices"
    notes = Notes(Vantage.KERNEL)
    for part in facts.parts.get("device", ()):
        names = {str(record.facts["device.path"].value) for record in part.records}
        notes.fact(path, sorted(names), f"/proc/{pid}/root/dev")
        if part.incomplete is not None:
            notes.lacks(part.incomplete._replace(path=path))
    for entry in facts.missing.get("device", ()):
        notes.lacks(entry._replace(path=path))
    return notes.factset()
