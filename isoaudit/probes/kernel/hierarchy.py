"""Where the control groups of a process lie, and how their files are read (cgroups(7))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from isoaudit.model import Reason
from isoaudit.probes.kernel.mountinfo import Mount, Table, inside
from isoaudit.transports import Files, Unreadable

_UNLIMITED_V1 = 1 << 62  # memory.limit_in_bytes without a limit is 2^63 rounded down to a page


@dataclass(frozen=True, slots=True)
class Group:
    """One control group: its folder, the folder of its hierarchy, the version, and its path."""

    folder: str
    top: str
    version: int
    path: str = ""

    def own(self, name: str) -> str:
        """Return the folder of the whole sandbox, where its process may sit in one below.

        `name` is what that folder is called by: the container's id, or "" for the group itself.
        """
        if not name or name not in self.folder:
            return self.folder
        # NOTE: of several the outermost: those inside may call a group of theirs by the same name.
        head, _, tail = self.folder.partition(name)
        return head + name + tail.partition("/")[0]

    def upwards(self, name: str) -> Iterator[str]:
        """Yield the sandbox's own folder and that of every group above it in the hierarchy."""
        folder = self.own(name)
        while inside(folder, self.top) and folder != "/":
            yield folder
            folder = folder.rpartition("/")[0] or "/"


def groups(text: str, table: Table) -> dict[str, Group]:
    """Return `{controller: group}` from /proc/PID/cgroup; version 2 stands under "".

    `table` is the one that the paths are looked up in. A hierarchy that is not mounted there,
    or not the part of it, is left out.
    """
    found: dict[str, Group] = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        unified = number == "0" and controllers == ""
        for controller in [""] if unified else controllers.split(","):
            group = _locate(controller, path, table, unified)
            if group is not None:
                found[controller] = group
    return found


def imposed(
    files: Files, found: dict[str, Group], mounts: Iterable[Mount], uids: frozenset[int]
) -> dict[str, Group]:
    """Return the groups whose limits are imposed on a sandbox that no group is named for.

    These begin above what it may write itself: groups that a writable mount of its own shows and
    that belong to one of its ids. `mounts` are those of its processes, `uids` theirs on the host.
    """
    writable = [one for one in mounts if one.file_system.startswith("cgroup") and not one.read_only]
    if not writable:
        return found
    return {name: _above(files, name, group, writable, uids) for name, group in found.items()}


def _above(
    files: Files, controller: str, group: Group, mounts: list[Mount], uids: frozenset[int]
) -> Group:
    shown = [
        mount.root
        for mount in mounts
        if (mount.file_system == "cgroup2") == (group.version == 2)
        and (group.version == 2 or controller in mount.super_options)
    ]
    folder, path = group.folder, group.path
    while folder != group.top and any(inside(path, root) for root in shown):
        if _maker(files, folder, group.version) not in {None, *uids}:
            break
        folder, path = (one.rpartition("/")[0] or "/" for one in (folder, path))
    return replace(group, folder=folder)


def _maker(files: Files, folder: str, version: int) -> int | None:
    """Return who owns a group's limits; None where that cannot be read.

    Whom a group is delegated to owns its folder and few of its files, not these (cgroups(7)).
    """
    name = "cgroup.events" if version == 2 else "notify_on_release"
    try:
        return files.stat(f"{folder}/{name}")["uid"]
    except Unreadable:
        return None


def _locate(controller: str, path: str, table: Table, unified: bool) -> Group | None:
    kind = "cgroup2" if unified else "cgroup"
    for mount in table.mounts:
        if mount.file_system != kind or (not unified and controller not in mount.super_options):
            continue
        if ".." in path.split("/"):
            return None  # outside the cgroup namespace we are in, where no file of it is seen
        if inside(path, mount.root):
            rest = path[len(mount.root.rstrip("/")) :]
            folder = (mount.point + rest).rstrip("/") or "/"
            return Group(folder, mount.point, 2 if unified else 1, path)
    return None


def text_of(files: Files, path: str) -> str | None:
    """Return the text of a group's file; None if the group has no such controller."""
    try:
        return files.read_text(path)
    except Unreadable as error:
        if error.absent:
            return None
        raise


def limit_of(files: Files, path: str) -> int | None:
    """Return the first word of a group's file as a limit, None for none; raises Unreadable."""
    text = text_of(files, path)
    word = (text.split() or [""])[0] if text is not None else "max"
    if word in {"max", "-1"}:
        return None
    if not word.isdecimal():
        raise Unreadable(Reason.PARSE_ERROR, f"{path}: a number is expected")
    return int(word) if int(word) < _UNLIMITED_V1 else None
