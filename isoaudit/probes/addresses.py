"""Network addresses as engines write them: whether one can be reached from another machine."""

from __future__ import annotations

import ipaddress


def is_loopback(name: str) -> bool:
    """Say whether an address range, `host` or `host:port` never leaves the machine.

    No host at all (`:9323`) is every address; a path or a unix:// address is local.
    """
    name = name.removeprefix("tcp://").removeprefix("http://").removeprefix("https://")
    if name.startswith(("/", "unix:", "@")):
        return True
    try:
        return ipaddress.ip_network(name, strict=False).is_loopback
    except ValueError:
        host = name.rpartition(":")[0] if ":" in name else name
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
