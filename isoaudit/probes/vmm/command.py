"""Turns a VMM's command line into facts, and asks the process where the words leave it open."""

from __future__ import annotations

from functools import cached_property

from isoaudit.model import Fact, FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.alone import note_alone
from isoaudit.probes.vmm.argv import (
    Monitor,
    Options,
    accelerators,
    is_on,
    machine,
    monitors,
    options,
    sandbox,
    switches,
    value_of,
)
from isoaudit.probes.vmm.devices import hardware
from isoaudit.probes.vmm.kinds import kind_of, manager_of
from isoaudit.probes.vmm.line import Line, Origin
from isoaudit.probes.vmm.screens import screens
from isoaudit.probes.vmm.small import small_facts
from isoaudit.probes.vmm.sockets import socket_names
from isoaudit.transports.base import Files, Unreadable

_KVM = "anon_inode:kvm-vm"


def command_facts(files: Files, pid: int, words: list[str]) -> FactSet:
    """Return what the command line of a VMM says; raises nothing but is silent about strangers."""
    source = f"/proc/{pid}/cmdline"
    notes = Notes(Vantage.VMM)
    program = words[0].rpartition("/")[2] if words else ""
    name = _kind(files, pid, words)
    notes.fact("vmm.name", name or program, source)
    manager = manager_of(words, value_of(options(words[1:]), "uuid") or "")
    notes.fact("vmm.manager", manager, source)
    if not name:
        return notes.factset()
    if name != "qemu":
        return notes.factset().merge(small_facts(name, words, source), _kvm_only(files, pid))
    found = options(words[1:])
    notes.fact("vmm.sandbox.options", sandbox(found), f"{source} -sandbox")
    if kind := machine(found):
        notes.fact("vm.machine", kind, f"{source} -machine")
    line = Line(found, program, whole=True)
    if not manager:
        note_alone(notes, line, source)
    _note_monitors(notes, files, pid, found)
    notes.part("graphics", screens(found, source))
    _note_machine(notes, found, source)
    hard = hardware(line, Origin(Vantage.VMM, source))
    asked = accelerators(found, program)
    return notes.factset().merge(hard, _accelerator(files, pid, asked))


def _kind(files: Files, pid: int, words: list[str]) -> str:
    """Return the VMM that a process is: by the file it runs, where that is closed by its words."""
    try:
        found = kind_of(files.read_link(f"/proc/{pid}/exe"), ())
    except Unreadable:
        found = ""
    return found or kind_of("", words)


def _note_machine(notes: Notes, found: Options, source: str) -> None:
    """Note the UUID, and what the machine's switches say of its memory: both are on if not said."""
    if uuid := value_of(found, "uuid"):
        notes.fact("vm.uuid", uuid[:64], f"{source} -uuid")
    asked = switches(found)
    for path, switch in (("vm.memory.shared_pages", "mem-merge"),
                         ("vmm.dump_guest_core", "dump-guest-core")):  # fmt: skip
        why = "" if switch in asked else " (QEMU's default)"
        on = is_on(asked.get(switch, "on"))
        notes.fact(path, on, f"{source} -machine {switch}{why}")


def _kvm_only(files: Files, pid: int) -> FactSet:
    """Return what proves that a VMM which knows no emulation runs on KVM."""
    return _accelerator(files, pid, ["kvm"])


def _accelerator(files: Files, pid: int, asked: list[str]) -> FactSet:
    """Note the accelerator that was asked for, and the one in use as open descriptors show it.

    A KVM machine is a descriptor of the process that made it (Documentation/virt/kvm/api.rst):
    without one no words prove that hardware keeps the guest in.
    """
    notes, folder, path = Notes(Vantage.VMM), f"/proc/{pid}/fd", "vm.accelerator"
    if len(asked) == 1:
        notes.fact(path, asked[0], f"/proc/{pid}/cmdline -accel")
    if "kvm" not in asked:
        return notes.factset()
    try:
        links = [_link(files, f"{folder}/{number}") for number in files.list_names(folder)]
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return notes.factset()
    others = [name for name in asked if name != "kvm"]
    if _KVM in links or others:
        used = "kvm" if _KVM in links else others[0]
        notes.holds(Fact(path, used, folder, Vantage.KERNEL))
    else:
        detail = f"{folder} shows no KVM machine: it may not have been made yet"
        notes.lacks(Missing(path, Reason.NOT_SUPPORTED, detail, "Scan again.", Vantage.KERNEL))
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
    open_end, sockets = None, _Sockets(files, pid)
    if any(name == "readconfig" for name, _ in found):
        open_end = Missing("monitor", Reason.NOT_SUPPORTED, "-readconfig names more options",
                           "Look into the file it names.", Vantage.VMM)  # fmt: skip
    notes.part("monitor", [_monitor(sockets, pid, one, source) for one in asked], open_end)


def _monitor(sockets: _Sockets, pid: int, monitor: Monitor, source: str) -> Record:
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
        path = sockets.path(monitor.address)
        notes.fact("monitor.backend", "unix", f"/proc/{pid}/fd/{monitor.address}")
        notes.fact("monitor.address", path, f"/proc/{pid}/net/unix")
    except Unreadable as error:
        for field in ("monitor.backend", "monitor.address"):
            notes.lacks(error.missing(field, Vantage.VMM))
    return notes.record()


class _Sockets:
    """The UNIX sockets in sight of a process, read when the first is asked for."""

    def __init__(self, files: Files, pid: int) -> None:
        self._files = files
        self._pid = pid

    @cached_property
    def _names(self) -> dict[str, str]:
        return socket_names(self._files.read_text(f"/proc/{self._pid}/net/unix", 16 * 1_048_576))

    def path(self, descriptor: str) -> str:
        """Return the path of the one behind a descriptor; raises Unreadable if it is none."""
        link = self._files.read_link(f"/proc/{self._pid}/fd/{descriptor}")
        inode = link.removeprefix("socket:[").removesuffix("]")
        if inode not in self._names:
            raise Unreadable(Reason.NOT_SUPPORTED, f"descriptor {descriptor} is no UNIX socket")
        return self._names[inode]
