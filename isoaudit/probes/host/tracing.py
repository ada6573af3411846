"""debugfs and tracefs: file systems through which the kernel's insides can be read and changed.

Sources: kernel.org filesystems/debugfs and trace/ftrace (both are mounted with mode 0700 unless an
option says otherwise), proc_pid_mountinfo(5).
"""

from __future__ import annotations

from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_MOUNTS = "/proc/self/mountinfo"


def note_tracing(sheet: Sheet) -> None:
    """Note whether anyone but root may enter a mounted debugfs or tracefs."""
    for kind in ("debugfs", "tracefs"):
        fact = f"host.{kind}.open"
        try:
            points = mount_points(sheet.mounts(), kind)
            opened = [point for point in points if _others_enter(sheet, point)]
        except Unreadable as error:
            sheet.lacks(fact, error)
            continue
        source = f"{_MOUNTS}: no {kind}" if not points else f"stat {', '.join(opened or points)}"
        sheet.kernel.fact(fact, bool(opened), source)


def mount_points(table: str, kind: str) -> list[str]:
    """Return where a mount table has file systems of one type."""
    found: list[str] = []
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 4 and after.partition(" ")[0] == kind:
            found.append(fields[4])
    return found


def _others_enter(sheet: Sheet, point: str) -> bool:
    """Say whether an owner other than root, a group's members or everyone may search a folder."""
    seen = sheet.files.stat(point)
    by_group = bool(seen["mode"] & 0o010) and seen["gid"] != 0
    return seen["uid"] != 0 or by_group or bool(seen["mode"] & 0o001)
