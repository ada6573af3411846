"""A devcontainer that is a service of compose: the project's files, and what is merged over them.

Source: containers.dev, "Dev Container metadata reference", Docker Compose specific properties.
"""

from __future__ import annotations

from dataclasses import replace

from isoaudit.documents import made
from isoaudit.documents.beside import Beside
from isoaudit.documents.variables import Variables
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet
from isoaudit.probes.compose.declare import declared_facts
from isoaudit.probes.compose.layer import DOTENV, SERVICES, Layer, documents, merged_variables
from isoaudit.probes.compose.origin import COMPOSE
from isoaudit.probes.compose.project import build
from isoaudit.probes.compose.service import Service

_MOST_FILES = 20


def service_facts(config: Node, over: Node, doubt: str, beside: Beside, platform: str) -> FactSet:
    """Return the facts of the service that a file names, with what it asks for merged over it.

    Raises DocumentError for files that cannot be read, and for a service that is not in them.
    """
    named = config.get("service")
    if named is None:
        raise config.error("`dockerComposeFile` needs a `service`")
    files = _documents(config, beside)
    services = made.mapping({named.text(): (named, over)}, named.location)
    above = made.mapping({SERVICES: (named, services)}, named.location)
    project = build([*files, above])
    if named.text() in project.broken:
        raise project.broken[named.text()]
    services_found = project.document.get(SERVICES) if project.document is not None else None
    found = services_found.keyed().get(named.text()) if services_found is not None else None
    if found is None or project.document is None or not _declares(files, named.text()):
        raise named.error("no service of that name in the files of `dockerComposeFile`")
    doubt = doubt or next((error.cause for error in project.unread), "")
    origin = replace(COMPOSE, platform=platform, doubt=doubt)
    return declared_facts(Service(named.text(), named, found[1], project.document, origin))


def _declares(files: list[Node], name: str) -> bool:
    """Say whether some file has the service, or may have it from a file that it includes."""
    for file in files:
        services = file.get(SERVICES)
        if file.get("include") is not None or (services is not None and name in services.keyed()):
            return True
    return False


def _documents(config: Node, beside: Beside) -> list[Node]:
    node = config.get("dockerComposeFile")
    names = [] if node is None else node.elements() if node.is_list else [node]
    if not names or len(names) > _MOST_FILES:
        raise config.error(f"`dockerComposeFile` names 1 to {_MOST_FILES} files")
    first = beside.read(names[0].text())
    dotenv = beside.read(DOTENV, first.folder)
    known = Variables() if dotenv.absent else merged_variables([dotenv], Variables())
    layer = Layer(beside, first.folder, known)
    found: list[Node] = []
    for name in names:
        file = beside.read(name.text())
        if file.why:
            raise DocumentError(f"{name.location}: names a file that cannot be read: {file.why}")
        found += documents(file.text, file.shown, layer)
    return found
