"""Who else has a hand in what is mounted: other sandboxes, and whoever may replace the source.

Sources: mount_namespaces(7), path_resolution(7) (the sticky bit), proc(5).
"""

from __future__ import annotations

from isoaudit.model import Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.asked import Asked, Tables
from isoaudit.probes.kernel.mountinfo import Mount, inside
from isoaudit.probes.writers import source_writers
from isoaudit.transports import Unreadable

_REMOTE = frozenset(
    {
        "9p",
        "afs",
        "autofs",
        "ceph",
        "cifs",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "virtiofs",
    }
)
"""File systems that may never answer."""

_OWN = "this container"


def may_hang(mount: Mount) -> bool:
    """Say whether a file system may never answer: one of the network or of another process."""
    return mount.file_system in _REMOTE or mount.file_system.startswith("fuse")


def note_who(notes: Notes, mount: Mount, source: str | None, tables: Tables, asked: Asked) -> None:
    """Note who shares a bind or volume and who may replace its source.

    `source` is the host path of a bind that was asked for, None for what is managed.
    """
    place = mount.point.rstrip("/")
    above = [(path, fact) for path, fact in asked.shared if inside(place, path or "/")]
    shared = [fact for _, fact in sorted(above, key=lambda one: len(one[0]))[-1:]]
    for fact in shared:
        notes.holds(fact)
    if not shared:
        detail = "who else mounts it is asked of engines, and none said so"
        notes.missing("mount.shared_with", Reason.NOT_SUPPORTED, detail)
    if source is None:
        return
    path = "mount.source_writers"
    if may_hang(mount):
        detail = f"{mount.file_system} is not looked into: it may not answer"
        notes.missing(path, Reason.NOT_SUPPORTED, detail)
        return
    try:
        writers = _writers(tables, source)
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    if _may_itself(mount, tables):
        writers = [*writers, _OWN]
    notes.fact(path, writers, f"stat of the folders above {source}")


def _writers(tables: Tables, source: str) -> list[str]:
    """Return who may replace a host path, looked at once a run; raises Unreadable."""
    key, kept = ("writers", source), tables.machine.kept
    if key not in kept:
        try:
            kept[key] = source_writers(tables.machine.files, source)
        except Unreadable as error:
            kept[key] = error
    found = kept[key]
    if isinstance(found, Unreadable):
        raise found
    return list(found)


def _may_itself(mount: Mount, tables: Tables) -> bool:
    """Say whether the path lies below another of the sandbox's own writable mounts.

    One that is mounted above it does not count: with that one it came along.
    """
    writable, folder = tables.own.writable, mount.root
    while folder != "/":
        folder = folder.rpartition("/")[0] or "/"
        points = writable.get((mount.device, folder), ())
        # NOTE: this ends at the first that is not on the way to the mount, however many there are.
        if not all(inside(mount.point, point) for point in points):
            return True
    return False
