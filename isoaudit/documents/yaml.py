"""YAML and JSON with the position of every value.

The file is composed to nodes once, by libyaml; values are built from the nodes that are asked for.
Duplicate keys are refused where a mapping is read: YAML forbids them, and PyYAML would let the last
one win silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from isoaudit.documents.limits import MAX_DEPTH, MAX_NODES
from isoaudit.errors import DocumentError
from isoaudit.model import Location

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on", "y"})
_SUSPECT = re.compile(r"(?:[-?:] ?){60}|^[ ]{200}", re.MULTILINE)


class Node:
    """One YAML node: a mapping, a list or a scalar, with where it stands."""

    __slots__ = ("_entries", "_node", "file")

    def __init__(self, node: yaml.Node, file: str) -> None:
        self._node = node
        self.file = file
        self._entries: dict[str, tuple[Node, Node]] | None = None

    @property
    def location(self) -> Location:
        """Where the node begins, counted from 1."""
        mark = self._node.start_mark
        return Location(self.file, mark.line + 1, mark.column + 1)

    @property
    def is_map(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_null(self) -> bool:
        """Whether it is an explicit or an empty null."""
        return bool(self._node.tag == _TAG + "null")

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
            key, value = Node(key_node, self.file), Node(value_node, self.file)
            if key_node.tag == _TAG + "merge":
                sources = value.elements() if value.is_list else [value]
                for source in sources:
                    merged = {**source._merged(depth + 1), **merged}
                continue
            name = key_node.value
            if not isinstance(name, str):
                raise key.error("a key must be a plain word")
            if name in entries:
                first = entries[name][0].location
                raise key.error(
                    f"key {name!r} stands twice (first in line {first.line})", "Remove one of them."
                )
            entries[name] = (key, value)
        self._entries = {**merged, **entries}
        return self._entries

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys of a mapping with their value nodes."""
        for name, (_, value) in self.keyed().items():
            yield name, value

    def get(self, *keys: str) -> Node | None:
        """Return the node below `keys`, or None where one of them is absent or null."""
        node = self
        for key in keys:
            entry = node.keyed().get(key)
            if entry is None or entry[1].is_null:
                return None
            node = entry[1]
        return node

    def elements(self) -> list[Node]:
        """Return the elements of a list; a null is an empty one; raises DocumentError otherwise."""
        if self.is_null:
            return []
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error("a list is expected here")
        return [Node(child, self.file) for child in self._node.value]

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


def load_all(text: str, file: str) -> list[Node]:
    """Return the documents of a YAML or JSON stream; `file` is what positions call it.

    Raises DocumentError with line and column for what is not YAML, nests too deep or holds a
    character that YAML does not allow.
    """
    _refuse_depth(text, file)
    try:
        nodes = list(yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _syntax_error(error, file) from error
    return [Node(node, file) for node in nodes]


def load(text: str, file: str) -> Node:
    """Return the only document of a stream; raises DocumentError for none or several."""
    nodes = load_all(text, file)
    if len(nodes) != 1:
        raise DocumentError(f"{file}: {len(nodes)} YAML documents where one is expected")
    return nodes[0]


def _refuse_depth(text: str, file: str) -> None:
    """Raise DocumentError for nesting beyond MAX_DEPTH, at the price of a look for most files.

    Composing recurses in C, so depth is counted beforehand on events; only text that could nest
    that deep (many brackets, long indents, rows of dashes) pays for it.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH and not _SUSPECT.search(text):
        return
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark = event.start_mark
                    raise DocumentError(
                        f"{file}:{mark.line + 1 if mark else 1}: nested deeper than {MAX_DEPTH} levels, not read",
                        "No deployment file needs that; look at who wrote it.",
                    )
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        raise _syntax_error(error, file) from error


def _syntax_error(error: Exception, file: str) -> DocumentError:
    """Turn the library's error into one line that starts with the position."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return DocumentError(f"{where}: not valid YAML: {problem}", "Correct the file and scan again.")


def _integer(node: Node, text: str) -> int:
    digits = text.replace("_", "")
    try:
        if re.fullmatch(r"[-+]?0[0-7]+", digits):
            return int(digits, 8)
        return int(digits, 0)
    except ValueError as error:
        raise node.error(f"a whole number is expected here, not {text[:40]!r}") from error


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
    if tag == _TAG + "null":
        return None
    if tag == _TAG + "bool":
        return node.boolean()
    if tag == _TAG + "int":
        return node.integer()
    if tag == _TAG + "float":
        try:
            return float(node.text().replace("_", ""))
        except ValueError:
            return node.text()
    return node.text()
