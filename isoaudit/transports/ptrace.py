"""Reads the seccomp filters that the kernel holds for a process of this machine.

The only way is ptrace(2): the process is stopped for some microseconds, its filters are copied,
and it goes on. It is seized, not attached to: it gets no signal, and one that arrives meanwhile is
passed on. A call that it sleeps in goes on as after SIGSTOP and SIGCONT; a few kinds return EINTR
to it (signal(7)). What is seized is let go by the kernel if the thread that did it ends, however it
ends; so each reading has a thread of its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
import time
from typing import Any, Protocol

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.local import LocalFiles

MOST_FILTERS = 64
"""Most stacked filters that are read; a container has one, a sandbox within it a few."""

PATIENCE = 0.05
"""Seconds to wait for a process to stop. One in uninterruptible sleep does not, and is let go."""

_SEIZE, _INTERRUPT, _DETACH, _GET_FILTER = 0x4206, 0x4207, 17, 0x420C
_WALL = 0x40000000
_EVENT_STOP = 128
_LONGEST = 4096 * 8
_AS_ROOT = "Run isoaudit as root on the host, not in a container."


class Filters(Protocol):
    """Reads loaded seccomp filters. Raises Unreadable."""

    def read(self, pid: int, start: str) -> list[str]:
        """Return the filters of a process's first thread, the newest first.

        Each is the hexadecimal form of its `struct sock_filter`s. `start` is the start time that
        /proc gives the process: of another one with the same pid nothing is read.
        """
        ...


class PtraceFilters:
    """The filters of processes of this machine, read by ptrace(2)."""

    def read(self, pid: int, start: str) -> list[str]:
        """Return the filters of a process's first thread, the newest first, in hexadecimal."""
        if not sys.platform.startswith("linux") or sys.byteorder != "little":
            raise Unreadable(Reason.NOT_SUPPORTED, "filters are read on little-endian Linux only")
        _refuse_unsuitable(pid, start)
        mode = _status(pid, "Seccomp:")
        if mode == "0":
            return []  # nothing to read, and no reason to stop it
        if mode == "1":
            words = f"process {pid} is in strict mode: it may read, write, return and exit only"
            raise Unreadable(Reason.NOT_SUPPORTED, words)
        reading = _Reading(pid, start)
        thread = threading.Thread(target=reading.run, name=f"filters-{pid}")
        thread.start()
        # NOTE: an interrupt leaves here at once; the thread ends by itself within its patience.
        thread.join()
        return reading.result()


class _Reading:
    """One reading: its filters, or what went wrong, once `run` has ended."""

    def __init__(self, pid: int, start: str) -> None:
        self._pid = pid
        self._start = start
        self._filters: list[str] = []
        self._error: BaseException | None = None
        self.stopped_for = 0.0

    def result(self) -> list[str]:
        """Return the filters; raises Unreadable."""
        if self._error is not None:
            raise self._error
        return self._filters

    def run(self) -> None:
        """Stop the process, read, and let it go; never raises."""
        try:
            self._filters = self._read()
        except BaseException as error:  # handed to the thread that waits
            self._error = error

    def _read(self) -> list[str]:
        pid = self._pid
        _ptrace(_SEIZE, pid, 0, None, _seize_refused)
        if _stat(pid)[1] != self._start:
            raise _gone(pid)
        since = time.perf_counter()
        _ptrace(_INTERRUPT, pid, 0, None, _vanished)
        signal = _await_stop(pid)
        try:
            filters = _copied(pid)
        finally:
            _libc().ptrace(_DETACH, pid, 0, signal)
            self.stopped_for = time.perf_counter() - since
        return [one.hex() for one in reversed(filters)]


def _await_stop(pid: int) -> int:
    """Wait for the process to stop; return the signal it was about to get, or 0."""
    end = time.monotonic() + PATIENCE
    while True:
        found, status = _wait(pid)
        if found == pid:
            break
        left = end - time.monotonic()
        if left <= 0:
            raise Unreadable(
                Reason.TIMEOUT,
                f"process {pid} does not stop: it waits in the kernel, or is frozen",
                "Scan again later.",
            )
        # Yield first, for most stop at once; then sleep, for the others may take long.
        time.sleep(0 if left > PATIENCE * 0.9 else 0.0005)
    if not os.WIFSTOPPED(status):
        raise _gone(pid)
    return 0 if status >> 16 == _EVENT_STOP else os.WSTOPSIG(status)


def _wait(pid: int) -> tuple[int, int]:
    try:
        return os.waitpid(pid, _WALL | os.WNOHANG)
    except ChildProcessError as error:
        raise _gone(pid) from error


def _copied(pid: int) -> list[bytes]:
    """Return the filters of a stopped process, in the kernel's order: the oldest first."""
    buffer = ctypes.create_string_buffer(_LONGEST)
    filters: list[bytes] = []
    while True:
        count = _libc().ptrace(_GET_FILTER, pid, len(filters), ctypes.addressof(buffer))
        if count < 0:
            number = ctypes.get_errno()
            if number == errno.ENOENT:
                return filters
            raise _unreadable_filter(pid, number)
        if len(filters) == MOST_FILTERS:
            raise Unreadable(Reason.LIMIT, f"process {pid} has more than {MOST_FILTERS} filters")
        filters.append(buffer.raw[: count * 8])


def _ptrace(request: int, pid: int, address: int, data: int | None, refused: Any) -> None:
    if _libc().ptrace(request, pid, address, data) < 0:
        raise refused(pid, ctypes.get_errno())


_LIBC: list[Any] = []


def _libc() -> Any:
    if not _LIBC:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        libc.ptrace.restype = ctypes.c_long
        _LIBC.append(libc)
    return _LIBC[0]


def _refuse_unsuitable(pid: int, start: str) -> None:
    """Refuse what must not be touched: itself, another process than meant, a traced one."""
    state, started = _stat(pid)
    if started != start or state in {"Z", "X"}:
        raise _gone(pid)
    if pid == os.getpid():
        raise Unreadable(Reason.NOT_SUPPORTED, "isoaudit can not read its own filters")
    tracer = _status(pid, "TracerPid")
    if tracer not in {"", "0"}:
        raise Unreadable(
            Reason.NOT_SUPPORTED,
            f"process {pid} is traced by process {tracer} already, and stays undisturbed",
            "Scan again when it is not traced any more.",
        )


def _stat(pid: int) -> tuple[str, str]:
    """Return the state and the start time of a process; raises Unreadable if it is gone."""
    try:
        fields = LocalFiles().read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except Unreadable as error:
        if error.absent or error.reason is Reason.VANISHED:
            raise _gone(pid) from error
        raise
    if len(fields) < 20:
        raise Unreadable(Reason.PARSE_ERROR, f"/proc/{pid}/stat is not as proc(5) says")
    return fields[0], fields[19]


def _status(pid: int | str, key: str) -> str:
    """Return a line of /proc/PID/status, "" if there is none."""
    try:
        lines = LocalFiles().read_text(f"/proc/{pid}/status").splitlines()
    except Unreadable:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _gone(pid: int) -> Unreadable:
    return Unreadable(
        Reason.VANISHED, f"process {pid} has ended", "Scan again: it ended while it was read."
    )


def _vanished(pid: int, _number: int) -> Unreadable:
    return _gone(pid)


def _seize_refused(pid: int, number: int) -> Unreadable:
    if number == errno.ESRCH:
        return _gone(pid)
    if number in {errno.EPERM, errno.EACCES}:
        words = f"process {pid} may not be traced: that takes CAP_SYS_PTRACE, and an LSM may forbid"
        return Unreadable(Reason.PERMISSION_DENIED, words, _AS_ROOT)
    words = f"process {pid} can not be traced: {os.strerror(number).lower()}"
    return Unreadable(Reason.NOT_SUPPORTED, words)


def _unreadable_filter(pid: int, number: int) -> Unreadable:
    """Return what an errno of PTRACE_SECCOMP_GET_FILTER means."""
    if number == errno.EACCES:
        if _status("self", "Seccomp:") not in {"", "0"}:
            return Unreadable(
                Reason.PERMISSION_DENIED,
                "isoaudit itself runs under a seccomp filter, and the kernel shows none then",
                _AS_ROOT,
            )
        words = "reading filters takes CAP_SYS_ADMIN in the initial user namespace"
        return Unreadable(Reason.PERMISSION_DENIED, words, _AS_ROOT)
    if number == errno.EMEDIUMTYPE:
        return Unreadable(Reason.NOT_SUPPORTED, f"process {pid} has a filter of extended BPF")
    if number == errno.EINVAL:
        words = "this kernel shows no filters (it lacks CONFIG_CHECKPOINT_RESTORE)"
        return Unreadable(Reason.NOT_SUPPORTED, words)
    if number == errno.ESRCH:
        return _gone(pid)
    words = f"the filters of process {pid} can not be read: {os.strerror(number).lower()}"
    return Unreadable(Reason.NOT_SUPPORTED, words)
