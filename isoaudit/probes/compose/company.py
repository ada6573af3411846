"""The services of a compose project by what they share, so that each finds its neighbours.

Sources: the Compose specification, chapters services and networks (aliases, links, network_mode).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.compose.environment import environment
from isoaudit.probes.compose.mounts import mounts_of
from isoaudit.probes.compose.namespaces import KEYS, network_mode
from isoaudit.probes.compose.networks import networks_of
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import word
from isoaudit.probes.engine_clients import (
    MOST,
    engine_of,
    is_filter,
    is_of_all,
    is_of_user,
    names_it,
    relays,
)

_BY_SERVICE, _BY_CONTAINER = "service:", "container:"
_KINDS = (*((name, key) for key, name in KEYS), ("user", "userns_mode"))
_DEEPEST = 16


class Shared(NamedTuple):
    """How a service mounts a volume or path."""

    writable: bool
    destination: str


class Member:
    """One service of a project, as its neighbours see it.

    `mounts` are those that another one may share, by volume or host path; `mounts_beyond` says that
    one of them is not the project's alone.
    """

    def __init__(self, service: Service, target: str) -> None:
        self.service = service
        self.name = service.name
        self.target = target
        self.engine_socket = ""
        self.engine_of_user: bool | None = None
        self.mounts: dict[str, Shared] = {}
        self.mounts_beyond = False
        self.all_mounts = mounts_of(service)
        for mount in self.all_mounts:
            source, place = mount.get("mount.source"), mount.get("mount.destination")
            source = source if isinstance(source, str) else ""
            if source and not self.engine_socket:
                self.engine_socket = engine_of(source)
                self.engine_of_user = is_of_user(source) if self.engine_socket else None
            key = mount.volume or source
            if key and not is_of_all(key):
                shared = Shared(mount.get("mount.read_only") is False, str(place or ""))
                self.mounts[key] = shared
                self.mounts_beyond = self.mounts_beyond or not mount.own_volume
        self.joins = dict(self._joins())

    def _joins(self) -> Iterator[tuple[str, str]]:
        """Yield the namespaces that it was told to share, and by which name with whom."""
        modes = [(kind, self.service.word(key)) for kind, key in _KINDS]
        for kind, mode in [*modes, ("net", network_mode(self.service))]:
            if (
                mode is not None
                and mode.known
                and mode.text.startswith((_BY_SERVICE, _BY_CONTAINER))
            ):
                yield kind, mode.text

    @cached_property
    def container(self) -> str:
        """The name that its container was given, "" if it was given none."""
        said = self.service.word("container_name")
        return said.text if said is not None and said.known else ""

    @cached_property
    def image(self) -> str:
        """The image, "" if it is built or not known."""
        said = self.service.word("image")
        return said.text if said is not None and said.known else ""

    @cached_property
    def names(self) -> frozenset[str]:
        """The names by which others on its networks reach it."""
        aliases = []
        networks = self.service.get("networks")
        if networks is not None and networks.is_map:
            for _, one in networks.keyed().values():
                several = one.get("aliases") if one.is_map else None
                aliases += several.elements() if several is not None and several.is_list else []
        said = [word(alias) for alias in aliases if alias.is_scalar]
        names = [self.name, self.container, *(one.text for one in said if one.known)]
        return frozenset(name.lower() for name in names if name)

    @cached_property
    def networks(self) -> frozenset[str]:
        """The names of the networks that it is in, as the file calls them."""
        return frozenset(networks_of(self.service).names)

    @cached_property
    def command(self) -> tuple[str, ...]:
        """The words of its entrypoint and command, as far as the file says them."""
        words = [*self.service.words("entrypoint"), *self.service.words("command")]
        return tuple(said.text for said in words if said.known)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What it is told: values of variables and words of its command. They may hold secrets:
        nothing but what is concluded from them may become a fact."""
        found = environment(self.service)
        values = [found.get(name) for name in (*found.own, *found.of_files)]
        return (*(said.text for said in values if said is not None and said.known), *self.command)

    @cached_property
    def links(self) -> dict[str, str]:
        """The names that it alone gives to other services (`links`)."""
        pairs = [said.text.partition(":") for said in self.service.words("links") if said.known]
        return {alias.lower(): other for other, _, alias in pairs if alias}

    def links_to(self, name: str) -> list[str]:
        """Return the names that it alone gives to another service."""
        return [alias for alias, other in self.links.items() if other == name]


class Company:
    """The services of one project; what is read of all of them is read once.

    `target` returns the id of a service. Services that cannot be read are `unread`: what they share
    is not known.
    """

    def __init__(
        self,
        services: Mapping[str, tuple[Node, Node]],
        document: Node,
        target: Callable[[str], str],
        broken: Container[str],
    ) -> None:
        self.members: dict[str, Member] = {}
        self.unread = ""
        self.engines: dict[int, list[Member]] = {}
        """For whoever asks: those of a group that shares a namespace which may be engines."""
        for name, (key, node) in services.items():
            try:
                if name in broken or not node.is_map:
                    raise node.error("not read")
                self.members[name] = Member(Service(name, key, node, document), target(name))
            except DocumentError:
                self.unread = self.unread or name

    @cached_property
    def holders(self) -> list[Member]:
        """The services that hold an engine's socket, the first of them if there are too many."""
        return self._every_holder[:MOST]

    @property
    def crowded(self) -> bool:
        """Whether more services hold a socket than are looked at."""
        return len(self._every_holder) > MOST

    @cached_property
    def _every_holder(self) -> list[Member]:
        return [one for one in self.members.values() if one.engine_socket]

    @cached_property
    def by_mount(self) -> dict[str, list[Member]]:
        """The services by the volumes and paths that they mount."""
        found: dict[str, list[Member]] = {}
        for one in self.members.values():
            for key in one.mounts:
                found.setdefault(key, []).append(one)
        return found

    @cached_property
    def writers(self) -> dict[str, list[Member]]:
        """Those of them that may write there."""
        return {
            key: [one for one in several if one.mounts[key].writable]
            for key, several in self.by_mount.items()
        }

    @cached_property
    def by_name(self) -> dict[str, Member]:
        """The services by every name that others reach them by."""
        return {name: one for one in reversed(self.members.values()) for name in one.names}

    @cached_property
    def groups(self) -> dict[tuple[str, str], list[Member]]:
        """The services that share a namespace, by its kind and by who made it."""
        found: dict[tuple[str, str], list[Member]] = {}
        for one in self.members.values():
            for kind in one.joins:
                found.setdefault((kind, self.maker(kind, one).name), []).append(one)
        for (_, maker), several in found.items():
            several.append(self.members[maker])
        return found

    @cached_property
    def groups_of(self) -> dict[str, list[tuple[str, list[Member]]]]:
        """The same by the name of a service: the kind of the namespace, and who shares it."""
        found: dict[str, list[tuple[str, list[Member]]]] = {}
        for (kind, _), several in self.groups.items():
            for one in several:
                found.setdefault(one.name, []).append((kind, several))
        return found

    @cached_property
    def _by_container(self) -> dict[str, Member]:
        return {one.container: one for one in reversed(self.members.values()) if one.container}

    def maker(self, kind: str, member: Member) -> Member:
        """Return the service whose namespace of a kind one is in, itself if it has its own."""
        for _ in range(_DEEPEST):
            other = self._joined(member.joins.get(kind, ""))
            if other is None:
                return member
            member = other
        return member

    def _joined(self, mode: str) -> Member | None:
        if mode.startswith(_BY_SERVICE):
            return self.members.get(mode.removeprefix(_BY_SERVICE))
        return self._by_container.get(mode.removeprefix(_BY_CONTAINER))

    @cached_property
    def passing(self) -> frozenset[str]:
        """Names of the holders of a socket that pass it on: by what they are, or by who asks."""
        return frozenset(one.name for one in self.holders if self._passes_on(one))

    def _passes_on(self, holder: Member) -> bool:
        if is_filter(holder.image) or relays(holder.command):
            return True
        others = (one for one in self.members.values() if one is not holder)
        return any(_tells(one, holder) for one in others)


def _tells(one: Member, holder: Member) -> bool:
    try:
        return names_it((*holder.names, *one.links_to(holder.name)), one.texts)
    except DocumentError:
        return False
