"""Files that a node hands into workloads unread: seccomp profiles, and device descriptions (CDI).

Sources: kubernetes.io tutorials/security/seccomp (`localhostProfile` is a path below the kubelet's
folder), the Container Device Interface specification (folders /etc/cdi and /var/run/cdi).
"""

from __future__ import annotations

from isoaudit.model import Missing, Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.probes.permissions import others_may_write
from isoaudit.transports.base import FileStat, Unreadable

_PROFILES = ("/var/lib/kubelet/seccomp",)
_SPECS = ("/etc/cdi", "/run/cdi")
_MOST = 512
_DEEPEST = 4


def note_handed_in(sheet: Sheet) -> None:
    """Note the parts seccomp_profile and cdi_spec: these folders, and all that lies in them."""
    _note_below(sheet, "seccomp_profile", _PROFILES)
    _note_below(sheet, "cdi_spec", _SPECS)


def _note_below(sheet: Sheet, part: str, folders: tuple[str, ...]) -> None:
    unread: list[Unreadable] = []
    records: list[Record] = []
    waiting = [(folder, 0) for folder in folders]
    while waiting and len(records) < _MOST:
        path, depth = waiting.pop()
        seen = sheet.stat(path)
        if isinstance(seen, Unreadable):
            unread.append(seen)
        elif seen is not None and seen["type"] in {"file", "directory"}:
            records.append(_record(sheet, part, path, seen))
            if seen["type"] == "directory":
                waiting += _inside(sheet, path, depth, unread)
    if waiting:
        unread.append(Unreadable(Reason.LIMIT, f"more than {_MOST} files"))
    records.sort(key=lambda one: str(one.facts[f"{part}.path"].value))
    incomplete: Missing | None = unread_part(part, unread, sheet.kernel.vantage)
    sheet.kernel.part(part, records, incomplete)


def _inside(
    sheet: Sheet, folder: str, depth: int, unread: list[Unreadable]
) -> list[tuple[str, int]]:
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        unread.append(names)
        return []
    if names and depth == _DEEPEST:
        unread.append(Unreadable(Reason.LIMIT, f"{folder} is more than {_DEEPEST} levels deep"))
        return []
    return [(f"{folder}/{name}", depth + 1) for name in names]


def _record(sheet: Sheet, part: str, path: str, seen: FileStat) -> Record:
    notes = Notes(sheet.kernel.vantage)
    source = f"stat {path}: uid {seen['uid']}, gid {seen['gid']}, mode {seen['mode']:04o}"
    notes.fact(f"{part}.path", path, source)
    notes.fact(f"{part}.owner_uid", seen["uid"], source)
    notes.fact(f"{part}.others_may_write", others_may_write(seen), source)
    return notes.record()
