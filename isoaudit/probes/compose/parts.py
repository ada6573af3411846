"""Devices, published ports and environment variables of a compose service.

Source: the Compose specification, chapter services; docker-run(1) for the short forms.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.facts.redaction import looks_secret
from isoaudit.model import Record
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import UNSET, Word, truth, word
from isoaudit.probes.declared import record

_ALL_ACCESS = "rwm"
_ACCESS = re.compile(r"[rwm]{1,3}")
_RULE = re.compile(r"\s*([abc])(?:\s+([0-9]+|\*):([0-9]+|\*)(?:\s+([rwm]+))?)?\s*")
_PORT = re.compile(
    r"(?:(?P<address>\[[^\]]*\]|[^:]*):)??(?:(?P<host>[0-9]*)(?:-(?P<host_end>[0-9]+))?:)?"
    r"(?P<port>[0-9]+)(?:-(?P<port_end>[0-9]+))?(?:/(?P<protocol>[a-z]+))?"
)
_LARGEST_PORT = 65_535


def note_parts(service: Service) -> None:
    """Note the parts `device`, `device_rule`, `port` and `environment`."""
    # NOTE: a service that may be privileged may be given every device.
    privileged = [said] if (said := service.word("privileged")) is not None else []
    devices = [*privileged, *service.words_or_maps("devices")]
    service.part("device", _devices(service), _depends(devices))
    rules = [*privileged, *service.words("device_cgroup_rules")]
    service.part("device_rule", _rules(service), _depends(rules))
    service.part("port", _ports(service), _depends(service.words_or_maps("ports")))
    env_file = service.get("env_file")
    service.part(
        "environment",
        _environment(service),
        "env_file: the variables of another file are not read" if env_file is not None else "",
    )


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


def _ports(service: Service) -> Iterator[Record]:
    ports = service.get("ports")
    for entry in ports.elements() if ports is not None else []:
        if entry.is_map:
            pieces = {key: word(value) for key, value in entry.items() if value.is_scalar}
            if not any(piece.depends for piece in pieces.values()):
                yield from _long_port(entry, {key: piece.text for key, piece in pieces.items()})
            continue
        said = word(entry)
        if not said.depends:
            yield from _short_port(said)


def _short_port(said: Word) -> Iterator[Record]:
    match = _PORT.fullmatch(said.text.strip())
    if match is None:
        raise said.node.error(f"a port is expected here, not {said.text[:40]!r}")
    address = (match["address"] or "").strip("[]")
    first, last = int(match["port"]), int(match["port_end"] or match["port"])
    host = int(match["host"] or 0)
    protocol = match["protocol"] or "tcp"
    yield from _range(said.node, (first, last), (host, match["host_end"]), address, protocol)


def _long_port(entry: Node, pieces: dict[str, str]) -> Iterator[Record]:
    target, published = pieces.get("target", ""), pieces.get("published", "")
    begin, _, end = published.partition("-")
    if not target.isdecimal() or not (begin or "0").isdecimal() or len(target + begin) > 12:
        raise entry.error("a port needs a target, and numbers for it and for `published`")
    port = int(target)
    address = pieces.get("host_ip", "").strip("[]")
    yield from _range(
        entry, (port, port), (int(begin or 0), end), address, pieces.get("protocol", "tcp")
    )


def _range(
    node: Node, inside: tuple[int, int], host: tuple[int, str | None], address: str, protocol: str
) -> Iterator[Record]:
    """Yield a record per port; from a range for one port the engine picks (0)."""
    first, last = inside
    if not 0 <= first <= last <= _LARGEST_PORT or host[0] > _LARGEST_PORT:
        raise node.error("a port lies between 1 and 65535")
    base = 0 if first == last and host[1] else host[0]
    for port in range(first, last + 1):
        yield record(
            node,
            {
                "port.host_address": address,
                "port.host_port": base + port - first if base else 0,
                "port.container_port": port,
                "port.protocol": protocol,
            },
        )


def _environment(service: Service) -> Iterator[Record]:
    """Yield the variables by name; a value that comes from elsewhere is no secret in the file."""
    environment = service.get("environment")
    if environment is None:
        return
    if environment.is_list:
        pairs = []
        for entry in environment.elements():
            said = word(entry)
            name, _, value = said.text.partition("=")
            pairs.append((said.part(name), value, entry))
    else:
        pairs = [(Word(name, node), word(node).text, node) for name, node in environment.items()]
    for named, value, node in pairs:
        if named.depends:
            continue
        yield record(
            node,
            {
                "environment.name": named.text,
                "environment.secret": looks_secret(named.text, value.replace(UNSET, "")),
            },
        )
