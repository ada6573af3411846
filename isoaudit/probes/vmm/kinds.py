"""Which processes are VMMs: by the file they run, and by what they were started with or hold.

A name alone proves nothing: a process calls itself what it likes, and a program may be called as a
VMM is. Sources: qemu(1), firecracker and jailer --help, cloud-hypervisor --help, crosvm and
StratoVirt documentation, Documentation/virt/kvm/api.rst.
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.probes.kernel.first_process import vmm_called
from isoaudit.probes.vmm.argv import options, properties, value_of

KVM_MACHINE = "anon_inode:kvm-vm"
_DELETED = " (deleted)"
_SHIMS = ("containerd-shim-kata", "kata-shim")
_KATA = ("sandbox-", "/run/vc/", "/run/kata-containers/")
_ASKS = frozenset({"help", "h", "version", "-help", "V"})
_QEMU = frozenset({
    "machine", "M", "accel", "enable-kvm", "name", "m", "smp", "cpu", "drive", "device", "hda",
    "cdrom", "fda", "blockdev", "netdev", "nic", "net", "kernel", "nodefaults", "display", "vnc",
    "spice", "serial", "monitor", "qmp", "mon", "chardev", "nographic", "uuid", "S", "boot", "bios",
    "readconfig", "incoming", "pflash", "vga", "daemonize", "object",
})  # fmt: skip
_SHAPES = {
    "firecracker": ("--api-sock", "--config-file", "--id", "--no-api", "--start-time-us",
                    "--boot-timer", "--log-path"),
    "cloud-hypervisor": ("--api-socket", "--kernel", "--firmware", "--disk", "--memory", "--cpus",
                         "--restore", "--net", "--fs", "--event-monitor"),
    "crosvm": ("run", "device", "run-mp"),
    "stratovirt": ("-machine", "-kernel", "-drive", "-qmp", "-name", "-m", "-smp"),
    "dragonball": ("--api-sock-path", "--kernel-path", "--rootfs-args"),
}  # fmt: skip
"""Options of which each VMM needs at least one to run a machine."""


def kind_of(exe: str, words: Sequence[str]) -> str:
    """Return the VMM that a program is called after, "" for none; `exe` "" is one not readable.

    A shim of Kata Containers may run Dragonball within itself: its descriptors say if it does.
    """
    path = exe.removesuffix(_DELETED) or (words[0] if words else "")
    name = path.rpartition("/")[2].removeprefix(".")  # NixOS: .qemu-system-x86_64-wrapped
    if name.startswith(_SHIMS):
        return "dragonball"
    return "" if name.startswith("jailer") else vmm_called(name)


def has_shape(kind: str, words: Sequence[str]) -> bool:
    """Say whether a command line is one that starts a machine of this kind."""
    rest = list(words[1:])
    if kind == "qemu":
        found = [name for name, _ in options(rest)]
        if _ASKS & {*found} or any(value in {"help", "?"} for _, value in options(rest)):
            return False
        image = rest[:1] and not rest[0].startswith("-")
        return bool(image) or bool(_QEMU & {*found})
    if {"--help", "--version", "-h", "-V"} & {*rest}:
        return False
    if kind == "firecracker" and not rest:
        return True  # it then waits at its usual socket to be told what to run
    return any(word.partition("=")[0] in _SHAPES.get(kind, ()) for word in rest)


def manager_of(words: Sequence[str], uuid: str) -> str:
    """Return who started a VMM, as its command line shows: kata, libvirt, or "" for neither."""
    if any(word.startswith(_KATA[0]) or any(p in word for p in _KATA[1:]) for word in words):
        return "kata"
    return "libvirt" if uuid and any("libvirt" in word for word in words) else ""


def name_of(kind: str, words: Sequence[str]) -> str:
    """Return what a machine is called on its VMM's command line, "" where it is not named."""
    if kind in {"qemu", "stratovirt"}:
        found = value_of(options(list(words[1:])), "name") or ""
        return properties(found, "guest").get("guest", "")
    option = {"firecracker": "--id", "crosvm": "--name"}.get(kind, "")
    return option_of(words, option) if option else ""


def option_of(words: Sequence[str], *names: str) -> str:
    """Return the value of an option written as `--name value` or `--name=value`, "" for none."""
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else (words[place + 1] if place + 1 < len(words) else "")
    return ""
