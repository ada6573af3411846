"""Finds the VMMs of a machine through /proc, whoever started them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.kernel.census import Glimpse
from isoaudit.probes.kernel.identity import command_line
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.vmm.argv import options, value_of
from isoaudit.probes.vmm.kinds import KVM_MACHINE, has_shape, kind_of, manager_of, name_of
from isoaudit.transports.base import Unreadable

_MOST_DESCRIPTORS = 4096
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Vmm(NamedTuple):
    """One VMM: its kind, first process and words, the file it runs ("" if that is closed), the
    machine's name and UUID as it was given them, and who started it."""

    kind: str
    main: Glimpse
    words: tuple[str, ...]
    exe: str
    name: str
    uuid: str
    manager: str

    @property
    def pid(self) -> int:
        """The pid on the host."""
        return self.main.pid


class Vmms:
    """The VMMs of one machine, oldest first. Raises Unreadable on first use."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._closed = 0

    @cached_property
    def all(self) -> list[Vmm]:
        """Every VMM; processes that one forked to serve it are parts of it."""
        return self._everyone[0]

    @cached_property
    def _everyone(self) -> tuple[list[Vmm], int]:
        """The VMMs, and how many processes might be some and are closed to us."""
        found = {one.pid: vmm for one in self._machine.census.everyone.values()
                 if (vmm := self.look(one)) is not None}  # fmt: skip
        alone = [one for one in found.values() if not _is_part(one, found)]
        return sorted(alone, key=lambda one: one.main.order), self._closed

    @cached_property
    def unseen(self) -> Unreadable | None:
        """Why there may be others, None if these are all."""
        reason, remedy = Reason.PERMISSION_DENIED, "Run isoaudit as root."
        if self._machine.hides_processes:
            why = "/proc hides the processes of other users (hidepid)"
        elif not self._machine.census.has_kernel_threads:
            why = "/proc shows the processes of one PID namespace only"
            remedy = "Run isoaudit on the host, or with the host's PID namespace."
            reason = Reason.NOT_SUPPORTED
        elif closed := self._everyone[1]:
            why = f"what {closed} processes run is closed"
        else:
            return None
        return Unreadable(reason, f"{why}: VMMs and their helpers may be missing", remedy)

    def look(self, one: Glimpse) -> Vmm | None:
        """Return a process as the VMM that it is, None for any other."""
        exe = self._exe(one.pid)
        kind = kind_of(exe, ())
        if exe and not kind:
            return None
        words = command_line(self._machine, one.pid)
        kind = kind or kind_of("", words)
        if not kind or not (has_shape(kind, words) or self._holds_machine(one.pid)):
            return None
        uuid = (value_of(options(words[1:]), "uuid") or "").lower() if kind == "qemu" else ""
        uuid = uuid if _UUID.fullmatch(uuid) else ""
        return Vmm(kind, one, words, exe, name_of(kind, words), uuid, manager_of(words, uuid))

    def _exe(self, pid: int) -> str:
        try:
            return self._machine.files.read_link(f"/proc/{pid}/exe")
        except Unreadable as error:
            if pid != 1:  # the host's first process runs no guest
                self._closed += not error.absent and error.reason is not Reason.VANISHED
            return ""

    def _holds_machine(self, pid: int) -> bool:
        """Say whether a process holds a machine of KVM's."""
        try:
            held = self._machine.files.descriptors(pid, _MOST_DESCRIPTORS)
        except Unreadable:
            return False
        return KVM_MACHINE in held["links"].values()


def _is_part(one: Vmm, found: dict[int, Vmm]) -> bool:
    """Say whether a VMM's process was forked by another one of the same program, as crosvm's."""
    parent = found.get(one.main.parent)
    return parent is not None and (parent.kind, parent.exe) == (one.kind, one.exe)


def by_handle(several: Sequence[Vmm]) -> dict[str, Vmm]:
    """Return VMMs by what names them for good: the machine's UUID, else their pid.

    Of two that claim one UUID neither is believed.
    """
    uuids = [one.uuid for one in several]
    return {
        one.uuid if one.uuid and uuids.count(one.uuid) == 1 else str(one.pid): one
        for one in several
    }
