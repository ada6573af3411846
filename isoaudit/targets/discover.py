"""Discovers what there is to audit on this machine when nothing was named."""

from __future__ import annotations

from isoaudit.targets.address import PROC, VMM, Address
from isoaudit.transports.endpoints import Endpoint, find_endpoints
from isoaudit.transports.libvirt import available_uris


def discover() -> list[Address]:
    """Return this host, every local engine's socket, what the user names, all that stands behind
    a boundary here, and local libvirt.

    A docker context of another machine is left alone unless it is the current one: nobody asked
    for that machine. Nothing is connected to.
    """
    found = [Address("host", "host", asked=False)]
    found += [_address(endpoint) for endpoint in find_endpoints() if endpoint.named]
    found += [address for address in local_engines() if address not in found]
    found += sandboxes()
    return found + local_libvirt()


def sandboxes() -> list[Address]:
    """Return the addresses of whatever stands behind a boundary on this machine."""
    return [Address(f"{scheme}:", scheme, asked=False) for scheme in (PROC, VMM)]


def local_libvirt() -> list[Address]:
    """Return the libvirt connections whose sockets are on this machine."""
    uris = available_uris()
    return [Address(f"libvirt+{uri}", "libvirt", uri=uri, asked=False) for uri in uris]


def local_engines() -> list[Address]:
    """Return the container engines whose sockets are on this machine."""
    return [_address(e) for e in find_endpoints() if e.uri.startswith("unix://")]


def _address(endpoint: Endpoint) -> Address:
    text = f"{endpoint.engine}+{endpoint.uri}"
    return Address(text, endpoint.engine, uri=endpoint.uri, asked=False)
