"""A libvirtd of the lab's own, beside the system's, with the lab's domains.

libvirtd has no option for its paths, so it runs in a mount namespace in which the lab's folders
lie over them. What it starts is the system's QEMU, under libvirt's own confinement.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import guest, processes
from support.folder import lab_folder

PREFIX = "isolab-"
_USER = "libvirt-qemu"  # who runs QEMU, as Debian's libvirt is built
DOMAINS = Path(__file__).resolve().parents[1] / "domains"
OWN_PATHS = {
    "run": "/run/libvirt",
    "lib": "/var/lib/libvirt",
    "cache": "/var/cache/libvirt",
    "logs": "/var/log/libvirt",
    "etc": "/etc/libvirt/qemu",
}
_DEVICES = ("full", "null", "ptmx", "random", "tty", "urandom", "zero")


@dataclass(frozen=True, slots=True)
class Libvirt:
    """A libvirtd that answers, with the files a guest boots from."""

    folder: Path
    boot: guest.BootFiles
    port: int

    @property
    def uri(self) -> str:
        return f"qemu:///system?socket={self.folder}/run/libvirt-sock"

    def address(self, name: str = "*") -> str:
        """Return the isoaudit address of a domain here."""
        return f"libvirt+{self.uri}#{name}"

    def virsh(self, *args: str) -> str:
        """Run one virsh command against this libvirtd."""
        return processes.run("virsh", "--quiet", "--connect", self.uri, *args)

    def create(self, name: str, state: str) -> None:
        """Bring a domain of tests/lab/domains to `state`: running, or defined and shut off."""
        xml = (DOMAINS / f"{name.removeprefix(PREFIX)}.xml").read_text()
        path = self.folder / f"{name}.xml"
        kernel = shutil.copy(self.boot.kernel, self.folder / f"{name}.vmlinuz")
        initrd = shutil.copy(self.boot.initrd, self.folder / f"{name}.initrd")
        values = {
            "name": name, "lab": self.folder, "kernel": kernel, "initrd": initrd,
            "arguments": guest.BOOT_ARGUMENTS, "port": self.port, "user": _USER,
            "screen": _free_port(),
        }  # fmt: skip
        for word, value in values.items():
            xml = xml.replace(f"@{word}@", str(value))
        path.write_text(xml)
        self.virsh("create" if state == "running" else "define", str(path))

    def console(self, name: str) -> Path:
        """Return the file a domain's serial port writes to."""
        return self.folder / f"{name}.console"

    def await_boot(self, name: str, seconds: float = 60) -> None:
        """Wait until the guest of a running domain says that it is up."""
        console = self.console(name)
        processes.await_ready(
            lambda: console.exists() and guest.READY in console.read_text(errors="replace"),
            f"guest {name}", None, console, seconds,
        )  # fmt: skip

    def home(self) -> Path:
        """Return a home whose SSH files let into the guest, made once."""
        home = self.folder / "home"
        if not home.exists():
            (home / ".ssh").mkdir(parents=True, mode=0o700)
            shutil.copy(self.boot.key, home / ".ssh" / "id_ed25519")
            line = self.boot.known_hosts.read_text()
            known = line.replace("isolab-guest", f"[127.0.0.1]:{self.port}")
            (home / ".ssh" / "known_hosts").write_text(known)
        return home

    def ssh(self, command: str) -> str:
        """Run a command in the guest that offers SSH, over loopback."""
        return processes.run(
            "ssh", "-q", "-F", "none", "-i", str(self.boot.key), "-p", str(self.port),
            "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={self.boot.known_hosts}",
            "-o", "HostKeyAlias=isolab-guest", "root@127.0.0.1", command,
        )  # fmt: skip


@contextlib.contextmanager
def libvirt_engine() -> Iterator[Libvirt]:
    """Start a libvirtd that keeps all its paths in the lab's folder, and remove all it ran."""
    processes.require("virsh", "virtlogd", "libvirtd", "qemu-system-x86_64", "setpriv", "unshare")
    if platform.machine() != "x86_64":
        raise processes.LabError("the guest is built for x86-64 only")
    with lab_folder("libvirt") as folder:
        engine = Libvirt(folder, guest.build(folder), _free_port())
        _lay_out(folder)
        started = []
        try:
            for daemon, name in (("virtlogd", "virtlogd-sock"), ("libvirtd", "libvirt-sock")):
                log, ready = folder / f"{daemon}.log", (folder / "run" / name).exists
                started.append(processes.start(_in_own_paths(folder, daemon), log))
                processes.await_ready(ready, daemon, started[-1], log)
            yield engine
        finally:
            processes.kill(processes.naming(f"{folder}/{PREFIX}"))  # guests outlive libvirtd
            for process in reversed(started):
                processes.stop(process)


def _lay_out(folder: Path) -> None:
    """Make what is mounted over libvirt's own paths, and the files the domains name."""
    for name in (*OWN_PATHS, "dev"):
        (folder / name).mkdir(mode=0o755)
    for path in OWN_PATHS.values():  # where no libvirtd ever ran, nothing is there to mount over
        Path(path).mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / "share").mkdir()
    (folder / "floppy.img").write_bytes(bytes(1_474_560))
    disk = folder / "lib" / "images" / "lean.img"
    disk.parent.mkdir(mode=0o711)
    disk.write_bytes(bytes(1 << 20))
    shutil.chown(disk, _USER)


def _in_own_paths(folder: Path, daemon: str) -> list[str]:
    """Return the command that starts a daemon with the lab's folders in place of the system's.

    It sees no /dev/kvm: where QEMU cannot use it after all, libvirt would probe QEMU anew, for
    seconds, at every call.
    """
    devices = f"{folder}/dev"
    steps = [f"mount --bind {folder}/{name} {path}" for name, path in OWN_PATHS.items()]
    steps += [
        f"mount -t tmpfs -o mode=755 dev {devices}",
        f"cp -a {' '.join(f'/dev/{name}' for name in _DEVICES)} {devices}",
        f"mkdir {devices}/pts {devices}/shm",
        f"mount --bind /dev/pts {devices}/pts",
        f"mount --bind /dev/shm {devices}/shm",
        "umount --recursive --lazy /dev || true",
        f"mount --move {devices} /dev",
        f"exec /usr/sbin/{daemon} --pid-file {folder}/{daemon}.pid",
    ]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", "; ".join(steps)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
