"""A service while it is drawn up from options: values by their path, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.model import Location
from isoaudit.probes.compose.layer import Layer
from isoaudit.probes.run_line.words import RunWord

_Tree = dict[str, "_Tree | Node | list[Node]"]


class Around(NamedTuple):
    """What is known of where a line is run.

    `moved` says that it is not known in which folder. `layer` reads what lies beside the file, and
    is None where nothing does.
    """

    moved: bool = False
    layer: Layer | None = None


NOWHERE = Around()
"""Nothing lies beside the line, and relative paths begin where it is run."""


class Draft:
    """The keys of a service as far as they were asked for, and the name it is given.

    `volumes` and `declared_networks` are those of which more is known than the name, `infra` is the
    service whose namespaces are joined.
    """

    def __init__(self, where: Location, around: Around = NOWHERE) -> None:
        self.where = where
        self.around = around
        self.name: RunWord | None = None
        self.networks: list[RunWord] = []
        self.read_only_tmpfs: RunWord | None = None
        self.systemd: RunWord | None = None
        self.maps: list[RunWord] = []
        self.volumes: dict[str, Node] = {}
        self.declared_networks: dict[str, Node] = {}
        self.infra: Draft | None = None
        self._tree: _Tree = {}

    def put(self, path: Sequence[str], word: RunWord) -> None:
        """Set a single value; the last of several counts."""
        self.put_node(path, node_of(word))

    def put_node(self, path: Sequence[str], node: Node) -> None:
        """Set the node at a path."""
        self._above(path)[path[-1]] = node

    def add(self, path: Sequence[str], word: RunWord) -> None:
        """Add a value to a list."""
        self.add_node(path, node_of(word))

    def add_node(self, path: Sequence[str], node: Node) -> None:
        """Add a node to a list."""
        listed = self._above(path).setdefault(path[-1], [])
        if isinstance(listed, list):
            listed.append(node)

    def _above(self, path: Sequence[str]) -> _Tree:
        """Return the mapping that a path ends in; a value that stands in its way gives way."""
        tree = self._tree
        for key in path[:-1]:
            below = tree.setdefault(key, {})
            if not isinstance(below, dict):
                below = tree[key] = {}
            tree = below
        return tree

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

    def build(self, open_end: str = "") -> Node:
        """Return the service; `open_end` says why more may belong in it."""
        return self._node(self._tree, open_end)

    def _node(self, tree: _Tree, open_end: str = "") -> Node:
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
        return made.mapping(entries, first, open_end=open_end)


def node_of(word: RunWord) -> Node:
    """Return a word as a node."""
    return made.scalar(word.text, word.location)


def mapping_of(
    entries: Mapping[str, RunWord | Node], where: Location, layer: Layer | None = None
) -> Node:
    """Return a mapping of words and nodes; `layer` reads the files that it names."""
    nodes = {k: node_of(v) if isinstance(v, RunWord) else v for k, v in entries.items()}
    keyed = {k: (made.scalar(k, v.location), v) for k, v in nodes.items()}
    return made.mapping(keyed, where, layer)
