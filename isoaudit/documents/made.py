"""Nodes like those of YAML that stand in no text as they are: merged, or put together.

Each has the position of what it was made from. So readers of nodes need not know whether a mapping
stands in one file, comes from several, or was a command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from isoaudit.documents.pyyaml import yaml
from isoaudit.documents.yaml import TAG, Node, Origin
from isoaudit.model import Location

Entries = Mapping[str, tuple[Node, Node]]
"""Keys with the node of the key and that of the value, as `Node.keyed` returns them."""


class Made(Node):
    """A mapping or list that was made. `open_end` says why more may belong in it; it is not passed
    on to what stands below."""

    __slots__ = ("_children", "open_end")

    def __init__(self, node: yaml.Node, file: str, context: Any) -> None:
        super().__init__(node, file, Origin(context))
        self._children: tuple[Node, ...] = ()
        self.open_end = ""

    def elements(self) -> list[Node]:
        """Return the elements of a list; raises DocumentError for a mapping."""
        return list(self._children) if self.is_list else super().elements()


def scalar(text: str, where: Location, context: Any = None) -> Node:
    """Return a single value that stands at `where`."""
    mark = _mark(where)
    return Node(yaml.ScalarNode(f"{TAG}str", text, mark, mark), where.file, Origin(context))


def null(where: Location, context: Any = None) -> Node:
    """Return a null that stands at `where`."""
    mark = _mark(where)
    return Node(yaml.ScalarNode(f"{TAG}null", "null", mark, mark), where.file, Origin(context))


def mapping(entries: Entries, where: Location, context: Any = None, open_end: str = "") -> Made:
    """Return a mapping that begins at `where`."""
    mark = _mark(where)
    node = Made(yaml.MappingNode(f"{TAG}map", [], mark, mark), where.file, context)
    node._entries = dict(entries)
    node.open_end = open_end
    return node


def sequence(
    elements: Iterable[Node], where: Location, context: Any = None, open_end: str = ""
) -> Made:
    """Return a list that begins at `where`."""
    mark = _mark(where)
    node = Made(yaml.SequenceNode(f"{TAG}seq", [], mark, mark), where.file, context)
    node._children = tuple(elements)
    node.open_end = open_end
    return node


def _mark(where: Location) -> yaml.Mark:
    line, column = (where.line or 1) - 1, (where.column or 1) - 1
    return yaml.Mark(where.file, 0, line, column, None, 0)
