"""The part `neighbour` of a compose service: other services that it reaches past its own walls.

Sources: the Compose specification; ptrace(2) for who may trace whom in a shared PID namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from isoaudit.errors import DocumentError
from isoaudit.facts.engine_address import host_of, path_of
from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.compose.company import Company, Member
from isoaudit.probes.compose.engines import asked_engine
from isoaudit.probes.compose.environment import environment
from isoaudit.probes.compose.namespaces import KEYS, network_mode
from isoaudit.probes.compose.networks import Attached
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import truth
from isoaudit.probes.declared import not_declarable, not_declared, record
from isoaudit.probes.engine_clients import (
    MOST,
    Neighbour,
    bounded,
    is_engine,
    is_filter,
    names_it,
    place_of,
    relays,
    scope_of,
)

_PART = "neighbour"
_BY_CONTAINER = "container:"


def note_neighbours(service: Service, company: Company | None, attached: Attached) -> None:
    """Note the part `neighbour`: those of the project, and strangers whose namespace is joined.

    `attached` are the networks that the service is in.
    """
    found = [*_strangers(service, company)]
    own = company.members.get(service.name) if company is not None else None
    if company is not None and own is not None:
        found += _Around(company, own).all()
    kept, too_many = bounded(found)
    records = [_record(service, one) for one in kept]
    service.facts.part(_PART, records, _incomplete(service, company, attached, too_many=too_many))


def _record(service: Service, one: Neighbour) -> Record:
    return record(service.anchor, one.fields())


def _incomplete(
    service: Service, company: Company | None, attached: Attached, *, too_many: bool
) -> Missing | None:
    """Return why a service may have more neighbours than the file tells."""
    if too_many:
        return Missing(_PART, Reason.LIMIT, f"more than {MOST} neighbours",
                       vantage=Vantage.DECLARED)  # fmt: skip
    if company is not None and company.crowded:
        return Missing(_PART, Reason.LIMIT, f"more than {MOST} services hold an engine's socket",
                       vantage=Vantage.DECLARED)  # fmt: skip
    if service.inherits or (company is not None and company.unread):
        why = service.inherits or f"service {company.unread if company else ''} cannot be read"
        return not_declared(_PART, why, service.origin.remedy)
    if service.get("volumes_from") is not None:
        return not_declared(_PART, "volumes_from: what another container mounts is not followed")
    beyond = _beyond(service, company, attached)
    return not_declarable(_PART, beyond) if beyond else None


def _beyond(service: Service, company: Company | None, attached: Attached) -> str:
    """Return what of a service's neighbours no file can tell."""
    own = company.members.get(service.name) if company is not None else None
    if own is None:
        return "who else is on its networks or volumes, the engine tells"
    if own.mounts_beyond:
        return "who else mounts what it mounts, the host tells"
    if attached.open_end or any(_is_open(one) for one in attached.records):
        return "who else is on its networks, the engine tells"
    return ""


def _is_open(network: Record) -> bool:
    """Say whether others than the project's own services may be on a network."""
    default = network.facts.get("network.default")
    driver = network.facts.get("network.driver")
    name = str(driver.value) if driver is not None else ""
    return not name or name == "host" or (default is not None and default.value is True)


def _strangers(service: Service, company: Company | None) -> Iterator[Neighbour]:
    """Yield the containers outside the project whose namespaces a service was told to join."""
    known = {one.container for one in company.members.values()} if company is not None else set()
    modes = [(name, service.word(key)) for key, name in KEYS]
    for kind, mode in [*modes, ("net", network_mode(service))]:
        if mode is None or not mode.known or not mode.text.startswith(_BY_CONTAINER):
            continue
        name = mode.text.removeprefix(_BY_CONTAINER)
        if name not in known:
            yield Neighbour(name, "", kind, own=False, engine_socket=None, api=None)


class _Around:
    """What one service reaches of its project."""

    def __init__(self, company: Company, own: Member) -> None:
        self._company = company
        self._own = own
        address, _, _ = asked_engine(own.service)
        self._address = address

    def all(self) -> list[Neighbour]:
        """Return its neighbours."""
        # No more than a record each is kept of: everybody may share one volume with everybody.
        return [
            *islice(self._namespaces(), MOST + 1),
            *islice(self._volumes(), MOST + 1),
            *islice(self._networks(), MOST + 1),
        ]

    def _namespaces(self) -> Iterator[Neighbour]:
        for kind, several in self._company.groups_of.get(self._own.name, ()):
            for other in several:
                if other is self._own:
                    continue
                one = self._neighbour(other, kind)
                if kind == "net":
                    one = one._replace(api=self._asks_beside(other, several))
                if kind == "pid":
                    one = one._replace(traceable=_traceable(self._own, other))
                yield one

    def _asks_beside(self, other: Member, several: list[Member]) -> bool | None:
        """Say whether a service asks one in its own network namespace, at a loopback address."""
        if not self._address:
            return None if self._address is None else False
        if place_of(self._address, (), on_host=False) != "itself":
            return False
        if id(several) not in self._company.engines:
            self._company.engines[id(several)] = [one for one in several if _may_answer(one)]
        engines = [one for one in self._company.engines[id(several)] if one is not self._own]
        return other in engines if engines else None

    def _volumes(self) -> Iterator[Neighbour]:
        for key, mine in self._own.mounts.items():
            several = self._company.by_mount if mine.writable else self._company.writers
            for other in several.get(key, ()):
                theirs = other.mounts[key]
                if other is self._own:
                    continue
                socket = path_of(self._address or "")
                asks = bool(socket) and f"{socket}/".startswith(f"{mine.destination.rstrip('/')}/")
                runs = any(
                    text.startswith(f"{theirs.destination.rstrip('/')}/") for text in other.command
                )
                yield self._neighbour(other, "volume")._replace(
                    place=key, writes=mine.writable, runs_shared=True if runs else None, api=asks
                )

    def _networks(self) -> Iterator[Neighbour]:
        """Yield who holds an engine's socket, and who is asked as an engine, on one network."""
        own = self._own
        named = self._company.by_name.get(host_of(self._address or ""))
        alias = own.links.get(host_of(self._address or ""), "")
        linked = self._company.members.get(alias)
        asked = [one for one in (linked, named) if one is not None]
        for other in dict.fromkeys([*self._company.holders, *asked]):
            if other is own:
                continue
            common = sorted(own.networks & other.networks)
            if not common:
                continue
            asks = other in asked or self._names(other)
            api = None if not asks and self._address is None else asks
            yield self._neighbour(other, "network")._replace(place=common[0], api=api)

    def _names(self, other: Member) -> bool:
        try:
            return names_it((*other.names, *self._own.links_to(other.name)), self._own.texts)
        except DocumentError:
            return False

    def _neighbour(self, other: Member, through: str) -> Neighbour:
        scope, passes_on = "", None
        if other.engine_socket:
            passes_on = True if other.name in self._company.passing else None
            scope = _scope(other)
        return Neighbour(other.name, other.target, through, engine_socket=other.engine_socket,
                         passes_on=passes_on, scope=scope,
                         engine_of_user=other.engine_of_user)  # fmt: skip


def _may_answer(one: Member) -> bool:
    return bool(one.engine_socket) or is_engine(one.image) or "dockerd" in " ".join(one.command)


def _scope(holder: Member) -> str:
    """Return what of the engine's API gets through one that holds its socket."""
    if relays(holder.command):
        return "all"
    if not is_filter(holder.image):
        return ""
    try:
        found = environment(holder.service)
    except DocumentError:
        return ""

    def variable(name: str) -> str | None:
        said = found.get(name)
        if said is None:
            return None if found.open_end else ""
        return said.text.strip() if said.known else None

    return scope_of(variable)


def _traceable(own: Member, other: Member) -> bool | None:
    """Say whether a process of one service may trace the main one of another (ptrace(2)).

    It needs the same user and every capability of the other; who has CAP_SYS_PTRACE needs neither.
    """
    users = [one.service.word("user") for one in (own, other)]
    if any(said is None or not said.known or not said.text[:1].isdigit() for said in users):
        return None
    mine, theirs = (said.text.partition(":")[0] for said in users if said is not None)
    if mine != theirs:
        return False
    held, asked = (_more(one) for one in (own, other))
    if held is None or asked is None:
        return None
    return "ALL" in held or asked <= held


def _more(one: Member) -> frozenset[str] | None:
    """Return the capabilities that a service asks for beyond the default, None if not known."""
    privileged, added = one.service.word("privileged"), one.service.words("cap_add")
    if any(said.depends for said in (*added, *([privileged] if privileged else []))):
        return None
    if one.service.get("cap_drop") is not None:
        return None
    if privileged is not None and truth(privileged):
        return frozenset({"ALL"})
    return frozenset(said.text.upper().removeprefix("CAP_") for said in added)
