"""Reads a VMM process: how the kernel confines it, and what its command line asks for.

Sources: proc(5), seccomp(2), namespaces(7), QEMU's security document and invocation manual.
"""

from __future__ import annotations

from isoaudit.model import FactSet, Missing, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.census import gone, start_time, stat_fields
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.vmm.around import PARTS as AROUND
from isoaudit.probes.vmm.around import surroundings
from isoaudit.probes.vmm.command import command_facts
from isoaudit.probes.vmm.devices import PARTS
from isoaudit.probes.vmm.folders import with_folders
from isoaudit.probes.vmm.pid import argv
from isoaudit.transports.base import Files, Unreadable

KERNEL_PATHS = ("vmm", *AROUND)
"""What stays dark at the kernel's vantage if the process cannot be read: the whole branch."""

VMM_PATHS = ("monitor", "graphics", "vm.debug_stub", "vm.accelerator", "vm.machine", "vm.devices",
             *PARTS)  # fmt: skip
"""What stays dark at the VMM's vantage then, and is known from the configuration only."""

_INITIAL_USER_NAMESPACE = "user:[4026531837]"  # PROC_USER_INIT_INO, include/linux/proc_ns.h
_SECCOMP = {"0": "disabled", "1": "strict", "2": "filter"}
_KERNEL_WORK = 0x00200000 | 0x00004000  # PF_KTHREAD, PF_USER_WORKER, include/linux/sched.h


def vmm_facts(files: Files, pid: int, machine: Machine | None = None) -> FactSet:
    """Return the facts of one VMM process; what could not be read is missing, each with its why.

    `machine` is what the host was already found to be. The start time is compared afterwards: a
    pid that was given out again is never believed.
    """
    machine = machine or Machine(files)
    try:
        started = start_time(files, pid)
        words = _words(files, pid)
        told = words if isinstance(words, list) else []
        found = _kernel_facts(machine, pid).merge(
            with_folders(_command(files, pid, words), machine, pid, told),
            surroundings(machine, pid, told),
        )
        if start_time(files, pid) != started:
            raise gone(pid)
    except Unreadable as error:
        return unread(error)
    return found


def unread(error: Unreadable) -> FactSet:
    """Return the missing entries of a local VMM process that could not be read."""
    entries = [error.missing(path, Vantage.KERNEL) for path in KERNEL_PATHS]
    entries += [error.missing(path, Vantage.VMM) for path in VMM_PATHS]
    return FactSet.of(missing=entries)


def _words(files: Files, pid: int) -> list[str] | Unreadable:
    try:
        return argv(files, pid)
    except Unreadable as error:
        return error


def _command(files: Files, pid: int, words: list[str] | Unreadable) -> FactSet:
    if isinstance(words, list):
        found = command_facts(files, pid, words)
        if "vm.debug_stub" in found.facts:  # which is told of every VMM that is known
            return found
        why = Unreadable(Reason.NOT_SUPPORTED, "its command line is that of no VMM known here")
        return found.merge(FactSet.of(missing=[why.missing(p, Vantage.VMM) for p in VMM_PATHS]))
    paths = (*VMM_PATHS, "vmm.name", "vmm.sandbox.options", "vmm.dump_guest_core")
    return FactSet.of(missing=[words.missing(path, Vantage.VMM) for path in paths])


def _kernel_facts(machine: Machine, pid: int) -> FactSet:
    files, notes = machine.files, Notes(Vantage.KERNEL)
    source = f"/proc/{pid}/status"
    status = _status(files.read_text(source))
    notes.fact("vmm.pid", pid, source)
    _note_credentials(notes, status, source)
    _note_filters(notes, status, source)
    try:
        threads = _unfiltered_threads(files, pid)
        notes.fact("vmm.seccomp.unfiltered_threads", threads, f"/proc/{pid}/task/*/status Seccomp")
    except Unreadable as error:
        notes.lacks(error.missing("vmm.seccomp.unfiltered_threads", Vantage.KERNEL))
    _note_label(notes, machine, pid)
    _note_user_namespace(notes, machine, pid)
    return notes.factset()


def _status(text: str) -> dict[str, str]:
    pairs = (line.partition(":\t") for line in text.split("\n"))
    return {name: value.strip() for name, separator, value in pairs if separator}


def _absent(path: str, source: str, key: str) -> Missing:
    return Missing(path, Reason.NOT_SUPPORTED, f"{source} has no {key}", "", Vantage.KERNEL)


def _note_credentials(notes: Notes, status: dict[str, str], source: str) -> None:
    uids = status.get("Uid", "").split()
    if len(uids) == 4 and uids[1].isdecimal():
        notes.fact("vmm.uid", int(uids[1]), f"{source} Uid")
    else:
        notes.lacks(_absent("vmm.uid", source, "Uid"))
    for name, key in (("effective", "CapEff"), ("permitted", "CapPrm")):
        held = decode_capabilities(status.get(key, ""))
        path = f"vmm.capabilities.{name}"
        if held is None:
            notes.lacks(_absent(path, source, key))
        else:
            notes.fact(path, held, f"{source} {key}")


def _note_filters(notes: Notes, status: dict[str, str], source: str) -> None:
    privileges = status.get("NoNewPrivs")
    if privileges in {"0", "1"}:
        notes.fact("vmm.no_new_privileges", privileges == "1", f"{source} NoNewPrivs")
    else:
        notes.lacks(_absent("vmm.no_new_privileges", source, "NoNewPrivs"))
    mode = _SECCOMP.get(status.get("Seccomp", ""))
    if mode is None:
        notes.lacks(_absent("vmm.seccomp.mode", source, "Seccomp"))
    else:
        notes.fact("vmm.seccomp.mode", mode, f"{source} Seccomp")


def _unfiltered_threads(files: Files, pid: int) -> int:
    """Return how many threads run without a filter; raises Unreadable.

    The kernel's own workers (vhost, KVM's page recovery) run no code of the VMM and are left out.
    A thread that ends meanwhile is none.
    """
    count = 0
    for thread in files.list_names(f"/proc/{pid}/task"):
        folder = f"/proc/{pid}/task/{thread}"
        try:
            status = _status(files.read_text(f"{folder}/status"))
            if status.get("Name", "").startswith(("vhost-", "kvm-")) and _is_worker(files, folder):
                continue
        except Unreadable as error:
            if error.absent or error.reason is Reason.VANISHED:
                continue
            raise
        if "Seccomp" not in status:
            raise Unreadable(Reason.NOT_SUPPORTED, f"{folder}/status has no Seccomp")
        count += status["Seccomp"] == "0"
    return count


def _is_worker(files: Files, folder: str) -> bool:
    """Say whether a thread is the kernel's: a name is easily taken, the flag is not."""
    fields = stat_fields(files.read_text(f"{folder}/stat"))
    return len(fields) > 6 and fields[6].isdecimal() and bool(int(fields[6]) & _KERNEL_WORK)


def _note_label(notes: Notes, machine: Machine, pid: int) -> None:
    source = f"/proc/{pid}/attr/current"
    try:
        if not machine.lsm:
            notes.fact("vmm.lsm.label", "", "no labelling LSM is active")
            return
        label = machine.files.read_text(source).rstrip("\n\0")
        notes.fact("vmm.lsm.label", label, source)
    except Unreadable as error:
        notes.lacks(error.missing("vmm.lsm.label", Vantage.KERNEL))


def _note_user_namespace(notes: Notes, machine: Machine, pid: int) -> None:
    """Compare with the host's first process; the very first namespace is known by its number."""
    path, source = "vmm.user_namespace", f"/proc/{pid}/ns/user"
    try:
        link = machine.files.read_link(source)
        if link == _INITIAL_USER_NAMESPACE:
            notes.fact(path, "host", f"{source} (the kernel's first)")
            return
        word = "host" if link == machine.initial("user") else "private"
        notes.fact(path, word, source)
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
