"""Kubernetes manifests: the objects of a file, those in lists too, within limits.

Source: the Kubernetes API reference; the conventions of its API for groups and for lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.limits import MAX_DEPTH
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError, TemplateError

MAX_OBJECTS = 20_000
"""Most objects and containers read from one file: lists of aliases can name millions."""

_RAW = "{{"


class Budget:
    """How many more objects and containers of a file are read."""

    def __init__(self) -> None:
        self._left = MAX_OBJECTS

    def spend(self, node: Node) -> None:
        """Count one; raises DocumentError once there are too many."""
        self._left -= 1
        if self._left < 0:
            raise node.error(f"more than {MAX_OBJECTS} objects in one file, not read")


class Object(NamedTuple):
    """An object with its kind and API group; `broken` says why it cannot even be told apart.

    `group` is None where the file names no version, as in a list of one kind.
    """

    kind: str
    group: str | None
    item: Node
    broken: DocumentError | None = None

    @property
    def namespace(self) -> str:
        """The namespace it names, "" for none; raises DocumentError."""
        return word(self.item.get("metadata"), "namespace")

    @property
    def name(self) -> str:
        """What it is called, or what its name will begin with; raises DocumentError."""
        metadata = self.item.get("metadata")
        return word(metadata, "name") or word(metadata, "generateName") or "unnamed"


def objects(documents: list[Node], budget: Budget) -> Iterator[Object]:
    """Yield every object of the documents, and of the lists among them, in their order.

    Raises DocumentError for more than MAX_OBJECTS, and for a chart that was not rendered.
    """
    for document in documents:
        yield from _objects(document, Object("", None, document), budget, 0)


def _objects(node: Node, around: Object, budget: Budget, depth: int) -> Iterator[Object]:
    """Yield an object, or the objects of a list; `around` says what they are if they do not."""
    if not node.is_map:
        return
    budget.spend(node)
    try:
        found, items = _told(node, around)
    except TemplateError:
        raise
    except DocumentError as error:
        yield Object(around.kind, around.group, node, error)
        return
    if items is None:
        yield found
        return
    if depth > MAX_DEPTH:
        raise node.error("lists in lists without end, not read")
    for item in items:
        yield from _objects(item, found, budget, depth + 1)


def _told(node: Node, around: Object) -> tuple[Object, list[Node] | None]:
    """Return what a mapping is, and what it holds if it is a list."""
    kind, version = node.get("kind"), node.get("apiVersion")
    name = scalar(kind) if kind is not None else around.kind
    group = around.group
    if version is not None:
        group = scalar(version).rpartition("/")[0]
    items = node.get("items") if name.endswith("List") else None
    if items is None:
        return Object(name, group, node), None
    inner = name.removesuffix("List")
    # NOTE: a plain List is of the core group whatever is in it; what it holds names its own.
    return Object(inner, group if inner else None, node), items.elements()


def word(node: Node | None, key: str) -> str:
    """Return a single value of a mapping, "" for none; raises DocumentError."""
    found = node.get(key) if node is not None and node.is_map else None
    return scalar(found) if found is not None else ""


def scalar(node: Node) -> str:
    """Return a single value; raises DocumentError, which names a template that was not rendered."""
    if node.is_scalar:
        text = node.text()
        if _RAW in text:
            raise raw_template(node)
        return text
    try:
        if node.is_map:
            node.keyed()
    except DocumentError:
        # NOTE: YAML reads `{{ .Values.x }}` as a mapping whose key is a mapping.
        raise raw_template(node) from None
    return node.text()


def raw_template(node: Node) -> TemplateError:
    """Return the error for a chart whose templates were not rendered."""
    return TemplateError(
        f"{node.location}: looks like a raw Helm template",
        "Scan the output of `helm template` instead.",
    )
