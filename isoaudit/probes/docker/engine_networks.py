"""What an engine's networks are like: which reach the host's, which are encrypted, which guarded.

Source: Docker Engine API (NetworkInspect), docs.docker.com (drivers and their options); podman's
compatible answer names the same drivers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from isoaudit.model import Vantage
from isoaudit.probes.base import Notes
from isoaudit.transports import EngineApi, Unreadable

_BRIDGE = "com.docker.network.bridge."
_SOURCE = "networks"
_TRUE = frozenset({"", "true", "1", "t"})
"""What docker takes for a yes in an option that may be given without a value."""


def note_networks(notes: Notes, api: EngineApi) -> list[dict[str, Any]] | Unreadable:
    """Note the `engine.networks.*` facts and return what they rest on, or why that is missing."""
    try:
        networks = api.networks()
    except Unreadable as error:
        notes.lacks(error.missing("engine.networks", Vantage.ENGINE))
        return error
    by_driver: dict[str, list[dict[str, Any]]] = {}
    for network in networks:
        by_driver.setdefault(str(network.get("Driver")), []).append(network)
    bridges, overlays = by_driver.get("bridge", []), by_driver.get("overlay", [])
    user_overlays = [one for one in overlays if one.get("Ingress") is not True]
    plain = [one for one in user_overlays if not _encrypted(one)]
    open_ones = [one for one in bridges if _unprotected(one)]
    found = {
        "bridges": bridges,
        "ipv6": [one for one in networks if one.get("EnableIPv6") is True],
        "overlays": user_overlays,
        "unencrypted": plain,
        "adjacent": [*by_driver.get("macvlan", []), *by_driver.get("ipvlan", [])],
        "unprotected": open_ones,
    }
    for name, listed in found.items():
        notes.fact(f"engine.networks.{name}", _names(listed), _SOURCE)
    return networks


def default_bridge_traffic(networks: list[dict[str, Any]]) -> tuple[bool, str]:
    """Say whether containers on docker's default bridge may talk to each other, and by what."""
    for network in networks:
        options = _options(network)
        if options.get(f"{_BRIDGE}default_bridge") == "true":
            icc = options.get(f"{_BRIDGE}enable_icc", "true")
            return icc != "false", f"networks {network.get('Name')} Options enable_icc"
    return False, "networks: no default bridge"


def _encrypted(network: dict[str, Any]) -> bool:
    """Say whether an overlay is encrypted; the option is given without a value, as a rule."""
    value = _options(network).get("encrypted")
    return value is not None and value.lower() in _TRUE


def _unprotected(network: dict[str, Any]) -> bool:
    options = _options(network)
    modes = (options.get(f"{_BRIDGE}gateway_mode_{family}") for family in ("ipv4", "ipv6"))
    return "nat-unprotected" in modes


def _options(network: dict[str, Any]) -> dict[str, str]:
    options = network.get("Options")
    return {k: str(v) for k, v in options.items()} if isinstance(options, dict) else {}


def _names(networks: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(str(network.get("Name")) for network in networks)
