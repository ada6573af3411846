"""SSH servers on loopback for the tests: real dropbear daemons, with accounts of their own.

Each runs in a mount namespace in which the tests' passwd lies over the machine's, so that no
account and no file of this machine is used. That needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

USER_ID = 12_345
"""Of the account `audit`, which is nobody's here."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The user's home with a key in it, which the servers let in."""

    home: Path
    account: Path
    passwd: Path

    @property
    def known_hosts(self) -> Path:
        return self.home / ".ssh" / "known_hosts"

    @property
    def config(self) -> Path:
        return self.home / ".ssh" / "config"

    @property
    def key(self) -> Path:
        return self.home / ".ssh" / "id_ed25519"


@dataclass(frozen=True, slots=True)
class Server:
    """A daemon that answers on loopback, and its public host key."""

    port: int
    key_type: str
    encoded: str

    @property
    def uri(self) -> str:
        return f"ssh://audit@127.0.0.1:{self.port}"

    @property
    def host_line(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.key_type} {self.encoded}\n"


def make_keys(folder: Path) -> Keys:
    """Make a home with a key, and the accounts that this key opens."""
    home, account = folder / "home", folder / "account"
    (home / ".ssh").mkdir(parents=True)
    (account / ".ssh").mkdir(parents=True)
    keys = Keys(home, account, folder / "passwd")
    make_key(keys.key)
    authorized = account / ".ssh" / "authorized_keys"
    shutil.copy(keys.key.with_suffix(".pub"), authorized)
    for path in (account, account / ".ssh", authorized):
        os.chown(path, USER_ID, USER_ID)
        path.chmod(0o600 if path is authorized else 0o700)
    for path in [folder, *folder.parents]:
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)  # the account's own way to its home
    keys.passwd.write_text(
        f"root:x:0:0:root:{account}:/bin/sh\naudit:x:{USER_ID}:{USER_ID}::{account}:/bin/sh\n"
    )
    return keys


def make_key(path: Path, kind: str = "ed25519", words: str = "") -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", words, "-f", str(path)], check=True, timeout=30
    )
    return path


def require(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            pytest.skip(f"not installed: {program}")
    if os.geteuid() != 0:
        pytest.skip("a daemon with accounts of its own needs root")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def dropbear(keys: Keys, folder: Path, *options: str, known: bool = True) -> Iterator[Server]:
    """Run a dropbear that knows the account `audit`; its key is in known_hosts if `known`."""
    folder.mkdir(exist_ok=True)
    host_key, port = folder / "host_key", free_port()
    told = _run("dropbearkey", "-t", "ed25519", "-f", str(host_key))
    public = next(line for line in told.splitlines() if line.startswith("ssh-"))
    server = Server(port, *public.split()[:2])
    if known:
        with keys.known_hosts.open("a") as stream:
            stream.write(server.host_line)
    words = [
        "unshare", "--mount", "--propagation", "private", "sh", "-ec",
        'mount --bind "$0" /etc/passwd; exec dropbear "$@"', str(keys.passwd),
        "-F", "-E", "-p", f"127.0.0.1:{port}", "-r", str(host_key), "-P", str(folder / "pid"),
        *options,
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _await(port, daemon)
        yield server
    finally:
        daemon.terminate()
        daemon.wait(10)


def _await(port: int, daemon: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and daemon.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError("dropbear does not answer")


def _run(*words: str) -> str:
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=30)
    return done.stdout


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Answer every connection on a port of loopback by `serve`, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def run() -> None:
            while True:
                try:
                    one, _ = door.accept()
                except OSError:
                    return
                threading.Thread(target=_serve, args=(serve, one), daemon=True).start()

        threading.Thread(target=run, daemon=True).start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


def _serve(serve: Callable[[socket.socket], None], one: socket.socket) -> None:
    with contextlib.suppress(OSError, EOFError), one:
        serve(one)


class Scripted(paramiko.ServerInterface):
    """A real SSH server whose ways to let in and whose answers a test decides."""

    def __init__(self, ways: str, answer: Callable[[paramiko.Channel], None] | None) -> None:
        self._ways, self._answer = ways, answer
        self.commands: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return self._ways

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if "publickey" not in self._ways:
            return paramiko.AUTH_FAILED
        if self._answer is None:
            return paramiko.AUTH_FAILED
        further = self._ways != "publickey"
        return paramiko.AUTH_PARTIALLY_SUCCESSFUL if further else paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.commands.append(command.decode())
        if self._answer is None:
            return False
        threading.Thread(target=self._run, args=(channel,), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel) -> None:
        assert self._answer is not None
        with contextlib.suppress(OSError, EOFError), channel:
            self._answer(channel)


@contextlib.contextmanager
def scripted(
    keys: Keys,
    answer: Callable[[paramiko.Channel], None] | None = None,
    ways: str = "publickey",
) -> Iterator[str]:
    """Run a server that lets in by `ways` and answers every command by `answer`."""
    host_key = paramiko.ECDSAKey.generate()

    def serve(one: socket.socket) -> None:
        transport = paramiko.Transport(one)
        transport.add_server_key(host_key)
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=Scripted(ways, answer))
            while transport.is_active():
                time.sleep(0.05)

    with listening(serve) as port:
        with keys.known_hosts.open("a") as stream:
            line = f"[127.0.0.1]:{port} {host_key.get_name()} {host_key.get_base64()}\n"
            stream.write(line)
        yield f"ssh://audit@127.0.0.1:{port}"
