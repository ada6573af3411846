"""The devices of a service of systemd: all of the host's, unless a policy says which.

Sources: systemd.resource-control(5) (DevicePolicy, DeviceAllow), systemd.exec(5) (PrivateDevices,
ProtectClock).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isoaudit.documents.unit import Entry
from isoaudit.model import Record
from isoaudit.probes.declared import Placed, record
from isoaudit.probes.systemd_file.service import Service, is_open

_CLOSED = frozenset({"closed", "strict"})
_PSEUDO = frozenset({"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                     "/dev/tty", "/dev/ptmx", "char-pts"})  # fmt: skip
_GROUP = re.compile(r"(char|block)-([A-Za-z0-9_*?/.-]+)")
_ACCESS = re.compile(r"[rwm]{1,3}")


def note_devices(service: Service) -> None:
    """Note the parts `device` and `device_rule`."""
    everything = _everything(service)
    allowed = list(_allowed(service))
    service.facts.part("device", _devices(everything, allowed))
    service.facts.part("device_rule", _rules(everything, allowed))


def _everything(service: Service) -> Placed | None:
    """Return the place that stands for every device of the host being allowed, None if not."""
    if service.on("PrivateDevices") is not None or service.all("DeviceAllow"):
        return None
    if service.on("ProtectClock") is not None:
        return None  # it allows one device, and with that no other
    policy = service.last("DevicePolicy")
    if policy is not None and policy.value in _CLOSED:
        return None
    return policy or service.anchor


def _allowed(service: Service) -> Iterator[tuple[str, str, Entry]]:
    """Yield what is allowed by name, and how: all but the pseudo devices of every service."""
    for entry in service.all("DeviceAllow"):
        words = [word.text for word in entry.words()]
        name = words[0] if words else ""
        access = words[1] if len(words) > 1 and _ACCESS.fullmatch(words[1]) else "rwm"
        if name and name not in _PSEUDO:
            yield name, access, entry


def _devices(everything: Placed | None, allowed: list[tuple[str, str, Entry]]) -> Iterator[Record]:
    if everything is not None:
        yield _device(everything, "/dev", "rwm")
    for name, access, entry in allowed:
        if name.startswith("/dev/") and not is_open(name):
            yield _device(entry, name, access)


def _device(where: Placed, path: str, access: str) -> Record:
    return record(
        where,
        {"device.path": path, "device.destination": path, "device.permissions": access},
    )


def _rules(everything: Placed | None, allowed: list[tuple[str, str, Entry]]) -> Iterator[Record]:
    if everything is not None:
        yield _rule(everything, "a", "*", "rwm")
    for name, access, entry in allowed:
        group = _GROUP.fullmatch(name)
        if group is not None:
            major = "*" if group[2].strip("*") == "" else group[2]
            yield _rule(entry, "c" if group[1] == "char" else "b", major, access)


def _rule(where: Placed, kind: str, major: str, access: str) -> Record:
    return record(
        where,
        {
            "device_rule.type": kind,
            "device_rule.major": major,
            "device_rule.minor": "*",
            "device_rule.access": access,
        },
    )
