"""The devices of an OCI bundle: nodes that it is given, and what else it is let open.

A bundle names a node by its path inside and its numbers: which node of the host it is, the numbers
say. Sources: the OCI runtime specification (config-linux, devices), the kernel's list of device
numbers (admin-guide/devices).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Record
from isoaudit.probes.declared import record
from isoaudit.probes.oci.bundle import Bundle, number_or, path_in, word
from isoaudit.probes.oci.device_rules import Rule, access_to, allowed

_LETTERS = {"c": "character", "u": "character", "b": "block"}
_HARMLESS = frozenset({("c", 1, 3), ("c", 1, 5), ("c", 1, 7), ("c", 1, 8), ("c", 1, 9),
                       ("c", 5, 0), ("c", 5, 1), ("c", 5, 2)})  # fmt: skip
_NAMES = {
    ("c", 1, 1): "/dev/mem",
    ("c", 1, 2): "/dev/kmem",
    ("c", 1, 4): "/dev/port",
    ("c", 1, 11): "/dev/kmsg",
    ("c", 10, 183): "/dev/hwrng",
    ("c", 10, 200): "/dev/net/tun",
    ("c", 10, 223): "/dev/uinput",
    ("c", 10, 229): "/dev/fuse",
    ("c", 10, 232): "/dev/kvm",
    ("c", 10, 237): "/dev/loop-control",
    ("c", 10, 238): "/dev/vhost-net",
    ("c", 10, 241): "/dev/vhost-vsock",
}
_DISKS = {7: "/dev/loop", 259: "/dev/nvme"}
_SCSI, _PARTITIONS, _LETTERS_OF_DISKS = 8, 16, "abcdefghijklmnop"


def note_devices(bundle: Bundle) -> None:
    """Note the parts `device` and `device_rule`."""
    rules = allowed(bundle)
    bundle.facts.part("device", _devices(bundle, rules))
    bundle.facts.part("device_rule", _rules(bundle, rules))


def _devices(bundle: Bundle, rules: list[Rule]) -> Iterator[Record]:
    everything = next((rule for rule in rules if rule.kind == "a"), None)
    if everything is not None:
        yield record(
            everything.node,
            {
                "device.path": "/dev",
                "device.destination": "/dev",
                "device.permissions": everything.access,
            },
        )
    for node in bundle.listed("linux", "devices"):
        kind, major, minor = _numbers(node)
        if kind not in _LETTERS or (kind, major, minor) in _HARMLESS:
            continue  # a FIFO leads to nothing of the host's
        inside = path_in(node, "path")
        yield record(
            node,
            {
                "device.path": host_node(kind, major, minor) or _normal(inside),
                "device.destination": inside,
                "device.permissions": access_to(rules, "b" if kind == "b" else "c", major, minor),
                "device.type": _LETTERS[kind],
            },
        )


def _rules(bundle: Bundle, rules: list[Rule]) -> Iterator[Record]:
    """Yield the rules that are neither the runtime's own nor those of a node that is given."""
    numbers = (_numbers(node) for node in bundle.listed("linux", "devices"))
    given = {(kind, str(major), str(minor)) for kind, major, minor in numbers}
    for rule in rules:
        if rule.of_runtime or (rule.kind, rule.major, rule.minor) in given:
            continue
        yield record(
            rule.node,
            {
                "device_rule.type": rule.kind,
                "device_rule.major": rule.major,
                "device_rule.minor": rule.minor,
                "device_rule.access": rule.access,
            },
        )


def _numbers(node: Node) -> tuple[str, int, int]:
    return word(node, "type"), number_or(node.get("major"), 0), number_or(node.get("minor"), 0)


def host_node(kind: str, major: int, minor: int) -> str:
    """Return what the host calls a device by its numbers, "" for one that they do not tell."""
    if kind != "b":
        return _NAMES.get(("c", major, minor), "")
    if major == _SCSI and minor < _PARTITIONS * len(_LETTERS_OF_DISKS):
        disk, partition = divmod(minor, _PARTITIONS)
        return f"/dev/sd{_LETTERS_OF_DISKS[disk]}{partition or ''}"
    return f"{_DISKS[major]}{minor}" if major in _DISKS else ""


def _normal(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else path
