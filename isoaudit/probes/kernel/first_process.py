"""What the first process of a sandbox runs: a workload, gVisor's Sentry, or a part of a VMM.

Its name, arguments and program are the choice of whoever is in the sandbox: this says what it
shows, verdict.py what follows. Sources: gVisor runsc/sandbox/sandbox.go (the Sentry is called
`runsc-sandbox … boot`, its file stays that of runsc), QEMU's and Kata's program names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.probes.kernel.mountinfo import Table, inside

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


class Program(NamedTuple):
    """The file that a process runs; see Evidence."""

    exe: str
    on_host: bool | None
    in_reach: bool | None


class Look(NamedTuple):
    """What a process shows itself to be.

    `what`: runsc, vmm, virtiofsd, shim (Kata's), other, or unknown if nothing of it can be read.
    `proven` is true if it runs the host's own file of that name, of runsc: one out of the sandbox's
    reach; `refuted` if it is called runsc and runs another one. `runtime` and `role` are what it
    would be, `shown` what was read.
    """

    what: str
    proven: bool = False
    runtime: str = ""
    role: str = "workload"
    shown: str = ""
    refuted: bool = False


def look(comm: str, cmdline: Sequence[str], program: Program) -> Look:
    """Return what a process shows of itself.

    The file decides where it can be read: a process calls itself what it likes, but not one that
    runs /bin/busybox is the Sentry. A file that was deleted or replaced compares with nothing.
    """
    if not program.exe:
        return _by_names(comm, cmdline)
    path = program.exe.removesuffix(_DELETED)
    shown = f"/proc/PID/exe is {program.exe}"
    seen = _classified(path.rpartition("/")[2], cmdline)._replace(shown=shown)
    if path != program.exe or program.on_host is None:
        return seen
    if program.on_host:
        return _of_host(seen, program, cmdline)
    if seen.what == "runsc":
        return Look("other", shown=f"{shown}, not the host's file", refuted=True)
    return seen


def _of_host(seen: Look, program: Program, cmdline: Sequence[str]) -> Look:
    """Judge a process that runs a file of the host's, as anyone does who has it in his mounts."""
    shown = f"{seen.shown}, the host's own file"
    if seen.what == "other":
        # A runsc installed by another name; or another program of the host's that is called so.
        named = _by_names("", cmdline)
        return named if named.what == "runsc" else seen
    if seen.what != "runsc":
        return seen._replace(proven=True, shown=shown)
    if program.in_reach is False:
        return seen._replace(proven=True, shown=f"{shown}, out of its reach")
    return seen._replace(shown=f"{shown}, which may be in its reach")


def in_reach(exe: str, own: Table, host: Table) -> bool | None:
    """Say whether a process could open the host's file at `exe` in its own mounts, None if unclear.

    `own` is the mount table of the process, `host` the host's. The Sentry leaves itself an empty
    root and a /proc (gVisor runsc/cmd/chroot.go), so that its own program is not in its reach.
    """
    mount = host.covering(exe)
    if mount is None or not own.mounts:
        return None
    path = mount.root.rstrip("/") + exe[len(mount.point.rstrip("/")) :]
    if any(inside(path, other.root) for other in own.on(mount.device)):
        return True
    return False if own.complete and host.complete else None


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
    if vmm := vmm_called(name):
        return Look("vmm", runtime=_kata(cmdline) or vmm, role="vmm")
    return Look("other")


def vmm_called(name: str) -> str:
    """Return the VMM that a program of this name is, "" for none."""
    begun = (vmm for start, vmm in _VMMS.items() if name.startswith(start))
    return _VMM_NAMES.get(name) or next(begun, "")


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
