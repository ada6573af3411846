"""Everything the kernel shows of one sandbox: its processes, mounts, hidden paths and limits."""

from __future__ import annotations

from dataclasses import dataclass

from isoaudit.model import FactSet, Missing, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import cgroup
from isoaudit.probes.kernel.machine import TABLE_LIMIT, Machine, container_ids, gone, start_time
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.probes.kernel.mounts import Asked, Tables, mount_records, note_paths
from isoaudit.probes.kernel.process import Seen, read_process
from isoaudit.probes.kernel.records import View, process_records
from isoaudit.transports import Unreadable

PATHS = (
    "process",
    "mount",
    "container.masked_paths",
    "container.readonly_paths",
    "container.rootfs.read_only",
    "container.limits",
)
"""What the kernel's vantage covers, and what stays dark together if a sandbox cannot be read."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox of this machine: its first process, and the id that its control groups carry."""

    pid: int
    id: str = ""


def belongs(machine: Machine, sandbox: Sandbox) -> bool:
    """Say whether /proc proves that a pid is of the sandbox: its cgroups or mounts name its id.

    Of the mounts only what is mounted counts, not where: the host's own table names every
    container in its mount points. False means another process or another machine. Raises
    Unreadable where that cannot be told.
    """
    folder = f"/proc/{sandbox.pid}"
    try:
        if sandbox.id in container_ids(machine.files.read_text(f"{folder}/cgroup")):
            return True
        table = Table(machine.files.read_text(f"{folder}/mountinfo", TABLE_LIMIT))
    except Unreadable as error:
        if not error.absent:
            raise
        if machine.hides_processes:
            raise Unreadable(
                Reason.PERMISSION_DENIED,
                "/proc hides the processes of other users (hidepid)",
                "Run isoaudit as root.",
            ) from error
        return False
    return any(sandbox.id in mount.root.split("/") for mount in table.mounts)


def dark(error: Unreadable) -> FactSet:
    """Return what is missing if the kernel's vantage exists and nothing of it could be read."""
    return FactSet.of(missing=[error.missing(path, Vantage.KERNEL) for path in PATHS])


def read_sandbox(machine: Machine, sandbox: Sandbox, asked: Asked) -> FactSet:
    """Return what the kernel shows of a sandbox whose pid is proven; never raises Unreadable."""
    notes = Notes(Vantage.KERNEL)
    try:
        started = start_time(machine.files, sandbox.pid)
        _read(notes, machine, sandbox, asked)
        if start_time(machine.files, sandbox.pid) != started:
            raise gone(sandbox.pid)
    except Unreadable as error:
        return dark(error)
    return notes.factset()


def _read(notes: Notes, machine: Machine, sandbox: Sandbox, asked: Asked) -> None:
    text = machine.files.read_text(f"/proc/{sandbox.pid}/cgroup")
    groups = cgroup.groups(text, machine.own_mounts)
    source = f"/proc/{sandbox.pid}/mountinfo"
    table: Table | Unreadable
    try:
        table = Table(machine.files.read_text(source, TABLE_LIMIT))
    except Unreadable as error:
        table = error
    _note_processes(notes, machine, sandbox, groups, table)
    _note_mounts(notes, machine, table, asked, source)
    cgroup.note_limits(notes, machine.files, groups, sandbox.id)


def _note_processes(
    notes: Notes,
    machine: Machine,
    sandbox: Sandbox,
    groups: dict[str, cgroup.Group],
    table: Table | Unreadable,
) -> None:
    """Note the part process; without its control group only the first process is known."""
    incomplete: Missing | None = None
    pids = {sandbox.pid}
    try:
        pids.update(cgroup.members(machine.files, groups, sandbox.id))
        pids.update(_seen_before(machine, sandbox))
    except Unreadable as error:
        incomplete = error.missing("process", Vantage.KERNEL)
    seen: list[Seen] = []
    for pid in sorted(pids):
        try:
            seen.append(read_process(machine, pid))
        except Unreadable as error:
            # A process that ended is no longer part of it; one that stays closed may be anything.
            if pid == sandbox.pid:
                raise
            if error.reason is not Reason.VANISHED:
                incomplete = error.missing("process", Vantage.KERNEL)
    view = View(machine, frozenset(pids), sandbox.pid, table)
    notes.part("process", process_records(view, seen), incomplete)


def _seen_before(machine: Machine, sandbox: Sandbox) -> set[int]:
    """Return the pids whose cgroup paths name the sandbox, as all processes were looked through.

    Finds what sits in a group with a name made to be overlooked. A pid given out again is not of
    the sandbox any more, so each is asked anew.
    """
    found: set[int] = set()
    for pid in machine.containers.get(sandbox.id, []) if sandbox.id else []:
        try:
            if sandbox.id in container_ids(machine.files.read_text(f"/proc/{pid}/cgroup")):
                found.add(pid)
        except Unreadable:
            continue
    return found


def _note_mounts(
    notes: Notes, machine: Machine, table: Table | Unreadable, asked: Asked, source: str
) -> None:
    """Note the part mount and what follows from it, or why a table cannot be read."""
    try:
        if isinstance(table, Unreadable):
            raise table
        machine.mounts  # noqa: B018 - read here, where it may fail
    except Unreadable as error:
        for path in PATHS[1:-1]:
            notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    incomplete: Missing | None = None
    if not table.complete:
        detail = f"{source} could not be read to its end"
        incomplete = Missing("mount", Reason.LIMIT, detail, "", Vantage.KERNEL)
    tables = Tables(table, machine, source)
    notes.part("mount", mount_records(tables, asked), incomplete)
    note_paths(notes, tables, asked)
