"""The local account files: group(5) and passwd(5)."""

from __future__ import annotations

from dataclasses import dataclass

from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

GROUP = "/etc/group"
PASSWD = "/etc/passwd"  # noqa: S105 - a path


@dataclass(frozen=True, slots=True)
class Group:
    """One line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


def groups(sheet: Sheet) -> list[Group]:
    """Return the groups of /etc/group, broken lines left out; raises Unreadable."""
    found: list[Group] = []
    for line in sheet.text(GROUP).splitlines():
        fields = line.split(":")
        if len(fields) == 4 and fields[2].isdigit():
            members = tuple(name.strip() for name in fields[3].split(",") if name.strip())
            found.append(Group(fields[0], int(fields[2]), members))
    return found


def group_names(sheet: Sheet) -> dict[int, str]:
    """Return the names of the groups by their number; none if they cannot be read."""
    try:
        return {group.gid: group.name for group in groups(sheet)}
    except Unreadable:
        return {}


def users(sheet: Sheet) -> dict[str, int]:
    """Return the accounts of /etc/passwd with their numbers; raises Unreadable."""
    found: dict[str, int] = {}
    for line in sheet.text(PASSWD).splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[2].isdigit():
            found[fields[0]] = int(fields[2])
    return found


def primary_members(sheet: Sheet) -> dict[int, list[str]]:
    """Return the account names of /etc/passwd by their primary group; raises Unreadable."""
    found: dict[int, list[str]] = {}
    for line in sheet.text(PASSWD).splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[3].isdigit():
            found.setdefault(int(fields[3]), []).append(fields[0])
    return found
