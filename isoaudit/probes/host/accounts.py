"""The local account files: group(5) and passwd(5)."""

from __future__ import annotations

from dataclasses import dataclass

from isoaudit.probes.host.sheet import Sheet

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


def primary_members(sheet: Sheet) -> dict[int, list[str]]:
    """Return the account names of /etc/passwd by their primary group; raises Unreadable."""
    found: dict[int, list[str]] = {}
    for line in sheet.text(PASSWD).splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[3].isdigit():
            found.setdefault(int(fields[3]), []).append(fields[0])
    return found
