"""Dropbear daemons on loopback for the benchmark, each with a key of its own: guests to be asked.

One of them per guest: a dropbear takes few connections at a time of which nobody is let in yet.
They run in a mount namespace with a passwd of their own: no account of this machine is used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Broken

_NEEDED = ("dropbear", "dropbearkey", "ssh-keygen", "unshare")


@contextlib.contextmanager
def guests(count: int, folder: Path) -> Iterator[list[int]]:
    """Run `count` guests for a user whose home is `folder`; yield their ports."""
    missing = [name for name in _NEEDED if shutil.which(name, path=_path()) is None]
    if missing or os.geteuid() != 0:
        raise Broken(f"guests on loopback need root and {', '.join(missing) or 'nothing else'}")
    ssh = folder / ".ssh"
    ssh.mkdir(mode=0o700)
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(ssh / "id_ed25519"))
    shutil.copy(ssh / "id_ed25519.pub", ssh / "authorized_keys")
    (folder / "passwd").write_text(f"root:x:0:0:root:{folder}:/bin/sh\n")
    ports = _free_ports(count)
    started: list[subprocess.Popen[bytes]] = []
    try:
        with (ssh / "known_hosts").open("w") as known:
            for port in ports:
                key = folder / f"key-{port}"
                told = _run("dropbearkey", "-t", "ed25519", "-f", str(key))
                public = next(line for line in told.splitlines() if line.startswith("ssh-"))
                known.write(f"[127.0.0.1]:{port} {public}\n")
                started.append(_start(folder, port, key))
        for port in ports:
            _await(port)
        yield ports
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait()


def _start(folder: Path, port: int, key: Path) -> subprocess.Popen[bytes]:
    words = [
        "unshare", "--mount", "--propagation", "private", "sh", "-ec",
        'mount --bind "$0" /etc/passwd; exec dropbear "$@"', str(folder / "passwd"),
        "-F", "-E", "-p", f"127.0.0.1:{port}", "-r", str(key), "-P", str(folder / f"pid-{port}"),
    ]  # fmt: skip
    null = subprocess.DEVNULL
    environment = {**os.environ, "PATH": _path()}
    return subprocess.Popen(words, stdin=null, stdout=null, stderr=null, env=environment)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        several = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in several:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in several]


def _await(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise Broken("no dropbear answers on loopback")


def _run(*words: str) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, env={**os.environ, "PATH": _path()}
    )
    return done.stdout


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
