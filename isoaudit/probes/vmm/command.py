"""Turns a VMM's command line into facts, and asks the process where the words leave it open."""

from __future__ import annotations

from isoaudit.model import FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import (
    Monitor,
    Options,
    accelerators,
    machine,
    monitors,
    options,
    sandbox,
)
from isoaudit.probes.vmm.screens import screens
from isoaudit.transports.base import Files, Unreadable

_OTHERS = ("firecracker", "cloud-hypervisor")


def command_facts(files: Files, pid: int, words: list[str]) -> FactSet:
    """Return what the command line of a VMM says; raises nothing but is silent about strangers."""
    source = f"/proc/{pid}/cmdline"
    notes = Notes(Vantage.VMM)
    program = words[0].rpartition("/")[2] if words else ""
    name = _name(program)
    notes.fact("vmm.name", name or program, source)
    if name in _OTHERS:
        _note_micro(notes, name, words, source)
        return notes.factset()
    if name != "qemu":
        return notes.factset()
    found = options(words[1:])
    notes.fact("vmm.sandbox.options", sandbox(found), f"{source} -sandbox")
    if kind := machine(found):
        notes.fact("vm.machine", kind, f"{source} -machine")
    _note_monitors(notes, files, pid, found)
    notes.part("graphics", screens(found, source))
    return notes.factset().merge(_accelerator(files, pid, accelerators(found, program)))


def _name(program: str) -> str:
    if program.startswith(("qemu", "kvm")):
        return "qemu"
    return next((name for name in _OTHERS if program.startswith(name)), "")


def _note_micro(notes: Notes, name: str, words: list[str], source: str) -> None:
    """Note what the small VMMs say: both run on KVM only, and only one of them has a gdb stub."""
    notes.fact("vm.accelerator", "kvm", f"{source}: {name} has no other")
    stub = any(word == "--gdb" or word.startswith("--gdb=") for word in words)
    notes.fact("vm.debug_stub", stub, source)


def _accelerator(files: Files, pid: int, asked: list[str]) -> FactSet:
    """Note the accelerator: the only one asked for, else what the open descriptors show."""
    if len(asked) == 1:
        notes = Notes(Vantage.VMM)
        notes.fact("vm.accelerator", asked[0], f"/proc/{pid}/cmdline -accel")
        return notes.factset()
    notes, folder = Notes(Vantage.KERNEL), f"/proc/{pid}/fd"
    try:
        links = [_link(files, f"{folder}/{number}") for number in files.list_names(folder)]
    except Unreadable as error:
        notes.lacks(error.missing("vm.accelerator", Vantage.KERNEL))
        return notes.factset()
    used = "kvm" if "anon_inode:kvm-vm" in links else next(n for n in asked if n != "kvm")
    notes.fact("vm.accelerator", used, folder)
    return notes.factset()


def _link(files: Files, path: str) -> str:
    """Return a descriptor's link text, "" for one that was closed meanwhile."""
    try:
        return files.read_link(path)
    except Unreadable as error:
        if error.absent:
            return ""
        raise


def _note_monitors(notes: Notes, files: Files, pid: int, found: Options) -> None:
    source = f"/proc/{pid}/cmdline"
    asked = monitors(found, whole=True)
    notes.fact("vm.debug_stub", any(one.kind == "gdb" for one in asked), source)
    open_end = None
    if any(name == "readconfig" for name, _ in found):
        open_end = Missing("monitor", Reason.NOT_SUPPORTED, "-readconfig names more options",
                           "Look into the file it names.", Vantage.VMM)  # fmt: skip
    notes.part("monitor", [_monitor(files, pid, one, source) for one in asked], open_end)


def _monitor(files: Files, pid: int, monitor: Monitor, source: str) -> Record:
    notes = Notes(Vantage.VMM)
    notes.fact("monitor.kind", monitor.kind, source)
    if not monitor.backend:
        for field in ("monitor.backend", "monitor.address"):
            notes.missing(field, Reason.NOT_SUPPORTED, "its character device is not on the"
                          " command line", "Look at the VM with its manager.")  # fmt: skip
        return notes.record()
    if monitor.backend != "fd":
        notes.fact("monitor.backend", monitor.backend, source)
        notes.fact("monitor.address", monitor.address, source)
        return notes.record()
    try:
        path = _unix_path(files, pid, monitor.address)
        notes.fact("monitor.backend", "unix", f"/proc/{pid}/fd/{monitor.address}")
        notes.fact("monitor.address", path, f"/proc/{pid}/net/unix")
    except Unreadable as error:
        for field in ("monitor.backend", "monitor.address"):
            notes.lacks(error.missing(field, Vantage.VMM))
    return notes.record()


def _unix_path(files: Files, pid: int, descriptor: str) -> str:
    """Return the path of the UNIX socket behind a descriptor; raises Unreadable if it is none.

    Line layout of /proc/net/unix: address, references, protocol, flags, type, state, inode, path.
    """
    link = files.read_link(f"/proc/{pid}/fd/{descriptor}")
    inode = link.removeprefix("socket:[").removesuffix("]")
    for line in files.read_text(f"/proc/{pid}/net/unix", 16 * 1_048_576).splitlines():
        fields = line.split(None, 7)
        if len(fields) > 6 and fields[6] == inode:
            return fields[7] if len(fields) > 7 else ""
    raise Unreadable(Reason.NOT_SUPPORTED, f"descriptor {descriptor} is no UNIX socket")
