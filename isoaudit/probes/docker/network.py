"""How an engine connects a container: its networks, names of the host, kernel parameters.

Sources: Docker Engine API (NetworkSettings, HostConfig, NetworkList), docs.docker.com (network
drivers), podman-run(1), podman 4 and 5 as they answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.storage import optional
from isoaudit.transports import Unreadable

Networks = list[dict[str, Any]] | Unreadable
"""The engine's networks as GET /networks lists them, or why they are not known."""

_MOST_JOINED = 8
"""Containers that are followed from one that joins another's network to the one that has it."""

_SILENT = "podman's docker-compatible API does not tell"
_PREDEFINED = {"bridge": "bridge", "host": "host", "none": "null"}
"""Docker's own networks with their drivers: no other network may have these names."""
_ALONE = {"host": "host", "none": "null", "slirp4netns": "slirp4netns", "pasta": "pasta"}
"""Modes that are no network of the engine, with what connects the container instead."""
_DEFAULT_NAMES = ("podman", "bridge")
"""What podman's default network is called, by itself and in the list of networks."""
_FORWARDING = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")
_HOST_GATEWAY = "host-gateway"


class Engine(Protocol):
    """What a container's own answer does not hold, asked for where it is needed."""

    def networks(self) -> Networks:
        """Return the engine's networks, or why it does not tell."""
        ...

    def other(self, container: str) -> Answer | Unreadable:
        """Return the answer about another container, or why there is none."""
        ...


class Network(NamedTuple):
    """One network as the engine tells of it; None for what it does not tell."""

    name: str
    driver: str | None
    internal: bool | None
    default: bool | None
    source: str
    gateways: tuple[str, ...] = ()
    lacking: Missing | None = None


def note_network(notes: Notes, inspect: Answer, engine: Engine) -> None:
    """Note the parts network and sysctl and the `container.network.*` facts.

    The networks are asked for only where one has no name that every engine knows.
    """
    host = inspect.below("HostConfig")
    attached = _attached(inspect, engine)
    if isinstance(attached, Missing):
        notes.part("network", [], attached)
        notes.lacks(attached._replace(path="container.network.names"))
        attached = []
    else:
        notes.part("network", (_record(network) for network in attached))
        names = sorted(network.name for network in attached)
        notes.fact("container.network.names", names, inspect.bare("NetworkSettings.Networks"))
    _note_aliases(notes, host, attached)
    _note_publishing(notes, host)
    _note_sysctls(notes, host)
    if len(attached) != 1:
        _note_forwarding(notes, host)


def _attached(inspect: Answer, engine: Engine, depth: int = 0) -> list[Network] | Missing:
    """Return the networks of a container, its own or those it joins, or why they are not known."""
    host, settings = inspect.below("HostConfig"), inspect.below("NetworkSettings")
    mode, table = host.text("NetworkMode"), settings.table("Networks")
    if mode is None or table is None:
        detail = "HostConfig.NetworkMode or NetworkSettings.Networks is not in the engine's answer"
        return _unknown(Reason.NOT_SUPPORTED, detail)
    word, _, rest = mode.partition(":")
    if word in _ALONE:
        return [Network(word, _ALONE[word], False, False, host.source("NetworkMode"))]
    if table:
        below = settings.below("Networks")
        return [_network(name, below.below(name), engine.networks) for name in table]
    if word == "container" and depth < _MOST_JOINED:
        other = engine.other(rest)
        if isinstance(other, Unreadable):
            return other.missing("network", Vantage.ENGINE)
        return _attached(other, engine, depth + 1)
    source = host.source("NetworkMode")
    return _unknown(Reason.NOT_SUPPORTED, f"{source} {mode} leads to no network that is listed")


def _unknown(reason: Reason, detail: str) -> Missing:
    return Missing("network", reason, detail, "Look at the container itself.", Vantage.ENGINE)


def _network(name: str, entry: Answer, networks: Callable[[], Networks]) -> Network:
    """Return one network; what its name does not tell is looked up in the engine's list."""
    gateways = tuple(g for key in ("Gateway", "IPv6Gateway") if (g := entry.text(key)))
    source = entry.bare("NetworkSettings.Networks")
    if entry.engine == "docker" and name in _PREDEFINED:
        default = name == "bridge"
        return Network(name, _PREDEFINED[name], False, default, source, gateways)
    default = entry.engine == "podman" and name in _DEFAULT_NAMES
    listed = networks()
    if isinstance(listed, Unreadable):
        lacking = listed.missing("network", Vantage.ENGINE)
        return Network(name, None, None, default or None, source, gateways, lacking)
    found = _find(listed, name, entry.text("NetworkID") or "", is_default=default)
    if found is None:
        detail = f"the engine lists no network {name}"
        lacking = Missing("network", Reason.VANISHED, detail, "Scan again.", Vantage.ENGINE)
        return Network(name, None, None, default or None, source, gateways, lacking)
    seen = Answer(found, "", entry.engine)
    return Network(name, seen.text("Driver"), seen.flag("Internal"), default,
                   f"{entry.engine} network {name}", gateways)  # fmt: skip


def _find(
    listed: Iterable[dict[str, Any]], name: str, number: str, *, is_default: bool
) -> dict[str, Any] | None:
    """Return a network by its id, else by its name, under which podman's default has two."""
    names = {name, *(_DEFAULT_NAMES if is_default else ())}
    every = list(listed)
    by_id = (one for one in every if number and one.get("Id") == number)
    return next(by_id, None) or next((one for one in every if one.get("Name") in names), None)


def _record(network: Network) -> Record:
    notes = Notes(Vantage.ENGINE)
    notes.fact("network.name", network.name, network.source)
    values = {"driver": network.driver, "internal": network.internal, "default": network.default}
    for key, value in values.items():
        path = f"network.{key}"
        if value is not None:
            notes.fact(path, value, network.source)
        elif network.lacking is not None:
            notes.lacks(network.lacking._replace(path=path))
        else:
            notes.missing(path, Reason.NOT_SUPPORTED, f"{network.source} does not tell")
    return notes.record()


def _note_aliases(notes: Notes, host: Answer, attached: list[Network]) -> None:
    """Note the added names that lead to the host: by its own word, or by a bridge's gateway."""
    path, entries = "container.network.host_aliases", host.names("ExtraHosts")
    if entries is None:
        not_told(notes, path, host, "ExtraHosts")
        return
    gateways = {g for one in attached if one.driver == "bridge" for g in one.gateways}
    pairs = [split_alias(entry) for entry in entries]
    leading = [name for name, address in pairs if address in {_HOST_GATEWAY, *gateways}]
    notes.fact(path, sorted(leading), host.source("ExtraHosts"))


def split_alias(entry: str) -> tuple[str, str]:
    """Return name and address of `NAME:ADDRESS` or `NAME=ADDRESS`, whichever sign comes first."""
    places = [place for sign in ":=" if (place := entry.find(sign)) > 0]
    if not places:
        return entry, ""
    return entry[: min(places)], entry[min(places) + 1 :].strip("[]")


def _note_publishing(notes: Notes, host: Answer) -> None:
    path, everything = "container.network.publishes_all", host.flag("PublishAllPorts")
    if everything is None:
        not_told(notes, path, host, "PublishAllPorts")
    elif host.engine == "podman" and not everything:
        # NOTE: podman 4 answers false with -P too.
        unreliable(notes, path, f"{host.source('PublishAllPorts')}: {_SILENT}")
    else:
        notes.fact(path, everything, host.source("PublishAllPorts"))


def _note_sysctls(notes: Notes, host: Answer) -> None:
    table, source = optional(host, "Sysctls"), host.source("Sysctls")
    if table is None:
        not_told(notes, "sysctl", host, "Sysctls")
    else:
        notes.part("sysctl", (_sysctl(name, str(value), source) for name, value in table.items()))


def _note_forwarding(notes: Notes, host: Answer) -> None:
    """Note whether forwarding is asked for; where nobody asks, the value is that of the host."""
    path, source = "container.network.forwarding", host.source("Sysctls")
    table = optional(host, "Sysctls")
    if table is None:
        not_told(notes, path, host, "Sysctls")
        return
    asked = next((str(table[name]) for name in _FORWARDING if name in table), None)
    if asked is None:
        unreliable(notes, path, f"{source} does not set it: it is that of the engine's host")
    else:
        notes.fact(path, asked.strip() != "0", source)


def _sysctl(name: str, value: str, source: str) -> Record:
    notes = Notes(Vantage.ENGINE)
    notes.fact("sysctl.name", name.replace("/", "."), source)
    notes.fact("sysctl.value", value.strip(), source)
    return notes.record()
