"""Virtual machines without libvirt: a QEMU as somebody types it, a microVM, and one well confined.

All of them boot the lab's guest under emulation. Each is ended with the test that made it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from support import guest, processes
from support.folder import lab_folder

VIRTIOFSD = Path("/usr/lib/qemu/virtiofsd")
_QEMU = "qemu-system-x86_64"
_SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
_UID = 64_321
"""An account's number that nothing else on the machine has."""

_MAY_HANG = frozenset({"isolab-micro"})
"""Without PIT and HPET an emulated guest on a busy machine may never calibrate its clock."""

_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


@dataclass(frozen=True, slots=True)
class Machine:
    """A running virtual machine: the pid of its VMM, and what it writes to its console."""

    name: str
    pid: int
    console: Path


@contextlib.contextmanager
def machines() -> Iterator[Mapping[str, Machine]]:
    """Start every machine and wait until its guest is up, but where only its VMM counts."""
    processes.require(_QEMU, "setpriv", "unshare")
    if not VIRTIOFSD.exists():
        raise processes.LabError(f"not installed: {VIRTIOFSD} (sh tools/test-setup.sh)")
    with lab_folder("vmm") as folder, contextlib.ExitStack() as stack:
        boot = guest.build(folder)
        for path in (boot.kernel, boot.initrd):
            path.chmod(0o644)
        running = {}
        for name, argv in _lines(folder, boot).items():
            if name == "isolab-confined":
                _serve(folder, stack)
            running[name] = _start(name, argv, folder, stack)
        for machine in (one for name, one in running.items() if name not in _MAY_HANG):
            console = machine.console
            processes.await_ready(
                lambda console=console: guest.READY in console.read_text(errors="replace"),
                f"guest {machine.name}", None, console, 90,
            )  # fmt: skip
        yield running


def _lines(folder: Path, boot: guest.BootFiles) -> dict[str, list[str]]:
    """Return the command line of each machine by its name."""
    starts = ("-kernel", str(boot.kernel), "-initrd", str(boot.initrd),
              "-append", guest.BOOT_ARGUMENTS)  # fmt: skip
    bare = ["-m", "256", "-display", "none", "-cpu", "max"]
    micro = ["-M", "microvm,accel=tcg,dump-guest-core=off", "-cpu", "max", "-m", "256",
             "-nodefaults", "-no-user-config", "-display", "none"]  # fmt: skip
    confined = [
        "-M", "q35,accel=tcg,dump-guest-core=off,mem-merge=off,memory-backend=m", "-cpu", "max",
        "-m", "256", "-object", "memory-backend-memfd,id=m,size=256M,share=on", "-nodefaults",
        "-no-user-config", "-display", "none", "-sandbox", _SANDBOX,
        "-chardev", f"socket,id=c,path={folder}/fs.sock",
        "-device", "vhost-user-fs-pci,chardev=c,tag=t",
    ]  # fmt: skip
    each = {"isolab-bare": bare, "isolab-micro": micro, "isolab-confined": confined}
    return {
        name: [_QEMU, "-name", name, *words, *starts, "-serial", f"file:{folder}/{name}.console"]
        for name, words in each.items()
    }


def _start(name: str, argv: list[str], folder: Path, stack: contextlib.ExitStack) -> Machine:
    console = folder / f"{name}.console"
    console.touch()
    if name == "isolab-confined":
        shutil.chown(console, _UID, _UID)
        argv = _shut_in(argv, folder)
    process = processes.start(argv, folder / f"{name}.log")
    stack.callback(processes.stop, process)
    processes.await_ready(
        lambda: any(_is_qemu(pid) for pid in processes.offspring(process.pid)),
        name, process, folder / f"{name}.log",
    )  # fmt: skip
    pid = next(pid for pid in processes.offspring(process.pid) if _is_qemu(pid))
    return Machine(name, pid, console)


def _is_qemu(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe").endswith(_QEMU)
    return False


def _shut_in(argv: list[str], folder: Path) -> list[str]:
    """Return the command that runs another as nobody else, in mounts with a small /dev."""
    devices = folder / "dev"
    devices.mkdir()
    steps = [
        f"mount -t tmpfs -o mode=755 dev {devices}",
        f"cp -a {' '.join(f'/dev/{name}' for name in _DEVICES)} {devices}",
        "umount --recursive --lazy /dev || true",
        f"mount --move {devices} /dev",
        f'exec setpriv --reuid {_UID} --regid {_UID} --clear-groups --bounding-set -all "$@"',
    ]
    script = "; ".join(steps)
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", *argv]


def _serve(folder: Path, stack: contextlib.ExitStack) -> None:
    """Start a virtiofsd for a folder, whose socket is the machine's alone."""
    shared, socket, log = folder / "share", folder / "fs.sock", folder / "virtiofsd.log"
    shared.mkdir()
    argv = [str(VIRTIOFSD), f"--socket-path={socket}", "-o", f"source={shared}"]
    process: subprocess.Popen[bytes] = processes.start(argv, log)
    stack.callback(processes.stop, process)
    processes.await_ready(socket.exists, "virtiofsd", process, log)
    os.chown(socket, _UID, _UID)
    socket.chmod(0o600)
