"""Bridges of this machine: what is plugged into them, and which addresses the host has there.

Sources: sysfs ABI (class/net: brif, tun_flags, device), proc_net(5) for route and if_inet6;
fib_trie lists the local addresses, and the route to their network tells the interface.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_NET = "/sys/class/net"
_LOCAL = re.compile(r"\|-- ([\d.]+)\n\s+/32 host LOCAL")


class Bridge(NamedTuple):
    """A bridge: interfaces of guests, interfaces that lead out of the machine, host addresses."""

    name: str
    guests: list[str]
    uplinks: list[str]
    addresses: list[str]


def bridges(sheet: Sheet) -> dict[str, Bridge]:
    """Return the bridges that are up, by name; raises Unreadable."""
    names = sheet.names(_NET)
    if isinstance(names, Unreadable):
        raise names
    found = [name for name in names if sheet.exists(f"{_NET}/{name}/bridge")]
    if not found:
        return {}
    addresses = _addresses(sheet)
    return {name: _bridge(sheet, name, addresses) for name in found}


def _bridge(sheet: Sheet, name: str, addresses: dict[str, list[str]]) -> Bridge:
    members = sheet.names(f"{_NET}/{name}/brif")
    if isinstance(members, Unreadable):
        raise members
    guests = [one for one in members if sheet.exists(f"{_NET}/{one}/tun_flags")]
    uplinks = [one for one in members if one not in guests and _leads_out(sheet, one)]
    return Bridge(name, guests, uplinks, addresses.get(name, []))


def _leads_out(sheet: Sheet, name: str) -> bool:
    """Say whether an interface is hardware, or stands on some: a VLAN, a bond, a team."""
    if sheet.exists(f"{_NET}/{name}/device"):
        return True
    entries = sheet.names(f"{_NET}/{name}")
    return not isinstance(entries, Unreadable) and any(
        entry.startswith("lower_") or entry == "bonding" for entry in entries
    )


def _addresses(sheet: Sheet) -> dict[str, list[str]]:
    """Return the host's addresses by interface, link-local ones left out; raises Unreadable."""
    found: dict[str, list[str]] = {}
    routes = _routes(sheet.whole("/proc/net/route"))
    for text in dict.fromkeys(_LOCAL.findall(sheet.whole("/proc/net/fib_trie"))):
        address = ipaddress.IPv4Address(text)
        fitting = [(net.prefixlen, name) for net, name in routes if address in net]
        if fitting:
            found.setdefault(max(fitting)[1], []).append(text)
    try:
        rows = sheet.whole("/proc/net/if_inet6").splitlines()
    except Unreadable as error:
        if not sheet.absent(error, "/proc/net/if_inet6"):
            raise
        rows = []
    for row in rows:
        fields = row.split()
        if len(fields) == 6 and not fields[0].startswith("fe80"):
            address6 = ipaddress.IPv6Address(bytes.fromhex(fields[0]))
            found.setdefault(fields[5], []).append(str(address6))
    return found


def _routes(text: str) -> list[tuple[ipaddress.IPv4Network, str]]:
    """Return the networks that are reached without a gateway, with their interfaces."""
    routes: list[tuple[ipaddress.IPv4Network, str]] = []
    for row in text.splitlines()[1:]:
        fields = row.split()
        if len(fields) < 8 or fields[2] != "00000000" or fields[7] == "00000000":
            continue
        # NOTE: the words are in the machine's byte order; every machine with KVM of note is little.
        target, mask = (bytes.fromhex(fields[column])[::-1] for column in (1, 7))
        bits = bin(int.from_bytes(mask, "big")).count("1")
        routes.append((ipaddress.IPv4Network((target, bits), strict=False), fields[0]))
    return routes
