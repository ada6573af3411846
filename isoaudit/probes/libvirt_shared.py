"""What a domain shares with the others of its libvirt: disks, networks and bridges.

All domains are looked at once, running or not: one that is off may be started beside this one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from isoaudit.model import Fact, FactSet, Part, Record, Value, Vantage
from isoaudit.transports.base import LibvirtApi, Unreadable

_ENGINE = Vantage.ENGINE
_SOURCE = "libvirt XML of every domain"
_MOST = 8
"""Names of neighbours that are told; a bridge may have a thousand."""

_BRIDGED = {"network": "network", "bridge": "bridge"}


class Company:
    """The ties of all domains of a connection, read when they are first asked for."""

    def __init__(self, api: LibvirtApi) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._names: Mapping[str, str] = {}
        self._users: dict[str, list[str]] | Unreadable | None = None
        self._networks: dict[str, dict[str, Any]] | Unreadable | None = None

    def know(self, names: Mapping[str, str]) -> None:
        """Take over the list of domains: names by UUID. What was read before is forgotten."""
        with self._lock:
            self._names, self._users, self._networks = names, None, None

    def complete(self, found: FactSet, uuid: str) -> FactSet:
        """Return the live parts of one domain with what it shares, or why that is not known."""
        users, networks = self._read()
        parts = []
        for name, field in (("disk", self._disk), ("interface", self._interface)):
            for part in found.parts.get(name, ()):
                if part.vantage is _ENGINE:
                    records = tuple(field(r, uuid, users, networks) for r in part.records)
                    if any(new is not old for new, old in zip(records, part.records, strict=True)):
                        parts.append(Part(name, _ENGINE, records, part.incomplete))
        return found.merge(FactSet.of(parts=parts))

    def _read(self) -> tuple[Any, Any]:
        with self._lock:
            if self._networks is None:
                self._networks = self._ask_networks()
            if self._users is None:
                self._users = self._ask_users(self._networks)
            return self._users, self._networks

    def _ask_networks(self) -> dict[str, dict[str, Any]] | Unreadable:
        try:
            return self._api.networks()
        except Unreadable as error:
            return error

    def _ask_users(self, networks: Any) -> dict[str, list[str]] | Unreadable:
        """Return who uses each disk and each bridge, as UUIDs."""
        users: dict[str, list[str]] = {}
        try:
            told = self._api.uses()
        except Unreadable as error:
            return error
        for uuid, ties in told.items():
            places = {f"disk:{disk}" for disk in ties["disks"]}
            places |= {_place(tie, networks) for tie in ties["networks"]}
            for place in places:
                users.setdefault(place, []).append(uuid)
        for several in users.values():
            several.sort(key=lambda one: (self._names.get(one, ""), one))
        return users

    def _disk(self, record: Record, uuid: str, users: Any, _networks: Any) -> Record:
        source = record.facts.get("disk.source")
        if source is None:
            return record
        kind = str(record.facts["disk.source_type"].value)
        # NOTE: what is no path is known to the transport by its name alone.
        name = str(source.value).partition(":" if kind == "network" else "/")[2]
        place = str(source.value) if kind in {"file", "block", "dir"} else name
        return self._with_others(record, "disk.shared_with", f"disk:{place}", uuid, users)

    def _interface(self, record: Record, uuid: str, users: Any, networks: Any) -> Record:
        kind = str(record.facts["interface.type"].value)
        source = str(record.facts["interface.source"].value)
        if kind not in _BRIDGED:
            return record
        place = _place(f"{kind}:{source}", networks)
        record = self._with_others(record, "interface.shared_with", place, uuid, users)
        return _with_network(record, source, networks) if kind == "network" else record

    def _with_others(self, record: Record, path: str, place: str, uuid: str, users: Any) -> Record:
        if isinstance(users, Unreadable):
            return _lacking(record, path, users)
        return _having(record, path, self._others(users.get(place, []), uuid), _SOURCE)

    def _others(self, users: list[str], uuid: str) -> tuple[str, ...]:
        """Return the names of who else uses a place: the first of them, and how many more."""
        first = [self._names.get(one, one) for one in users[: _MOST + 1] if one != uuid]
        more = len(users) - (uuid in users) - len(first[:_MOST])
        return (*first[:_MOST], *([f"{more} more"] if more else []))


def _place(tie: str, networks: Any) -> str:
    """Return the bridge that a network of libvirt has, else the network itself."""
    kind, _, name = tie.partition(":")
    known = networks.get(name) if kind == "network" and isinstance(networks, dict) else None
    return f"bridge:{known['bridge']}" if known and known["bridge"] else tie


def _with_network(record: Record, name: str, networks: Any) -> Record:
    """Add how a network leads out; it may also isolate all of its ports."""
    path = "interface.forward"
    if isinstance(networks, Unreadable):
        return _lacking(record, path, networks)
    known = networks.get(name)
    if known is None:
        return record
    source = f"libvirt network {name}"
    record = _having(record, path, known["forward"], f"{source} forward")
    if known["isolated"]:
        record = _having(record, "interface.isolated", True, f"{source} port@isolated")
    return record


def _having(record: Record, path: str, value: Value, source: str) -> Record:
    return Record({**record.facts, path: _fact(path, value, source)}, record.missing)


@lru_cache(maxsize=1024)
def _fact(path: str, value: Value, source: str) -> Fact:
    """Return a fact that many domains may have alike, the same one for all of them."""
    return Fact(path, value, source, _ENGINE)


def _lacking(record: Record, path: str, error: Unreadable) -> Record:
    return Record(record.facts, {**record.missing, path: error.missing(path, _ENGINE)})
