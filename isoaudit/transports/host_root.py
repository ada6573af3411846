"""Reads the host's files from inside a container: below the root of process 1, as the host sees it.

isoaudit in a container that shares the host's PID namespace (`docker run --pid=host`) has the files
of an image around it, which are nobody's evidence, and a /proc and /sys of which the engine hides
some. Every path is therefore resolved below the host's root by openat2(2) with RESOLVE_IN_ROOT, so
that an absolute link of the host leads to the host's file and not to the image's; that of a process
is one of the kernel's own, and followed as ever. The root is where ISOAUDIT_HOST_ROOT says it is
mounted with all that is mounted below it, else /proc/1/root (proc_pid_root(5)).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager

from isoaudit.model import Reason
from isoaudit.transports.base import FileStat, Unreadable
from isoaudit.transports.local import LocalFiles, file_stat, read_regular
from isoaudit.transports.process_files import IN_ROOT, open_beneath
from isoaudit.transports.reasons import unreadable

VARIABLE = "ISOAUDIT_HOST_ROOT"
HOST_ROOT = "/proc/1/root"
_OWN_TABLE = "/proc/self/mountinfo"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
_HANDLE = os.O_PATH | os.O_CLOEXEC


def host_files(table: str = "self") -> LocalFiles:
    """Return the files of the host: those at ISOAUDIT_HOST_ROOT, or those that process 1 sees.

    Where it cannot be told whose mounts process 1 sees, which takes root, they are those around
    isoaudit: nobody without rights runs it in a container to look out of it. `table` is "1" for who
    takes isoaudit's mount table for the host's, which in a container it is not. Raises Unreadable
    if nothing is mounted where the variable says so.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _named(named, table)
    try:
        own, initial = (os.readlink(f"/proc/{one}/ns/mnt") for one in ("self", "1"))
    except OSError:
        return LocalFiles()
    return LocalFiles() if own == initial else HostFiles(HOST_ROOT, table)


def _named(top: str, table: str) -> LocalFiles:
    try:
        return LocalFiles() if os.path.samefile(top, "/") else HostFiles(top, table)
    except OSError as error:
        remedy = f"Mount the host's root there (-v /:{top}:ro), or unset {VARIABLE}."
        raise Unreadable(
            Reason.UNREACHABLE, f"{VARIABLE}={top}: {error.strerror}", remedy
        ) from error


class HostFiles(LocalFiles):
    """The files of the machine isoaudit runs on, whose root is at `top`."""

    def __init__(self, top: str, table: str = "self") -> None:
        super().__init__(top)
        self._top = top
        self._table = f"/proc/{table}/mountinfo"

    def _read(self, path: str, limit: int) -> bytes:
        if _is_of_processes(path):
            return super()._read(self._table if path == _OWN_TABLE else path, limit)
        with self._opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC) as descriptor:
            return read_regular(descriptor, path, limit)

    def read_link(self, path: str) -> str:
        """Return where a symbolic link points, or what a /proc link says."""
        if _is_of_processes(path):
            return super().read_link(path)
        folder, name = posixpath.split(path)
        with self._opened(folder, _FOLDER) as descriptor:
            try:
                return os.readlink(name, dir_fd=descriptor)
            except OSError as error:
                raise unreadable(error, path) from error

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted."""
        if _is_of_processes(path):
            return super().list_names(path)
        with self._opened(path, _FOLDER) as descriptor:
            try:
                return sorted(os.listdir(descriptor))
            except OSError as error:
                raise unreadable(error, path) from error

    def stat(self, path: str) -> FileStat:
        """Return what a path is, symbolic links followed."""
        if _is_of_processes(path):
            return super().stat(path)
        with self._opened(path, _HANDLE) as descriptor:
            return file_stat(os.fstat(descriptor))

    @contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[int]:
        """Yield a descriptor of a path below the host's root; raises Unreadable."""
        try:
            top = os.open(self._top, _HANDLE | os.O_DIRECTORY)
        except OSError as error:
            raise unreadable(error, path) from error
        try:
            descriptor = open_beneath(top, path, IN_ROOT, flags)
        finally:
            os.close(top)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _is_of_processes(path: str) -> bool:
    return path.startswith("/proc/") or path == "/proc"
