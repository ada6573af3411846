"""Everything the kernel shows of one sandbox: its processes, mounts, hidden paths and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from isoaudit.model import FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import cgroup
from isoaudit.probes.kernel.asked import Asked, Tables
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.census import container_folders, container_ids, gone, start_time
from isoaudit.probes.kernel.control import note_control_sockets
from isoaudit.probes.kernel.descriptors import note_descriptors
from isoaudit.probes.kernel.devices import Place, note_devices
from isoaudit.probes.kernel.discovery import Discovery, Group
from isoaudit.probes.kernel.elsewhere import other_tables, shown_elsewhere
from isoaudit.probes.kernel.identity import command_line, identify
from isoaudit.probes.kernel.limits import REALTIME, note_realtime
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Layout, Table
from isoaudit.probes.kernel.mounts import MOST_MOUNTS, PROTECTED, mount_records, note_paths
from isoaudit.probes.kernel.neighbours import Neighbours
from isoaudit.probes.kernel.network import note_network
from isoaudit.probes.kernel.process import Seen, read_process, threads_apart
from isoaudit.probes.kernel.readings import note_kernel, unveiled
from isoaudit.probes.kernel.records import nested_records, process_records
from isoaudit.probes.kernel.view import View
from isoaudit.transports import Unreadable

MOUNTINFO = "/proc/PID/mountinfo"
"""What facts of mounts give as their source: PID is that of the sandbox's first process
(`container.pid`), so that sandboxes with the same mounts have the same facts."""

_PID = "process.pid"
_MOST_PROCESSES = 20_000
_MOST_THREADS = 50_000
_MOST_RECORDS = 512
"""Processes and threads of one sandbox that are read, and records they may make: a stranger decides
their number."""

_HELD = ("CapEff", "CapPrm")
_MOUNT_PATHS = ("mount", *PROTECTED, "container.cgroup_writable")
PATHS = (
    *("process", *_MOUNT_PATHS, "device", "container.unexpected_devices", "descriptor"),
    *("control_socket", "container.limits"),
    *("container.cgroup.own", "container.network.forwarding", "container.network.runtime_sockets"),
)
"""What the kernel's vantage covers, and what stays dark together if a sandbox cannot be read."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox of this machine: its first process, all that are known, and the id that its
    control groups carry, "" for one without. `starters` are outside and share its namespaces."""

    pid: int
    id: str = ""
    pids: frozenset[int] = frozenset()
    starters: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scene:
    """A sandbox whose parts are being read: what each part's reader needs of the others.

    `layout` is the mount table of its first process, `numbers` what the kernel calls those mounts,
    `others` the tables of processes in further mount namespaces.
    """

    machine: Machine
    sandbox: Sandbox
    asked: Asked
    layout: Layout | Unreadable
    numbers: frozenset[str]
    groups: dict[str, cgroup.Group]
    processes: list[Seen]
    others: dict[int, Table] | Unreadable


def belongs(machine: Machine, sandbox: Sandbox) -> bool:
    """Say whether /proc proves that a pid is of the sandbox: its cgroups or mounts name its id.

    Of the mounts only what is mounted counts, not where: the host's own table names every
    container in its mount points. False means another process or another machine. Raises
    Unreadable where that cannot be told.
    """
    try:
        if sandbox.id in container_ids(machine.census.glimpse(sandbox.pid).cgroup):
            return True
        text = machine.files.read_text(f"/proc/{sandbox.pid}/mountinfo", TABLE_LIMIT)
    except Unreadable as error:
        if error.reason is not Reason.VANISHED and not error.absent:
            raise
        if machine.hides_processes:
            raise Unreadable(
                Reason.PERMISSION_DENIED,
                "/proc hides the processes of other users (hidepid)",
                "Run isoaudit as root.",
            ) from error
        return False
    return any(sandbox.id in mount.root.split("/") for mount in Table(text).mounts)


def dark(error: Unreadable) -> FactSet:
    """Return what is missing if the kernel's vantage exists and nothing of it could be read."""
    return FactSet.of(missing=[error.missing(path, Vantage.KERNEL) for path in PATHS])


def read_sandbox(machine: Machine, sandbox: Sandbox, asked: Asked) -> FactSet:
    """Return what the kernel shows of a sandbox whose pid is proven; never raises Unreadable."""
    notes = Notes(Vantage.KERNEL)
    try:
        started = machine.census.glimpse(sandbox.pid).start
        scene = _look(notes, machine, sandbox, asked)
        notes.fact("container.pid", sandbox.pid, "first process of the sandbox")
        for note in _TOPICS:
            note(notes, scene)
        recognition = identify(machine, _group(machine, sandbox))
        note_kernel(notes, recognition)
        if start_time(machine.files, sandbox.pid) != started:
            raise gone(sandbox.pid)
    except Unreadable as error:
        return dark(error)
    return unveiled(notes.factset(), recognition, lambda: command_line(machine, sandbox.pid))


def _group(machine: Machine, sandbox: Sandbox) -> Group:
    main = machine.census.glimpse(sandbox.pid)
    return Group(main, _members_or_itself(machine, sandbox), sandbox.id, sandbox.starters)


def _members_or_itself(machine: Machine, sandbox: Sandbox) -> frozenset[int]:
    try:
        return _members(machine, sandbox)
    except Unreadable:
        return frozenset({sandbox.pid})


def _look(notes: Notes, machine: Machine, sandbox: Sandbox, asked: Asked) -> Scene:
    """Read the processes and the mount table; raises Unreadable if the first process is gone."""
    layout: Layout | Unreadable
    numbers: frozenset[str] = frozenset()
    try:
        mounts = machine.files.read_text(f"/proc/{sandbox.pid}/mountinfo", TABLE_LIMIT)
        layout, numbers = machine.layout(mounts)
    except Unreadable as error:
        layout = error
    text = machine.census.glimpse(sandbox.pid).cgroup
    groups = machine.once(("groups", text), lambda: cgroup.groups(text, machine.own_mounts))
    table = layout if isinstance(layout, Unreadable) else layout.table
    seen = _note_processes(notes, machine, sandbox, asked, table)
    others = other_tables(machine, sandbox.pid, seen)
    return Scene(machine, sandbox, asked, layout, numbers, groups, seen, others)


def _neighbours(machine: Machine) -> Neighbours:
    """Return the sandboxes of a machine, looked at once a run."""
    known: Neighbours = machine.kept.setdefault("neighbours", Neighbours(machine))
    return known


def _members(machine: Machine, sandbox: Sandbox) -> frozenset[int]:
    """Return the pids of a sandbox: those its control groups name, or its namespaces hold."""
    named = machine.containers.get(sandbox.id) if sandbox.id else None
    if named is not None:
        return _in_its_folder(machine, sandbox, named) | _strays(machine, sandbox)
    if sandbox.pids:
        return sandbox.pids
    group = Discovery(machine).around(sandbox.pid)
    if group is None or not group.bounded:
        raise Unreadable(
            Reason.NOT_SUPPORTED,
            "neither a control group nor a namespace tells its processes from the host's",
            "Run it with a control group of its own.",
        )
    return group.pids


def _in_its_folder(machine: Machine, sandbox: Sandbox, named: list[int]) -> frozenset[int]:
    """Return those of the processes named for a container whose group is where its own is.

    Who may write control groups can call one of his own by any id, but elsewhere.
    """
    everyone = machine.census.everyone

    def folder(pid: int) -> str:
        return container_folders(everyone[pid].cgroup).get(sandbox.id, "")

    own = folder(sandbox.pid) if sandbox.pid in everyone else ""
    return frozenset(pid for pid in named if not own or folder(pid) == own)


def _strays(machine: Machine, sandbox: Sandbox) -> frozenset[int]:
    """Return processes in a sandbox's own PID namespace that are in no other container's groups.

    Who may write control groups can leave his own, and stays inside all the same.
    """
    main = machine.census.glimpse(sandbox.pid)
    link = main.links["pid"]
    if not isinstance(link, str) or not machine.is_own("pid", link, main.pid):
        return frozenset()
    everyone, own = machine.census.everyone, {sandbox.id}
    holders = machine.census.holders("pid", link)
    return frozenset(pid for pid in holders if container_ids(everyone[pid].cgroup) <= own)


def _note_processes(
    notes: Notes, machine: Machine, sandbox: Sandbox, asked: Asked, table: Table | Unreadable
) -> list[Seen]:
    """Note the part process, and return the processes."""
    incomplete: Missing | None = None
    pids = frozenset({sandbox.pid}) | sandbox.pids
    try:
        pids |= _members(machine, sandbox)
    except Unreadable as error:
        incomplete = error.missing("process", Vantage.KERNEL)
    seen: list[Seen] = []
    threads = _MOST_THREADS
    if len(pids) > _MOST_PROCESSES:
        detail = f"more than {_MOST_PROCESSES} processes in it"
        incomplete = Missing("process", Reason.LIMIT, detail, "", Vantage.KERNEL)
    for pid in sorted(pids, key=lambda pid: (pid != sandbox.pid, pid))[:_MOST_PROCESSES]:
        try:
            one = read_process(machine, pid)
            apart, looked = threads_apart(machine, one, threads)
            threads -= looked
            seen += [one, *apart]
        except Unreadable as error:
            # A process that ended is no longer part of it; one that stays closed may be anything.
            if pid == sandbox.pid:
                raise
            if error.reason is not Reason.VANISHED:
                incomplete = error.missing("process", Vantage.KERNEL)
    own = pids | sandbox.starters
    view = View(machine, own, sandbox.pid, table, asked, _neighbours(machine))
    inside, nested = view.split(seen)
    records, whole = process_records(view, inside, _MOST_RECORDS)
    if not whole:
        detail = f"more than {_MOST_RECORDS} kinds of processes in it"
        incomplete = Missing("process", Reason.LIMIT, detail, "", Vantage.KERNEL)
    records, kin = _alike(machine, records)
    notes.part("process", records, incomplete, kin)
    mapped = records[0].facts.get("process.user_namespace_maps_root") if records else None
    if mapped is not None:
        notes.fact("container.host_root_mapped", mapped.value, mapped.source)
    if nested:
        notes.part("nested", nested_records(nested), incomplete)
    return seen


def _alike(machine: Machine, records: list[Record]) -> tuple[list[Record], int]:
    """Return records made of facts that are shared with others like them, and their number.

    Pids aside, sandboxes that were made alike show the same.
    """
    pids = [record.facts[_PID] for record in records]
    first, kin = machine.alike(tuple(map(_but_pid, records)), records)
    shared = [
        Record({**known.facts, _PID: pid}, known.missing)
        for known, pid in zip(first, pids, strict=True)
    ]
    return shared, kin


def _but_pid(record: Record) -> tuple[object, ...]:
    """Return what a record says, its pid aside."""
    values = {path: fact.value for path, fact in record.facts.items()}
    del values[_PID]
    return tuple(values), tuple(values.values()), tuple(record.missing.values())


def _note_mounts(notes: Notes, scene: Scene) -> None:
    """Note the part mount and what follows from it, or why a table cannot be read."""
    layout = scene.layout
    try:
        if isinstance(layout, Unreadable):
            raise layout
        scene.machine.mounts  # noqa: B018 - read here, where it may fail
    except Unreadable as error:
        for path in _MOUNT_PATHS:
            notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    key = ("mount", scene.asked, _may_unmount(scene.processes))
    known = layout.kept.get(key)
    if known is None or scene.others:
        known = _mounts(scene, layout.table, all_shown=key[2])
    if not scene.others:
        layout.kept[key] = known
    notes.extend(known)
    _leave_open(notes, scene, "mount")


def _leave_open(notes: Notes, scene: Scene, name: str) -> None:
    """Note a part that rests on the first process's mounts again, if others see more."""
    if not scene.others or isinstance(scene.layout, Unreadable):
        return
    part = next(iter(notes.factset().parts.get(name, ())), None)
    if part is None:
        return
    why = shown_elsewhere(scene.machine, scene.others, scene.layout.table, name)
    if why is not None:
        notes.part(name, part.records, why)


def _mounts(scene: Scene, table: Table, *, all_shown: bool) -> Notes:
    notes = Notes(Vantage.KERNEL)
    incomplete: Missing | None = None
    if not table.complete or len(table.mounts) > MOST_MOUNTS:
        detail = f"{MOUNTINFO} has more than {MOST_MOUNTS} mounts, or could not be read to its end"
        incomplete = Missing("mount", Reason.LIMIT, detail, "", Vantage.KERNEL)
    hidden = frozenset() if all_shown else table.covered
    tables = Tables(table, scene.machine, MOUNTINFO, hidden)
    records = mount_records(tables, scene.asked)
    notes.part("mount", records, incomplete, scene.machine.new_kin())
    if isinstance(scene.others, Unreadable):
        for path in PROTECTED:
            notes.lacks(scene.others.missing(path, Vantage.KERNEL))
    else:
        note_paths(notes, tables, scene.asked, list(scene.others.values()))
    writable = any(
        mount.file_system in {"cgroup", "cgroup2"} and not mount.read_only
        for mount in table.mounts
        if mount.id not in hidden
    )
    notes.fact("container.cgroup_writable", writable, MOUNTINFO)
    return notes


def _may_unmount(processes: list[Seen]) -> bool:
    """Say whether one of them may take away a mount that lies over another one."""
    sets = [decode_capabilities(one.status.get(key, "")) for one in processes for key in _HELD]
    return any(held is None or "CAP_SYS_ADMIN" in held for held in sets)


def _note_limits(notes: Notes, scene: Scene) -> None:
    """Note the limits; those of a control group that several sandboxes share are read once."""
    machine, name = scene.machine, scene.sandbox.id
    groups = scene.groups if name else _imposed(scene)

    def read() -> Notes:
        found = Notes(Vantage.KERNEL)
        cgroup.note_limits(found, machine.files, groups, name)
        return found

    folders = tuple((kind, group.folder, group.path) for kind, group in groups.items())
    notes.extend(machine.once(("limits", folders, name), read))
    if notes.value(REALTIME) is None:
        limits = [one.limits for one in scene.processes]
        note_realtime(notes, machine.files, groups, name, limits)


def _imposed(scene: Scene) -> dict[str, cgroup.Group]:
    """Return the groups whose limits a sandbox without a group's name did not set itself."""
    others = {} if isinstance(scene.others, Unreadable) else scene.others
    tables = [table for table in (_table(scene), *others.values()) if isinstance(table, Table)]
    mounts = [mount for table in tables for mount in table.mounts]
    words = (one.status.get("Uid", "").split() for one in scene.processes)
    uids = frozenset(int(word) for several in words for word in several if word.isdecimal())
    return cgroup.imposed(scene.machine.files, scene.groups, mounts, uids)


def _note_network(notes: Notes, scene: Scene) -> None:
    """Note what holds in the network namespace, once for all that share it."""
    machine, pid = scene.machine, scene.sandbox.pid

    def read() -> Notes:
        found = Notes(Vantage.KERNEL)
        note_network(found, machine.files, pid)
        return found

    link = machine.census.glimpse(pid).links["net"]
    notes.extend(machine.once(("network", link if isinstance(link, str) else pid), read))


def _note_devices(notes: Notes, scene: Scene) -> None:
    place = Place(scene.machine, scene.sandbox.pid, _table(scene))
    can_be_made = _may_make_nodes(scene)
    note_devices(notes, place, scene.groups, scene.asked.devices, nodes_can_be_made=can_be_made)


def _may_make_nodes(scene: Scene) -> bool:
    """Say whether one of the processes may make device nodes: CAP_MKNOD, and over the host."""
    for one in scene.processes:
        held = decode_capabilities(one.status.get("CapBnd", ""))
        try:
            over_host = one.links["user"] == scene.machine.initial("user")
        except Unreadable:
            over_host = True
        if over_host and (held is None or "CAP_MKNOD" in held):
            return True
    return False


def _note_control_sockets(notes: Notes, scene: Scene) -> None:
    note_control_sockets(notes, scene.machine, scene.layout, scene.processes)
    _leave_open(notes, scene, "control_socket")


def _note_descriptors(notes: Notes, scene: Scene) -> None:
    note_descriptors(notes, scene.machine, scene.numbers, scene.processes)


def _table(scene: Scene) -> Table | Unreadable:
    return scene.layout if isinstance(scene.layout, Unreadable) else scene.layout.table


_TOPICS: tuple[Callable[[Notes, Scene], None], ...] = (
    _note_mounts,
    _note_devices,
    _note_descriptors,
    _note_control_sockets,
    _note_limits,
    _note_network,
)
