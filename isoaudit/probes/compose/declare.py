"""Everything that a service declares, subject by subject: the facts of its target."""

from __future__ import annotations

from isoaudit.model import FactSet
from isoaudit.probes.compose.company import Company
from isoaudit.probes.compose.engines import note_engine
from isoaudit.probes.compose.gpu import note_gpu
from isoaudit.probes.compose.limits import note_limits, note_settings
from isoaudit.probes.compose.mounts import note_mounts
from isoaudit.probes.compose.namespaces import note_namespaces
from isoaudit.probes.compose.neighbours import note_neighbours
from isoaudit.probes.compose.networks import note_networks
from isoaudit.probes.compose.parts import note_parts
from isoaudit.probes.compose.resources import note_resources
from isoaudit.probes.compose.security import note_security
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.storage import note_storage


def declared_facts(service: Service, what: str = "", company: Company | None = None) -> FactSet:
    """Return the facts of a service; raises DocumentError where one of its values is malformed.

    `what` says what kind of one it is, "" for no more than its origin tells. `company` are the
    services of its project, None where there is no project around it.
    """
    origin, where = service.origin, service.anchor
    service.facts.certain("container.platform", origin.platform, where, what or f"a {origin.noun}")
    service.process.certain("process.name", service.name, where, f"the {origin.noun}")
    service.process.certain("process.main", True, where, f"the {origin.noun}")
    note_security(service)
    note_namespaces(service)
    note_limits(service)
    note_resources(service)
    note_storage(service)
    note_settings(service)
    attached = note_networks(service)
    member = company.members.get(service.name) if company is not None else None
    note_mounts(service, member.all_mounts if member is not None else None)
    note_parts(service)
    note_gpu(service)
    note_engine(service, company)
    note_neighbours(service, company, attached)
    service.facts.part("process", [service.process.record()])
    return service.facts.factset()
