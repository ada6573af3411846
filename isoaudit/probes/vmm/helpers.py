"""Processes that serve a VMM: virtiofsd, swtpm, vhost-user back ends, passt.

A back end of vhost-user sees all of the guest's memory, and virtiofsd touches the host's files:
they are part of the wall. Which belongs to which VMM is told by the socket that both name, or by
parentage. One that forks (virtiofsd does) is judged by the child that serves.
Sources: virtiofsd(1), swtpm(8), passt(1), QEMU docs/interop/vhost-user.rst.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.census import Glimpse
from isoaudit.probes.kernel.identity import command_line
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table
from isoaudit.probes.kernel.process import Seen, read_process
from isoaudit.probes.kernel.records import process_records
from isoaudit.probes.kernel.view import View
from isoaudit.probes.vmm.argv import properties
from isoaudit.probes.vmm.kinds import option_of
from isoaudit.probes.vmm.places import anyone_may_connect, host_path
from isoaudit.probes.vmm.sockets import socket_names, socket_numbers
from isoaudit.probes.vmm.told import Told
from isoaudit.transports.base import Unreadable

_PROGRAMS = ("virtiofsd", "swtpm", "vhost-user-", "vhost_user_", "passt", "slirp-helper",
             "virtfs-proxy-helper", "qemu-storage-daemon", "qemu-pr-helper")  # fmt: skip
_MOST = 1024
_LIMIT = 16 * 1_048_576
_FIRST = 1  # the host's first process
_PRIVATE = ("mnt", "pid", "net", "ipc", "uts", "user")
_RENAMED = {
    "process.host_uid": "helper.uid",
    "process.capabilities.effective": "helper.capabilities",
    "process.no_new_privileges": "helper.no_new_privileges",
    "process.seccomp.mode": "helper.seccomp",
    "process.root_is_host": "helper.root_is_host",
}


class Helper(NamedTuple):
    """A helper: its program, the process that serves, all its processes, words, and sockets."""

    program: str
    main: Glimpse
    pids: frozenset[int]
    words: tuple[str, ...]
    sockets: tuple[str, ...]


def helpers_of(machine: Machine) -> list[Helper]:
    """Return every helper of the machine, looked at once a run."""
    if "vmm helpers" not in machine.kept:
        machine.kept["vmm helpers"] = _find(machine)
    found: list[Helper] = machine.kept["vmm helpers"]
    return found


def serving(machine: Machine, pid: int, words: Sequence[str]) -> list[Helper]:
    """Return the helpers of one VMM: it names their socket, or it is their parent."""
    found, told = [], Told(words)
    for one in helpers_of(machine):
        named = any(told.names(path) for path in one.sockets)
        if named or any(_parent(machine, each) == pid for each in one.pids):
            found.append(one)
    return found


def _find(machine: Machine) -> list[Helper]:
    everyone = machine.census.everyone
    programs = {pid: name for pid in everyone if (name := _program(machine, pid))}
    found = []
    for pid, name in programs.items():
        if programs.get(everyone[pid].parent) == name:
            continue  # forked by one that is looked at itself
        pids = _family(everyone, programs, pid)
        # NOTE: the youngest serves: those above it wait for it outside its sandbox.
        main = max((everyone[each] for each in pids), key=lambda one: one.order)
        words = command_line(machine, pid)
        found.append(Helper(name, main, pids, words, _sockets(machine, pids, words)))
    return found[:_MOST]


def _family(everyone: dict[int, Glimpse], programs: dict[int, str], first: int) -> frozenset[int]:
    family = {first}
    for one in sorted(everyone.values(), key=lambda each: each.order):
        if one.parent in family and programs.get(one.pid) == programs[first]:
            family.add(one.pid)
    return frozenset(family)


def _program(machine: Machine, pid: int) -> str:
    """Return the helper that a process is by the file it runs, "" for none."""
    try:
        exe = machine.files.read_link(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except Unreadable:
        return ""
    name = exe.rpartition("/")[2]
    return name if name.startswith(_PROGRAMS) else ""


def _parent(machine: Machine, pid: int) -> int:
    one = machine.census.everyone.get(pid)
    return one.parent if one else 0


def _sockets(machine: Machine, pids: frozenset[int], words: Sequence[str]) -> tuple[str, ...]:
    """Return the sockets of a helper: those it was told of, and those it holds.

    One that libvirt started has its socket by number, and listens no longer once its VMM came: the
    connection it took has the socket's name (unix(7)). Sockets are listed where they were made, and
    virtiofsd has left that network namespace: so the host's own list counts as well.
    """
    told = [option_of(words, "--socket-path", "--socket", "-s", "--path"), _of_swtpm(words)]
    numbers: set[str] = set()
    for pid in pids:
        try:
            numbers |= socket_numbers(machine.files.descriptors(pid, _MOST)["links"].values())
        except Unreadable:
            continue
    for pid in (*sorted(pids), _FIRST):
        names = _sockets_beside(machine, pid)
        told += [names[number] for number in numbers if number in names]
    return tuple(dict.fromkeys(path for path in told if path))


def _sockets_beside(machine: Machine, pid: int) -> dict[str, str]:
    """Return the names of all sockets in a process's network namespace, read once for each."""
    try:
        link = machine.census.glimpse(pid).links["net"]
        key = ("sockets", link if isinstance(link, str) else pid)
        if key not in machine.kept:
            text = machine.files.read_text(f"/proc/{pid}/net/unix", _LIMIT)
            machine.kept[key] = socket_names(text)
    except Unreadable:
        return {}
    found: dict[str, str] = machine.kept[key]
    return found


def _of_swtpm(words: Sequence[str]) -> str:
    return properties(option_of(words, "--ctrl", "--server")).get("path", "")


def folder_of(one: Helper) -> str:
    """Return the folder that a virtiofsd shows, "" for others."""
    for word in one.words:
        if word.startswith("source=") or ",source=" in word:
            return properties(word).get("source", "")
    return option_of(one.words, "--shared-dir")


def reads_only(one: Helper) -> bool:
    """Say whether a virtiofsd lets nothing be written (its option --readonly)."""
    return "--readonly" in one.words


def helper_record(machine: Machine, one: Helper) -> Record:
    """Return a helper as a record of the part helper; what could not be read is missing."""
    notes = Notes(Vantage.KERNEL)
    notes.fact("helper.kind", one.program, "/proc/PID/exe")
    notes.fact("helper.pid", one.main.pid, "the process of it that serves")
    notes.fact("helper.folder", folder_of(one), "/proc/PID/cmdline")
    notes.fact("helper.sandbox", _asked(one), "/proc/PID/cmdline")
    _note_socket(notes, machine, one)
    try:
        seen = read_process(machine, one.main.pid)
    except Unreadable as error:
        notes.lacks(error.missing("helper", Vantage.KERNEL))
        return notes.record()
    _note_process(notes, machine, one, seen)
    return notes.record()


def _asked(one: Helper) -> str:
    """Return what its options say of its sandbox: `--sandbox`, `-o sandbox=`, `--seccomp`."""
    found = option_of(one.words, "--sandbox")
    for word in one.words:
        found = found or properties(word).get("sandbox", "")
    return found or "default"


def _note_process(notes: Notes, machine: Machine, one: Helper, seen: Seen) -> None:
    table: Table | Unreadable
    try:
        table = Table(machine.files.read_text(f"/proc/{seen.pid}/mountinfo", TABLE_LIMIT))
    except Unreadable as error:
        table = error
    ((record,), _) = process_records(View(machine, one.pids, seen.pid, table), [seen], 1)
    for path, name in _RENAMED.items():
        if path in record.facts:
            notes.holds(record.facts[path]._replace(path=name))
        elif path in record.missing:
            notes.lacks(record.missing[path]._replace(path=name))
    held = [decode_capabilities(seen.status.get(key, "")) for key in ("CapEff", "CapPrm")]
    if None in held:
        notes.missing("helper.privileged", Reason.NOT_SUPPORTED, "its capabilities are not told")
    else:
        notes.fact("helper.privileged", any(held), "/proc/PID/status CapEff, CapPrm")
    _note_namespaces(notes, record)


def _note_namespaces(notes: Notes, record: Record) -> None:
    """Note which namespaces of its own it has; one that is closed leaves all open."""
    own = []
    for kind in _PRIVATE:
        path = "process.user_namespace" if kind == "user" else f"process.namespaces.{kind}"
        if path in record.missing:
            notes.lacks(record.missing[path]._replace(path="helper.namespaces"))
            return
        if path in record.facts and record.facts[path].value != "host":
            own.append(kind)
    notes.fact("helper.namespaces", own, "/proc/PID/ns/*")


def _note_socket(notes: Notes, machine: Machine, one: Helper) -> None:
    """Note who may connect to it: a socket that was unlinked once the VMM came is nobody's."""
    path = next((each for each in one.sockets), "")
    notes.fact("helper.socket", path, "/proc/PID/cmdline, /proc/PID/net/unix")
    reach = "helper.anyone_may_connect"
    if not path.startswith("/"):
        notes.fact(reach, path.startswith("@"), "its socket has no path")
        return
    try:
        first = min(one.pids)
        table = Table(machine.files.read_text(f"/proc/{first}/mountinfo", TABLE_LIMIT))
        ours = host_path(machine, table, path)
        notes.fact(reach, anyone_may_connect(machine, ours), f"stat {ours} and the folders above")
    except Unreadable as error:
        if error.absent:
            notes.fact(reach, False, f"{path} is not there any more")
        else:
            notes.lacks(error.missing(reach, Vantage.KERNEL))
