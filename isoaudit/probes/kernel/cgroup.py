"""The control groups of a sandbox: its processes and its limits (cgroups(7), both versions)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.mountinfo import Table, inside
from isoaudit.transports import Files, Unreadable

_MAX_GROUPS = 2_000
_UNLIMITED_V1 = 1 << 62  # memory.limit_in_bytes without a limit is 2^63 rounded down to a page


@dataclass(frozen=True, slots=True)
class Group:
    """One control group: its folder, the folder of its hierarchy, and the version."""

    folder: str
    top: str
    version: int


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
        if inside(path, mount.root):
            rest = path[len(mount.root.rstrip("/")) :]
            folder = (mount.point + rest).rstrip("/") or "/"
            return Group(folder, mount.point, 2 if unified else 1)
    return None


def members(files: Files, found: dict[str, Group], name: str) -> list[int]:
    """Return the pids in a sandbox's group and those below it; raises Unreadable.

    `name` is what the sandbox's own folder is called by: the container's id, or "" for the group
    itself. A container may make groups below its own (systemd does), never leave it.
    """
    group = next((found[c] for c in ("", "pids", "memory", "name=systemd") if _apt(found, c)), None)
    if group is None:
        raise Unreadable(
            Reason.NOT_SUPPORTED,
            "the sandbox has no control group of its own that is mounted here",
            "Mount the cgroup hierarchies, or run isoaudit on the host itself.",
        )
    folder = _own_folder(group, name)
    pids: set[int] = set()
    for below in _tree(files, folder):
        for word in files.read_text(f"{below}/cgroup.procs").split():
            if word.isdecimal() and word != "0":
                pids.add(int(word))
    return sorted(pids)


def _apt(found: dict[str, Group], controller: str) -> bool:
    """Say whether a hierarchy tells the sandbox's processes apart from the host's."""
    group = found.get(controller)
    return group is not None and group.folder != group.top


def _own_folder(group: Group, name: str) -> str:
    """Return the folder of the whole sandbox, where its process may sit in one below."""
    if not name or name not in group.folder:
        return group.folder
    head, _, tail = group.folder.rpartition(name)
    return head + name + tail.partition("/")[0]


def _tree(files: Files, folder: str) -> Iterator[str]:
    """Yield a folder and all below it; raises Unreadable if there is no end to them."""
    todo, count = [folder], 0
    while todo:
        one = todo.pop()
        count += 1
        if count > _MAX_GROUPS:
            raise Unreadable(
                Reason.LIMIT, f"{folder}: more than {_MAX_GROUPS} control groups below it"
            )
        yield one
        for name in files.list_names(one):
            # NOTE: the kernel's own files have a dot, as have some groups; stat tells them apart.
            if "." not in name or name.endswith((".scope", ".service", ".slice", ".mount")):
                path = f"{one}/{name}"
                if _is_folder(files, path):
                    todo.append(path)


def _is_folder(files: Files, path: str) -> bool:
    try:
        return files.stat(path)["type"] == "directory"
    except Unreadable:
        return False


def note_limits(notes: Notes, files: Files, found: dict[str, Group], name: str) -> None:
    """Note the limits that hold for a sandbox: its group's and those of every group above it.

    `name` as for `members`: what a container sets on groups of its own making is no limit.
    """
    for limit in (_MEMORY, _PIDS, _CPU):
        _note(notes, files, found.get(limit.controller) or found.get(""), name, limit)


@dataclass(frozen=True, slots=True)
class _Limit:
    path: str
    value: str
    controller: str
    file_v1: str
    file_v2: str


_MEMORY = _Limit(
    "container.limits.memory", "bytes", "memory", "memory.limit_in_bytes", "memory.max"
)
_PIDS = _Limit("container.limits.pids", "count", "pids", "pids.max", "pids.max")
_CPU = _Limit("container.limits.cpu", "", "cpu", "cpu.cfs_quota_us", "cpu.max")


def _note(notes: Notes, files: Files, group: Group | None, name: str, limit: _Limit) -> None:
    if group is None:
        detail = f"no cgroup hierarchy with {limit.controller} is mounted here"
        notes.missing(f"{limit.path}.set", Reason.NOT_SUPPORTED, detail)
        return
    file = limit.file_v2 if group.version == 2 else limit.file_v1
    own = _own_folder(group, name)
    least: tuple[int, str] | None = None
    try:
        for folder in _upwards(own, group.top):
            value = _read(files, f"{folder}/{file}")
            if value is not None and (least is None or value < least[0]):
                least = (value, f"{folder}/{file}")
    except Unreadable as error:
        notes.lacks(error.missing(f"{limit.path}.set", notes.vantage))
        return
    if least is None:
        notes.fact(f"{limit.path}.set", False, f"{own}/{file} and the groups above it")
        return
    notes.fact(f"{limit.path}.set", True, least[1])
    if limit.value:
        notes.fact(f"{limit.path}.{limit.value}", least[0], least[1])


def _upwards(folder: str, top: str) -> Iterator[str]:
    """Yield the folder of a group and of every one above it within its hierarchy."""
    while inside(folder, top) and folder != "/":
        yield folder
        folder = folder.rpartition("/")[0] or "/"


def _read(files: Files, path: str) -> int | None:
    """Return a limit, None for none; without the file the group has no such controller."""
    try:
        word = (files.read_text(path).split() or [""])[0]
    except Unreadable as error:
        if error.absent:
            return None
        raise
    if word in {"max", "-1"}:
        return None
    if not word.isdecimal():
        raise Unreadable(Reason.PARSE_ERROR, f"{path}: a number is expected")
    return int(word) if int(word) < _UNLIMITED_V1 else None
