"""The device nodes of virtualization, and who may open them.

Sources: kernel.org virt/kvm/api, driver-api/vfio (VFIO's container node is open to all on purpose:
the groups guard the devices), userspace-api/iommufd, systemd's 50-udev-default.rules.
"""

from __future__ import annotations

from isoaudit.model import Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host import accounts
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.transports.base import FileStat, Unreadable

_NAMES = frozenset({"kvm", "iommu", "sev"})
_STARTS = ("vhost-",)
_FOLDERS = ("/dev/vfio", "/dev/vfio/devices")


def note_device_nodes(sheet: Sheet) -> None:
    """Note the part device_node: those of KVM, vhost, VFIO, iommufd and SEV that exist."""
    unread: list[Unreadable] = []
    paths = [
        f"/dev/{name}"
        for name in _names(sheet, "/dev", unread)
        if name in _NAMES or name.startswith(_STARTS)
    ]
    for folder in _FOLDERS:
        paths += [f"{folder}/{name}" for name in _names(sheet, folder, unread)]
    groups = accounts.group_names(sheet)
    records: list[Record] = []
    for path in paths:
        seen = sheet.stat(path)
        if isinstance(seen, Unreadable):
            unread.append(seen)
        elif seen is not None and seen["type"] in {"character", "block"}:
            records.append(_record(sheet, path, seen, groups))
    incomplete = unread_part("device_node", unread, sheet.kernel.vantage)
    sheet.kernel.part("device_node", records, incomplete)


def _names(sheet: Sheet, folder: str, unread: list[Unreadable]) -> list[str]:
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        unread.append(names)
        return []
    return names


def _record(sheet: Sheet, path: str, seen: FileStat, groups: dict[int, str]) -> Record:
    notes = Notes(sheet.kernel.vantage)
    source = f"stat {path}: uid {seen['uid']}, gid {seen['gid']}, mode {seen['mode']:04o}"
    notes.fact("device_node.path", path, source)
    notes.fact("device_node.owner_uid", seen["uid"], source)
    notes.fact("device_node.group", groups.get(seen["gid"], str(seen["gid"])), source)
    notes.fact("device_node.mode", f"{seen['mode']:04o}", source)
    notes.fact("device_node.world_accessible", bool(seen["mode"] & 0o006), source)
    return notes.record()
