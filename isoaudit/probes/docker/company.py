"""The engine that a container is told to ask, and the neighbours that it reaches.

Nothing is asked for beside what the list of containers and the container's own inspection say.

Sources: Docker Engine API (ContainerList, ContainerInspect); podman's answers to the same requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from isoaudit.facts.engine_address import VARIABLES, engine_address, host_of
from isoaudit.model import FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, not_told
from isoaudit.probes.docker.neighbours import Neighbour as Other
from isoaudit.probes.docker.neighbours import Neighbours
from isoaudit.probes.docker.network import split_alias
from isoaudit.probes.engine_clients import (
    MOST,
    Neighbour,
    bounded,
    is_filter,
    is_of_all,
    names_it,
    place_of,
)

_PART = "neighbour"
_ADDRESS, _PLACE = "container.engine_address", "container.engine_place"
_SHARED = "process.namespaces.shared_with"
_MODES = {"net": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode", "uts": "UTSMode",
          "user": "UsernsMode", "cgroup": "CgroupnsMode"}  # fmt: skip
_BY_CONTAINER = "container:"


class Around:
    """One container among those of its engine; `address` returns the id of a target by its name."""

    def __init__(
        self, neighbours: Neighbours, address: Callable[[str], str], inspect: Answer
    ) -> None:
        self.neighbours = neighbours
        self.address = address
        self.inspect = inspect
        self.own = inspect.text("Id") or ""
        self.host = inspect.below("HostConfig")
        self.config = inspect.below("Config")

    @cached_property
    def networks(self) -> dict[str, object] | None:
        """The networks that it is in by name, None if the engine does not tell."""
        return self.inspect.below("NetworkSettings").table("Networks")

    @cached_property
    def asked(self) -> Asked:
        """Where its variables say that an engine answers."""
        entries = self.config.names("Env")
        if entries is None:
            return Asked(None)
        told = dict(entry.partition("=")[::2] for entry in entries)
        for name in VARIABLES:
            if told.get(name):
                # What was no address is redacted like any other value.
                address = engine_address(told[name])
                return Asked(address if address == told[name] else None, name)
        return Asked("")

    def texts(self) -> list[str]:
        """Return the words of its command, from which the transport took what is secret."""
        several = (self.config.names(key) for key in ("Entrypoint", "Cmd"))
        return [word for words in several for word in words or ()]


class Asked(NamedTuple):
    """The address of an engine and the variable that names it: "" for none, None if unknown."""

    address: str | None
    variable: str = ""


def note_engine(notes: Notes, around: Around) -> None:
    """Note the address of the engine that a container is told to ask, and where that leads."""
    asked, source = around.asked, around.config.source("Env")
    if asked.address is None and not asked.variable:
        not_told(notes, _ADDRESS, around.config, "Env")
        not_told(notes, _PLACE, around.config, "Env")
        return
    if asked.address is None:
        detail = f"{source}: {asked.variable} names no address that could be kept"
        for path in (_ADDRESS, _PLACE):
            notes.missing(path, Reason.NOT_SUPPORTED, detail, "Look at the container itself.")
        return
    notes.fact(_ADDRESS, asked.address, source)
    aliases = [split_alias(entry) for entry in around.host.names("ExtraHosts") or ()]
    leading = [name for name, address in aliases if address == "host-gateway"]
    on_host = around.host.text("NetworkMode") == "host"
    place = place_of(asked.address, leading, on_host=on_host)
    if place == "elsewhere" and _named(around):
        place = "neighbour"
    if place == "itself" and any(_of_network(around)):
        place = "neighbour"
    notes.fact(_PLACE, place, source)


def note_neighbours(notes: Notes, around: Around, seen: FactSet) -> None:
    """Note the part `neighbour`; `seen` is the kernel's word, which knows of shared namespaces."""
    shared = _shared(seen)
    found = [*_namespaces(around, shared), *islice(_volumes(around), MOST + 1), *_networks(around)]
    kept, too_many = bounded(found)
    source = f"{around.inspect.engine} container list, inspect"
    notes.part(_PART, [_record(one, source) for one in kept],
               _incomplete(around, joins=shared is not None, too_many=too_many))  # fmt: skip


def _record(one: Neighbour, source: str) -> Record:
    notes = Notes(Vantage.ENGINE)
    for path, value in one.fields().items():
        notes.fact(path, value, source)
    return notes.record()


def _incomplete(around: Around, *, joins: bool, too_many: bool) -> Missing | None:
    """Return why a container may have more neighbours than were found."""
    reason, detail, remedy = Reason.NOT_SUPPORTED, "", "Audit on the engine's host, as root."
    if too_many:
        reason, detail, remedy = Reason.LIMIT, f"more than {MOST} neighbours", ""
    elif around.inspect.objects("Mounts") is None or not around.neighbours.tells_mounts(around.own):
        detail = "the engine does not tell who mounts what"
    elif around.networks is None:
        detail = f"{around.inspect.bare('NetworkSettings.Networks')} is not in the engine's answer"
    elif around.host.text("NetworkMode") == "host":
        detail = "it is on the host's network, from where every container is reached"
        remedy = "Give it a network of its own."
    elif not joins and around.inspect.below("State").flag("Running") is not False:
        detail = "who joined its namespaces, only the kernel of the engine's host shows"
    return Missing(_PART, reason, detail, remedy, Vantage.ENGINE) if detail else None


def _of(around: Around, other: Other, through: str) -> Neighbour:
    own = around.neighbours.related(around.own, other)
    passes_on = True if other.engine and is_filter(other.image) else None
    return Neighbour(other.name, around.address(other.name), through, own=own,
                     engine_socket=other.engine, passes_on=passes_on,
                     engine_of_user=other.engine_of_user)  # fmt: skip


def _shared(seen: FactSet) -> list[tuple[str, str]] | None:
    """Return the namespaces that the kernel shows to be shared, as kinds and ids cut short."""
    found: dict[tuple[str, str], None] = {}
    parts = seen.parts.get("process", ())
    records = parts[0].records if parts else ()
    told = [record.facts[_SHARED] for record in records if _SHARED in record.facts]
    for fact in told:
        for entry in fact.value if isinstance(fact.value, tuple) else ():
            kind, _, name = str(entry).partition(":")
            found[kind, name] = None
    return list(found) if told else None


def _namespaces(around: Around, shared: list[tuple[str, str]] | None) -> Iterator[Neighbour]:
    """Yield the containers with which it has a namespace in common."""
    others: list[tuple[str, Other]] = [("net", other) for other in _of_network(around)]
    for kind, key in _MODES.items():
        mode = around.host.text(key) or ""
        if mode.startswith(_BY_CONTAINER):
            other = around.neighbours.get(mode.removeprefix(_BY_CONTAINER))
            others += [(kind, other)] if other is not None else []
    for kind, short in shared or ():
        known = around.neighbours.beginning(short)
        if known is not None and known[0] != around.own:
            others.append((kind, known[1]))
    each = {(kind, other.name): other for kind, other in others}
    count = sum(kind == "net" for kind, _ in each)
    for (kind, _), other in each.items():
        one = _of(around, other, kind)
        yield one._replace(api=_asks_beside(around, count)) if kind == "net" else one


def _of_network(around: Around) -> Iterator[Other]:
    """Yield the containers that share its network namespace, as far as the list tells."""
    mode = around.host.text("NetworkMode") or ""
    joined = mode.removeprefix(_BY_CONTAINER) if mode.startswith(_BY_CONTAINER) else around.own
    maker = around.neighbours.get(joined)
    if maker is not None and joined != around.own:
        yield maker
    for handle, other in around.neighbours.by_network_of.get(joined, ()):
        if handle != around.own:
            yield other


def _asks_beside(around: Around, count: int) -> bool | None:
    """Say whether it asks a neighbour in its own network namespace, at a loopback address."""
    address = around.asked.address
    if address is None:
        return None
    if place_of(address, (), on_host=False) != "itself":
        return False
    return True if count == 1 else None


def _volumes(around: Around) -> Iterator[Neighbour]:
    """Yield the running containers that mount what it mounts, if one of the two may write."""
    for mount in around.inspect.objects("Mounts") or ():
        source = (mount.text("Source") or "").rstrip("/")
        if not source or is_of_all(source):
            continue
        writes = mount.flag("RW")
        for handle, other in around.neighbours.by_source.get(source, ()):
            if handle == around.own:
                continue
            theirs = (other.mounts or {}).get(source, False)
            if writes is not False or theirs:
                yield _of(around, other, "volume")._replace(
                    place=mount.text("Name") or source, writes=writes
                )


def _networks(around: Around) -> Iterator[Neighbour]:
    """Yield who holds an engine's socket, and who is asked as an engine, on one network."""
    own, named = frozenset(around.networks or ()), _named(around)
    texts = around.texts()
    me = around.neighbours.get(around.own)
    for other in (*around.neighbours.holders, *(one for one in named if not one.engine)):
        common = sorted(own & other.networks)
        if other is me or not common:
            continue
        asks = other in named or names_it(other.names, texts)
        api = None if not asks and around.asked.address is None else asks
        yield _of(around, other, "network")._replace(place=common[0], api=api)


def _named(around: Around) -> list[Other]:
    """Return the containers on its networks that the address of its engine names."""
    found = around.neighbours.by_name.get(host_of(around.asked.address or ""), ())
    own, me = frozenset(around.networks or ()), around.neighbours.get(around.own)
    return [one for one in found if one is not me and own & one.networks]
