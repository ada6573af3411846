"""Makes one document of all files of a project: includes, inherits and merges, in that order.

What cannot be followed leaves an `open_end` where it would have belonged, so that nothing is taken
for all there is. A service that cannot be merged is broken alone.

Sources: the Compose specification, chapters include, services (`extends`) and merge; docker compose
for their order: of every document what it includes comes first, then what its services extend, and
then it is merged over the documents before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.compose.extends import Inheritance
from isoaudit.probes.compose.include import Includes
from isoaudit.probes.compose.layer import RESET
from isoaudit.probes.compose.merge import Merger
from isoaudit.probes.compose.merge_rules import PROJECT, SERVICE

SERVICES = "services"


class Project(NamedTuple):
    """A project as one document, the services of it that are broken, and what was not read.

    `document` is None if there is nothing.
    """

    document: Node | None
    broken: dict[str, DocumentError]
    unread: tuple[DocumentError, ...] = ()


def build(documents: Sequence[Node]) -> Project:
    """Return the project that documents come to, in their order.

    Raises DocumentError for documents that are no mappings where compose has them.
    """
    if not documents:
        return Project(None, {})
    layer = documents[0].context
    if len(documents) == 1 and layer is not None and not (layer.refers or layer.resets):
        return Project(documents[0], {})
    builder = _Builder()
    document = builder.merged(documents)
    return Project(document, builder.broken, tuple(builder.includes.unread))


class _Builder:
    """Builds one project; what it bounds, it bounds for all of its files together."""

    def __init__(self) -> None:
        self.broken: dict[str, DocumentError] = {}
        self.includes = Includes(self.merged, self.over)
        self._merger = Merger()
        self._inheritance = Inheritance(self._merger)

    def merged(self, documents: Sequence[Node]) -> Node:
        """Return the document that several come to, each one merged over those before it."""
        first = documents[0]
        result: Node = made.mapping({}, first.location, first.context)
        for document in documents:
            result = self.over(result, self._inheritance.applied(self.includes.applied(document)))
        return result

    def over(self, base: Node, above: Node) -> Node:
        """Return a document merged over another; a service that cannot be merged is noted."""
        entries = dict(base.keyed())
        for name, (key, value) in above.keyed().items():
            known = entries.get(name)
            if value.tag == RESET:
                entries.pop(name, None)
            elif name == SERVICES and not value.is_null:
                services = self._services(None if known is None else known[1], value)
                entries[name] = (key if known is None else known[0], services)
            elif known is None:
                entries[name] = (key, self._merger.cleaned(value))
            else:
                entries[name] = (key, self._merger.merge(known[1], value, PROJECT.at(name)))
        why = base.open_end or above.open_end
        return made.mapping(entries, base.location, base.context, why)

    def _services(self, base: Node | None, above: Node) -> Node:
        entries = {} if base is None else dict(base.keyed())
        for name, (key, node) in above.keyed().items():
            known = entries.get(name)
            if node.tag == RESET:
                entries.pop(name, None)
                continue
            try:
                service = self._service(None if known is None else known[1], node)
            except DocumentError as error:
                self.broken.setdefault(name, error)
                service = made.mapping({}, key.location, key.context, error.cause)
            entries[name] = (key if known is None else known[0], service)
        where = above if base is None else base
        return made.mapping(entries, where.location, where.context)

    def _service(self, base: Node | None, above: Node) -> Node:
        # The same place twice: a file that is included on two ways.
        if base is None or base.location == above.location:
            return self._merger.cleaned(above)
        return self._merger.merge(base, above, SERVICE)
