"""Finds on the host what a VMM calls by a path of its own mounts; nothing inside is followed.

Source: proc(5) (mountinfo), path_resolution(7).
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Table, inside
from isoaudit.probes.kernel.sources import may_hang
from isoaudit.probes.vmm.files import MOST_LINKS, link_at, steps
from isoaudit.transports.base import FileStat, Unreadable

_STICKY = 0o1000
_SEARCH, _WRITE = 0o001, 0o002


def host_path(machine: Machine, table: Table, path: str) -> str:
    """Return the host's path of what a process with a mount table calls by a path of its own.

    Raises Unreadable where the host's mounts do not show it, or where looking might never end.
    """
    theirs = table.covering(path)
    if theirs is None:
        raise Unreadable(Reason.NOT_SUPPORTED, f"no mount of its own covers {path}")
    if may_hang(theirs):
        raise Unreadable(Reason.NOT_SUPPORTED, f"{path} is on {theirs.file_system}: not looked at")
    rest = path[len(theirs.point.rstrip("/")) :].rstrip("/")
    place = (theirs.root.rstrip("/") + rest) or "/"
    for ours in machine.mounts.on(theirs.device):
        if inside(place, ours.root):
            tail = place[len(ours.root.rstrip("/")) :]
            found = (ours.point.rstrip("/") + tail).rstrip("/") or "/"
            if machine.mounts.covering(found) is ours:
                return found
    raise Unreadable(Reason.NOT_SUPPORTED, f"{path} lies on no mount of the host's own")


def resolved(machine: Machine, table: Table, pid: int, path: str) -> str:
    """Return where a path of a process leads once its symbolic links are followed, in its root.

    Raises Unreadable where nothing is, or where looking might never end.
    """
    left, here, links = steps(path), "", 0
    while left:
        step = left.pop(0)
        if step == "..":
            here = here.rpartition("/")[0]
            continue
        place = f"{here}/{step}"
        mount = table.covering(place)
        if mount is None or may_hang(mount):
            raise Unreadable(Reason.NOT_SUPPORTED, f"{place} is not looked at")
        target = link_at(machine.files, f"/proc/{pid}/root{place}")
        if target is None:
            here = place
            continue
        links += 1
        if links > MOST_LINKS:
            raise Unreadable(Reason.NOT_SUPPORTED, f"{path}: too many symbolic links")
        left = steps(target) + left
        here = "" if target.startswith("/") else here
    return here or "/"


def anyone_may_connect(machine: Machine, path: str) -> bool:
    """Say whether every user of the host can reach a socket by its path; raises Unreadable.

    The kernel wants search permission on the folders and write permission on the socket (unix(7)).
    """
    steps = [step for step in path.split("/") if step]
    for end in range(1, len(steps)):
        if not machine.stat("/" + "/".join(steps[:end]))["mode"] & _SEARCH:
            return False
    return bool(machine.stat(path)["mode"] & _WRITE)


def replaceable(machine: Machine, path: str) -> bool:
    """Say whether every user may put another file in its place: its folder is open to all."""
    folder: FileStat = machine.stat(path.rpartition("/")[0] or "/")
    return bool(folder["mode"] & _WRITE) and not folder["mode"] & _STICKY
