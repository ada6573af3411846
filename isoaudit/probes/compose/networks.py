"""The networks of a compose service, its names of the host, and its kernel parameters.

Source: the Compose specification, chapters services and networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.model import Record, Value
from isoaudit.probes.compose.origin import DefaultNetwork
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import Word, truth, word
from isoaudit.probes.declared import record

_PODMANS = "podman"
"""What podman calls its default network; docker's has a name that no other may have."""
_ELSEWHERE = "made outside this file: the engine tells what it is"
_NAMES = "container.network.names"
_ALIASES = "container.network.host_aliases"
_FORWARDING = "container.network.forwarding"
_FORWARDING_NAMES = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")
_HOST_GATEWAY = "host-gateway"
_FIELDS = ("network.driver", "network.internal", "network.default")


class Attached(NamedTuple):
    """The networks a service is in, as records, and why there may be more."""

    records: list[Record]
    open_end: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the networks that are known, in their order."""
        return sorted(str(record.facts["network.name"].value) for record in self.records)


def note_networks(service: Service) -> Attached:
    """Note the parts `network` and `sysctl` and the `container.network.*` facts.

    The networks that the service is in are returned.
    """
    attached = networks_of(service)
    service.part("network", attached.records, attached.open_end)
    if attached.open_end:
        service.facts.unknown(_NAMES, attached.open_end, FOLLOW)
    else:
        where = service.get("networks") or service.get("network_mode")
        names = tuple(attached.names)
        if where is not None:
            service.facts.say(_NAMES, names, where)
        else:
            service.facts.default(_NAMES, names, _by_default(service))
    _note_aliases(service)
    _note_sysctls(service, alone=len(attached.names) == 1 and not attached.open_end)
    return attached


def _by_default(service: Service) -> str:
    if service.origin.network is None:
        return "no networks: that of the project"
    return f"no {service.key('networks')}: {ENGINE_DEFAULT}"


def networks_of(service: Service, seen: frozenset[str] = frozenset()) -> Attached:
    """Return the networks that a service is in, its own or those of the service it joins."""
    mode = service.word("network_mode")
    if mode is None:
        return _joined(service)
    if mode.depends:
        return Attached([], mode.open)
    if mode.text in service.origin.modes:
        return Attached([_known(service, mode)])
    kind, _, name = mode.text.partition(":")
    other = service.other(name) if kind == "service" and name not in seen else None
    if other is None:
        return Attached([], f"network_mode {mode.text}: what it leads to is not in this file")
    if other.inherits:
        return Attached([], f"{name} {other.inherits}")
    return networks_of(other, seen | {name})


def _joined(service: Service) -> Attached:
    """Return the networks under `networks`; without any, the project's own is joined."""
    networks, default = service.get("networks"), service.origin.network
    if networks is None and default is not None:
        return _default(service, default)
    if networks is None:
        named = [(Word("default", service.node), service.node)]
    elif networks.is_list:
        named = [(word(element), element) for element in networks.elements()]
    else:
        named = [(Word(name, key), key) for name, (key, _) in networks.keyed().items()]
    known = [(said.text, node) for said, node in named if said.known]
    unknown = next((said.open for said, _ in named if said.depends), "")
    records = [_network(service, name, node) for name, node in known]
    return Attached(records, unknown)


def _default(service: Service, network: DefaultNetwork) -> Attached:
    """Return the network that an engine puts a container in where there is no project."""
    if network.why or service.inherits:
        return Attached([], network.why or service.inherits)
    return Attached([_record(service.anchor, network.name, network.driver, default=True)])


def _network(service: Service, name: str, node: Node) -> Record:
    """Return the record of a network: one made elsewhere is known only by a name of docker's."""
    section, declared = service.document.get("networks"), service.top_level("networks", name)
    if name != "default" and (section is None or name not in section.keyed()):
        return _unread(node, name, _undeclared(service))
    if declared is None or not declared.is_map:
        return _record(node, name, "bridge")
    external = declared.get("external")
    if external is not None and (external.is_map or truth(word(external))):
        return _external(service, declared, external, Word(name, node))
    driver, internal = declared.get("driver"), declared.get("internal")
    fields: dict[str, Value] = {"network.name": name, "network.default": False}
    unread: dict[str, str] = {}
    for path, said, value in (
        ("network.driver", driver, "bridge"),
        ("network.internal", internal, False),
    ):
        spoken = word(said) if said is not None else None
        if spoken is not None and spoken.depends:
            unread[path] = spoken.open
        elif spoken is None:
            fields[path] = value
        else:
            fields[path] = truth(spoken) if path == "network.internal" else spoken.text
    return record(node, fields, unread)


def _undeclared(service: Service) -> str:
    return "this file declares no network of that name" if service.origin.project else _ELSEWHERE


def _known(service: Service, said: Word) -> Record:
    """Return the record of a network that every engine of its kind has."""
    name, driver = service.origin.modes[said.text]
    return _record(said.node, name, driver, default=said.text == "bridge")


def _external(service: Service, declared: Node, external: Node, key: Word) -> Record:
    name, node = key.text, key.node
    real = declared.get("name") or (external.get("name") if external.is_map else None)
    said = word(real) if real is not None else key
    if said.known and said.text in service.origin.modes:
        return _known(service, Word(said.text, node))
    if said.depends:
        return _unread(node, name, said.open)
    told = {} if said.text == _PODMANS else {"network.default": False}
    return _unread(node, name, _ELSEWHERE, told)


def _record(node: Node, name: str, driver: str, *, default: bool = False) -> Record:
    return record(
        node,
        {
            "network.name": name,
            "network.driver": driver,
            "network.internal": False,
            "network.default": default,
        },
    )


def _unread(
    node: Node, name: str, why: str, told: Mapping[str, Value] = MappingProxyType({})
) -> Record:
    """Return the record of a network of which only the name and what was `told` is known."""
    unread = dict.fromkeys((field for field in _FIELDS if field not in told), why)
    return record(node, {"network.name": name, **told}, unread)


def _note_aliases(service: Service) -> None:
    """Note the names that lead to the host; an entry is `NAME:ADDRESS`, or a key with addresses."""
    entries = list(_aliases(service.get("extra_hosts")))
    unknown = next((address for _, address in entries if address.depends), None)
    leading = [(name, said) for name, said in entries if said.text == _HOST_GATEWAY]
    if leading:
        names = tuple(sorted(name for name, _ in leading))
        service.facts.say(_ALIASES, names, leading[0][1].node)
    elif unknown is not None:
        service.facts.unknown(_ALIASES, unknown.open, FOLLOW)
    elif entries:
        service.facts.say(_ALIASES, (), entries[0][1].node)
    else:
        service.facts.default(_ALIASES, (), f"no {service.key('extra_hosts')}: {ENGINE_DEFAULT}")


def _aliases(node: Node | None) -> Iterator[tuple[str, Word]]:
    if node is None:
        return
    if node.is_map:
        for name, value in node.items():
            several = value.elements() if value.is_list else [value]
            yield from ((name, word(one)) for one in several)
        return
    for element in node.elements():
        said = word(element)
        name, _, address = said.text.replace("=", ":", 1).partition(":")
        yield name, said.part(address.strip("[]"))


def _note_sysctls(service: Service, *, alone: bool) -> None:
    """Note the part `sysctl`, and whether one asks for forwarding: else the host's value holds.

    With one network `alone` nobody asks whether it forwards.
    """
    entries = list(_sysctls(service.get("sysctls")))
    known = [(name, said) for name, said in entries if said.known]
    unknown = next((f"a value {said.open}" for _, said in entries if said.depends), "")
    service.part("sysctl", (_sysctl(name, said) for name, said in known), unknown)
    asked = next((said for name, said in entries if name in _FORWARDING_NAMES), None)
    if asked is None and not alone:
        detail = "no such sysctl: that of the engine's host holds"
        service.facts.unknown(
            _FORWARDING, detail, f"Set net.ipv4.ip_forward under {service.key('sysctls')}."
        )
    elif asked is not None:
        note(service.facts, _FORWARDING, asked.text.strip() != "0", asked)


def _sysctls(node: Node | None) -> Iterator[tuple[str, Word]]:
    if node is None:
        return
    if node.is_map:
        yield from ((name, word(value)) for name, value in node.items())
        return
    for element in node.elements():
        said = word(element)
        name, _, value = said.text.partition("=")
        key = said.part(name.strip())
        yield key.text, said.part(value) if key.known else key


def _sysctl(name: str, said: Word) -> Record:
    return record(said.node, {"sysctl.name": name, "sysctl.value": said.text.strip()})
