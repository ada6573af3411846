"""What the nodes of a compose file share: where its paths begin and which variables it knows.

Source: the Compose specification, chapters interpolation and include. Variables come from the
`.env` in the project's folder and from the env files of an include, whose values give way to those
of the project. The environment of whoever audits is not read: it is not that of the deployment.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from isoaudit.documents import yaml
from isoaudit.documents.beside import Beside, Folder, Neighbour
from isoaudit.documents.variables import Known, Variables
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.facts.redaction import looks_secret
from isoaudit.regex import regex

DOTENV, SERVICES = ".env", "services"
RESET = "!reset"
"""The tag by which a later file takes back what an earlier one says."""

_REFERS = regex(r"extends|include")


class Layer(NamedTuple):
    """One file of a project, as the context of its nodes.

    `place` is the folder that relative paths begin in. `refers` says whether the file may name
    others, `resets` whether it may take back what they say: most do neither.
    """

    beside: Beside
    place: Folder
    variables: Variables
    refers: bool = True
    resets: bool = True

    def read(self, name: str) -> Neighbour:
        """Return the file of a name as this one means it; never raises."""
        return self.beside.read(name, self.place)


class Project(NamedTuple):
    """A project as one document, the services of it that are broken, and what was not read.

    `document` is None if there is nothing.
    """

    document: Node | None
    broken: Mapping[str, DocumentError] = MappingProxyType({})
    unread: tuple[DocumentError, ...] = ()


def project_of(documents: Sequence[Node]) -> Project:
    """Return the project that documents come to, merged in their order.

    Raises DocumentError for documents that are no mappings where compose has them.
    """
    layer = documents[0].context if documents else None
    if not documents:
        return Project(None)
    if len(documents) == 1 and layer is not None and not (layer.refers or layer.resets):
        return Project(documents[0])
    from isoaudit.probes.compose.project import build

    return build(documents)


def documents(text: str, shown: str, layer: Layer) -> list[Node]:
    """Return the documents of a compose file that are not empty; raises DocumentError."""
    layer = layer._replace(refers=_REFERS.search(text) is not None, resets=RESET in text)
    return [node for node in yaml.load_all(text, shown, layer) if not node.is_null]


def folder_of(node: Node) -> str:
    """Return the folder, as it is shown, that a relative path at a node begins in."""
    layer = node.context
    return layer.place.shown if layer is not None else posixpath.dirname(node.file)


def project_variables(beside: Beside) -> Variables:
    """Return the variables of the `.env` beside a file; of one that is not there, none."""
    found = beside.read(DOTENV)
    if found.absent or (found.why and not beside.has(DOTENV)):
        return Variables()
    return merged_variables([found], Variables())


def merged_variables(files: Iterable[Neighbour], outer: Variables) -> Variables:
    """Return the variables of env files, a later one's over an earlier one's, and those of `outer`
    over both."""
    from isoaudit.documents import dotenv

    values: dict[str, Known] = {}
    open_end = outer.open_end
    for file in files:
        scope = Variables({**values, **outer.values}, open_end)
        try:
            if file.why:
                raise DocumentError(file.why)
            entries = dotenv.parse(file.text, file.shown, scope, looks_secret)
        except DocumentError as error:
            open_end = open_end or error.cause
            continue
        for entry in entries:
            # A bare name is taken from the environment, which is not known.
            values[entry.name] = entry.value or Known("", f"${{{entry.name}}}")
    return Variables({**values, **outer.values}, open_end)
