"""A service while it is drawn up from options: values by their path, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.model import Location
from isoaudit.probes.run_line.words import RunWord

_Tree = dict[str, "_Tree | Node | list[Node]"]


class Draft:
    """The keys of a service as far as they were asked for, and the name it is given.

    `moved` says that it is not known in which folder the line is run.
    """

    def __init__(self, where: Location, *, moved: bool = False) -> None:
        self.where = where
        self.moved = moved
        self.name: RunWord | None = None
        self.networks: list[RunWord] = []
        self.read_only_tmpfs: RunWord | None = None
        self.systemd: RunWord | None = None
        self.maps: list[RunWord] = []
        self._tree: _Tree = {}

    def put(self, path: Sequence[str], word: RunWord) -> None:
        """Set a single value; the last of several counts."""
        self.put_node(path, node_of(word))

    def put_node(self, path: Sequence[str], node: Node) -> None:
        """Set the node at a path."""
        tree = self._tree
        for key in path[:-1]:
            below = tree.setdefault(key, {})
            if not isinstance(below, dict):
                below = tree[key] = {}
            tree = below
        tree[path[-1]] = node

    def add(self, path: Sequence[str], word: RunWord) -> None:
        """Add a value to a list."""
        self.add_node(path, node_of(word))

    def add_node(self, path: Sequence[str], node: Node) -> None:
        """Add a node to a list."""
        tree = self._tree
        for key in path[:-1]:
            below = tree.setdefault(key, {})
            if not isinstance(below, dict):
                below = tree[key] = {}
            tree = below
        listed = tree.setdefault(path[-1], [])
        if isinstance(listed, list):
            listed.append(node)

    def get(self, *path: str) -> Node | None:
        """Return the single value at a path, None if there is none."""
        found: object = self._tree
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, Node) else None

    def listed(self, name: str) -> list[Node]:
        """Return the elements of a list, none if there is no such list."""
        found = self._tree.get(name)
        return list(found) if isinstance(found, list) else []

    def build(self) -> Node:
        """Return the service."""
        return self._node(self._tree)

    def _node(self, tree: _Tree) -> Node:
        entries: dict[str, tuple[Node, Node]] = {}
        first = self.where
        for name, below in tree.items():
            if isinstance(below, dict):
                node = self._node(below)
            elif isinstance(below, list):
                node = made.sequence(below, below[0].location)
            else:
                node = below
            entries[name] = (made.scalar(name, node.location), node)
        if tree is not self._tree and entries:
            first = next(iter(entries.values()))[1].location
        return made.mapping(entries, first)


def node_of(word: RunWord) -> Node:
    """Return a word as a node."""
    return made.scalar(word.text, word.location)


def mapping_of(entries: Mapping[str, RunWord | Node], where: Location) -> Node:
    """Return a mapping of words and nodes."""
    nodes = {k: node_of(v) if isinstance(v, RunWord) else v for k, v in entries.items()}
    return made.mapping({k: (made.scalar(k, v.location), v) for k, v in nodes.items()}, where)
