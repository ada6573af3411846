"""Which files are one project of compose: those named together, or those docker compose finds.

Source: docker compose, order of the names that it looks for; docs.docker.com, COMPOSE_FILE.
"""

from __future__ import annotations

import posixpath

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


def project_documents(text: str, shown: str, beside: Beside) -> list[Node]:
    """Return the documents of a project in the order in which they are merged.

    There are none if the file was come across in a folder, and is a later file of a project there.
    Raises DocumentError for a file that cannot be read: what the others say is then not what holds.
    """
    variables = project_variables(beside)
    layer = Layer(beside, beside.folder, variables)
    further = beside.further or _further(beside, variables)
    if further is None:
        return []
    found = documents(text, shown, layer)
    for file in further:
        if file.why:
            raise DocumentError(
                f"{shown}: is one project with a file that cannot be read: {file.why}",
                "Name only the files that make up what is deployed: compose:FILE,FILE.",
            )
        found += documents(file.text, file.shown, layer)
    return found


def _further(beside: Beside, variables: Variables) -> tuple[Neighbour, ...] | None:
    """Return the files merged over this one; None if it is itself merged over another."""
    names = _listed(variables)
    if not names:
        names = _found(beside)
    if not names or beside.name not in names:
        return ()
    if beside.name != names[0]:
        return () if beside.asked else None
    return tuple(beside.read(name) for name in names[1:])


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
