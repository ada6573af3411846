"""Control sockets: whoever can connect to one commands the engine or hypervisor behind it.

Sources: unix(7) (connecting needs write permission on the socket and search permission on its
folders), the engines' documents for the paths.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.model import Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host import accounts, libvirt_sockets
from isoaudit.probes.host.libvirt_conf import unix_sockets_authenticate
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.transports.base import FileStat, Unreadable

_SYSTEM = (
    ("/run/docker.sock", "docker"),
    ("/run/podman/podman.sock", "podman"),
    ("/run/containerd/containerd.sock", "containerd"),
    ("/run/docker/containerd/containerd.sock", "containerd"),
    ("/run/k3s/containerd/containerd.sock", "containerd"),
    ("/run/crio/crio.sock", "cri-o"),
    ("/run/cri-dockerd.sock", "cri-dockerd"),
    ("/run/buildkit/buildkitd.sock", "buildkit"),
    *((path, "libvirt") for path in libvirt_sockets.WRITABLE),
    *((path, "libvirt-admin") for path in libvirt_sockets.ADMIN),
    ("/var/lib/lxd/unix.socket", "lxd"),
    ("/var/snap/lxd/common/lxd/unix.socket", "lxd"),
    ("/var/lib/incus/unix.socket", "incus"),
    ("/run/incus/unix.socket", "incus"),
)
_USERS = "/run/user"
_PER_USER = (
    ("docker.sock", "docker"),
    ("podman/podman.sock", "podman"),
    ("containerd/containerd.sock", "containerd"),
    ("buildkit/buildkitd.sock", "buildkit"),
    ("libvirt/libvirt-sock", "libvirt"),
    ("libvirt/virtqemud-sock", "libvirt"),
)


class Place(NamedTuple):
    """Where a control socket may be, whose it is, and whether its service runs as root if known."""

    path: str
    service: str
    rootful: bool | None = None


def note_sockets(sheet: Sheet, own: list[Place], unread: list[Unreadable]) -> None:
    """Note the part socket: those of the known control sockets that exist.

    `own` are those that running engines name themselves; `unread` says why there may be more.
    """
    users = sheet.names(_USERS)
    if isinstance(users, Unreadable):
        unread.append(users)
        users = []
    places = {path: Place(path, service) for path, service in _SYSTEM}
    for user in users:
        for name, service in _PER_USER:
            path = f"{_USERS}/{user}/{name}"
            places[path] = Place(path, service)
    places |= {place.path: place for place in own}
    names = _group_names(sheet)
    records: list[Record] = []
    for place in places.values():
        seen = sheet.stat(place.path)
        if isinstance(seen, Unreadable):
            unread.append(seen)
        elif seen is not None and seen["type"] == "socket":
            records.append(_record(sheet, place, seen, names))
        elif seen is None and place.service.startswith("libvirt"):
            records += _to_be_opened(sheet, place, unread)
    sheet.kernel.part("socket", records, unread_part("socket", unread, sheet.kernel.vantage))


def _record(sheet: Sheet, place: Place, seen: FileStat, names: dict[int, str]) -> Record:
    path, service, rootful = place
    notes = Notes(sheet.kernel.vantage)
    source = f"stat {path}"
    notes.fact("socket.path", path, source)
    notes.fact("socket.service", service, source)
    notes.fact("socket.owner_uid", seen["uid"], source)
    notes.fact("socket.group", names.get(seen["gid"], str(seen["gid"])), source)
    notes.fact("socket.mode", f"{seen['mode']:04o}", source)
    if rootful is None:
        rootful = seen["uid"] == 0 or not path.startswith(f"{_USERS}/")
    notes.fact("socket.rootful", rootful, source)
    _note_reach(sheet, notes, path, seen)
    _note_authenticated(sheet, notes, service, source)
    return notes.record()


def _to_be_opened(sheet: Sheet, place: Place, unread: list[Unreadable]) -> list[Record]:
    """Return the record of a socket that is not open now and that systemd opens at the next boot.

    No process has to run for it: the first client starts the daemon.
    """
    try:
        unit = libvirt_sockets.enabled_unit(sheet, place.path)
    except Unreadable as error:
        unread.append(error)
        return []
    if unit is None:
        return []
    notes = Notes(sheet.declared.vantage)
    source = f"{unit.source} (enabled; not open now)"
    notes.fact("socket.path", place.path, source)
    notes.fact("socket.service", place.service, source)
    notes.fact("socket.owner_uid", 0, source)
    notes.fact("socket.group", unit.group, source)
    notes.fact("socket.mode", f"{unit.mode:04o}", source)
    notes.fact("socket.rootful", True, source)
    notes.fact("socket.world_accessible", bool(unit.mode & 0o002), source)
    _note_authenticated(sheet, notes, place.service, source)
    return [notes.record()]


def _note_reach(sheet: Sheet, notes: Notes, path: str, seen: FileStat) -> None:
    """Note whether everyone may connect: write permission, and a way through every folder."""
    fact = "socket.world_accessible"
    if not seen["mode"] & 0o002:
        notes.fact(fact, False, f"stat {path}: mode {seen['mode']:04o}")
        return
    parent = path
    while parent := parent.rpartition("/")[0]:
        above = sheet.stat(parent)
        if above is None or isinstance(above, Unreadable):
            notes.missing(fact, Reason.PERMISSION_DENIED, f"{parent} cannot be looked at")
            return
        if not above["mode"] & 0o001:
            notes.fact(fact, False, f"stat {parent}: mode {above['mode']:04o} lets nobody through")
            return
    notes.fact(fact, True, f"stat {path}: mode {seen['mode']:04o}")


def _note_authenticated(sheet: Sheet, notes: Notes, service: str, source: str) -> None:
    fact = "socket.authenticated"
    if service != "libvirt":
        notes.fact(fact, False, f"{source}: {service} asks no one who they are")
        return
    asks = unix_sockets_authenticate(sheet)
    if asks is None:
        notes.missing(fact, Reason.PERMISSION_DENIED, "auth_unix_rw of libvirt is not known")
    else:
        notes.fact(fact, asks, "host.libvirt.auth_unix_rw")


def _group_names(sheet: Sheet) -> dict[int, str]:
    try:
        return {group.gid: group.name for group in accounts.groups(sheet)}
    except Unreadable:
        return {}
