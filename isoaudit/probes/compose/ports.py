"""The ports that a compose service publishes, in the short and the long form.

Source: the Compose specification, chapter services; docker-run(1) for the short form.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Record
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import Word, word
from isoaudit.probes.declared import record
from isoaudit.regex import regex

_PORT = regex(
    r"(?:(?P<address>\[[^\]]*\]|[^:]*):)??(?:(?P<host>[0-9]*)(?:-(?P<host_end>[0-9]+))?:)?"
    r"(?P<port>[0-9]+)(?:-(?P<port_end>[0-9]+))?(?:/(?P<protocol>[a-z]+))?"
)
_LARGEST_PORT = 65_535
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared, not bound


def published_ports(service: Service) -> Iterator[Record]:
    """Yield a record for each port; what depends on a variable is passed by."""
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
        raise said.node.error(f"a port is expected here, not {said.node.text()[:40]!r}")
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


def port_key(entry: Node) -> tuple[str, str, str, str] | None:
    """Return what makes a published port one of a kind: address, both ports and protocol.

    None if a variable decides, or if it is no port at all.
    """
    if entry.is_map:
        words = {key: word(value) for key, value in entry.items() if value.is_scalar}
        if any(said.depends for said in words.values()):
            return None
        address, inside, outside, protocol = (
            words[key].text.strip() if key in words else ""
            for key in ("host_ip", "target", "published", "protocol")
        )
    else:
        said = word(entry)
        match = _PORT.fullmatch(said.text.strip())
        if said.depends or match is None:
            return None
        address, protocol = match["address"] or "", match["protocol"] or ""
        inside = _span(match["port"], match["port_end"])
        outside = _span(match["host"] or "", match["host_end"])
    return address.strip("[]") or _EVERY_ADDRESS, outside, inside, protocol or "tcp"


def _span(first: str, last: str | None) -> str:
    return f"{first}-{last}" if last else first
