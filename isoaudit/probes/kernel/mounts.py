"""The mounts of a sandbox as the kernel has them, and what they hide below /proc and /sys.

Sources: proc(5) (mountinfo), mount_namespaces(7), the OCI runtime specification (default file
systems, maskedPaths, readonlyPaths). Nothing below the container's root is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import (
    DOCKER_READONLY_PATHS,
    PODMAN_MASKED_PATHS,
    RECENT_MASKED_PATHS,
)
from isoaudit.probes.kernel.asked import Asked, Tables
from isoaudit.probes.kernel.engine_mounts import is_engines, is_kernels
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Mount, Table, inside
from isoaudit.probes.kernel.sources import may_hang, note_who
from isoaudit.transports import Unreadable

_STANDARD = {
    "proc": "/proc",
    "sysfs": "/sys",
    "mqueue": "/dev/mqueue",
    "cgroup": "/sys/fs/cgroup",
    "cgroup2": "/sys/fs/cgroup",
    "devpts": "/dev",
}
"""Where a runtime mounts an instance of each; its device may be the host's all the same, since
sysfs is one per network namespace and mqueue one per IPC namespace."""

_OWN_TMPFS = ("/dev", "/dev/shm", "/proc", "/sys", "/run/lock")  # noqa: S108 - names of mounts

_PSEUDO = frozenset(
    {
        *("binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs"),
        *("efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "overlay", "proc", "pstore"),
        *("ramfs", "securityfs", "selinuxfs", "sysfs", "tracefs"),
    }
)
"""File systems that stand for no device of the host."""

_ONE_NUMBER = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs", "devtmpfs", "f2fs"})
"""File systems whose files have the device number of the mount; btrfs and overlay give others."""

MOST_MOUNTS = 10_000
"""Mounts of one sandbox that are looked at; the kernel allows 100,000 (fs.mount-max)."""

_RESTRICTIONS = ("nosuid", "nodev", "noexec")


def mount_records(tables: Tables, asked: Asked) -> list[Record]:
    """Return a record for every mount of the sandbox that can be seen."""
    listed = tables.own.mounts[:MOST_MOUNTS]
    seen = (mount for mount in listed if mount.id not in tables.hidden)
    return [_record(mount, tables, asked) for mount in seen]


def _record(mount: Mount, tables: Tables, asked: Asked) -> Record:
    notes = Notes(Vantage.KERNEL)
    source = tables.source
    path = tables.machine.mounts.path_of(mount)
    kind = _kind(mount, tables.own, path, asked)
    notes.fact("mount.kind", kind, source)
    notes.fact("mount.destination", mount.point, source)
    notes.fact("mount.file_system", mount.file_system, source)
    notes.fact("mount.read_only", mount.read_only, source)
    notes.fact("mount.propagation", _propagation(mount, tables), f"{source}, host mount table")
    options = [word for word in _RESTRICTIONS if word in mount.options]
    notes.fact("mount.options", options, source)
    if mount.file_system == "tmpfs":
        limited = any(w.startswith(("size=", "nr_blocks=")) for w in mount.super_options)
        notes.fact("mount.size_limited", limited, source)
    managed = kind in {"system", "volume"} or is_engines(mount, path, asked)
    notes.fact("mount.managed", managed, source)
    if kind in {"bind", "volume"}:
        _note_source(notes, mount, path, tables)
        note_who(notes, mount, path if kind == "bind" and not managed else None, tables, asked)
    return notes.record()


def _propagation(mount: Mount, tables: Tables) -> str:
    """Return how mounts travel; a group that no mount of the host is in ends in the sandbox."""
    if mount.propagation == "shared" and mount.peers not in tables.machine.mounts.peer_groups:
        return "private"
    return mount.propagation


def _note_source(notes: Notes, mount: Mount, path: str | None, tables: Tables) -> None:
    """Note the host path behind a bind or volume, and what it is."""
    if path is None:
        detail = f"no mount of the host shows the file system {mount.device} behind it"
        for name in ("mount.source", "mount.source_type"):
            notes.missing(name, Reason.NOT_SUPPORTED, detail, "Look at what mounted it.")
        return
    notes.fact("mount.source", path, f"{tables.source}, host mount table")
    _note_type(notes, mount, path, tables.machine)


def _kind(mount: Mount, table: Table, path: str | None, asked: Asked) -> str:
    """Return bind, volume, tmpfs or system.

    What the runtime adds is known by type and place; all else that the host's mount table has too
    is a path of the host, whatever the engine calls it.
    """
    if mount.point == "/" or _is_systems(mount, table, path, asked):
        return "system"
    if path is not None:
        named = asked.volumes and _below(path, asked.volumes) and mount.point not in asked.binds
        return "volume" if named else "bind"
    if mount.file_system == "tmpfs":
        return "tmpfs"
    return "system" if mount.file_system in _PSEUDO else "bind"


def _is_systems(mount: Mount, table: Table, path: str | None, asked: Asked) -> bool:
    if mount.point in asked.binds:
        return False
    place = _STANDARD.get(mount.file_system)
    if place is not None and inside(mount.point, place):
        # A devpts of the host's is a bind: a runtime makes a new one.
        return mount.file_system != "devpts" or path is None
    if path is not None or mount.file_system != "tmpfs":
        return False
    # The runtime's own tmpfs on /dev lends its null device to hide single files elsewhere.
    dev = table.at("/dev")
    if dev is not None and dev.device == mount.device and mount.root != "/":
        return True
    return mount.point in _OWN_TMPFS or is_kernels(mount.point)


def _below(path: str, folder: str) -> bool:
    return path != folder and inside(path, folder)


def _is_on(mount: Mount, device: int) -> bool:
    """Say whether a file is on the file system that is mounted, where both are told alike."""
    if mount.file_system not in _ONE_NUMBER:
        return True
    return mount.device == f"{os.major(device)}:{os.minor(device)}"


def _note_type(notes: Notes, mount: Mount, path: str, machine: Machine) -> None:
    """Note what the host path is; a network file system is not touched, for it may never answer."""
    name = "mount.source_type"
    if may_hang(mount):
        detail = f"{mount.file_system} is not looked into: it may not answer"
        notes.missing(name, Reason.NOT_SUPPORTED, detail)
        return
    try:
        seen = machine.stat(path)
    except Unreadable as error:
        notes.lacks(error.missing(name, Vantage.KERNEL))
        return
    kind = seen["type"]
    if kind in {"file", "directory"} and not _is_on(mount, seen["device"]):
        # NOTE: who may write above the source can put a link to another file in its place.
        detail = f"{path} is another file by now than the one that is mounted"
        notes.missing(name, Reason.NOT_SUPPORTED, detail, "Look at who may write above it.")
        return
    notes.fact(name, "other" if kind in {"fifo", "link"} else kind, f"stat {path}")


PROTECTED = ("container.rootfs.read_only", "container.masked_paths", "container.readonly_paths")
"""What `note_paths` notes."""


def note_paths(notes: Notes, tables: Tables, asked: Asked, others: Sequence[Table] = ()) -> None:
    """Note the root's write protection and the hidden and read-only paths of /proc and /sys.

    What a process with mounts of its own (`others`) has not protected is not protected.
    """
    root = tables.own.at("/")
    if root is None:
        detail = f"{tables.source} has no entry for /"
        notes.missing("container.rootfs.read_only", Reason.NOT_SUPPORTED, detail)
    else:
        same = [top for other in others if (top := other.at("/")) and top.device == root.device]
        read_only = all(one.read_only for one in (root, *same))
        notes.fact("container.rootfs.read_only", read_only, tables.source)
    points = {mount.point for mount in tables.own.mounts if is_kernels(mount.point)}
    masked = {*points, *asked.masked, *PODMAN_MASKED_PATHS, *RECENT_MASKED_PATHS}
    _note_list(notes, "container.masked_paths", masked, tables, others)
    readonly = {*points, *asked.readonly, *DOCKER_READONLY_PATHS}
    _note_list(notes, "container.readonly_paths", readonly, tables, others)


def _note_list(
    notes: Notes, path: str, candidates: Iterable[str], tables: Tables, others: Sequence[Table]
) -> None:
    """Note which of the candidates are protected: by a mount, or because the kernel lacks them."""
    protects = _hides if path == "container.masked_paths" else _keeps
    protected: list[str] = []
    absent: list[str] = []
    unknown: Missing | None = None
    for candidate in sorted(candidates):
        mount = tables.own.covering(candidate)
        if any(_bares(other.covering(candidate), candidate, protects) for other in others):
            pass
        elif mount is not None and protects(mount, candidate):
            protected.append(candidate)
            continue
        try:
            if tables.machine.lacks(candidate):
                absent.append(candidate)
        except Unreadable as error:
            unknown = error.missing(path, Vantage.KERNEL)
    if unknown is not None:
        # A list without the one path that could not be looked at would say it lies bare.
        notes.lacks(unknown)
        return
    words = f"; not on this kernel: {', '.join(absent)}" if absent else ""
    notes.fact(path, sorted({*protected, *absent}), tables.source + words)


def _bares(mount: Mount | None, path: str, protects: Callable[[Mount, str], bool]) -> bool:
    """Say whether a file of the kernel lies open: one below no proc or sysfs is none."""
    return (
        mount is not None and mount.file_system in {"proc", "sysfs"} and not protects(mount, path)
    )


def _hides(mount: Mount, _path: str) -> bool:
    """Say whether a mount hides what it covers: an empty read-only tmpfs, or the null device."""
    if mount.file_system not in {"tmpfs", "devtmpfs"}:
        return False
    null = mount.root == "/null"
    empty = mount.root == "/" and mount.read_only and mount.point not in {"/proc", "/sys"}
    return null or empty


def _keeps(mount: Mount, path: str) -> bool:
    """Say whether a mount keeps what it covers from being written to."""
    below = is_kernels(mount.point)
    whole = mount.point in {"/proc", "/sys"} and path not in {"/proc", "/sys"}
    return mount.read_only and (below or whole) and not _hides(mount, path)
