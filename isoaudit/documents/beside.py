"""Reads the files that a file names and that lie beside it, and no others.

What a file names is a stranger's wish, and isoaudit may well run as root: nothing is read outside
the repository (of a file in none: the folder that was scanned, else its own), whatever links lead
there, and of that only regular files, a bounded number of them. What is not read stays unknown.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Container
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from isoaudit.documents import limits
from isoaudit.errors import DocumentError

MAX_FILES = 200
"""Most files read beside one: a project of that many parts has not been seen in the open."""

MAX_HANDED = 2 * limits.MAX_BYTES
"""Most characters handed out for one file: the same file may be asked for thousands of times."""

_LONGEST_NAME = 4096
_NOT_THERE = (FileNotFoundError, NotADirectoryError)


class Folder(NamedTuple):
    """A folder that names are relative to: where it is, and what it is called before people.

    The two need not agree: a tree taken out of git lies in a temporary folder, and is shown by the
    paths that it has in the repository.
    """

    path: str
    shown: str

    def join(self, name: str) -> Folder:
        """Return the folder of a name relative to this one; `..` is resolved as text, as compose
        and most others do it."""
        return Folder(
            os.path.normpath(os.path.join(self.path, name)),
            posixpath.normpath(posixpath.join(self.shown, name)),
        )


class Neighbour(NamedTuple):
    """A file beside another: its text, or in `why` the reason for which it was not read.

    `folder` is where it lies, which what it names in turn is relative to.
    """

    shown: str
    folder: Folder
    text: str = ""
    why: str = ""
    absent: bool = False

    @property
    def path(self) -> str:
        """Where it is."""
        return os.path.join(self.folder.path, posixpath.basename(self.shown))


class Scan(NamedTuple):
    """A folder that was scanned, and all files found there, by paths without `.` and `..`."""

    folder: Path
    found: Container[str]


class Beside:
    """What lies beside one file. `path` is where that file is, None for standard input.

    `scan` is that in which the file was come across, None for one that was named. `further` are the
    files that were named as one with it, in their order.
    """

    def __init__(
        self,
        path: Path | None,
        shown: str,
        scan: Scan | None = None,
        *,
        further: tuple[Neighbour, ...] = (),
    ) -> None:
        self.name = path.name if path is not None else ""
        self.folder = Folder(os.path.dirname(path or "") or ".", posixpath.dirname(shown))
        self.scan = scan
        self.further = further
        self._is_stream = path is None
        self._root = ""
        self._known: dict[str, Neighbour] = {}
        self._left = limits.MAX_BYTES
        self._handed = 0

    def has(self, name: str) -> bool:
        """Say whether there is something of a name in the file's own folder."""
        return not self._is_stream and os.path.exists(os.path.join(self.folder.path, name))

    def names(self, name: str, suffix: str) -> list[str]:
        """Return what is in a folder beside the file by a suffix, sorted; empty if there is none.

        Raises DocumentError for a folder that cannot be listed, lies outside of what may be read,
        or holds more than MAX_FILES of it: what is in there counts, and must not be passed by.
        """
        where = self.folder.join(name)
        if self._is_stream or not os.path.lexists(where.path):
            return []
        real = os.path.realpath(where.path)
        root = self._root = self._root or self._boundary()
        if not limits.is_below(real, root):
            raise DocumentError(f"{where.shown}: lies outside of what may be read for this file")
        try:
            with os.scandir(real) as entries:
                found = (entry.name for entry in entries if entry.name.endswith(suffix))
                names = sorted(islice(found, MAX_FILES + 1))
        except _NOT_THERE:
            return []
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise DocumentError(f"{where.shown}: {why}", "Make it readable.") from error
        if len(names) > MAX_FILES:
            raise DocumentError(f"{where.shown}: more than {MAX_FILES} files, not read")
        return names

    def texts(self) -> list[Neighbour]:
        """Return the files that were read beside this one, and those named as one with it."""
        return [*self.further, *(one for one in self._known.values() if one.text)]

    def read(self, name: str, at: Folder | None = None) -> Neighbour:
        """Return the file of a name, relative to `at` or to the file's own folder; never raises.

        A reason begins with the name and never tells what stands in the file.
        """
        folder = at or self.folder
        if self._is_stream:
            return Neighbour(name, folder, why=f"{name}: nothing lies beside standard input")
        if "\0" in name or not 0 < len(name) <= _LONGEST_NAME:
            return Neighbour(name[:40], folder, why=f"{name[:40]}: not the name of a file")
        where = folder.join(name)
        found = self._known.get(where.path)
        if found is None:
            found = self._known[where.path] = self._read(where)
        self._handed += len(found.text)
        if self._handed > MAX_HANDED:
            return Neighbour(found.shown, found.folder, why=f"{found.shown}: too much to read")
        return found

    def _read(self, where: Folder) -> Neighbour:
        folder = Folder(os.path.dirname(where.path), posixpath.dirname(where.shown))
        shown = where.shown
        if len(self._known) >= MAX_FILES:
            return Neighbour(shown, folder, why=f"{shown}: more than {MAX_FILES} files, not read")
        root = self._root = self._root or self._boundary()
        real = os.path.realpath(where.path)
        if not limits.is_below(real, root):
            why = f"{shown}: lies outside of what may be read for this file"
            return Neighbour(shown, folder, why=why)
        try:
            data = limits.read_bytes(Path(real), shown, self._left, root)
            text = limits.decode(data, shown, self._left)
        except DocumentError as error:
            absent = isinstance(error.__cause__, _NOT_THERE)
            return Neighbour(shown, folder, why=error.cause, absent=absent)
        self._left -= len(data)
        return Neighbour(shown, folder, text)

    def _boundary(self) -> str:
        own = os.path.realpath(self.folder.path)
        root = repository(own)
        return root or (own if self.scan is None else os.path.realpath(self.scan.folder))


def repository(folder: str) -> str:
    """Return the root of the repository that a folder without links in its path is in, else ""."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder
