"""What a hostile sandbox does to whoever looks at it. Run inside one: hostile.py WHAT COUNT SLEEP.

Once all is laid out, SLEEP (the path of a sleep(1)) is started, which tells that it is ready.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

EVIL = "\x1b[31m\n\x07\u202eX\r"
"""A name of 13 bytes: colours the terminal, breaks the line, rings, turns the writing around."""

_MS_BIND, _MS_REC = 4096, 16384
_PR_SET_NAME, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 15, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522
_EXIT = {"x86_64": 60, "aarch64": 93}

_libc = ctypes.CDLL(None, use_errno=True)


def mounts(count: int, _sleep: str) -> None:
    """Mount that many folders: one in ten over another, one in a hundred with an evil name.

    A hundred are mounted one by one, then the folder with all of them again and again.
    """
    top = Path("/tmp")  # the sandbox's own
    _mount("hostile", top, "tmpfs", 0)
    first = top / "0"
    for number in range(99):
        name = EVIL if number == 1 else str(number - number % 10 // 9)
        (first / name).mkdir(parents=True, exist_ok=True)
        _mount(str(top), first / name, "", _MS_BIND)
    for number in range(1, count // 100):
        (top / str(number)).mkdir()
        _mount(str(first), top / str(number), "", _MS_BIND | _MS_REC)


def threads(count: int, _sleep: str) -> None:
    """Let that many threads wait in one process."""
    threading.stack_size(65_536)
    forever = threading.Event()
    for _ in range(count):
        threading.Thread(target=forever.wait, daemon=True).start()


def processes(count: int, sleep: str) -> None:
    """Start that many processes, each in a group of its own, so that no two are alike."""
    program = _copy(sleep, "nap")
    for number in range(1, count + 1):
        subprocess.Popen(["setpriv", f"--regid={number}", "--clear-groups", program, "1d"])


def leaderless(_count: int, _sleep: str) -> None:
    """Leave behind a process whose first thread has ended: /proc shows nothing but its status."""
    if os.fork() == 0:
        threading.Thread(target=threading.Event().wait).start()
        _libc.syscall(_EXIT[platform.machine()], 0)


def two_faced(_count: int, _sleep: str) -> None:
    """Give up every right in the first thread, which /proc/PID shows, and keep all in another.

    Credentials are a thread's own, whatever POSIX says: capabilities(7), "Per-thread".
    """
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, none = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24)
    if _libc.capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def names(_count: int, sleep: str) -> None:
    """Take an evil name, and start a process whose name and arguments are evil."""
    _libc.prctl(_PR_SET_NAME, EVIL.encode())
    subprocess.Popen([_copy(sleep, EVIL), "1d", EVIL * 1000])


def _copy(program: str, name: str) -> str:
    """Return the path of a program's copy with another name, which its processes get."""
    return shutil.copy(program, Path(program).with_name(name))


def _mount(source: str, point: Path, kind: str, flags: int) -> None:
    words = (os.fsencode(source), os.fsencode(point), kind.encode() or None)
    if _libc.mount(*words, flags, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {source}")


_MAKERS: dict[str, Callable[[int, str], None]] = {
    "mounts": mounts,
    "threads": threads,
    "processes": processes,
    "leaderless": leaderless,
    "two-faced": two_faced,
    "names": names,
}


if __name__ == "__main__":
    _MAKERS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
    subprocess.run([sys.argv[3], "1d"], check=False)
