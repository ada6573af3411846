"""Gathers what a sandbox is recognised by, once a run (isoaudit.probes.kernel.runtimes).

Command lines are read here and forgotten: no fact holds one.
"""

from __future__ import annotations

from isoaudit.probes.kernel.census import Glimpse
from isoaudit.probes.kernel.discovery import Discovery, Group
from isoaudit.probes.kernel.first_process import in_reach
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Table
from isoaudit.probes.kernel.runtimes import Evidence, Recognition, recognise
from isoaudit.transports import Unreadable

_LIMIT = 16_384
_COMPARED = ("runsc", "gvisor", "qemu", "firecracker", "cloud-hypervisor", "dragonball", "crosvm",
             "stratovirt", "virtiofsd", "kata")  # fmt: skip
"""Words in the name of a program that make it worth comparing with the host's."""


def identify(machine: Machine, group: Group) -> Recognition:
    """Return what a sandbox is taken for."""
    main = group.main
    key = ("identity", main.pid, main.start)
    return machine.once(key, lambda: recognise(_evidence(machine, group)))


def command_line(machine: Machine, pid: int) -> tuple[str, ...]:
    """Return the words a process was started with, none where they are closed."""
    try:
        text = machine.files.read_text(f"/proc/{pid}/cmdline", _LIMIT)
    except Unreadable:
        return ()
    return tuple(text.rstrip("\0").split("\0")) if text else ()


def _evidence(machine: Machine, group: Group) -> Evidence:
    main = group.main
    parents = Discovery(machine).parents(group)
    try:
        program = machine.files.read_link(f"/proc/{main.pid}/exe")
    except Unreadable:
        program = ""
    maps_root, own = _user_namespace(machine, group)
    words = command_line(machine, main.pid)
    compared = _is_hosts(machine, main.pid, program, words)
    return Evidence(
        cgroup=main.cgroup,
        comm=main.comm,
        cmdline=words,
        exe=program,
        parents=tuple((one.comm, _kept_line(machine, one)) for one in parents),
        user_namespace=own,
        maps_root=maps_root,
        owner_uid=_kept_uid(machine, parents[0]) if parents else None,
        exe_on_host=compared,
        exe_in_reach=_in_reach(machine, main.pid, program) if compared else None,
    )


def _kept_line(machine: Machine, one: Glimpse) -> tuple[str, ...]:
    """Return an ancestor's command line, read once: shims have few parents among them."""
    key = ("command line", one.pid, one.start)
    return machine.once(key, lambda: command_line(machine, one.pid))


def _kept_uid(machine: Machine, one: Glimpse) -> int | None:
    return machine.once(("uid", one.pid, one.start), lambda: _uid(machine, one.pid))


def _user_namespace(machine: Machine, group: Group) -> tuple[bool | None, bool]:
    """Return whether host root is mapped in its user namespace, and whether that is its own."""
    link = group.main.links["user"]
    try:
        own = isinstance(link, str) and link != machine.initial("user")
        text = machine.files.read_text(f"/proc/{group.main.pid}/uid_map")
        lines = [tuple(map(int, line.split())) for line in text.splitlines()]
        return any(first <= 0 < first + count for _, first, count in lines), own
    except (Unreadable, ValueError):
        return None, False


def _uid(machine: Machine, pid: int) -> int | None:
    try:
        text = machine.files.read_text(f"/proc/{pid}/status", _LIMIT)
    except Unreadable:
        return None
    words = next((line.split() for line in text.splitlines() if line.startswith("Uid:")), [])
    return int(words[2]) if len(words) == 5 and words[2].isdecimal() else None


def _is_hosts(machine: Machine, pid: int, program: str, words: tuple[str, ...]) -> bool | None:
    """Say whether a process runs the host's own file of that name; None if it is not compared.

    Only for processes whose program or first word claims to be a runtime or a VMM: a look at a
    stranger's file may wait for whoever serves it.
    """
    claims = (program, *words[:1])
    if not any(word in claim for word in _COMPARED for claim in claims):
        return None
    try:
        running = machine.files.stat(f"/proc/{pid}/exe")
        hosts = machine.files.stat(program)
        if (running["device"], running["inode"]) == (hosts["device"], hosts["inode"]):
            return True
        # Another file there says something only if what is seen here are the host's own mounts.
        seen_from = machine.files.read_link("/proc/self/ns/mnt")
        return False if seen_from == machine.initial("mnt") else None
    except Unreadable:
        return None


def _in_reach(machine: Machine, pid: int, program: str) -> bool | None:
    """Say whether the host's file at `program` is in the mounts of a process; None if unclear."""
    try:
        own = Table(machine.files.read_text(f"/proc/{pid}/mountinfo", TABLE_LIMIT))
        return in_reach(program, own, machine.mounts)
    except Unreadable:
        return None
