"""Who commands an engine: workloads that mount its socket, pass it on, or are told to ask one.

Sources: docs.docker.com (protect the daemon socket), the usual socket paths of Docker, Podman,
containerd, CRI-O and BuildKit; README of Tecnativa/docker-socket-proxy and of LinuxServer's
socket-proxy for what their variables let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from isoaudit.facts.engine_address import host_of, path_of
from isoaudit.model import Value
from isoaudit.regex import regex

MOST = 64
"""Neighbours of one workload that are told of."""

_SOCKETS = (
    (regex(r"(?:/var)?/run/docker\.sock"), "docker"),
    (regex(r"(?:/var)?/run/user/[0-9]+/docker\.sock"), "docker"),
    (regex(r"(?:/var)?/run/(?:user/[0-9]+/)?podman(?:/podman\.sock)?"), "podman"),
    (regex(r"(?:/var)?/run/(?:k3s/)?containerd(?:/containerd\.sock)?"), "containerd"),
    (regex(r"(?:/var)?/run/crio(?:/crio\.sock)?"), "cri-o"),
    (regex(r"(?:/var)?/run/(?:user/[0-9]+/)?buildkit(?:/buildkitd\.sock)?"), "buildkit"),
    (regex(r"(?:/var)?/run"), "docker"),
)
_OF_THE_HOST = frozenset(
    {"host.docker.internal", "gateway.docker.internal", "host.containers.internal"}
    | {"docker.for.mac.localhost", "docker.for.win.localhost", "172.17.0.1"}
)
"""Names that engines make lead to their host, and the address of docker's default bridge there."""

_LOOPBACK = regex(r"localhost|127\.[0-9.]+|::1|0\.0\.0\.0")
_FILTERS = regex(r"(?:.*/)?(?:docker-)?socket-proxy(?:[:@].*)?")
_RELAYS = regex(r"\b(?:unix-connect|unix-client|unix):\S*(?:docker|podman)\.sock", re.IGNORECASE)
_ENGINES = regex(r"(?:.*/)?(?:docker:(?:.*-)?dind(?:-rootless)?|docker:dind.*|.*dind)(?:@.*)?")
_OF_ALL = ("/proc", "/sys", "/dev", "/etc/localtime", "/etc/timezone")
_MAKES = ("CONTAINERS", "SERVICES", "PLUGINS")
"""Parts of the API by which, with POST, something is started that the host is given to."""


class Neighbour(NamedTuple):
    """A workload beside another one, as one record of the part `neighbour`; None: not known."""

    name: str
    target: str
    through: str
    place: str = ""
    own: bool = True
    engine_socket: str | None = ""
    api: bool | None = False
    passes_on: bool | None = None
    scope: str = ""
    writes: bool | None = None
    runs_shared: bool | None = None
    traceable: bool | None = None
    engine_of_user: bool | None = None

    def fields(self) -> dict[str, Value]:
        """Return the fields that are known."""
        one = self
        if self.passes_on is None and self.api:
            one = self._replace(passes_on=True)
        elif self.engine_socket == "" and not self.api:
            one = self._replace(passes_on=False)
        return {
            path: value
            for path, value in zip(_PATHS, one, strict=True)
            if value is not None and (value != "" or path in _MAY_BE_EMPTY)
        }

    @property
    def weight(self) -> tuple[bool, bool, bool, str, str]:
        """Sorts first what matters most, should there be too many."""
        return (not self.engine_socket, not self.api, self.through == "volume", self.name,
                self.place)  # fmt: skip


_PATHS = tuple(f"neighbour.{name}" for name in Neighbour._fields)
_MAY_BE_EMPTY = frozenset({"neighbour.place", "neighbour.engine_socket"})


def engine_of(path: str) -> str:
    """Return whose socket a host path is, or holds by its usual place; "" for any other."""
    if "run" not in path:
        return ""
    return next((engine for form, engine in _SOCKETS if form.fullmatch(path)), "")


def is_of_user(path: str) -> bool:
    """Say whether an engine's socket lies among an account's own files (XDG_RUNTIME_DIR)."""
    return "/run/user/" in path


def is_of_all(path: str) -> bool:
    """Say whether a host path is one that every other workload mounts, and no neighbour's."""
    return (
        path == "/" or path.startswith(_OF_ALL) or path.endswith(".sock") or bool(engine_of(path))
    )


def is_engine(image: str) -> bool:
    """Say whether an image is known to start an engine of its own (docker:dind)."""
    return "dind" in image and _ENGINES.fullmatch(image) is not None


def is_filter(image: str) -> bool:
    """Say whether an image is one that lets parts of an engine's API through, as it is told."""
    return _FILTERS.fullmatch(image) is not None


def relays(words: Iterable[str]) -> bool:
    """Say whether a command passes a socket on as it is (socat)."""
    return _RELAYS.search(" ".join(words)) is not None


def scope_of(variable: Callable[[str], str | None]) -> str:
    """Return what such a filter lets through: all, read or little; "" if that is not known.

    `variable` returns a variable's value, "" for one that is not set, None for an unknown one.
    """
    on = {name: variable(name) for name in ("POST", *_MAKES)}
    if any(value is None for value in on.values()):
        return ""
    said = {name for name, value in on.items() if value not in {"", "0"}}
    if "POST" in said and said & set(_MAKES):
        return "all"
    return "read" if said & set(_MAKES) else "little"


def names_it(names: Iterable[str], texts: Iterable[str]) -> bool:
    """Say whether a text names one of some hosts as where an engine answers."""
    known = [name for name in names if name]
    return any(
        f"://{name}:" in text or text.startswith(f"{name}:237") for text in texts for name in known
    )


def place_of(address: str, aliases: Iterable[str], *, on_host: bool) -> str:
    """Return where an engine's address leads: none, socket, itself, host or elsewhere.

    `aliases` are names that were made to lead to the host; `on_host` says that its network is ours.
    """
    if not address:
        return "none"
    if path_of(address):
        return "socket"
    host = host_of(address)
    if host in _OF_THE_HOST or host in {alias.lower() for alias in aliases}:
        return "host"
    if _LOOPBACK.fullmatch(host):
        return "host" if on_host else "itself"
    return "elsewhere"


def bounded(found: Iterable[Neighbour]) -> tuple[list[Neighbour], bool]:
    """Return neighbours, each once and the weightiest first, and whether there are too many."""
    each: Mapping[tuple[str, str, str], Neighbour] = {
        (one.name, one.through, one.place): one for one in found
    }
    ordered = sorted(each.values(), key=lambda one: one.weight)
    return ordered[:MOST], len(ordered) > MOST
