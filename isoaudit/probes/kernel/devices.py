"""The devices of a sandbox: nodes in its /dev, and what its device cgroup lets it open.

A node alone opens nothing where the device cgroup refuses it, and a rule alone names no node, but
who may make nodes needs no other. Version 1 of the cgroup lists its rules; version 2 keeps them in
an eBPF program that no file shows. Nodes are looked at, never opened.

Sources: cgroup-v1/devices (kernel documentation), sysfs ABI (/sys/dev), OCI runtime specification
(default devices).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.cgroup import Group
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Table, inside
from isoaudit.probes.kernel.sources import may_hang
from isoaudit.transports import Unreadable
from isoaudit.transports.base import DeviceNode

_DEV = "/dev"
_UNEXPECTED = "container.unexpected_devices"
_MOST = 4096
"""Names in a /dev that are looked at: the host's own has some hundreds."""

_HARMLESS = {
    ("character", 1, 3): "null",
    ("character", 1, 5): "zero",
    ("character", 1, 7): "full",
    ("character", 1, 8): "random",
    ("character", 1, 9): "urandom",
    ("character", 5, 0): "tty",
    ("character", 5, 2): "ptmx",
}
"""What every runtime gives (OCI runtime specification, default devices)."""

_PTS = range(136, 144)  # Documentation/admin-guide/devices.txt: UNIX98 PTY slaves
_LETTERS = {"block": "b", "character": "c"}
Rule = tuple[str, str, str, str]
"""Type (a, b, c), major or *, minor or *, access (any of r, w, m)."""


class Place(NamedTuple):
    """Where a sandbox's devices are: its machine, its first process, and that one's mounts."""

    machine: Machine
    pid: int
    table: Table | Unreadable


def note_devices(
    notes: Notes,
    place: Place,
    groups: dict[str, Group],
    given: frozenset[str] | None,
    *,
    nodes_can_be_made: bool,
) -> None:
    """Note the part device, and device_rule where the kernel lists its rules.

    `given` are the paths of the nodes that its engine gave it, None where no engine says.
    """
    machine, pid = place.machine, place.pid
    rules = _rules(notes, machine, groups.get("devices"), nodes_can_be_made)
    try:
        if _is_hosts(place):
            notes.part("device", [_whole()])
            _note_unexpected(notes, [_DEV], given)
            return
        _require_local(place)
        found = machine.files.device_nodes(pid, _DEV, _MOST)
    except Unreadable as error:
        if error.absent:
            notes.part("device", [])
            _note_unexpected(notes, [], given)
        else:
            notes.lacks(error.missing("device", Vantage.KERNEL))
            notes.lacks(error.missing(_UNEXPECTED, Vantage.KERNEL))
        return
    incomplete: Missing | None = None
    if not found["complete"]:
        detail = f"more than {_MOST} names in its {_DEV}, or some that cannot be looked at"
        incomplete = Missing("device", Reason.LIMIT, detail, "", Vantage.KERNEL)
    elif gone := _gone(place, [node["path"] for node in found["nodes"]], given):
        # Its group goes on to admit it: who is inside may have moved it, or makes it anew.
        detail = f"{gone} was given and is not in its {_DEV} any more: it may be elsewhere"
        incomplete = Missing("device", Reason.NOT_SUPPORTED, detail, "", Vantage.KERNEL)
    nodes = [node for node in found["nodes"] if not is_default(node)]
    records = [_record(machine, pid, node, rules) for node in nodes]
    notes.part("device", records, incomplete)
    if incomplete is None:
        _note_unexpected(notes, [node["path"] for node in nodes], given)
    else:
        notes.lacks(incomplete._replace(path=_UNEXPECTED))


def _gone(place: Place, paths: list[str], given: frozenset[str] | None) -> str:
    """Return a node that was given and is not there, "" for none; what is mounted is no node."""
    if isinstance(place.table, Unreadable):
        return ""
    for one in sorted(given or ()):
        is_node = one != _DEV and inside(one, _DEV) and place.table.at(one) is None
        if is_node and not any(inside(path, one) for path in paths):
            return one
    return ""


def _note_unexpected(notes: Notes, paths: list[str], given: frozenset[str] | None) -> None:
    """Note the nodes that nobody gave it; a folder that was given brings all below it."""
    if given is None:
        detail = "which devices it was given is not known: no engine told"
        notes.missing(_UNEXPECTED, Reason.NOT_REQUESTED, detail)
        return
    found = [path for path in paths if not any(inside(path, one) for one in given)]
    notes.fact(_UNEXPECTED, found, "/proc/PID/root/dev")


def _is_hosts(place: Place) -> bool:
    """Say whether its /dev is the host's own; raises Unreadable."""
    if isinstance(place.table, Unreadable):
        return False
    theirs, ours = place.table.covering(_DEV), place.machine.mounts.covering(_DEV)
    if theirs is None or ours is None or ours.point != _DEV:
        return False
    return (theirs.point, theirs.device, theirs.root) == (_DEV, ours.device, ours.root)


def _require_local(place: Place) -> None:
    """Raise Unreadable if its /dev is on a file system that may never answer."""
    if isinstance(place.table, Unreadable):
        raise place.table
    mount = place.table.covering(_DEV)
    if mount is None or may_hang(mount):
        kind = mount.file_system if mount else "no mount"
        raise Unreadable(Reason.NOT_SUPPORTED, f"its {_DEV} is {kind}, and not looked into")


@cache
def _whole() -> Record:
    """Return the one record that stands for every device of the host."""
    notes = Notes(Vantage.KERNEL)
    source = "/proc/PID/mountinfo, host mount table"
    notes.fact("device.path", _DEV, source)
    notes.fact("device.destination", _DEV, source)
    notes.fact("device.type", "other", source)
    return notes.record()


def is_default(node: DeviceNode) -> bool:
    """Say whether a node is one that every container has: null and its kin, and terminals."""
    number = (node["type"], node["major"], node["minor"])
    if number in _HARMLESS:
        return True
    if node["type"] == "character" and node["major"] in _PTS:
        return node["path"].startswith("/dev/pts/") or node["path"] == "/dev/console"
    return False


def _record(machine: Machine, pid: int, node: DeviceNode, rules: list[Rule] | None) -> Record:
    notes = Notes(Vantage.KERNEL)
    source = f"/proc/{pid}/root{node['path']}: {node['type']} {node['major']}:{node['minor']}"
    notes.fact("device.destination", node["path"], source)
    notes.fact("device.type", node["type"], source)
    notes.fact("device.path", machine.device_path(node), f"{source}, /sys/dev")
    if rules is not None:
        allowed = permitted(rules, node)
        notes.fact("device.permissions", allowed, "devices.list of its control group")
    return notes.record()


def permitted(rules: list[Rule], node: DeviceNode) -> str:
    """Return which of r, w and m the rules of a device cgroup allow for a node."""
    letter, major, minor = _LETTERS[node["type"]], str(node["major"]), str(node["minor"])
    allowed: set[str] = set()
    for kind, first, second, access in rules:
        if kind in {"a", letter} and first in {"*", major} and second in {"*", minor}:
            allowed |= set(access)
    return "".join(sorted(allowed, key="rwm".index))


def _rules(
    notes: Notes, machine: Machine, group: Group | None, nodes_can_be_made: bool
) -> list[Rule] | None:
    """Note the rules beyond the runtime's own, and return all; None where no file lists them.

    Those of a control group that several sandboxes share are read once.
    """
    if group is None or group.version != 1:
        return None
    path = f"{group.folder}/devices.list"
    found, rules = machine.once(
        ("rules", path, nodes_can_be_made), lambda: _read_rules(machine, path, nodes_can_be_made)
    )
    notes.extend(found)
    return rules


def _read_rules(
    machine: Machine, path: str, nodes_can_be_made: bool
) -> tuple[Notes, list[Rule] | None]:
    notes = Notes(Vantage.KERNEL)
    try:
        lines = machine.files.read_text(path).splitlines()
    except Unreadable as error:
        notes.lacks(error.missing("device_rule", Vantage.KERNEL))
        return notes, None
    rules = [rule for line in lines if (rule := _rule(line))]
    records = []
    for rule in rules:
        if _is_usual(rule):
            continue
        record = Notes(Vantage.KERNEL)
        for name, word in zip(("type", "major", "minor", "access"), rule, strict=True):
            record.fact(f"device_rule.{name}", word, path)
        source = "CapBnd and user namespace of its processes"
        record.fact("device_rule.nodes_can_be_made", nodes_can_be_made, source)
        records.append(record.record())
    notes.part("device_rule", records, None, machine.new_kin())
    return notes, rules


def _rule(line: str) -> Rule | None:
    kind, _, rest = line.partition(" ")
    numbers, _, access = rest.partition(" ")
    major, colon, minor = numbers.partition(":")
    return (kind, major, minor, access) if colon and kind in {"a", "b", "c"} else None


def _is_usual(rule: Rule) -> bool:
    """Say whether a rule is one that runtimes give to every container.

    Making any node (`*:* m`) opens none; tun (10:200) was every container's before runc 1.2.
    """
    kind, major, minor, access = rule
    if major == minor == "*" and kind != "a":
        return access == "m"
    if kind != "c":
        return False
    if major in {"5", "136"} and (major, minor) in {("5", "1"), ("136", "*")}:
        return True
    if (major, minor) == ("10", "200"):
        return True
    return (
        major.isdecimal()
        and minor.isdecimal()
        and (("character", int(major), int(minor)) in _HARMLESS)
    )
