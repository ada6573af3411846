"""Groups whose members can reach an engine, a hypervisor or the disks below them.

Sources: group(5), passwd(5), nsswitch.conf(5); the install guides of Docker, libvirt, LXD and Incus
name their groups.
"""

from __future__ import annotations

import re

from isoaudit.model import Missing, Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host import accounts
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_NAMES = frozenset(
    {
        "docker",
        "podman",
        "lxd",
        "incus",
        "incus-admin",
        "libvirt",
        "libvirtd",
        "libvirt-qemu",
        "qemu",
        "kvm",
        "disk",
    }
)
_LOCAL_SOURCES = frozenset({"files", "compat", "systemd", "altfiles", "mymachines", "cache"})
_SSSD = "/etc/sssd/sssd.conf"


def note_groups(sheet: Sheet) -> None:
    """Note the part group, incomplete where members may come from a directory service."""
    try:
        known = [group for group in accounts.groups(sheet) if group.name in _NAMES]
        primary = accounts.primary_members(sheet)
    except Unreadable as error:
        sheet.declared.lacks(error.missing("group", sheet.declared.vantage))
        return
    records = [_record(sheet, group, primary) for group in sorted(known, key=lambda g: g.name)]
    sheet.declared.part("group", records, members_elsewhere(sheet))


def _record(sheet: Sheet, group: accounts.Group, primary: dict[int, list[str]]) -> Record:
    notes = Notes(sheet.declared.vantage)
    members = sorted({*group.members, *primary.get(group.gid, ())})
    notes.fact("group.name", group.name, accounts.GROUP)
    notes.fact("group.members", members, f"{accounts.GROUP} and {accounts.PASSWD}")
    return notes.record()


def members_elsewhere(sheet: Sheet) -> Missing | None:
    """Return why members may be missing: another source of groups is configured."""
    path = "/etc/nsswitch.conf"
    try:
        text = sheet.text(path)
    except Unreadable as error:
        return None if error.absent else error.missing("group", sheet.declared.vantage)
    words = [
        word
        for line in text.splitlines()
        if re.match(r"(?:group|passwd|initgroups):", line)
        for word in re.sub(r"\[[^\]]*\]", " ", line.partition("#")[0]).split()[1:]
    ]
    others = sorted({word for word in words if word not in _LOCAL_SOURCES})
    if "sss" in others and sheet.exists(_SSSD) is False:
        others.remove("sss")  # named by default, and inert without its configuration
    if not others:
        return None
    return Missing(
        "group",
        Reason.NOT_SUPPORTED,
        f"{path}: members may also come from {', '.join(others)}",
        "Ask the directory: getent group docker libvirt lxd incus kvm disk.",
        sheet.declared.vantage,
    )
