"""Who besides root can put something else in place of a host path, by the folders that lead to it.

Only names are looked at: what lies at the path, or below it, is not opened. Sources:
path_resolution(7), inode(7) (in a sticky folder only the owner of an entry or of the folder may
replace it), passwd(5), group(5).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from isoaudit.model import Reason
from isoaudit.transports import Files, Unreadable

EVERYONE = "everyone"
THIS_CONTAINER = "this container"

_PASSWD, _GROUP = "/etc/passwd", "/etc/group"
_MAX_LINKS = 40  # as the kernel (path_resolution(7))
_GROUP_WRITES, _OTHERS_WRITE, _STICKY = 0o020, 0o002, 0o1000


def source_writers(files: Files, path: str) -> list[str]:
    """Return the accounts, groups (`group NAME`) or `everyone` who can replace a host path.

    Symbolic links on the way are followed by their names, so that both ways count. Empty if only
    root can. Raises Unreadable if a folder on the way cannot be looked at.
    """
    walk = _Walk(files)
    walk.through(path)
    if EVERYONE in walk.writers:
        return [EVERYONE]
    return sorted(walk.writers)


class _Walk:
    """One walk along a path; `writers` are those met on the way."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names: dict[str, dict[int, str]] = {}
        self.writers: set[str] = set()

    def through(self, path: str) -> None:
        """Look at each folder that leads to a path, and at where links on the way lead."""
        todo = _parts(path)
        at, links = "/", 0
        while todo:
            name = todo.pop(0)
            if name == "..":
                at = posixpath.dirname(at)
                continue
            entry = posixpath.join(at, name)
            target = self._link(entry)
            self._look(at, entry, is_link=target is not None)
            if target is None:
                at = entry
                continue
            links += 1
            if links > _MAX_LINKS:
                raise Unreadable(Reason.LIMIT, f"{path}: too many symbolic links on the way")
            at = "/" if target.startswith("/") else at
            todo = [*_parts(target), *todo]

    def _link(self, entry: str) -> str | None:
        """Return where a link leads, None for what is none or not there."""
        try:
            return self._files.read_link(entry)
        except Unreadable as error:
            if error.reason is not Reason.NOT_SUPPORTED:
                raise
            return None

    def _look(self, folder: str, entry: str, *, is_link: bool) -> None:
        """Note who can replace an entry of a folder."""
        try:
            seen = self._files.stat(folder)
        except Unreadable as error:
            if error.absent:
                return  # the folder above was looked at: who may make it is known
            raise
        self._add_account(seen["uid"])
        mode = seen["mode"]
        shared = mode & _OTHERS_WRITE or (mode & _GROUP_WRITES and seen["gid"] != 0)
        if not shared:
            return
        if mode & _STICKY:
            self._add_owner(entry, is_link=is_link)
        elif mode & _OTHERS_WRITE:
            self.writers.add(EVERYONE)
        else:
            self.writers.add(f"group {self._name(_GROUP, seen['gid'])}")

    def _add_owner(self, entry: str, *, is_link: bool) -> None:
        """Note the owner of an entry in a sticky folder; of one that is not there, everyone."""
        if is_link:
            # stat follows the link: whose it is itself is not told.
            raise Unreadable(Reason.NOT_SUPPORTED, f"{entry}: a link in a folder open to others")
        try:
            self._add_account(self._files.stat(entry)["uid"])
        except Unreadable as error:
            if not error.absent:
                raise
            self.writers.add(EVERYONE)

    def _add_account(self, uid: int) -> None:
        if uid != 0:
            self.writers.add(self._name(_PASSWD, uid))

    def _name(self, file: str, number: int) -> str:
        """Return the name that an account file gives a number, or the number itself."""
        if file not in self._names:
            try:
                self._names[file] = account_names(self._files.read_text(file))
            except Unreadable:
                self._names[file] = {}
        return self._names[file].get(number, str(number))


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders above an absolute path, from the nearest up to the root directory."""
    while (above := posixpath.dirname(path)) != path:
        path = above
        yield path


def normal(path: str) -> str:
    """Return a path without `.`, `..` and doubled slashes; two leading ones are one to Linux."""
    path = posixpath.normpath(path)
    return "/" + path.lstrip("/") if path.startswith("/") else path


def account_names(text: str) -> dict[int, str]:
    """Return `{id: name}` of /etc/passwd or /etc/group; the first line of several counts."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isascii() and fields[2].isdecimal():
            found.setdefault(int(fields[2]), fields[0])
    return found


def _parts(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]
