"""YAML and JSON with the position of every value.

The file is composed to nodes once, by libyaml; values are built from the nodes that are asked for.
Duplicate keys are refused where a mapping is read: YAML forbids them, and PyYAML would let the last
one win silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from isoaudit.documents.limits import MAX_DEPTH, MAX_NODES
from isoaudit.documents.pyyaml import yaml
from isoaudit.documents.yaml_syntax import compose
from isoaudit.errors import DocumentError
from isoaudit.model import Location

TAG = "tag:yaml.org,2002:"
_NULL = TAG + "null"
_MERGE = TAG + "merge"
_TRUE = frozenset({"true", "yes", "on", "y"})
_WIDEST_INTEGER = 2**63


class Origin:
    """What the nodes of one text have in common.

    `context` is whatever the reader of the file wants them to know. `known` is what its merge keys
    came to: each mapping is merged once, and all within limits. Without it, ten mappings that merge
    each other ten times over would be read 10^10 times.
    """

    __slots__ = ("budget", "context", "known")

    def __init__(self, context: Any = None) -> None:
        self.budget = MAX_NODES
        self.context = context
        self.known: dict[int, Node] = {}


class Node:
    """One YAML node: a mapping, a list or a scalar, with where it stands."""

    __slots__ = ("_entries", "_node", "_origin", "file")

    open_end = ""
    """Why more may stand here than is known; "" for all that was read from one text."""

    def __init__(self, node: yaml.Node, file: str, origin: Origin | None = None) -> None:
        self._node = node
        self.file = file
        self._origin = origin or Origin()
        self._entries: dict[str, tuple[Node, Node]] | None = None

    @property
    def location(self) -> Location:
        """Where the node begins, counted from 1."""
        mark = self._node.start_mark
        return Location(self.file, mark.line + 1, mark.column + 1)

    @property
    def context(self) -> Any:
        """What the reader of the file attached to it, None if nothing."""
        return self._origin.context

    @property
    def tag(self) -> str:
        """The tag, explicit or resolved, as `tag:yaml.org,2002:str` or `!reset`."""
        return str(self._node.tag)

    @property
    def is_map(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_scalar(self) -> bool:
        """Whether it is a single value, null included."""
        return isinstance(self._node, yaml.ScalarNode)

    @property
    def is_null(self) -> bool:
        """Whether it is an explicit or an empty null."""
        return bool(self._node.tag == _NULL)

    def error(self, problem: str, remedy: str = "") -> DocumentError:
        """Return an error that starts with this node's position."""
        return DocumentError(f"{self.location}: {problem}", remedy)

    def keyed(self) -> dict[str, tuple[Node, Node]]:
        """Return `{key: (key node, value node)}` of a mapping; a null is an empty one.

        Merge keys (`<<`) are resolved; what the mapping says itself wins. Raises DocumentError
        for a list or scalar, and for a key that stands twice.
        """
        return self._merged(0)

    def _merged(self, depth: int) -> dict[str, tuple[Node, Node]]:
        if self._entries is not None:
            return self._entries
        if depth > MAX_DEPTH:
            raise self.error("merge keys lead back to themselves")
        if self.is_null:
            return {}
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error("a mapping is expected here")
        entries: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        for key_node, value_node in self._node.value:
            if key_node.tag == _MERGE:
                merged = {**self._sources(value_node, depth), **merged}
                continue
            key = Node(key_node, self.file, self._origin)
            name = key_node.value
            if not isinstance(name, str):
                raise key.error("a key must be a plain word")
            if name in entries:
                first = entries[name][0].location
                raise key.error(
                    f"key {name!r} stands twice (first in line {first.line})", "Remove one of them."
                )
            entries[name] = (key, Node(value_node, self.file, self._origin))
        self._entries = {**merged, **entries} if merged else entries
        return self._entries

    def _sources(self, value: yaml.Node, depth: int) -> dict[str, tuple[Node, Node]]:
        """Return what a merge key brings in; of several mappings the first one wins."""
        merged: dict[str, tuple[Node, Node]] = {}
        several = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for one in several:
            known = self._origin.known
            source = known.setdefault(id(one), Node(one, self.file, self._origin))
            entries = source._merged(depth + 1)
            self._origin.budget -= len(entries) + 1
            if self._origin.budget < 0:
                raise self.error("merge keys bring in too much, not read")
            for name, entry in entries.items():
                merged.setdefault(name, entry)
        return merged

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys of a mapping with their value nodes."""
        for name, (_, value) in self.keyed().items():
            yield name, value

    def get(self, *keys: str) -> Node | None:
        """Return the node below `keys`, or None where one of them is absent or null."""
        node = self
        for key in keys:
            entries = node._entries
            entry = (node._merged(0) if entries is None else entries).get(key)
            if entry is None or entry[1]._node.tag == _NULL:
                return None
            node = entry[1]
        return node

    def elements(self) -> list[Node]:
        """Return the elements of a list; a null is an empty one; raises DocumentError otherwise."""
        if self.is_null:
            return []
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error("a list is expected here")
        return [Node(child, self.file, self._origin) for child in self._node.value]

    def text(self) -> str:
        """Return a scalar as it was written; raises DocumentError for a mapping or list."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.error("a single value is expected here")
        return str(self._node.value)

    def boolean(self) -> bool:
        """Return a scalar as YAML 1.1 reads it: true, yes and on are true."""
        word = self.text().strip().lower()
        if word in _TRUE:
            return True
        if word in {"false", "no", "off", "n", ""}:
            return False
        raise self.error(f"true or false is expected here, not {word[:40]!r}")

    def integer(self) -> int:
        """Return a scalar as an integer; raises DocumentError if it is none."""
        return _integer(self, self.text())

    def value(self) -> Any:
        """Return the plain Python value of the whole tree below this node."""
        return _build(self, [MAX_NODES], 0)


def load_all(text: str, file: str, context: Any = None) -> list[Node]:
    """Return the documents of a YAML or JSON stream; `file` is what positions call it.

    All of its nodes have the `context` that is given.

    Raises DocumentError with line and column for what is not YAML, nests too deep or holds a
    character that YAML does not allow.
    """
    nodes = compose(text, file)
    origin = Origin(context)
    return [Node(node, file, origin) for node in nodes]


def load(text: str, file: str) -> Node:
    """Return the only document of a stream; raises DocumentError for none or several."""
    nodes = load_all(text, file)
    if len(nodes) != 1:
        raise DocumentError(f"{file}: {len(nodes)} YAML documents where one is expected")
    return nodes[0]


def as_text(value: Any) -> str:
    """Return a plain value as YAML in block style, its keys in their order."""
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=True)


def _integer(node: Node, text: str) -> int:
    digits = text.replace("_", "")
    try:
        octal = re.fullmatch(r"[-+]?0[0-7]+", digits)
        number = int(digits, 8 if octal else 0)
    except ValueError as error:
        raise node.error(f"a whole number is expected here, not {text[:40]!r}") from error
    if not -_WIDEST_INTEGER <= number < _WIDEST_INTEGER:
        raise node.error("a number beyond 64 bits stands here")
    return number


def _build(node: Node, budget: list[int], depth: int) -> Any:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise node.error("too deep or too much once aliases are expanded, not read")
    if node.is_map:
        return {name: _build(value, budget, depth + 1) for name, value in node.items()}
    if node.is_list:
        return [_build(value, budget, depth + 1) for value in node.elements()]
    return _scalar(node)


def _scalar(node: Node) -> Any:
    tag = node._node.tag
    if tag == _NULL:
        return None
    if tag == TAG + "bool":
        return node.boolean()
    if tag == TAG + "int":
        return node.integer()
    if tag == TAG + "float":
        try:
            return float(node.text().replace("_", ""))
        except ValueError:
            return node.text()
    return node.text()
