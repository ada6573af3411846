"""Says who may change the files a VM starts from, by walking down to them as the kernel does.

Source: path_resolution(7), inode(7). Access lists can only give what the group bits of a file's
mode allow (acl(5)), so the bits are enough for "nobody else may".
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.transports.base import Files, FileStat, Unreadable

MOST_LINKS = 40  # the kernel's own limit
_STICKY = 0o1000


def others_may_write(files: Files, path: str) -> tuple[bool, str]:
    """Return whether anyone but root may change a file or a folder above it, and where.

    Symbolic links are followed, and the folders they stand in count. Raises Unreadable.
    """
    if not path.startswith("/"):
        raise Unreadable(Reason.NOT_SUPPORTED, f"{path} is no absolute path")
    left, here, links = steps(path), "", 0
    while left:
        step = left.pop(0)
        if step == "..":
            here = here.rpartition("/")[0]
            continue
        place = f"{here}/{step}"
        target = link_at(files, place)
        if target is not None:
            links += 1
            if links > MOST_LINKS:
                raise Unreadable(Reason.NOT_SUPPORTED, f"{path}: too many symbolic links")
            left = steps(target) + left
            here = "" if target.startswith("/") else here
            continue
        if _open_to_others(files.stat(place)):
            return True, place
        here = place
    return False, here


def steps(path: str) -> list[str]:
    """Return the names of a path, without those that lead nowhere."""
    return [step for step in path.split("/") if step not in {"", "."}]


def link_at(files: Files, path: str) -> str | None:
    """Return where a symbolic link points, or None if it is none; raises Unreadable."""
    try:
        return files.read_link(path)
    except Unreadable as error:
        if error.absent or error.reason is Reason.PERMISSION_DENIED:
            raise
        return None


def _open_to_others(seen: FileStat) -> bool:
    """Say whether somebody but root may write here; a sticky folder guards what root put in it."""
    if seen["uid"] != 0:
        return True
    if seen["type"] == "directory" and seen["mode"] & _STICKY:
        return False
    by_group = seen["gid"] != 0 and bool(seen["mode"] & 0o020)
    return by_group or bool(seen["mode"] & 0o002)
