"""Where the control groups of a process lie, and how their files are read (cgroups(7))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from isoaudit.model import Reason
from isoaudit.probes.kernel.mountinfo import Table, inside
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
