"""Which files git tracks, read from the repository's index without asking git.

git itself is not run: a stranger's repository can name programs that git then starts
(core.fsmonitor), and git refuses repositories of another owner, which root scans all the time.
Source: git's Documentation/gitformat-index.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from struct import Struct

from isoaudit.documents.limits import read_bytes
from isoaudit.errors import DocumentError

MAX_BYTES = 64 * 1024 * 1024
"""Largest index read, and most text of names in it; that of the Linux kernel, with 90,000 files,
has 10 MB. Names share beginnings there, so that a small index can hold enormous ones."""

_HEADER = Struct(">4sII")
_STAT = 40
_HASHES = (20, 32)
"""Lengths of SHA-1 and SHA-256. Which of them a repository uses stands in its configuration, and
shows as well in the index: only one length leads from entry to entry."""

_EXTENDED = 0x4000


class Tracked:
    """The paths that an index holds, each from the repository's root."""

    def __init__(self, names: list[bytes]) -> None:
        self._files = frozenset(os.fsdecode(name) for name in names)
        # A sparse index names a folder, with a slash at its end, for all that is in it.
        self._whole = tuple(name for name in self._files if name.endswith("/"))
        self._folders = _folders(self._files)

    def holds(self, path: str) -> bool:
        """Say whether a file is tracked, or a submodule stands there."""
        return path in self._files or (bool(self._whole) and path.startswith(self._whole))

    def holds_some(self, folder: str) -> bool:
        """Say whether something in a folder, or below, is tracked."""
        return folder in self._folders or self.holds(folder)


def tracked(git: Path) -> Tracked | None:
    """Return what the index in a git directory tracks; None where that cannot be told.

    A repository without an index tracks nothing yet.
    """
    try:
        data = read_bytes(git / "index", "", MAX_BYTES)
    except DocumentError:
        return None if os.path.lexists(git / "index") else Tracked([])
    if len(data) > MAX_BYTES:
        return None
    for length in _HASHES:
        try:
            return Tracked(_names(data, length))
        except (ValueError, IndexError):
            continue
    return None


def _folders(files: Iterable[str]) -> set[str]:
    """Return every folder above some paths; raises ValueError for too much of them."""
    found: set[str] = set()
    size = 0
    for path in files:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            size += len(folder)
            folder = folder.rpartition("/")[0]
        if size > MAX_BYTES:
            raise ValueError("too many folders")
    return found


def _names(data: bytes, hash_length: int) -> list[bytes]:
    """Return the names in an index; raises ValueError or IndexError for what is none.

    A split index keeps part of its entries in another file: that one is not followed.
    """
    if len(data) < _HEADER.size + hash_length:
        raise ValueError("too short")
    signature, version, count = _HEADER.unpack_from(data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index")
    names: list[bytes] = []
    size = 0
    at, name = _HEADER.size, b""
    for _ in range(count):
        start, at = at, at + _STAT + hash_length
        flags = data[at] << 8 | data[at + 1]
        at += 4 if flags & _EXTENDED and version > 2 else 2
        cut = 0
        if version == 4:
            cut, at = _number(data, at)
        end = data.index(b"\0", at)
        name = name[: len(name) - cut] + data[at:end] if version == 4 else data[at:end]
        size += len(name)
        if len(name) != flags & 0xFFF and len(name) < 0xFFF:
            raise ValueError("a name of another length than told")
        if size > MAX_BYTES:
            raise ValueError("too many names")
        names.append(name)
        at = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8
    if b"link" in _extensions(data, at, len(data) - hash_length):
        raise ValueError("split")
    return names


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable width, as pack files have them, and where it ends."""
    value = data[at] & 127
    while data[at] & 128:
        at += 1
        value = (value + 1 << 7) | data[at] & 127
    return value, at + 1


def _extensions(data: bytes, at: int, end: int) -> set[bytes]:
    found: set[bytes] = set()
    while at + 8 <= end:
        found.add(data[at : at + 4])
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "big")
    if at != end:
        raise ValueError("extensions that do not end with the file")
    return found
