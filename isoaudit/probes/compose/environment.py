"""The environment variables of a compose service, those of its env files among them.

Values are looked at only to tell whether they are secrets, and are never kept.

Source: the Compose specification, chapter services, `environment` and `env_file`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents import dotenv, made
from isoaudit.documents.beside import Neighbour
from isoaudit.documents.variables import NONE, UNSET, Known, Variables
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.facts.redaction import looks_secret
from isoaudit.model import Record
from isoaudit.probes.compose.layer import Layer
from isoaudit.probes.compose.service import Service
from isoaudit.probes.compose.values import Word, word
from isoaudit.probes.declared import record

_RAW = "raw"


class Environment(NamedTuple):
    """The variables of a service by name, and why it may have more of them."""

    variables: dict[str, Word]
    open_end: str = ""


def note_environment(service: Service) -> None:
    """Note the part `environment`."""
    found = environment(service)
    service.part("environment", _records(found.variables), found.open_end)


def _records(variables: dict[str, Word]) -> Iterator[Record]:
    """Yield the variables; a value that comes from elsewhere is no secret in the file."""
    for name, said in variables.items():
        is_secret = looks_secret(name, said.text.replace(UNSET, ""))
        yield record(said.node, {"environment.name": name, "environment.secret": is_secret})


def environment(service: Service) -> Environment:
    """Return the variables of a service; its own come before those of its env files.

    Their texts hold secrets: nothing but what is concluded from them may become a fact.
    """
    open_end = ""
    variables: dict[str, Word] = {}
    for name, value in _own(service):
        if name.known:
            variables[name.text] = value
        else:
            open_end = open_end or f"an entry {name.open}"
    later: dict[str, Word] = {}
    for entry in _files(service):
        try:
            later.update(_of_file(entry))
        except DocumentError as error:
            open_end = open_end or f"env_file {error.cause}"
    return Environment({**variables, **{n: v for n, v in later.items() if n not in variables}},
                       open_end)  # fmt: skip


def _own(service: Service) -> Iterator[tuple[Word, Word]]:
    """Yield the names and values under `environment`; a bare name is taken from the project."""
    found = service.get("environment")
    if found is None:
        return
    if not found.is_list:
        for name, node in found.items():
            own = _inherited(name, node) if node.is_null else word(node, secrets=True)
            yield Word(name, node), own
        return
    for entry in found.elements():
        shown, said = word(entry), word(entry, secrets=True)
        name, equals, _ = shown.text.partition("=")
        value = said.part(said.text.partition("=")[2])
        # NOTE: the name is shown, and so must not come from what holds the secrets.
        yield shown.part(name), value if equals else _inherited(name, entry)


def _inherited(name: str, node: Node) -> Word:
    known = _variables(node).values.get(name)
    return Word(known.text, node, known.depends) if known is not None else Word("", node)


def _variables(node: Node) -> Variables:
    layer = node.context
    return layer.variables if layer is not None else NONE


def _files(service: Service) -> list[Node]:
    found = service.get("env_file")
    if found is None:
        return []
    return found.elements() if found.is_list else [found]


def _of_file(entry: Node) -> dict[str, Word]:
    """Return the variables of one env file; raises DocumentError if it cannot be read."""
    path = entry.get("path") if entry.is_map else entry
    if path is None:
        raise entry.error("an env file needs a path")
    said = word(path)
    if said.depends:
        raise DocumentError(said.open)
    layer = entry.context
    if layer is None:
        raise DocumentError("is another file, which is not read")
    file = layer.read(said.text)
    if file.why:
        raise DocumentError(file.why)
    kind = entry.get("format") if entry.is_map else None
    return {
        one.name: _told(one, entry)
        for one in _entries(file, layer, is_raw=kind is not None and word(kind).text == _RAW)
    }


def _entries(file: Neighbour, layer: Layer, *, is_raw: bool) -> list[dotenv.Entry]:
    if is_raw:
        return dotenv.parse_plain(file.text, file.shown)
    return dotenv.parse(file.text, file.shown, layer.variables)


def _told(one: dotenv.Entry, entry: Node) -> Word:
    """Return the value of an entry, as if it stood in the compose file where it stands."""
    node = made.scalar("", one.location, entry.context)
    known = one.value or _variables(entry).values.get(one.name) or Known("")
    return Word(known.text, node, known.depends)
