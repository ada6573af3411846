"""Who but root gets at a path, by the permission bits of it and of the folders above it.

Source: path_resolution(7), inode(7) (the sticky bit lets only owners replace what is in a folder).
Access control lists are not read: they show up in the group's bits as a mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.transports import Files
from isoaudit.transports.base import FileStat

_STICKY = 0o1000


class Access(NamedTuple):
    """An answer, and what was looked at for it."""

    granted: bool
    source: str


def others_may_enter(files: Files, folder: str) -> Access:
    """Say whether ordinary accounts can list a folder or pass through it; raises Unreadable."""
    seen = files.stat(folder)
    if not seen["mode"] & 0o005:
        return Access(False, shown(folder, seen))
    for parent in _above(folder):
        above = files.stat(parent)
        if not above["mode"] & 0o001:
            return Access(False, f"{shown(parent, above)} lets nobody through")
    return Access(True, shown(folder, seen))


def others_may_read(files: Files, path: str) -> Access:
    """Say whether an account that is not root, or a group, can read a file; raises Unreadable."""
    seen = files.stat(path)
    by_group = bool(seen["mode"] & 0o040) and seen["gid"] != 0
    if seen["uid"] == 0 and not by_group and not seen["mode"] & 0o004:
        return Access(False, shown(path, seen))
    for parent in _above(path):
        above = files.stat(parent)
        if _closed(above):
            return Access(False, f"{shown(parent, above)} lets nobody through")
    return Access(True, shown(path, seen))


def others_may_replace(files: Files, path: str) -> Access:
    """Say whether anyone but root can change a file or put another in its place.

    Raises Unreadable.
    """
    seen = files.stat(path)
    found = Access(others_may_write(seen), shown(path, seen))
    for parent in _above(path):
        above = files.stat(parent)
        held = above["uid"] == 0 and bool(above["mode"] & _STICKY)
        if others_may_write(above) and not held and not found.granted:
            found = Access(True, shown(parent, above))
        if _closed(above):
            found = Access(False, f"{shown(parent, above)} lets nobody through")
    return found


def others_may_write(seen: FileStat) -> bool:
    """Say whether anyone but root may write to it: its owner, a group's members, everyone."""
    by_group = bool(seen["mode"] & 0o020) and seen["gid"] != 0
    return seen["uid"] != 0 or by_group or bool(seen["mode"] & 0o002)


def shown(path: str, seen: FileStat) -> str:
    """Return what stat told of a path, for a fact's source."""
    return f"stat {path}: uid {seen['uid']}, gid {seen['gid']}, mode {seen['mode']:04o}"


def _closed(folder: FileStat) -> bool:
    """Say whether nobody but root can pass through a folder."""
    return folder["uid"] == 0 and folder["gid"] == 0 and not folder["mode"] & 0o001


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path, nearest first, the root last."""
    while path := path.rpartition("/")[0]:
        yield path
    yield "/"
