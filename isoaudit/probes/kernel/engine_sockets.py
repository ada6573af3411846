"""Control sockets of the host's engines, known by who listens on them and not by their names.

Sources: proc_net(5) (net/unix), proc(5) (fd, mountinfo).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.kernel.census import Census, Glimpse, container_ids
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table
from isoaudit.transports import Files, Unreadable

_DAEMONS = {
    "dockerd": "docker",
    "podman": "podman",
    "containerd": "containerd",
    "crio": "cri-o",
    "buildkitd": "buildkit",
    "libvirtd": "libvirt",
    "virtqemud": "libvirt",
    "lxd": "lxd",
    "incusd": "incus",
    "dbus-daemon": "dbus",
    "dbus-broker-lau": "dbus",  # the kernel keeps 15 letters of a name
}
"""Whose sockets command the host, by the name of the process that listens."""

_MOST_DESCRIPTORS = 65_536
_LIMIT = 16 * 1_048_576
"""Most bytes of the table of sockets, which anyone in the same network namespace may fill."""

_LISTENS = 0x10000  # __SO_ACCEPTCON, include/uapi/linux/net.h, column 4 of /proc/net/unix


class ControlSocket(NamedTuple):
    """One socket: whose it is, its path on the host, and where that lies: device and path in it."""

    service: str
    path: str
    device: str
    place: str


def control_sockets(files: Files, census: Census) -> list[ControlSocket]:
    """Return the sockets on which engines of this host listen; raises Unreadable.

    Engines inside containers are theirs. A daemon whose descriptors are closed to us raises.
    """
    found: dict[tuple[str, str], ControlSocket] = {}
    for one in census.everyone.values():
        service = _DAEMONS.get(one.comm)
        if service is None or container_ids(one.cgroup):
            continue
        try:
            for socket in _of_daemon(files, one, service):
                found.setdefault((socket.device, socket.place), socket)
        except Unreadable as error:
            if error.reason is not Reason.VANISHED and not error.absent:
                raise
    return list(found.values())


def _of_daemon(files: Files, daemon: Glimpse, service: str) -> Iterable[ControlSocket]:
    held = files.descriptors(daemon.pid, _MOST_DESCRIPTORS)
    if not held["complete"]:
        words = f"process {daemon.pid} has more than {_MOST_DESCRIPTORS} open descriptors"
        raise Unreadable(Reason.LIMIT, words)
    inodes = {link[8:-1] for link in held["links"].values() if link.startswith("socket:[")}
    if not inodes:
        return
    table: Table | None = None
    text = files.read_text(f"/proc/{daemon.pid}/net/unix", _LIMIT)
    if not text.endswith("\n"):
        raise Unreadable(Reason.LIMIT, f"/proc/{daemon.pid}/net/unix: not read to its end")
    for path in listening(text, inodes):
        if table is None:
            table = Table(files.read_text(f"/proc/{daemon.pid}/mountinfo", TABLE_LIMIT))
        real = "/run" + path.removeprefix("/var/run") if path.startswith("/var/run/") else path
        mount = table.covering(real)
        if mount is not None:
            rest = real[len(mount.point.rstrip("/")) :]
            place = mount.root.rstrip("/") + rest
            yield ControlSocket(service, real, mount.device, place)


def listening(text: str, inodes: set[str]) -> list[str]:
    """Return the paths of the listening sockets of /proc/net/unix that have one of the inodes."""
    paths = []
    for line in text.splitlines()[1:]:
        words = line.split(None, 7)
        if len(words) == 8 and words[6] in inodes and words[7].startswith("/"):
            try:
                flags = int(words[3], 16)
            except ValueError:
                continue
            if flags & _LISTENS:
                paths.append(words[7])
    return paths
