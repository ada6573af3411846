"""The folder in which an engine keeps images and layers: who gets in, and what it fills up.

Sources: proc(5) (mountinfo), moby's advisory GHSA-3fwx-pjgw-3558 and containerd's
GHSA-pwhc-rpq9-4c8w (setuid programs in layers that local accounts could reach).
"""

from __future__ import annotations

import re

from isoaudit.probes.base import Notes
from isoaudit.probes.permissions import others_may_enter, shown
from isoaudit.transports import Files, Unreadable

_TABLE_LIMIT = 16 * 1_048_576
_ESCAPE = re.compile(r"\\([0-7]{3})")


def note_data_root(notes: Notes, files: Files, root: str, *, remapped: bool = False) -> None:
    """Note who gets into a folder of images and layers, and whether it has its own file system.

    With user namespaces remapped the data root is a folder below the one that is set.
    """
    try:
        notes.fact("engine.data_root_open", *others_may_enter(files, root))
        seen = files.stat(root)
        notes.fact("engine.data_root_mode", f"{seen['mode']:04o}", shown(root, seen))
    except Unreadable as error:
        notes.lacks(error.missing("engine.data_root_open", notes.vantage))
        notes.lacks(error.missing("engine.data_root_mode", notes.vantage))
    try:
        point = mount_point(files, root)
    except Unreadable as error:
        notes.lacks(error.missing("engine.data_root_separate", notes.vantage))
        return
    places = {root, root.rpartition("/")[0]} if remapped else {root}
    notes.fact("engine.data_root_separate", point in places, f"mountinfo: {root} lies on {point}")


def mount_point(files: Files, path: str) -> str:
    """Return where the file system that holds a path is mounted; raises Unreadable.

    A folder that is mounted onto itself, as dockerd does with its data root, is no file system of
    its own: it has the device of the one above.
    """
    try:
        text = files.read_text("/proc/1/mountinfo", _TABLE_LIMIT)
    except Unreadable:
        text = files.read_text("/proc/self/mountinfo", _TABLE_LIMIT)
    devices: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split(" ", 5)
        if len(fields) < 6:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        if point == "/" or f"{path}/".startswith(f"{point}/"):
            devices[point] = fields[2]
    found = "/"
    for point in sorted(devices, key=len):
        if devices[point] != devices.get(found):
            found = point
    return "/" if devices.get(found) == devices.get("/") else found
