"""The other containers of an engine: which of them belong to a container, and what it shares.

Sources: Docker Engine API (ContainerList), the labels that docker compose, docker stack,
podman-compose and the kubelet put on what they start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from isoaudit.model import Missing, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.engine_clients import engine_of, is_of_user

_DOMAINS = (
    "com.docker.compose.project",
    "com.docker.stack.namespace",
    "io.podman.compose.project",
    "io.kubernetes.pod.uid",
)
_ALIVE = frozenset({"running", "paused", "restarting"})
_MODES = {"net": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode", "uts": "UTSMode",
          "user": "UsernsMode", "cgroup": "CgroupnsMode"}  # fmt: skip
_BY_CONTAINER = "container:"
_SHORT = 12
_SERVICE = "com.docker.compose.service"
_BY_PATH = "ns:"
_INFRA = re.compile(r"[0-9a-f]{12}-infra")
"""The container that holds the namespaces of a podman pod, by its name."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A container of the list. `domain` is what it belongs to with others, "" for itself alone.

    `mounts` says for every host path whether it can be written to; None if the list does not.
    `networks` are those that it is in, `names` what others call it there. `engine` is the one whose
    socket it mounts.
    """

    name: str
    domain: str
    alive: bool
    mounts: Mapping[str, bool] | None
    image: str = ""
    networks: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    engine: str = ""
    engine_of_user: bool | None = None
    joined: str = ""
    """The container whose network namespace it was told to share, by its id or name."""


class Neighbours:
    """The containers of one engine by their ids."""

    def __init__(self, listed: Iterable[Mapping[str, Any]] = ()) -> None:
        self._known = {
            entry["Id"]: _neighbour(entry) for entry in listed if isinstance(entry.get("Id"), str)
        }

    def get(self, handle: str) -> Neighbour | None:
        """Return a container by its id or name, None if the engine lists no such."""
        known = self._known.get(handle)
        return known or next((one for one in self._known.values() if one.name == handle), None)

    def sharing(self, own: str, source: str, *, writable: bool) -> list[str] | None:
        """Return the running containers of another domain that mount a host path, by name.

        Either of the two must be able to write. None if the engine does not list mounts.
        """
        names: list[str] = []
        domain = self._domain(own)
        for handle, other in self._known.items():
            if handle == own or not other.alive or (domain and other.domain == domain):
                continue
            if other.mounts is None:
                return None
            if source in other.mounts and (writable or other.mounts[source]):
                names.append(other.name)
        return sorted(names)

    def peers(self, own: str) -> frozenset[str]:
        """Return the ids of the containers that belong to what one belongs to."""
        domain = self._domain(own)
        known = self._known.items()
        return frozenset(handle for handle, one in known if domain and one.domain == domain)

    def related(self, own: str, other: Neighbour) -> bool:
        """Say whether a container belongs to what another one belongs to."""
        return bool(other.domain) and other.domain == self._domain(own)

    def in_pod(self, host: Answer) -> bool:
        """Say whether a container is in a pod of podman's: it has the namespaces of its infra."""
        modes = [host.text(key) or "" for key in _MODES.values()]
        joined = [self.get(m.removeprefix(_BY_CONTAINER)) for m in modes if _BY_CONTAINER in m]
        return any(one is not None and bool(_INFRA.fullmatch(one.name)) for one in joined)

    @cached_property
    def holders(self) -> list[Neighbour]:
        """The running containers that mount an engine's socket."""
        return [one for one in self._known.values() if one.engine and one.alive]

    @cached_property
    def by_source(self) -> dict[str, list[tuple[str, Neighbour]]]:
        """The running containers, with their ids, by the host paths that they mount."""
        found: dict[str, list[tuple[str, Neighbour]]] = {}
        for handle, one in self._known.items():
            for source in one.mounts or () if one.alive else ():
                found.setdefault(source, []).append((handle, one))
        return found

    @cached_property
    def by_name(self) -> dict[str, list[Neighbour]]:
        """The running containers by every name and address that others reach them by."""
        found: dict[str, list[Neighbour]] = {}
        for one in self._known.values():
            for name in one.names if one.alive else ():
                found.setdefault(name, []).append(one)
        return found

    @cached_property
    def by_network_of(self) -> dict[str, list[tuple[str, Neighbour]]]:
        """The running containers that share another one's network, by that one's id."""
        found: dict[str, list[tuple[str, Neighbour]]] = {}
        for handle, one in self._known.items():
            if one.joined and one.alive:
                found.setdefault(one.joined, []).append((handle, one))
        return found

    @cached_property
    def _by_beginning(self) -> dict[str, tuple[str, Neighbour]]:
        return {handle[:_SHORT]: (handle, one) for handle, one in self._known.items()}

    def beginning(self, short: str) -> tuple[str, Neighbour] | None:
        """Return a container, with its id, by an id that is cut short."""
        return self._by_beginning.get(short[:_SHORT])

    def tells_mounts(self, own: str) -> bool:
        """Say whether the list tells what every other running container mounts."""
        return self._silent <= {own}

    @cached_property
    def _silent(self) -> frozenset[str]:
        known = self._known.items()
        return frozenset(handle for handle, one in known if one.alive and one.mounts is None)

    def _domain(self, own: str) -> str:
        known = self._known.get(own)
        return known.domain if known else ""


def _neighbour(entry: Mapping[str, Any]) -> Neighbour:
    names, labels, mounts = entry.get("Names"), entry.get("Labels"), entry.get("Mounts")
    own = [n for n in names if isinstance(n, str)] if isinstance(names, list) else []
    labels = labels if isinstance(labels, dict) else {}
    domain = next((f"{key}={labels[key]}" for key in _DOMAINS if labels.get(key)), "")
    name = own[0].removeprefix("/") if own else str(entry["Id"])[:_SHORT]
    known = _writable(mounts) if isinstance(mounts, list) else None
    networks = _networks(entry)
    image, mode = entry.get("Image"), _mapping(entry, "HostConfig").get("NetworkMode")
    joined = mode if isinstance(mode, str) and mode.startswith(_BY_CONTAINER) else ""
    socket = next((path for path in known or () if engine_of(path)), "")
    said = [name, str(entry["Id"])[:_SHORT], labels.get(_SERVICE)]
    for one in networks.values():
        several = [one.get(key) for key in ("Aliases", "DNSNames")]
        said += [each for listed in several if isinstance(listed, list) for each in listed]
        said += [one.get("IPAddress")]
    return Neighbour(
        name=name,
        domain=domain,
        alive=entry.get("State") in _ALIVE,
        mounts=known,
        image=image if isinstance(image, str) else "",
        networks=frozenset(networks),
        names=frozenset(one.lower() for one in said if isinstance(one, str) and one),
        engine=engine_of(socket),
        engine_of_user=is_of_user(socket) if socket else None,
        joined=joined.removeprefix(_BY_CONTAINER),
    )


def _mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _networks(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = _mapping(_mapping(entry, "NetworkSettings"), "Networks")
    return {name: one for name, one in found.items() if isinstance(one, dict)}


def _writable(mounts: list[Any]) -> dict[str, bool]:
    """Return for every host path of a list of mounts whether one of them can be written to."""
    found: dict[str, bool] = {}
    for mount in mounts:
        source = mount.get("Source") if isinstance(mount, dict) else None
        if isinstance(source, str) and source:
            found[source] = found.get(source, False) or mount.get("RW") is not False
    return found


def note_borrowed(notes: Notes, inspect: Answer, neighbours: Neighbours) -> None:
    """Note the namespaces shared with a container of another domain, and whether IPC is open."""
    host, own = inspect.below("HostConfig"), inspect.text("Id") or ""
    path = "container.borrowed_namespaces"
    if host.text("NetworkMode") is None:
        not_told(notes, path, host, "NetworkMode")
    else:
        _note_borrowed(notes, path, host, own, neighbours)
    _note_shareable(notes, host)


def _note_borrowed(notes: Notes, path: str, host: Answer, own: str, neighbours: Neighbours) -> None:
    borrowed: list[str] = []
    unknown: Missing | None = None
    for kind, key in _MODES.items():
        mode = host.text(key) or ""
        if mode.startswith(_BY_PATH):
            detail = f"{host.source(key)} is {mode}: whose namespace that is, only the host tells"
            unknown = Missing(path, Reason.NOT_SUPPORTED, detail, "", Vantage.ENGINE)
        if not mode.startswith(_BY_CONTAINER):
            continue
        other = neighbours.get(mode.removeprefix(_BY_CONTAINER))
        if other is None:
            detail = f"{host.source(key)} is {mode}, which the engine does not list"
            unknown = Missing(path, Reason.VANISHED, detail, "Scan again.", Vantage.ENGINE)
        elif not neighbours.related(own, other) and not _INFRA.fullmatch(other.name):
            borrowed.append(f"{kind}:{other.name}")
    if unknown is not None and not borrowed:
        notes.lacks(unknown)
    else:
        notes.fact(path, borrowed, host.source("*Mode"))


def _note_shareable(notes: Notes, host: Answer) -> None:
    path, mode = "container.ipc_shareable", host.text("IpcMode")
    if not mode:
        not_told(notes, path, host, "IpcMode")
    elif host.engine == "podman" and mode == "shareable":
        # NOTE: podman 4 answers "shareable" whatever --ipc says.
        unreliable(notes, path, f"{host.source('IpcMode')} is the same for a private one")
    else:
        notes.fact(path, mode == "shareable", host.source("IpcMode"))
