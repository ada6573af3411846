"""The engine that a compose service is told to ask.

Source: the Compose specification, chapter services; docs.docker.com (DOCKER_HOST).
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.facts.engine_address import VARIABLES, engine_address, host_of
from isoaudit.probes.compose.company import Company, Member
from isoaudit.probes.compose.environment import environment
from isoaudit.probes.compose.namespaces import network_mode
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service
from isoaudit.probes.compose.values import Word
from isoaudit.probes.engine_clients import place_of

_ADDRESS, _PLACE = "container.engine_address", "container.engine_place"
_HOST_GATEWAY = "host-gateway"


def asked_engine(service: Service) -> tuple[str | None, Word | None, str]:
    """Return where a service is told that an engine answers, who says so, and why it is not known.

    "" if no variable tells it, None if that is not known.
    """
    if not _may_tell(service):
        return "", None, ""
    found = environment(service)
    for name in VARIABLES:
        said = found.get(name)
        if said is None or (said.known and not said.text):
            continue
        if said.depends:
            return None, said, said.open
        address = engine_address(said.text)
        return (address, said, "") if address else (None, said, f"{name} names no address")
    return (None, None, found.open_end) if found.open_end else ("", None, "")


def _may_tell(service: Service) -> bool:
    """Say whether variables have to be looked at: most services name no engine."""
    if service.get("env_file") is not None:
        return True
    found = service.get("environment")
    if found is None:
        return False
    if found.is_map:
        return any(name in found.keyed() for name in VARIABLES)
    return any(_names_one(entry) for entry in found.elements())


def _names_one(entry: Node) -> bool:
    name = entry.text().partition("=")[0]
    return name in VARIABLES or "$" in name


def note_engine(service: Service, company: Company | None) -> None:
    """Note the address of the engine that a service is told to ask, and where that leads."""
    facts = service.facts
    address, said, why = asked_engine(service)
    if address is None:
        facts.unknown(_ADDRESS, why, FOLLOW)
        facts.unknown(_PLACE, why, FOLLOW)
        return
    if said is None:
        remark = f"no {', '.join(VARIABLES)}: {ENGINE_DEFAULT}"
        facts.default(_ADDRESS, "", remark)
        facts.default(_PLACE, "none", remark)
        return
    facts.say(_ADDRESS, address, said.node)
    mode = network_mode(service)
    on_host = mode is not None and mode.text == "host"
    place = place_of(address, _aliases(service), on_host=on_host)
    member = company.members.get(service.name) if company is not None else None
    if company is not None and member is not None:
        if place == "elsewhere" and _reaches(company, member, host_of(address)):
            place = "neighbour"
        if place == "itself" and any(
            kind == "net" for kind, _ in company.groups_of.get(service.name, ())
        ):
            place = "neighbour"
    if place == "elsewhere" and service.origin.project is False:
        facts.unknown(_PLACE, "whose name that is, the engine tells")
    else:
        facts.say(_PLACE, place, said.node)


def _aliases(service: Service) -> list[str]:
    """Return the names under `extra_hosts` that lead to the host."""
    found = service.get("extra_hosts")
    if found is None:
        return []
    if found.is_map:
        return [name for name, node in found.items()
                if node.is_scalar and node.text() == _HOST_GATEWAY]  # fmt: skip
    pairs = [said.text.replace("=", ":", 1).partition(":") for said in service.words("extra_hosts")]
    return [name for name, _, value in pairs if value == _HOST_GATEWAY]


def _reaches(company: Company, own: Member, name: str) -> bool:
    """Say whether a name is one by which a service reaches another of its project."""
    return name in company.by_name or name in own.links
