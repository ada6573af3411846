"""Says who can reach an address on which something listens."""

from __future__ import annotations

import ipaddress
import re
import socket

LOOPBACK = "loopback"
ADDRESS = "address"
ALL = "all"


def exposure(address: str) -> str:
    """Return `loopback`, `address` or `all` for a listening address or host name.

    Short forms that the C library takes count as what it makes of them: `0` is every address.
    Nothing is looked up: a name other than localhost is somebody's address.
    """
    if address in {"", "*"}:
        return ALL
    if address.lower() in {"localhost", "localhost.localdomain", "ip6-localhost"}:
        return LOOPBACK
    parsed = _parse(address.strip("[]"))
    if parsed is None:
        return ADDRESS
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_unspecified:
        return ALL
    return LOOPBACK if parsed.is_loopback else ADDRESS


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        pass
    if not re.fullmatch(r"[0-9a-fA-FxX.]{1,40}", address):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(address))
    except OSError:
        return None
