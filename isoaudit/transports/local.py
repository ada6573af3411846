"""Reads the files of this machine, never more than asked for and never a file without end."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from isoaudit.model import Reason
from isoaudit.transports import process_files
from isoaudit.transports.base import (
    Descriptors,
    DeviceNodes,
    FileStat,
    ProcessFiles,
    Unreadable,
)
from isoaudit.transports.reasons import unreadable

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "character",
    stat.S_IFIFO: "fifo",
    stat.S_IFLNK: "link",
}

_LONG = 32 * 1_048_576
"""Most bytes of a file that is looked through for one paragraph."""

_ENVIRONMENT = 4 * 1_048_576
"""Most bytes of a process's environment that are looked through."""


class LocalFiles:
    """The files of the machine isoaudit runs on, below `root`."""

    def __init__(self, root: str = "") -> None:
        self._root = root.rstrip("/")

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return at most `limit` bytes of a regular or /proc file, undecodable ones escaped."""
        return self._read(path, limit).decode("utf-8", "backslashreplace")

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        """Return at most `limit` bytes of what a gzip file holds, undecodable ones escaped.

        No more than `limit` bytes are ever unpacked, however small the file that holds them.
        """
        return _unpack(self._read(path, limit), path, limit).decode("utf-8", "backslashreplace")

    def read_paragraph(self, path: str, first: str) -> str:
        """Return the lines from one that is `first` to the next empty one, "" if there is none.

        For long files of which little is wanted. One that is cut off at 32 MiB raises Unreadable.
        """
        data = b"\n" + self._read(path, _LONG)
        start = data.find(f"\n{first}\n".encode())
        if start >= 0:
            return data[start + 1 :].partition(b"\n\n")[0].decode("utf-8", "backslashreplace")
        if len(data) > _LONG:
            raise Unreadable(Reason.LIMIT, f"{path} is longer than 32 MiB")
        return ""

    def has_variable(self, pid: int, name: str) -> bool:
        """Say whether a process was started with an environment variable; no value is kept."""
        data = self._read(f"/proc/{pid}/environ", _ENVIRONMENT)
        wanted = name.encode()
        return any(entry.partition(b"=")[0] == wanted for entry in data.split(b"\0"))

    def _read(self, path: str, limit: int) -> bytes:
        try:
            # NOTE: non-blocking, since opening a FIFO would otherwise wait for its writer.
            descriptor = os.open(self._root + path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(error, path) from error
        try:
            return read_regular(descriptor, path, limit)
        finally:
            os.close(descriptor)

    def read_link(self, path: str) -> str:
        """Return where a symbolic link points, or what a /proc link says."""
        try:
            return os.readlink(self._root + path)
        except OSError as error:
            raise unreadable(error, path) from error

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted."""
        try:
            return sorted(os.listdir(self._root + path))
        except OSError as error:
            raise unreadable(error, path) from error

    def stat(self, path: str) -> FileStat:
        """Return what a path is, symbolic links followed."""
        try:
            seen = os.stat(self._root + path)
        except OSError as error:
            raise unreadable(error, path) from error
        return file_stat(seen)

    def read_process(
        self, pid: int, texts: Sequence[str], links: Sequence[str], limit: int = 65_536
    ) -> ProcessFiles:
        """Return files and links below /proc/PID, all of one and the same process."""
        return process_files.read_process(self._root, pid, texts, links, limit)

    def descriptors(self, pid: int, most: int) -> Descriptors:
        """Return where the open descriptors of a process lead."""
        return process_files.read_descriptors(self._root, pid, most)

    def namespace_parent(self, pid: int, kind: str) -> str:
        """Return the link text of the namespace above a process's own, "" for none in sight."""
        return process_files.namespace_parent(self._root, pid, kind)

    def device_nodes(self, pid: int, folder: str, most: int) -> DeviceNodes:
        """Return the device nodes in a folder inside a process's root."""
        return process_files.device_nodes(self._root, pid, folder, most)


def is_socket(path: str) -> bool:
    """Say whether a path is a socket that can be seen from here; a hidden one is none."""
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def file_stat(seen: os.stat_result) -> FileStat:
    """Return what stat(2) says of a file, as probes take it."""
    return FileStat(
        type=_TYPES.get(stat.S_IFMT(seen.st_mode), "other"),
        mode=stat.S_IMODE(seen.st_mode),
        uid=seen.st_uid,
        gid=seen.st_gid,
        device=seen.st_rdev or seen.st_dev,
        inode=seen.st_ino,
        size=seen.st_size,
    )


def read_regular(descriptor: int, path: str, limit: int) -> bytes:
    """Return at most `limit` bytes of an open file; raises Unreadable for what is no file."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(Reason.NOT_SUPPORTED, f"{path} is not a regular file")
        return _read_up_to(descriptor, limit)
    except OSError as error:
        raise unreadable(error, path) from error


def _read_up_to(descriptor: int, limit: int) -> bytes:
    chunks: list[bytes] = []
    left = limit
    while left > 0:
        chunk = os.read(descriptor, min(left, 65_536))
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _unpack(data: bytes, path: str, limit: int) -> bytes:
    """Return the first `limit` bytes of what is packed in `data`; raises Unreadable."""
    import zlib

    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)  # 16: with gzip's own header
    try:
        unpacked = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise Unreadable(Reason.PARSE_ERROR, f"{path} is no gzip file: {error}") from error
    if not unpacker.eof and len(unpacked) < limit:
        raise Unreadable(Reason.PARSE_ERROR, f"{path}: the gzip file ends too early")
    return unpacked
