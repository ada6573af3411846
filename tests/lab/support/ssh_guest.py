"""A guest of its own for SSH: QEMU without libvirt, with a home in which ssh_config knows it."""

from __future__ import annotations

import contextlib
import platform
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import guest, processes
from support.folder import lab_folder

ALIAS = "isolab-ssh"


@dataclass(frozen=True, slots=True)
class SshGuest:
    """A booted guest: the home of a user who may log in there, and the port it answers at."""

    home: Path
    port: int

    @property
    def ssh(self) -> Path:
        return self.home / ".ssh"


@contextlib.contextmanager
def ssh_guest() -> Iterator[SshGuest]:
    """Boot a guest under emulation and end it again."""
    processes.require("qemu-system-x86_64", "setpriv", "dropbear", "ssh-keygen")
    if platform.machine() != "x86_64":
        raise processes.LabError("the guest is built for x86-64 only")
    with lab_folder("ssh") as folder:
        boot = guest.build(folder)
        port, console = _free_port(), folder / "console"
        words = [
            "qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", "256",
            "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", f"file:{console}", "-kernel", str(boot.kernel), "-initrd", str(boot.initrd),
            "-append", guest.BOOT_ARGUMENTS,
            "-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:22",
            "-device", "virtio-net-pci,netdev=n0",
        ]  # fmt: skip
        process = processes.start(words, folder / "qemu.log")
        try:
            processes.await_ready(
                lambda: console.exists() and guest.READY in console.read_text(errors="replace"),
                "the guest", process, console, 60,
            )  # fmt: skip
            yield SshGuest(_home(folder, boot, port), port)
        finally:
            processes.stop(process)


def _home(folder: Path, boot: guest.BootFiles, port: int) -> Path:
    ssh = folder / "home" / ".ssh"
    ssh.mkdir(mode=0o700, parents=True)
    (ssh / "config").write_text(
        f"Host {ALIAS}\n HostName 127.0.0.1\n Port {port}\n User root\n IdentityFile {boot.key}\n"
        f" UserKnownHostsFile {boot.known_hosts}\n HostKeyAlias isolab-guest\n"
    )
    (ssh / "config").chmod(0o600)
    return ssh.parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
