"""Devices, published ports and environment variables of a compose service.

Source: the Compose specification, chapter services; docker-run(1) for the short forms.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Record
from isoaudit.probes.compose.environment import note_environment
from isoaudit.probes.compose.ports import published_ports
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import UNSET, Word, truth, word
from isoaudit.probes.declared import record
from isoaudit.regex import regex

_ALL_ACCESS = "rwm"
_ACCESS = regex(r"[rwm]{1,3}")
_RULE = regex(r"\s*([abc])(?:\s+([0-9]+|\*):([0-9]+|\*)(?:\s+([rwm]+))?)?\s*")


def note_parts(service: Service) -> None:
    """Note the parts `device`, `device_rule`, `port` and `environment`."""
    # NOTE: a service that may be privileged may be given every device.
    privileged = [said] if (said := service.word("privileged")) is not None else []
    devices = [*privileged, *service.words_or_maps("devices")]
    service.part("device", _devices(service), _depends(devices))
    rules = [*privileged, *service.words("device_cgroup_rules")]
    service.part("device_rule", _rules(service), _depends(rules))
    service.part("port", published_ports(service), _depends(service.words_or_maps("ports")))
    note_environment(service)


def _depends(words: list[Word]) -> str:
    """Return why a part may hold more than is known: an entry that a variable makes up."""
    return next((f"an entry {said.open}" for said in words if said.depends), "")


def _privileged(service: Service) -> Node | None:
    """Return the value that hands every device of the host in, though none is named."""
    said = service.word("privileged")
    return said.node if said is not None and said.known and truth(said) else None


def _devices(service: Service) -> Iterator[Record]:
    everything = _privileged(service)
    if everything is not None:
        yield _device(everything, "/dev", "", "")
    devices = service.get("devices")
    for entry in devices.elements() if devices is not None else []:
        if entry.is_map:
            source = entry.get("source")
            said = word(source) if source is not None else None
            target, access = entry.get("target"), entry.get("permissions")
            pieces = [
                said.text if said else "",
                word(target).text if target is not None else "",
                word(access).text if access is not None else "",
            ]
        else:
            pieces = [*word(entry).text.split(":"), "", ""][:3]
            if _ACCESS.fullmatch(pieces[1]) and not pieces[2]:
                pieces[1:] = ["", pieces[1]]
        if pieces[0] and UNSET not in "".join(pieces):
            yield _device(entry, *pieces)
    for key in (("gpus",), ("deploy", "resources", "reservations", "devices")):
        requested = service.get(*key)
        if requested is not None and not (requested.is_list and not requested.elements()):
            yield _device(requested, "nvidia.com/gpu=all", "", "")


def _device(entry: Node, path: str, destination: str, access: str) -> Record:
    if path.startswith("/"):
        path = "/" + posixpath.normpath(path).lstrip("/")
    return record(
        entry,
        {
            "device.path": path,
            "device.destination": destination or path,
            "device.permissions": access or _ALL_ACCESS,
        },
    )


def _rules(service: Service) -> Iterator[Record]:
    everything = _privileged(service)
    if everything is not None:
        yield _rule(everything, "a", "", "", "")
    for said in service.words("device_cgroup_rules"):
        if said.depends:
            continue
        match = _RULE.fullmatch(said.text)
        if match is None:
            raise said.node.error("a device rule looks like `c 1:3 rwm`")
        yield _rule(said.node, *match.groups(default=""))


def _rule(node: Node, kind: str, major: str, minor: str, access: str) -> Record:
    return record(
        node,
        {
            "device_rule.type": kind,
            "device_rule.major": major or "*",
            "device_rule.minor": minor or "*",
            "device_rule.access": access or _ALL_ACCESS,
        },
    )
