"""What a compose file includes: other projects, each with a folder and variables of its own.

Source: the Compose specification, chapter include.
"""

from __future__ import annotations

from collections.abc import Callable

from isoaudit.documents import made
from isoaudit.documents.beside import Neighbour
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.compose.layer import DOTENV, Layer, documents, merged_variables
from isoaudit.probes.compose.service import FOLLOW
from isoaudit.probes.compose.values import Word, word

SECTIONS = ("services", "networks", "volumes", "configs", "secrets", "models")
"""What is taken over from a project that is included."""

_INCLUDE = "include"
_DEEPEST = 20
_MOST = 300
_NO_FILE = "/dev/null"


class Includes:
    """Follows the includes of one project, up to bounds that all of its files share.

    `merged` makes one document of those of a project, `over` merges one over another. `unread`
    gathers what could not be followed: its services are not seen at all.
    """

    def __init__(
        self, merged: Callable[[list[Node]], Node], over: Callable[[Node, Node], Node]
    ) -> None:
        self.unread: list[DocumentError] = []
        self._merged = merged
        self._over = over
        self._trail: list[str] = []
        self._count = 0

    def applied(self, document: Node) -> Node:
        """Return a document with what it includes, over which its own declarations count.

        Raises DocumentError if it is no mapping, or its includes are no list.
        """
        found = document.get(_INCLUDE)
        if found is None:
            return document
        own = {name: entry for name, entry in document.keyed().items() if name != _INCLUDE}
        result: Node = made.mapping(own, document.location, document.context)
        why = ""
        for entry in found.elements():
            try:
                included = self._included(entry)
            except DocumentError as error:
                cause = f"{entry.location}: an include that is not followed: {error.cause}"
                self.unread.append(DocumentError(cause, FOLLOW))
                why = why or error.cause
                continue
            if included is not None:
                result = self._over(_sections(included), result)
        why = result.open_end or why
        return made.mapping(result.keyed(), document.location, document.context, why)

    def _included(self, entry: Node) -> Node | None:
        """Return the project that an entry includes, None if it is empty.

        Raises DocumentError for one that cannot be read.
        """
        layer = entry.context
        if layer is None:
            raise DocumentError("it is another file, which is not read")
        files = [_read(layer, said) for said in _words(entry, "path")]
        if not files:
            raise DocumentError("it names no file")
        own = self._layer(entry, layer, files[0])
        key = files[0].path
        self._count += 1
        if key in self._trail:
            raise DocumentError(f"{files[0].shown}: includes itself")
        if len(self._trail) >= _DEEPEST or self._count > _MOST:
            raise DocumentError(f"{files[0].shown}: too many includes, not read")
        self._trail.append(key)
        try:
            found = [node for file in files for node in read_documents(file, own)]
            return self._merged(found) if found else None
        finally:
            self._trail.pop()

    def _layer(self, entry: Node, layer: Layer, first: Neighbour) -> Layer:
        """Return what the files of an include share: their folder, and their variables."""
        place = first.folder
        for said in _words(entry, "project_directory"):
            place = layer.place.join(_text(said))
        named = [_text(said) for said in _words(entry, "env_file")]
        if named:
            env_files = [layer.read(name) for name in named if name != _NO_FILE]
        else:
            own = layer.beside.read(DOTENV, place)
            env_files = [] if own.absent else [own]
        return Layer(layer.beside, place, merged_variables(env_files, layer.variables))


def read_documents(file: Neighbour, layer: Layer) -> list[Node]:
    """Return the documents of another file, of which an error tells nothing but that it is broken.

    Raises DocumentError.
    """
    try:
        return documents(file.text, file.shown, layer)
    except DocumentError as error:
        raise DocumentError(f"{file.shown}: cannot be read as a compose file") from error


def _words(entry: Node, key: str) -> list[Word]:
    """Return one or several values of an include; in the short form there is only the path."""
    if not entry.is_map:
        return [word(entry)] if key == "path" else []
    found = entry.get(key)
    if found is None:
        return []
    return [word(one) for one in (found.elements() if found.is_list else [found])]


def _text(said: Word) -> str:
    if said.depends:
        raise DocumentError(f"it {said.open}")
    return said.text


def _read(layer: Layer, said: Word) -> Neighbour:
    file = layer.read(_text(said))
    if file.why:
        raise DocumentError(file.why)
    return file


def _sections(document: Node) -> Node:
    entries = {name: entry for name, entry in document.keyed().items() if name in SECTIONS}
    return made.mapping(entries, document.location, document.context, document.open_end)
