"""Which files are one project of compose: those named together, or those docker compose finds.

Source: docker compose, order of the names that it looks for; docs.docker.com, COMPOSE_FILE.
"""

from __future__ import annotations

import posixpath
import re

from isoaudit.documents.beside import Beside, Neighbour
from isoaudit.documents.variables import Variables
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.compose.layer import DOTENV, Layer, documents, project_variables

_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_LISTED, _SEPARATOR = "COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"
_MOST_LISTED = 100
_SERVICES = re.compile(r"^services:[ \t]*(?:\{|\r?\n[ \t]+[\w.-]+:)", re.MULTILINE)
_SERVICE_KEY = re.compile(r"[\s{,](?:image|build|extends):")


def project_documents(text: str, shown: str, beside: Beside) -> list[Node]:
    """Return the documents of a project in the order in which they are merged.

    There are none if the file was come across in a folder, and is part of a project that is read
    there by its first file. Raises DocumentError for a file that cannot be read: what the others
    say is then not what holds.
    """
    variables = project_variables(beside)
    layer = Layer(beside, beside.folder, variables)
    own = Neighbour(shown, beside.folder, text)
    files = (own, *beside.further) if beside.further else _files(own, beside, variables)
    return [node for file in files for node in _documents(file, shown, layer)]


def _documents(file: Neighbour, shown: str, layer: Layer) -> list[Node]:
    if file.why:
        raise DocumentError(
            f"{shown}: is one project with a file that cannot be read: {file.why}",
            "Name only the files that make up what is deployed: compose:FILE,FILE.",
        )
    return documents(file.text, file.shown, layer)


def _files(own: Neighbour, beside: Beside, variables: Variables) -> tuple[Neighbour, ...]:
    """Return the files that are one with a file, itself among them."""
    names = _listed(variables) or _found(beside)
    if beside.name not in names:
        return (own,)
    first = names[0]
    if beside.name != first:
        if beside.scan is None:
            return (own,)
        if beside.folder.join(first).path in beside.scan.found and _is_compose(first, beside):
            return ()
    return tuple(own if name == beside.name else beside.read(name) for name in names)


def _is_compose(name: str, beside: Beside) -> bool:
    """Say whether a file is surely known as compose's by its content, and so read for itself.

    One that merely may be is not: to see a service twice is better than not to see it.
    """
    file = beside.read(name)
    head = file.text.lstrip()[:2]
    return (
        name.endswith((".yaml", ".yml"))
        and not head.startswith(("<", "{", "#!"))
        and "apiVersion" not in file.text
        and _SERVICES.search(file.text) is not None
        and _SERVICE_KEY.search(file.text) is not None
    )


def _listed(variables: Variables) -> list[str]:
    """Return the files that the project's `.env` lists; raises DocumentError if it is not known."""
    listed, separator = variables.values.get(_LISTED), variables.values.get(_SEPARATOR)
    if listed is None:
        return []
    if listed.depends or (separator is not None and separator.depends):
        raise DocumentError(
            f"{DOTENV}: which files {_LISTED} lists depends on a variable",
            "Name the files that make up what is deployed: compose:FILE,FILE.",
        )
    names = listed.text.split((separator.text if separator is not None else "") or ":")
    return [posixpath.normpath(name) for name in names if name][:_MOST_LISTED]


def _found(beside: Beside) -> list[str]:
    """Return the file that docker compose takes in this folder, and the one it merges over it."""
    if beside.name not in _NAMES and beside.name not in _OVERRIDES:
        return []
    main = next((name for name in _NAMES if beside.has(name)), None)
    over = next((name for name in _OVERRIDES if beside.has(name)), None)
    return [name for name in (main, over) if name is not None] if main is not None else []
