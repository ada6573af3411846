"""Things of ours on the host that witnesses try to reach; all hold a text nobody can guess.

All of them are gone at the end, also after a failure; what a killed run leaves in the lab's folder
is swept with it (support.folder), and processes, sockets and interfaces end with the run.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import secrets
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support import processes
from support.folder import lab_folder
from witnesses import services
from witnesses.program import build

_TUNSETIFF = 0x400454CA
_IFF_TUN_WITHOUT_HEADER = 0x1001
_IPC_CREAT, _IPC_EXCL, _IPC_RMID = 0o1000, 0o2000, 0


@contextlib.contextmanager
def canaries() -> Iterator[dict[str, str]]:
    """Make every canary; yield the words that stand in braces in witnesses.yaml."""
    word = secrets.token_hex(16)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(lab_folder("witness"))
        program = build(folder)
        _files(folder, word)
        stack.callback(_no_hierarchy_left, f"isolab_{word[:8]}", folder)
        words = {
            "word": word,
            "canary": str(folder),
            "hidden": f".isolab-{word[:8]}",
            "hierarchy": f"isolab_{word[:8]}",
            "host": socket.gethostname(),
            "handle": processes.run(str(program), "handle-of", str(folder / "secret")),
            "loop": stack.enter_context(_loop(folder / "disk")),
            "root_pid": stack.enter_context(_process(word)),
            "user_pid": stack.enter_context(_process(word, "1000", "1000")),
            "key": stack.enter_context(_segment(word)),
            "interface": stack.enter_context(_interface()),
        }
        number = os.stat(words["loop"]).st_rdev
        words |= {"major": str(os.major(number)), "minor": str(os.minor(number))}
        stack.callback(_gone, Path("/etc", words["hidden"]), Path("/root", words["hidden"]))
        yield words | stack.enter_context(services.telling(word))


def _files(folder: Path, word: str) -> None:
    """Write the files that hold the word, and a script that passes it on."""
    _write(folder / "secret", word, 0o600)
    _write(folder / "disk", word.ljust(4096, "\0"), 0o600)
    _write(folder / "agent.sh", f"#!/bin/sh\ncat {folder}/secret >{folder}/agent.mark\n", 0o700)


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode=mode)
    path.write_text(text)


@contextlib.contextmanager
def _loop(file: Path) -> Iterator[str]:
    """Make a block device over a file."""
    device = processes.run("losetup", "--find", "--show", "--read-only", str(file))
    try:
        yield device
    finally:
        processes.run("losetup", "--detach", device)


@contextlib.contextmanager
def _process(word: str, uid: str = "0", gid: str = "0") -> Iterator[str]:
    """Start a process that does nothing, and has the word in its environment."""
    user = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups"] if uid != "0" else []
    with subprocess.Popen([*user, "sleep", "1d"], env={"PATH": processes.PATH, "W": word}) as one:
        try:
            yield str(one.pid)
        finally:
            one.kill()


@contextlib.contextmanager
def _segment(word: str) -> Iterator[str]:
    """Make System V shared memory that everybody who reaches it may read (shmget(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    libc.shmdt.argtypes = (ctypes.c_void_p,)
    key = secrets.randbelow(2**30) + 1
    identity = libc.shmget(key, 4096, _IPC_CREAT | _IPC_EXCL | 0o644)
    if identity < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    try:
        at = libc.shmat(identity, None, 0)
        ctypes.memmove(at, word.encode(), len(word))
        libc.shmdt(at)
        yield str(key)
    finally:
        libc.shmctl(identity, _IPC_RMID, None)


@contextlib.contextmanager
def _interface() -> Iterator[str]:
    """Make a network interface that leads nowhere, and is gone once its file is closed."""
    if not Path("/dev/net/tun").exists():
        yield "none"
        return
    with open("/dev/net/tun", "r+b", buffering=0) as tun:
        wanted = struct.pack("16sH22x", b"isolab%d", _IFF_TUN_WITHOUT_HEADER)
        given = fcntl.ioctl(tun, _TUNSETIFF, wanted)
        yield given[:16].rstrip(b"\0").decode()


def _no_hierarchy_left(prefix: str, folder: Path) -> None:
    """Take away control group hierarchies whose witness did not come to its end."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        name = line.split(":")[1].removeprefix("name=")
        if not name.startswith(prefix):
            continue
        place = folder / "left"
        place.mkdir()
        processes.run("mount", "-t", "cgroup", "-o", f"none,name={name}", "left", str(place))
        with contextlib.suppress(OSError):
            (place / "release_agent").write_text("\n")
            (place / "child").rmdir()
        processes.run("umount", str(place))
        place.rmdir()


def _gone(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
