"""Compose files: what each service asks its engine for, with docker's defaults filled in.

Source: the Compose specification. Which files are a project says `files.py`; they are merged before
anything is read of a service (`project.py`). What the engine adds by itself and what the image
brings is not in the file, and is noted as missing or as the engine's default, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError, TargetError
from isoaudit.facts.spec import COMPOSE
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.compose.company import Company
from isoaudit.probes.compose.declare import declared_facts
from isoaudit.probes.compose.layer import SERVICES, Project, project_of
from isoaudit.probes.compose.service import Service

_MAX_SERVICES = 20_000
_MAX_PROFILES = 5


class ComposeProbe:
    """Reads the services of one project; `shown` is the path by which targets are named.

    `documents` are those of all of its files, in the order in which they are merged.
    """

    def __init__(self, documents: Sequence[Node], shown: str) -> None:
        self._documents = [document for document in documents if not document.is_null]
        self._shown = shown
        self._project = Project(None)
        self._services: dict[str, tuple[Node, Node]] = {}
        self._company: Company | None = None

    def find(self) -> Sequence[Target]:
        """Return one target per service, in the order of the files.

        Raises DocumentError if `services` is no mapping, or if all that there is could not be read.
        """
        self._project = project_of(self._documents)
        self._services = self._found(self._project.document)
        self._company = None
        if not self._services and self._project.unread:
            raise self._project.unread[0]
        return [self._target(name, key) for name, (key, _) in self._services.items()]

    def unread(self) -> Sequence[DocumentError]:
        """Return why there may be services that were not found."""
        return self._project.unread

    def collect(self, target: Target) -> FactSet:
        """Return what the project declares of one service.

        Raises TargetError if there is no such service, DocumentError if it is malformed.
        """
        found, document = self._services.get(target.handle), self._project.document
        if found is None or document is None:
            raise TargetError(f"{self._shown}: no service {target.handle!r}", "Scan the file anew.")
        if target.handle in self._project.broken:
            raise self._project.broken[target.handle]
        service = Service(target.handle, *found, document)
        if self._company is None:
            self._company = Company(self._services, document, self._address, self._project.broken)
        return declared_facts(service, _kind(service), self._company)

    def _address(self, name: str) -> str:
        """Return the id of a service as a target."""
        return f"compose:{self._shown}#{name}"

    def _found(self, document: Node | None) -> dict[str, tuple[Node, Node]]:
        services = document.get(SERVICES) if document is not None else None
        if services is None:
            return {}
        found = {n: entry for n, entry in services.keyed().items() if not n.startswith("x-")}
        if len(found) > _MAX_SERVICES:
            raise services.error(f"more than {_MAX_SERVICES} services, not read")
        return found

    def _target(self, name: str, key: Node) -> Target:
        return Target(
            id=self._address(name),
            kind=Kind.CONTAINER,
            name=name,
            state="declared",
            handle=name,
            dialect=COMPOSE,
            location=key.location,
        )


def _kind(service: Service) -> str:
    """Return what a service is, in words: one with profiles is started only when they are asked
    for, and is a target like any other."""
    profiles = [said.text for said in service.words("profiles") if said.known][:_MAX_PROFILES]
    return f"a service of profile {', '.join(profiles)}" if profiles else "a service"
