"""How the kernel confines a VMM: ids, capabilities, filters, namespaces, root, control group.

What the readers of sandboxes say of a process (isoaudit.probes.kernel) is said here of a VMM, under
paths of its own: a VMM is no workload, and a guest behind it none of its processes.
Sources: proc(5), capabilities(7), namespaces(7), seccomp(2), cgroups(7), core(5).
"""

from __future__ import annotations

import re

from isoaudit.model import Fact, FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.cgroup import groups, note_limits
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table
from isoaudit.probes.kernel.process import Seen, read_process
from isoaudit.probes.kernel.records import process_records
from isoaudit.probes.kernel.view import View
from isoaudit.transports.base import Unreadable

PATHS = {
    "process.capabilities.inheritable": "vmm.capabilities.inheritable",
    "process.capabilities.bounding": "vmm.capabilities.bounding",
    "process.capabilities.ambient": "vmm.capabilities.ambient",
    "process.namespaces": "vmm.namespaces",
    "process.root_is_host": "vmm.root_is_host",
    "process.seccomp.allows": "vmm.seccomp.allows",
    "process.seccomp.allowed": "vmm.seccomp.allowed",
    "process.seccomp.filters": "vmm.seccomp.filters",
    "process.seccomp.exploits_reachable": "vmm.seccomp.exploits_reachable",
    "process.host_groups": "vmm.powerful_groups",
    "process.limits.core": "vmm.limits.core",
    "process.limits.open_files": "vmm.limits.open_files",
    "container.limits.memory": "vmm.limits.memory",
    "container.limits.pids": "vmm.limits.pids",
    "container.limits.cpu.set": "vmm.limits.cpu.set",
    "container.cgroup.own": "vmm.cgroup.own",
}
"""What of a sandbox's process, and of its control group, is told of a VMM, and as what."""

_NOT_TOLD = ("process.namespaces.shared_with",)
_GUEST_MEMORY = 0x01 | 0x02  # anonymous private and shared memory, core(5): coredump_filter


def confinement(machine: Machine, pid: int, own: frozenset[int]) -> FactSet:
    """Return how a VMM is confined; `own` are its pid and those of what serves it alone.

    Raises nothing: what could not be read is missing.
    """
    notes = Notes(Vantage.KERNEL)
    try:
        seen = read_process(machine, pid)
    except Unreadable as error:
        for path in dict.fromkeys(PATHS.values()):
            notes.lacks(error.missing(path, Vantage.KERNEL))
        return notes.factset()
    _note_ids(notes, seen)
    _note_core(notes, machine, pid)
    _note_program(notes, machine, pid)
    ((record,), _) = process_records(_view(machine, pid, own), [seen], 1)
    return notes.factset().merge(_renamed(record), _group(machine, seen, own))


def _view(machine: Machine, pid: int, own: frozenset[int]) -> View:
    table: Table | Unreadable
    try:
        table = Table(machine.files.read_text(f"/proc/{pid}/mountinfo", TABLE_LIMIT))
    except Unreadable as error:
        table = error
    return View(machine, own, pid, table)


def _renamed(record: Record) -> FactSet:
    """Return the fields of a process's record as facts of the VMM."""
    facts = [fact for fact in record.facts.values() if fact.path not in _NOT_TOLD]
    missing = [entry for entry in record.missing.values() if entry.path not in _NOT_TOLD]
    return FactSet.of(
        [fact._replace(path=path) for fact in facts if (path := _path(fact.path))],
        missing=[entry._replace(path=path) for entry in missing if (path := _path(entry.path))],
    )


def _path(path: str) -> str:
    """Return what a path of a sandbox is called for a VMM, "" for what is not told of one."""
    for known, name in PATHS.items():
        if path == known or path.startswith(f"{known}."):
            return name + path[len(known) :]
    return ""


def _note_ids(notes: Notes, seen: Seen) -> None:
    source = "/proc/PID/status"
    gids = seen.status.get("Gid", "").split()
    if len(gids) == 4 and gids[1].isdecimal():
        notes.fact("vmm.gid", int(gids[1]), f"{source} Gid")
    uids = seen.status.get("Uid", "").split()
    held = [decode_capabilities(seen.status.get(key, "")) for key in ("CapEff", "CapPrm")]
    if len(uids) == 4 and ("0" in uids or None not in held):
        notes.fact("vmm.root_permitted", "0" in uids or any(held), f"{source} Uid, CapEff, CapPrm")
    else:
        notes.missing("vmm.root_permitted", Reason.NOT_SUPPORTED, f"{source} does not tell it")


def _note_core(notes: Notes, machine: Machine, pid: int) -> None:
    """Note whether a dump of the VMM would hold the guest's memory, as the kernel makes it.

    QEMU takes guest memory out by madvise(MADV_DONTDUMP) if told so, which no file here shows: what
    the filter leaves in may be left out, what it leaves out is.
    """
    path, source = "vmm.coredump_filter", f"/proc/{pid}/coredump_filter"
    try:
        text = machine.files.read_text(source, 64).strip()
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    if not re.fullmatch(r"[0-9a-f]{1,16}", text):
        notes.missing(path, Reason.PARSE_ERROR, f"{source}: a hexadecimal number is expected")
        return
    notes.fact(path, bool(int(text, 16) & _GUEST_MEMORY), source)


def _note_program(notes: Notes, machine: Machine, pid: int) -> None:
    """Note whether the file that runs is still there: after an upgrade it is another one."""
    path, source = "vmm.exe_deleted", f"/proc/{pid}/exe"
    try:
        link = machine.files.read_link(source)
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    notes.fact(path, link.endswith(" (deleted)"), source)


def _group(machine: Machine, seen: Seen, own: frozenset[int]) -> FactSet:
    """Return the limits of its control group, and whether others are in that group too."""
    notes = Notes(Vantage.KERNEL)
    text = machine.census.glimpse(seen.pid).cgroup
    note_limits(notes, machine.files, groups(text, machine.own_mounts), "")
    found = notes.factset()
    facts = [f for several in found.facts.values() for f in several]
    lacking = [m for several in found.missing.values() for m in several]
    return _renamed(Record.of(facts, lacking)).merge(_dedicated(machine, text, own))


def _dedicated(machine: Machine, text: str, own: frozenset[int]) -> FactSet:
    path, source = "vmm.cgroup.dedicated", "/proc/PID/cgroup, those of all processes"
    if not text:
        entry = Missing(path, Reason.PERMISSION_DENIED, "its control groups are closed",
                        "Run isoaudit as root.", Vantage.KERNEL)  # fmt: skip
        return FactSet.of(missing=[entry])
    others = [one for one in machine.census.everyone.values() if one.pid not in own]
    shared = any(one.cgroup == text for one in others)
    seen = machine.census.has_kernel_threads and not machine.hides_processes
    if not shared and not (seen and all(one.cgroup for one in others)):
        entry = Missing(path, Reason.PERMISSION_DENIED, "not every process's group can be seen",
                        "Run isoaudit as root on the host.", Vantage.KERNEL)  # fmt: skip
        return FactSet.of(missing=[entry])
    return FactSet.of([Fact(path, not shared, source, Vantage.KERNEL)])
