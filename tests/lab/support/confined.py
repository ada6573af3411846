"""Runs a command as a service that confines itself: no new privileges, and a seccomp filter.

Called with the command's words. It shares every namespace with the host, as a unit of systemd does
with NoNewPrivileges= and SystemCallFilter= alone (systemd.exec(5)). That makes it no sandbox: by
the kernel's own words, system call filtering is a tool for those who build one
(Documentation/userspace-api/seccomp_filter.rst).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_PTRACE = {"x86_64": 101, "aarch64": 117}


def confine() -> None:
    """Load a filter into this process that refuses ptrace(2)."""
    rows = (
        (_LOAD, 0, 0, 0),  # the number of the system call
        (_EQUAL, 0, 1, _PTRACE.get(platform.machine(), 117)),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *row) for row in rows))
    program = struct.pack("@HP", len(rows), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((_PR_SET_NO_NEW_PRIVS, 1, 0), (_PR_SET_SECCOMP, _MODE_FILTER, program)):
        if libc.prctl(*call, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    confine()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell
