"""What libvirt lists in few calls, however many domains there are: states, flags, and ties.

libvirt-python knows of a listed domain its name, UUID and id; every other question is a round trip.
Lists that libvirt filters itself answer the rest for all domains together.
Source: libvirt's API reference, virConnectListAllDomains and its flags.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

STATES = (
    "no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "pmsuspended",
)  # fmt: skip

_DAY = 86_400
_FORWARD = re.compile(r"<forward\b([^>]*)>")
_BRIDGE = re.compile(r"<bridge\b[^>]*\bname='([^']*)'")
_ISOLATED = re.compile(r"<network\b[^>]*>(?:(?!<portgroup).)*<port\s+isolated='yes'", re.DOTALL)
_MODE = re.compile(r"\bmode='([^']*)'")
_DISK = re.compile(r"<disk\b.*?</disk>", re.DOTALL)
_CARD = re.compile(r"<interface\b.*?</interface>", re.DOTALL)
_NAMED = re.compile(r"<source\s([^>]*?)/?>")
_PLACE = re.compile(r"\b(?:file|dev|dir|name|volume)='([^']*)'")
_TIE = re.compile(r"\b(network|bridge)='([^']*)'")
_BACKING = re.compile(r"<(backingStore|mirror)\b.*", re.DOTALL)


def describe_all(libvirt: Any, connection: Any, domains: list[Any]) -> list[dict[str, Any]]:
    """Return what `LibvirtConnection.domains` tells, in as many calls for a thousand as for one."""

    def holding(flag: str) -> set[str]:
        some = connection.listAllDomains(getattr(libvirt, f"VIR_CONNECT_LIST_DOMAINS_{flag}"))
        return {domain.UUIDString() for domain in some}

    running, off = holding("RUNNING"), holding("SHUTOFF")
    sets = {
        "persistent": holding("PERSISTENT"),
        "autostart": holding("AUTOSTART"),
        "saved": holding("MANAGEDSAVE"),
        "snapshots": holding("HAS_SNAPSHOT"),
    }
    found = []
    for domain in domains:
        uuid = domain.UUIDString()
        state = "running" if uuid in running else "shut off" if uuid in off else _state(domain)
        found.append(
            {**_named(domain), "state": state, **{name: uuid in one for name, one in sets.items()}}
        )
    return found


def describe(domain: Any) -> dict[str, Any]:
    """Return the same of one domain, for a driver that knows no filters."""
    return {
        **_named(domain),
        "state": _state(domain),
        "persistent": bool(domain.isPersistent()),
        "autostart": bool(domain.autostart()),
    }


def _named(domain: Any) -> dict[str, Any]:
    number = domain.ID()
    return {
        "name": str(domain.name()),
        "uuid": str(domain.UUIDString()),
        "id": None if number < 0 else number,
    }


def _state(domain: Any) -> str:
    state = domain.state()[0]
    return STATES[state] if 0 <= state < len(STATES) else "no state"


def uses(xml: str) -> dict[str, list[str]]:
    """Return what a domain's XML ties it to: `disks` it may write to, and `networks`.

    Networks are `network:NAME` and `bridge:NAME`.
    """
    disks = []
    for disk in _DISK.findall(xml):
        top = _BACKING.sub("", disk)
        source = None if "<readonly" in disk else _NAMED.search(top)
        place = _PLACE.search(source[1]) if source else None
        if place and place[1]:
            disks.append(place[1])
    ties = []
    for card in _CARD.findall(xml):
        source = _NAMED.search(card)
        tie = _TIE.search(source[1]) if source else None
        if tie:
            ties.append(f"{tie[1]}:{tie[2]}")
    return {"disks": disks, "networks": ties}


def network(xml: str) -> dict[str, Any]:
    """Return `{forward, bridge, isolated}` of a network's XML; without forwarding it is `none`."""
    forward, bridge = _FORWARD.search(xml), _BRIDGE.search(xml)
    mode = _MODE.search(forward[1]) if forward else None
    return {
        "forward": "none" if forward is None else mode[1] if mode else "nat",
        "bridge": bridge[1] if bridge else "",
        "isolated": _ISOLATED.search(xml) is not None,
    }


def snapshot(name: str, xml: str) -> dict[str, Any]:
    """Return `{name, memory, age}` of a snapshot's XML; `age` in days is None if it is not told."""
    head = re.split(r"<(?:inactiveD|d)omain[\s>]", xml, maxsplit=1)[0]
    memory = re.search(r"<memory\b[^>]*\bsnapshot='(\w+)'", head)
    state = re.search(r"<state>([\w-]+)</state>", head)
    made = re.search(r"<creationTime>(\d{1,12})</creationTime>", head)
    live = state is not None and state[1] in {"running", "paused"}
    return {
        "name": name,
        "memory": memory[1] != "no" if memory else live,
        "age": max(0, int(time.time()) - int(made[1])) // _DAY if made else None,
    }


Uses = Mapping[str, Mapping[str, list[str]]]
"""What every domain of a connection is tied to, by its name."""
