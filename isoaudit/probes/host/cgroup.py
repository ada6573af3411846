"""Which cgroup hierarchies are mounted, with which controllers, and what version 1 runs when a
group empties.

Sources: cgroups(7), proc_pid_mountinfo(5).
"""

from __future__ import annotations

from collections.abc import Callable

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_MOUNTS = "/proc/self/mountinfo"
_VERSION = "host.cgroup.version"
_AGENTS = "host.cgroup.release_agents"
_CONTROLLERS = "host.cgroup.controllers"


def note_cgroup(sheet: Sheet) -> None:
    """Note the version in use, and the release agents of version 1."""
    try:
        mounts = _mounts(sheet.mounts())
    except Unreadable as error:
        for fact in (_VERSION, _AGENTS, _CONTROLLERS):
            sheet.lacks(fact, error)
        return
    roots = [point for kind, point in mounts if kind == "cgroup"]
    if not mounts:
        for fact in (_VERSION, _AGENTS, _CONTROLLERS):
            sheet.kernel.missing(
                fact,
                Reason.NOT_SUPPORTED,
                f"{_MOUNTS} has no cgroup mount",
                "Run isoaudit where /sys/fs/cgroup is mounted.",
            )
        return
    sheet.kernel.fact(_VERSION, 1 if roots else 2, _MOUNTS)
    _note_agents(sheet, roots)
    if roots:
        _note_controllers(sheet, "/proc/cgroups", _enabled)
    else:
        top = next(point for kind, point in mounts if kind == "cgroup2")
        _note_controllers(sheet, f"{top}/cgroup.controllers", lambda text: text.split())


def _note_controllers(sheet: Sheet, path: str, read: Callable[[str], list[str]]) -> None:
    try:
        sheet.kernel.fact(_CONTROLLERS, sorted(read(sheet.text(path))), path)
    except Unreadable as error:
        sheet.lacks(_CONTROLLERS, error)


def _enabled(text: str) -> list[str]:
    """Return the controllers of /proc/cgroups that are not switched off at boot."""
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return [row[0] for row in rows if len(row) == 4 and row[3] == "1"]


def _note_agents(sheet: Sheet, roots: list[str]) -> None:
    agents: list[str] = []
    for root in roots:
        try:
            agents.append(sheet.text(f"{root}/release_agent"))
        except Unreadable as error:
            # NOTE: a hierarchy's root has the file; absence means that its root is hidden.
            sheet.lacks(_AGENTS, error, "only part of the hierarchy is mounted here")
            return
    named = sorted({agent for agent in agents if agent})
    source = f"release_agent of {len(roots)} hierarchies" if roots else "no version 1 hierarchy"
    sheet.kernel.fact(_AGENTS, named, source)


def _mounts(text: str) -> list[tuple[str, str]]:
    """Return (file system type, mount point) of every cgroup mount."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind = after.partition(" ")[0]
        fields = before.split(" ")
        if kind in {"cgroup", "cgroup2"} and len(fields) > 4:
            found.append((kind, fields[4]))
    return found
