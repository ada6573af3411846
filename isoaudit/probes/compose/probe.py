"""Compose files: what each service asks its engine for, with docker's defaults filled in.

Source: the Compose specification. What the engine adds by itself and what the image brings is not
in the file, and is noted as missing or as the engine's default, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError, TargetError
from isoaudit.facts.spec import COMPOSE
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.compose.declare import declared_facts
from isoaudit.probes.compose.service import FOLLOW, Service

_MAX_SERVICES = 20_000


class ComposeProbe:
    """Reads the services of one compose file; `shown` is the path by which targets are named."""

    def __init__(self, documents: list[Node], shown: str) -> None:
        self._documents = documents
        self._shown = shown
        self._services: dict[str, tuple[Node, Node, Node]] = {}
        self._repeated: set[str] = set()

    def find(self) -> Sequence[Target]:
        """Return one target per service, in the file's order.

        Raises DocumentError if `services` is no mapping, or if there are none but an `include`.
        """
        self._services.clear()
        self._repeated.clear()
        for document in self._documents:
            if not document.is_null:
                self._read(document)
        if not self._services and any(self._includes(d) for d in self._documents):
            raise DocumentError(
                f"{self._shown}: only includes other files, which is not followed yet", FOLLOW
            )
        return [self._target(name, key) for name, (key, _, _) in self._services.items()]

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares of one service.

        Raises TargetError if there is no such service, DocumentError if it is malformed.
        """
        found = self._services.get(target.handle)
        if found is None:
            raise TargetError(f"{self._shown}: no service {target.handle!r}", "Scan the file anew.")
        key, node, document = found
        if target.handle in self._repeated:
            raise key.error(
                f"service {target.handle!r} stands in several documents, which are not merged yet",
                FOLLOW,
            )
        return declared_facts(Service(target.handle, key, node, document))

    def _read(self, document: Node) -> None:
        services = document.get("services")
        if services is None:
            return
        for name, (key, node) in services.keyed().items():
            if name.startswith("x-"):
                continue
            if name in self._services:
                self._repeated.add(name)
            self._services[name] = (key, node, document)
        if len(self._services) > _MAX_SERVICES:
            raise services.error(f"more than {_MAX_SERVICES} services, not read")

    def _includes(self, document: Node) -> bool:
        return document.is_map and document.get("include") is not None

    def _target(self, name: str, key: Node) -> Target:
        return Target(
            id=f"compose:{self._shown}#{name}",
            kind=Kind.CONTAINER,
            name=name,
            state="declared",
            handle=name,
            dialect=COMPOSE,
            location=key.location,
        )
