"""What the services of a compose file inherit from others, in the same file or in another one.

Source: the Compose specification, chapter services, `extends`. Relative paths of what is inherited
begin in the folder of the file where they stand; its variables are those of the file that extends.
"""

from __future__ import annotations

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.compose.include import read_documents
from isoaudit.probes.compose.layer import Layer
from isoaudit.probes.compose.merge import Merger
from isoaudit.probes.compose.merge_rules import PROJECT, SERVICE
from isoaudit.probes.compose.values import word

_EXTENDS, _SERVICES = "extends", "services"
_DEEPEST = 100


class _Scope:
    """The services of one file, and what those of them come to that were looked at."""

    def __init__(self, entries: dict[str, tuple[Node, Node]], open_end: str) -> None:
        self.entries = entries
        self.open_end = open_end
        self.done: dict[str, Node] = {}


class Inheritance:
    """Follows `extends` through one project. What is not followed leaves the service open."""

    def __init__(self, merger: Merger) -> None:
        self._merger = merger
        self._files: dict[tuple[str, int], _Scope] = {}
        self._chain: list[tuple[int, str]] = []

    def applied(self, document: Node) -> Node:
        """Return a document whose services hold what they inherit; raises DocumentError if its
        services are no mapping."""
        services = document.get(_SERVICES)
        if services is None:
            return document
        scope = _Scope(services.keyed(), document.open_end)
        resolved = {
            name: (key, self._resolved(name, scope)) for name, (key, _) in scope.entries.items()
        }
        if all(resolved[name][1] is node for name, (_, node) in scope.entries.items()):
            return document
        entries = dict(document.keyed())
        whole = made.mapping(resolved, services.location, services.context)
        entries[_SERVICES] = (entries[_SERVICES][0], whole)
        return made.mapping(entries, document.location, document.context, document.open_end)

    def _resolved(self, name: str, scope: _Scope) -> Node:
        found = scope.done.get(name)
        if found is None:
            self._chain.append((id(scope), name))
            found = scope.done[name] = self._extended(scope.entries[name][1], scope)
            self._chain.pop()
        return found

    def _extended(self, own: Node, scope: _Scope) -> Node:
        try:
            extends = own.get(_EXTENDS) if own.is_map else None
        except DocumentError:
            return own  # broken: whoever reads the service says so
        if extends is None:
            return own
        entries = {name: entry for name, entry in own.keyed().items() if name != _EXTENDS}
        rest = made.mapping(entries, own.location, own.context, own.open_end)
        try:
            return self._merger.merge(self._base(extends, scope), rest, SERVICE)
        except DocumentError as error:
            rest.open_end = f"extends what cannot be followed: {error.cause}"
            return rest

    def _base(self, extends: Node, scope: _Scope) -> Node:
        """Return the service that is extended; raises DocumentError if it cannot be followed."""
        name, file = _reference(extends)
        if file is not None:
            scope = self._scope(file, extends)
        if (id(scope), name) in self._chain:
            raise DocumentError(f"{extends.location}: service {name!r} extends itself")
        if len(self._chain) > _DEEPEST:
            raise DocumentError(f"{extends.location}: more than {_DEEPEST} services deep")
        if name not in scope.entries:
            why = f" ({scope.open_end})" if scope.open_end else ""
            raise DocumentError(f"{extends.location}: there is no service {name!r}{why}")
        return self._resolved(name, scope)

    def _scope(self, name: str, extends: Node) -> _Scope:
        """Return the services of another file; raises DocumentError if it cannot be read."""
        layer = extends.context
        if layer is None:
            raise DocumentError(f"{extends.location}: it is in another file, which is not read")
        file = layer.read(name)
        if file.why:
            raise DocumentError(file.why)
        key = (file.path, id(layer.variables))
        if key not in self._files:
            own = Layer(layer.beside, file.folder, layer.variables)
            self._files[key] = self._services(read_documents(file, own))
        return self._files[key]

    def _services(self, found: list[Node]) -> _Scope:
        entries: dict[str, tuple[Node, Node]] = {}
        if found:
            (document, *others) = found
            for other in others:
                document = self._merger.merge(document, other, PROJECT)
            services = document.get(_SERVICES)
            entries = services.keyed() if services is not None else {}
        return _Scope(entries, "")


def _reference(extends: Node) -> tuple[str, str | None]:
    """Return the service that is named, and the file it is in, None for the same one."""
    service = extends if extends.is_scalar else extends.get("service")
    file = None if extends.is_scalar else extends.get("file")
    if service is None:
        raise extends.error("`extends` needs a service")
    said = [word(node) for node in (service, file) if node is not None]
    for one in said:
        if one.depends:
            raise one.node.error(one.open)
    return said[0].text, said[1].text if len(said) > 1 else None
