"""What the first process of a sandbox runs: a workload, gVisor's Sentry, or a part of a VMM.

Its name, arguments and program are the choice of whoever is in the sandbox: this says what it
shows, verdict.py what follows. Sources: gVisor runsc/sandbox/sandbox.go (the Sentry is called
`runsc-sandbox … boot`, its file stays that of runsc), QEMU's and Kata's program names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_VMMS = {
    "qemu-system": "qemu",
    "qemu-kvm": "qemu",
    "cloud-hyperviso": "cloud-hypervisor",  # as far as a process's name goes
    "firecracker": "firecracker",
    "dragonball": "dragonball",
    "stratovirt": "stratovirt",
    "crosvm": "crosvm",
}
_VMM_NAMES = {"kvm": "qemu", "qemu": "qemu", "jailer": "firecracker"}
_KATA_SHIMS = ("containerd-shim-kata", "kata-shim")
_KATA_ARGUMENTS = ("sandbox-", "/run/vc/", "/run/kata-containers/")
_DELETED = " (deleted)"


class Look(NamedTuple):
    """What a process shows itself to be.

    `what`: runsc, vmm, virtiofsd, shim (Kata's), other, or unknown if nothing of it can be read.
    `proven` is true if it runs the host's own file of that name, `refuted` if it is called runsc
    and runs another one. `runtime` and `role` are what it would be, `shown` what was read.
    """

    what: str
    proven: bool = False
    runtime: str = ""
    role: str = "workload"
    shown: str = ""
    refuted: bool = False


def look(comm: str, cmdline: Sequence[str], exe: str, exe_on_host: bool | None) -> Look:
    """Return what a process shows; `exe_on_host` as in Evidence.

    The file decides where it can be read: a process calls itself what it likes, but not one that
    runs /bin/busybox is the Sentry. A file that was deleted or replaced compares with nothing.
    """
    if not exe:
        return _by_names(comm, cmdline)
    deleted = exe.endswith(_DELETED)
    path = exe.removesuffix(_DELETED)
    seen = _classified(path.rpartition("/")[2], cmdline)._replace(shown=f"/proc/PID/exe is {exe}")
    if deleted or exe_on_host is None:
        return seen
    if not exe_on_host and seen.what == "runsc":
        return Look("other", shown=f"/proc/PID/exe is {exe}, not the host's file", refuted=True)
    if exe_on_host and seen.what != "other":
        return seen._replace(proven=True, shown=f"/proc/PID/exe is {exe}, the host's own file")
    if exe_on_host and (named := _by_names("", cmdline)).what == "runsc":
        # A runsc installed by another name; a program of the host's may also just be called so.
        return named
    return seen


def _by_names(comm: str, cmdline: Sequence[str]) -> Look:
    first = cmdline[0].rpartition("/")[2] if cmdline else ""
    names = [name for name in (first, comm) if name]
    if not names:
        return Look("unknown")
    looks = [_classified(name, cmdline) for name in names]
    found = next((one for one in looks if one.what != "other"), looks[0])
    return found._replace(shown=f"a process named {names[0]}")


def _classified(name: str, cmdline: Sequence[str]) -> Look:
    """Return what a program of this name is."""
    if name == "runsc" or name.startswith("runsc-"):
        return Look("runsc", runtime="runsc", role=_part_of_gvisor(cmdline))
    if name.startswith(_KATA_SHIMS):
        return Look("shim", runtime="kata", role="shim")
    if name.startswith("virtiofsd"):
        return Look("virtiofsd", runtime=_kata(cmdline), role="virtiofsd")
    vmm = _VMM_NAMES.get(name) or next(
        (vmm for start, vmm in _VMMS.items() if name.startswith(start)), ""
    )
    if vmm:
        return Look("vmm", runtime=_kata(cmdline) or vmm, role="vmm")
    return Look("other")


def _part_of_gvisor(cmdline: Sequence[str]) -> str:
    named = cmdline[0].rpartition("/")[2] if cmdline else ""
    return "gofer" if named == "runsc-gofer" or "gofer" in cmdline else "sentry"


def _kata(cmdline: Sequence[str]) -> str:
    """Return kata if a VMM was started with what Kata starts its own with."""
    named = any(
        word.startswith(_KATA_ARGUMENTS[0]) or any(part in word for part in _KATA_ARGUMENTS[1:])
        for word in cmdline
    )
    return "kata" if named else ""
