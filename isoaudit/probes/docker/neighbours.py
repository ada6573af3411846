"""The other containers of an engine: which of them belong to a container, and what it shares.

Sources: Docker Engine API (ContainerList), the labels that docker compose, docker stack,
podman-compose and the kubelet put on what they start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isoaudit.model import Missing, Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, not_told, unreliable

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
_BY_PATH = "ns:"
_INFRA = re.compile(r"[0-9a-f]{12}-infra")
"""The container that holds the namespaces of a podman pod, by its name."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A container of the list. `domain` is what it belongs to with others, "" for itself alone.

    `mounts` says for every host path whether it can be written to; None if the list does not.
    """

    name: str
    domain: str
    alive: bool
    mounts: Mapping[str, bool] | None


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

    def _domain(self, own: str) -> str:
        known = self._known.get(own)
        return known.domain if known else ""


def _neighbour(entry: Mapping[str, Any]) -> Neighbour:
    names, labels, mounts = entry.get("Names"), entry.get("Labels"), entry.get("Mounts")
    own = [n for n in names if isinstance(n, str)] if isinstance(names, list) else []
    labels = labels if isinstance(labels, dict) else {}
    domain = next((f"{key}={labels[key]}" for key in _DOMAINS if labels.get(key)), "")
    return Neighbour(
        name=own[0].removeprefix("/") if own else str(entry["Id"])[:12],
        domain=domain,
        alive=entry.get("State") in _ALIVE,
        mounts=_writable(mounts) if isinstance(mounts, list) else None,
    )


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
