"""Open descriptors of a sandbox that lead outside its own mounts.

What was opened before a process was shut in stays open: a folder of the host's is a way out
(CVE-2024-21626), whatever the mount table says. The kernel tells on which mount a descriptor's
file lies (fdinfo mnt_id, proc(5)); one that no table of the sandbox lists lies outside. Nothing is
opened, and nothing outside the host's own local file systems is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Mount, renumbered
from isoaudit.probes.kernel.process import Seen
from isoaudit.probes.kernel.sources import may_hang
from isoaudit.transports import Unreadable

_MOST = 4096
"""Descriptors of one process that are looked at; a busy server holds some thousands."""

_MOST_TOGETHER = 100_000
"""Descriptors of one sandbox that are looked at."""

_MOST_TABLES = 8
"""Mount namespaces of one sandbox whose tables are read."""

_KINDS = {"directory": "directory", "block": "device", "character": "device", "file": "file"}


def note_descriptors(
    notes: Notes, machine: Machine, mounts: frozenset[str], processes: Iterable[Seen]
) -> None:
    """Note the part descriptor: the descriptors that lead outside.

    `mounts` are the numbers of the first process's mounts, none if its table cannot be read.
    """
    if not mounts:
        detail = "its mount table cannot be read"
        notes.missing("descriptor", Reason.PERMISSION_DENIED, detail, "Run isoaudit as root.")
        return
    reader = _Reader(machine, mounts)
    for seen in processes:
        try:
            reader.read(seen)
        except Unreadable as error:
            if error.reason is not Reason.VANISHED and not error.absent:
                reader.incomplete = error.missing("descriptor", Vantage.KERNEL)
    notes.part("descriptor", reader.records, reader.incomplete)


class _Reader:
    """Gathers the records of one sandbox, reading each of its mount namespaces once."""

    def __init__(self, machine: Machine, mounts: frozenset[str]) -> None:
        self._machine = machine
        self._first = mounts
        self._tables: dict[object, frozenset[str]] = {}
        self.records: list[Record] = []
        self._left = _MOST_TOGETHER
        self.incomplete: Missing | None = None

    def read(self, seen: Seen) -> None:
        """Add what a process holds open outside; raises Unreadable."""
        if self._left <= 0:
            self._stop(f"its processes have more than {_MOST_TOGETHER} open descriptors")
            return
        found = self._machine.files.descriptors(seen.pid, _MOST)
        self._left -= len(found["links"])
        if not found["complete"]:
            self._stop(f"process {seen.pid} has more than {_MOST} open descriptors")
        mounts = found["mounts"]
        if not mounts:
            return
        inside = self._mount_ids(seen)
        for number, mount in mounts.items():
            if mount == "":
                self._stop(f"/proc/{seen.pid}/fdinfo/{number} names no mount")
            elif mount not in inside:
                self.records.append(self._record(seen, number, found["links"][number], mount))

    def _stop(self, detail: str) -> None:
        self.incomplete = Missing("descriptor", Reason.LIMIT, detail, "", Vantage.KERNEL)

    def _mount_ids(self, seen: Seen) -> frozenset[str]:
        link = seen.links["mnt"]
        key = link if isinstance(link, str) else seen.pid
        known = self._tables.get(key)
        if known is None:
            known = self._tables[key] = self._read_ids(seen)
        return known

    def _read_ids(self, seen: Seen) -> frozenset[str]:
        if not self._tables:
            return self._first
        if len(self._tables) >= _MOST_TABLES:
            raise Unreadable(Reason.LIMIT, f"more than {_MOST_TABLES} mount namespaces in it")
        text = self._machine.files.read_text(f"{seen.folder}/mountinfo", TABLE_LIMIT)
        return renumbered(text)[1]

    def _record(self, seen: Seen, number: str, link: str, mount: str) -> Record:
        notes = Notes(Vantage.KERNEL)
        source = f"/proc/{seen.pid}/fd/{number}, fdinfo mnt_id {mount}"
        notes.fact("descriptor.process", seen.status.get("Name", ""), f"/proc/{seen.pid}/status")
        notes.fact("descriptor.path", link, source)
        try:
            ours = self._machine.mounts.by_id(mount)
        except Unreadable as error:
            notes.lacks(error.missing("descriptor.of_host", Vantage.KERNEL))
            return notes.record()
        if ours is None and link.startswith("/"):
            # A bind that was taken away while it was open may still show the host's files.
            detail = f"{link}: its mount is in no table that was read, or was taken away"
            notes.missing("descriptor.of_host", Reason.NOT_SUPPORTED, detail)
        else:
            notes.fact("descriptor.of_host", ours is not None, f"{source}, host mount table")
        self._note_kind(notes, link, ours)
        return notes.record()

    def _note_kind(self, notes: Notes, link: str, ours: Mount | None) -> None:
        """Note what a file of the host is; of what lies elsewhere the name alone is known."""
        path = "descriptor.kind"
        if ours is None or may_hang(ours) or link.endswith(" (deleted)"):
            detail = f"{link}: not on a local file system of the host, and not looked into"
            notes.missing(path, Reason.NOT_SUPPORTED, detail)
            return
        try:
            kind = self._machine.stat(link)["type"]
        except Unreadable as error:
            notes.lacks(error.missing(path, Vantage.KERNEL))
            return
        notes.fact(path, _KINDS.get(kind, "other"), f"stat {link}")
