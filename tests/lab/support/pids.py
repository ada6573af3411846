"""Processes with a pid of one's choice: clone3(2) with set_tid, which takes root.

So a pid is given out again at once, where otherwise tens of thousands of processes would have to
pass first.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import struct
from collections.abc import Iterator, Sequence

from support.processes import LabError

_CLONE3 = 435  # the same on every architecture
_ARGUMENTS = struct.Struct("=11Q")
"""struct clone_args up to `cgroup` (include/uapi/linux/sched.h). The fifth field is the signal
that tells the parent of the end, the ninth and tenth are set_tid and its length."""


@contextlib.contextmanager
def numbered(pid: int, argv: Sequence[str]) -> Iterator[None]:
    """Have a process with this pid run a command, unless some other process has it already."""
    started = _start(pid, argv)
    try:
        yield
    finally:
        if started:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _start(pid: int, argv: Sequence[str]) -> bool:
    """Start the command with this pid; False if the pid is taken."""
    wanted = (ctypes.c_int32 * 1)(pid)
    fields = (0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(wanted), 1, 0)
    arguments = ctypes.create_string_buffer(_ARGUMENTS.pack(*fields), _ARGUMENTS.size)
    # NOTE: unlike CDLL, PyDLL keeps Python's lock: no other thread could give it back in a child.
    child = ctypes.PyDLL(None, use_errno=True).syscall(_CLONE3, arguments, _ARGUMENTS.size)
    if child == 0:
        try:
            os.execvp("setpriv", ["setpriv", "--pdeathsig", "KILL", *argv])  # noqa: S606 - no shell
        finally:
            os._exit(127)
    if child < 0 and ctypes.get_errno() != errno.EEXIST:
        raise LabError(f"clone3 with set_tid: {os.strerror(ctypes.get_errno())}")
    return bool(child > 0)
