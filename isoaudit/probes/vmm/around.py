"""What surrounds one VMM on its host: who shares what with it, what it holds, what serves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from isoaudit.model import FactSet, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table
from isoaudit.probes.kernel.neighbours import host_uid
from isoaudit.probes.kernel.process import Seen, read_process
from isoaudit.probes.vmm.belongings import MOST, descriptor_facts, device_facts
from isoaudit.probes.vmm.confinement import confinement
from isoaudit.probes.vmm.files import others_may_write
from isoaudit.probes.vmm.find import Vmm, Vmms
from isoaudit.probes.vmm.helpers import helper_record, serving
from isoaudit.probes.vmm.places import host_path
from isoaudit.probes.vmm.sockets import socket_facts, socket_numbers
from isoaudit.transports.base import Unreadable

_MOST_NAMES = 8
_HELD = ("vmm_descriptor", "control_end", "vmm_listener")
_SHARED = ("vmm.uid_shared_with", "vmm.lsm.label_shared_with")
PARTS = (*_HELD, "helper")
"""What is told of a VMM by records; dark where there is no process."""

PATHS = (*_HELD, *_SHARED, "helper", "vmm.devices")
"""What stays dark together if a VMM's surroundings cannot be read."""


def vmms_of(machine: Machine) -> Vmms:
    """Return the VMMs of a machine, looked at once a run."""
    found: Vmms = machine.kept.setdefault("vmms", Vmms(machine))
    return found


def surroundings(machine: Machine, pid: int, words: Sequence[str]) -> FactSet:
    """Return what of a VMM the kernel shows beyond its own status; raises nothing.

    `words` is its command line, empty where that is closed.
    """
    try:
        table = _table(machine, pid)
        helpers = serving(machine, pid, words)
        own = frozenset({pid}).union(*(one.pids for one in helpers))
        notes = Notes(Vantage.KERNEL)
        unseen = vmms_of(machine).unseen  # it hides what serves them as well
        dark = unseen.missing("helper", Vantage.KERNEL) if unseen is not None else None
        notes.part("helper", [helper_record(machine, one) for one in helpers], dark)
        return notes.factset().merge(
            confinement(machine, pid, own),
            _held(machine, pid, table, words),
            device_facts(machine, pid, table),
            _shared(machine, pid),
            _workers(machine, pid),
            _files(machine, pid, table),
        )
    except Unreadable as error:
        return FactSet.of(missing=[error.missing(path, Vantage.KERNEL) for path in PATHS])


def _table(machine: Machine, pid: int) -> Table | Unreadable:
    try:
        return Table(machine.files.read_text(f"/proc/{pid}/mountinfo", TABLE_LIMIT))
    except Unreadable as error:
        return error


def _held(machine: Machine, pid: int, table: Table | Unreadable, words: Sequence[str]) -> FactSet:
    """Return what its open descriptors lead to: files, devices, sockets it listens on."""
    try:
        held = machine.files.descriptors(pid, MOST)
    except Unreadable as error:
        return FactSet.of(missing=[error.missing(path, Vantage.KERNEL) for path in _HELD])
    inodes = socket_numbers(held["links"].values())
    ends = socket_facts(machine, pid, table, inodes, words)
    return ends.merge(descriptor_facts(machine, pid, held, table, words))


def _shared(machine: Machine, pid: int) -> FactSet:
    """Return which other VMMs have its uid, and which have its label."""
    notes = Notes(Vantage.KERNEL)
    try:
        own = _seen(machine, pid)
        others = list(_others(machine, pid))
    except Unreadable as error:
        for path in _SHARED:
            notes.lacks(error.missing(path, Vantage.KERNEL))
        return notes.factset()
    same = [one for one, seen in others if host_uid(seen) == host_uid(own)]
    _note_names(notes, machine, _SHARED[0], same, "/proc/PID/status Uid of every VMM")
    if machine.labels is True and isinstance(own.label, str):
        same = [one for one, seen in others if seen.label == own.label]
        _note_names(notes, machine, _SHARED[1], same, "/proc/PID/attr/current of every VMM")
    return notes.factset()


def _others(machine: Machine, pid: int) -> Iterator[tuple[Vmm, Seen]]:
    """Yield the other VMMs; one that ended meanwhile is nobody's neighbour. Raises Unreadable."""
    for one in vmms_of(machine).all:
        if one.pid == pid:
            continue
        try:
            yield one, _seen(machine, one.pid)
        except Unreadable as error:
            if not error.absent and error.reason is not Reason.VANISHED:
                raise


def _note_names(
    notes: Notes, machine: Machine, path: str, several: Iterable[Vmm], source: str
) -> None:
    """Note who else: that nobody is known only if every process could be looked at."""
    names = sorted(one.name or f"{one.kind}/{one.pid}" for one in several)[:_MOST_NAMES]
    unseen = vmms_of(machine).unseen
    if not names and unseen is not None:
        notes.lacks(unseen.missing(path, Vantage.KERNEL))
        return
    notes.fact(path, names, source)


def _seen(machine: Machine, pid: int) -> Seen:
    """Return a VMM's process, read once a run; raises Unreadable."""
    key = ("vmm process", pid)
    if key not in machine.kept:
        machine.kept[key] = read_process(machine, pid)
    found: Seen = machine.kept[key]
    return found


def _workers(machine: Machine, pid: int) -> FactSet:
    """Return how many threads of the kernel serve its virtio devices (vhost).

    They are threads of the VMM, or of old kernels' own, and named for it (drivers/vhost/vhost.c).
    """
    notes, source = Notes(Vantage.KERNEL), f"/proc/{pid}/task/*/comm"
    path, count = "vmm.vhost_workers", 0
    try:
        for name in machine.files.list_names(f"/proc/{pid}/task"):
            comm = _comm(machine, f"/proc/{pid}/task/{name}/comm")
            count += comm.startswith(f"vhost-{pid}")
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return notes.factset()
    notes.fact(path, count, source)
    return notes.factset()


def _comm(machine: Machine, path: str) -> str:
    try:
        return machine.files.read_text(path, 64).strip()
    except Unreadable as error:
        if error.absent or error.reason is Reason.VANISHED:
            return ""
        raise


def _files(machine: Machine, pid: int, table: Table | Unreadable) -> FactSet:
    """Return who may change the file it runs, and where its root is a jail, the folders above."""
    notes = Notes(Vantage.KERNEL)
    path = "vmm.program_others_may_write"
    try:
        exe = machine.files.read_link(f"/proc/{pid}/exe")
        if exe.endswith(" (deleted)"):
            raise Unreadable(Reason.NOT_SUPPORTED, "the file it runs is not there any more")
        if isinstance(table, Unreadable):
            raise table
        writable, place = others_may_write(machine.files, host_path(machine, table, exe))
        notes.fact(path, writable, f"stat {place}")
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
    _note_jail(notes, machine, pid, table)
    return notes.factset()


def _note_jail(notes: Notes, machine: Machine, pid: int, table: Table | Unreadable) -> None:
    """Note the folder of the host that is its root, and who may change what lies above that."""
    try:
        if isinstance(table, Unreadable):
            raise table
        link = machine.files.read_link(f"/proc/{pid}/root")
        folder = host_path(machine, table, link)
        notes.fact("vmm.root", folder, f"/proc/{pid}/root, mount tables")
        if folder == "/":
            notes.fact("vmm.jail_others_may_write", False, "its root is the host's")
            return
        # NOTE: the jail itself, BASE/firecracker/ID/root, is the VMM's own to write.
        base = folder.rpartition("/")[0].rpartition("/")[0]
        writable, place = others_may_write(machine.files, base or "/")
        notes.fact("vmm.jail_others_may_write", writable, f"stat {place}")
    except Unreadable as error:
        for path in ("vmm.root", "vmm.jail_others_may_write"):
            notes.lacks(error.missing(path, Vantage.KERNEL))
