"""Which control sockets of the host a sandbox can reach, under whatever name.

A socket lies on a file system, at a path in it: a mount of it under another name, or of a folder
above it, is found in the mount tables alone. Nothing is connected to, and nothing inside a sandbox
is opened. Source: unix(7) (connecting needs write permission on the socket).
"""

from __future__ import annotations

from isoaudit.model import Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.engine_sockets import ControlSocket
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Layout, Table, inside
from isoaudit.probes.kernel.process import Ranges, Seen
from isoaudit.transports import Unreadable
from isoaudit.transports.base import FileStat


def note_control_sockets(
    notes: Notes, machine: Machine, layout: Layout | Unreadable, processes: list[Seen]
) -> None:
    """Note the part control_socket: those that the mounts of a sandbox show."""
    part = "control_socket"
    try:
        if isinstance(layout, Unreadable):
            raise layout
        sockets = machine.control_sockets
    except Unreadable as error:
        notes.lacks(error.missing(part, Vantage.KERNEL))
        return
    shown = layout.kept.get(part)
    if shown is None:
        several = ((socket, _shown(layout.table, socket)) for socket in sockets)
        shown = layout.kept[part] = [(one, how) for one, how in several if how is not None]
    key = (part, *{_credentials(one) for one in processes})
    if key not in layout.kept:
        found = Notes(Vantage.KERNEL)
        records = [_record(machine, one, how, processes) for one, how in shown]
        found.part(part, records, None, machine.new_kin())
        layout.kept[key] = found
    notes.extend(layout.kept[key])


def _credentials(one: Seen) -> tuple[object, ...]:
    """Return what decides whether a process may connect."""
    words = ("Uid", "Gid", "Groups", "CapEff", "CapPrm", "NoNewPrivs")
    maps = (None if isinstance(m, Unreadable) else tuple(m) for m in (one.uid_map, one.gid_map))
    return (*map(one.status.get, words), *maps)


def _shown(table: Table, socket: ControlSocket) -> tuple[str, bool] | None:
    """Return the path at which a mount table shows a socket, and whether it is mounted itself."""
    for mount in table.on(socket.device):
        if not inside(socket.place, mount.root):
            continue
        rest = socket.place[len(mount.root.rstrip("/")) :]
        path = (mount.point.rstrip("/") + rest) or "/"
        if table.covering(path) is mount:
            return path, rest == ""
    return None


def _record(
    machine: Machine, socket: ControlSocket, shown: tuple[str, bool], processes: list[Seen]
) -> Record:
    notes, (path, itself) = Notes(Vantage.KERNEL), shown
    source = f"mount table; {socket.service} listens at {socket.path}"
    notes.fact("control_socket.service", socket.service, source)
    notes.fact("control_socket.host_path", socket.path, source)
    notes.fact("control_socket.path", path, source)
    notes.fact("control_socket.itself", itself, source)
    try:
        seen = machine.stat(socket.path)
    except Unreadable as error:
        notes.lacks(error.missing("control_socket.permitted", Vantage.KERNEL))
        return notes.record()
    allowed = any(_may_connect(one, seen) for one in processes)
    source = f"stat {socket.path}; Uid, Gid, Groups, CapEff, NoNewPrivs of its processes"
    notes.fact("control_socket.permitted", allowed, source)
    return notes.record()


def _may_connect(one: Seen, socket: FileStat) -> bool:
    """Say whether a process may connect, now or as the root that a setuid program makes it.

    Read-only mounts do not count: they guard the file, not the talk.
    """
    uids = one.status.get("Uid", "").split()
    groups = {*one.status.get("Gid", "").split(), *one.status.get("Groups", "").split()}
    mode = socket["mode"]
    if mode & 0o002 or len(uids) != 4:
        return True
    if str(socket["uid"]) in uids and mode & 0o200:
        return True
    if str(socket["gid"]) in groups and mode & 0o020:
        return True
    if isinstance(one.uid_map, Unreadable) or isinstance(one.gid_map, Unreadable):
        return True
    # Who is root of a user namespace may become whoever it maps, and overrides for their files.
    ids = ((one.uid_map, 0), (one.uid_map, socket["uid"]), (one.gid_map, socket["gid"]))
    if not any(_maps(ranges, number) for ranges, number in ids):
        return False
    held = [decode_capabilities(one.status.get(key, "")) for key in ("CapEff", "CapPrm")]
    may_override = any(names is None or not _OVERRIDES.isdisjoint(names) for names in held)
    return may_override or one.status.get("NoNewPrivs") != "1"


def _maps(ranges: Ranges, number: int) -> bool:
    return any(first <= number < first + count for _, first, count in ranges)


_OVERRIDES = frozenset(
    {
        *("CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_FOWNER"),
        *("CAP_SETFCAP", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"),
    }
)
"""Capabilities by which a process passes for the owner of a file, or lets itself in."""
