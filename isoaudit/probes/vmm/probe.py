"""The probe for virtual machines by their VMMs, whether a manager lists them or not.

Nothing is asked but the kernel. Where libvirt lists the same machine its target stands for both
(audit/finding.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.errors import TargetError
from isoaudit.model import FactSet, Kind, Target, Vantage
from isoaudit.probes.kernel.census import gone, start_time
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.vmm.around import vmms_of
from isoaudit.probes.vmm.find import Vmm, by_handle
from isoaudit.probes.vmm.folders import boot_files
from isoaudit.probes.vmm.process import unread, vmm_facts
from isoaudit.transports.base import Files, Unreadable
from isoaudit.transports.ptrace import Filters


class VmmProbe:
    """The VMMs that /proc shows. A target's handle is its machine's UUID, else its pid.

    `loaded` reads seccomp filters, if that is wanted.
    """

    def __init__(self, files: Files, loaded: Filters | None = None) -> None:
        self._files = files
        self._loaded = loaded
        self._machine = Machine(files, loaded)
        self._known: dict[str, Vmm] = {}
        self._named: dict[str, Target] = {}

    def find(self) -> Sequence[Target]:
        """Return every VMM, oldest first; raises TargetError."""
        self._machine = Machine(self._files, self._loaded)
        try:
            self._known = by_handle(vmms_of(self._machine).all)
        except Unreadable as error:
            raise TargetError(error.cause, error.remedy) from error
        counts: dict[str, int] = {}
        taken: set[str] = set()
        self._named.clear()
        for handle, one in self._known.items():
            name = shown = one.name or f"{one.kind}/{one.pid}"
            while shown in taken:  # it may be called what another one is told apart by
                counts[name] = counts.get(name, 1) + 1
                shown = f"{name}.{counts[name]}"
            taken.add(shown)
            self._named[handle] = _target(one, handle, shown)
        return list(self._named.values())

    def unseen(self) -> Unreadable | None:
        """Say why there may be VMMs that were not listed, None if none can be."""
        return vmms_of(self._machine).unseen

    def locate(self, name: str) -> Target | None:
        """Return the VMM of a pid that the list has under its machine's name; None for others."""
        for handle, one in self._known.items():
            if name == str(one.pid):
                return self._named[handle]
        return None

    def collect(self, target: Target) -> FactSet:
        """Return what a VMM's process shows; raises TargetError if it is none that was found."""
        one = self._known.get(target.handle)
        if one is None:
            raise TargetError(f"{target.id} is no VMM that was found here", "Scan again.")
        try:
            found = vmm_facts(self._files, one.pid, self._machine)
            found = boot_files(self._machine, one.pid).merge(found)
            # NOTE: its pid may belong to another process since the list was made.
            if start_time(self._files, one.pid) != one.main.start:
                raise gone(one.pid)
        except Unreadable as error:
            dark = FactSet.of(missing=[error.missing("boot_file", Vantage.KERNEL)])
            return unread(error).merge(dark)
        return found


def _target(one: Vmm, handle: str, name: str) -> Target:
    return Target(
        id=f"vmm:{name}",
        kind=Kind.VM,
        name=name,
        state="running",
        handle=handle,
        host="local",
        aliases=(f"vmm:{one.pid}",),
    )
