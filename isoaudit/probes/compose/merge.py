"""Merges nodes of compose files as compose does, each value keeping the place where it stands.

Source: the Compose specification, chapter merge, with the tags `!reset` and `!override`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.compose.layer import RESET
from isoaudit.probes.compose.merge_rules import USUAL, Rule, Way
from isoaudit.probes.compose.values import word

_OVERRIDE = "!override"
_MOST = 500_000
"""Most entries that one project may come to while its files are merged."""

_Entries = dict[str, tuple[Node, Node]]


class Merger:
    """Merges the files of one project, within bounds that all of them share."""

    def __init__(self) -> None:
        self._left = _MOST

    def merge(self, base: Node, over: Node, rule: Rule = USUAL) -> Node:
        """Return what `base` and the later `over` come to.

        Raises DocumentError if the two do not go together.
        """
        if over.is_null:
            return base
        if base.is_null or over.tag == _OVERRIDE:
            return self.cleaned(over)
        match rule.way:
            case Way.LIST:
                return self._lists(_without(base, over, rule), _listed(over), base, rule)
            case Way.KEYS:
                return self._keys(base, over, rule)
            case Way.BUILD:
                return self._mappings(_built(base), _built(over), base, over, rule)
        return self.cleaned(over) if _replaces(base, over, rule) else self._usual(base, over, rule)

    def _usual(self, base: Node, over: Node, rule: Rule) -> Node:
        if base.is_map and over.is_map:
            return self._mappings(base.keyed(), over.keyed(), base, over, rule)
        if base.is_list and over.is_list:
            return self._lists(base.elements(), over.elements(), base, rule)
        if base.is_scalar and over.is_scalar:
            return over
        raise over.error(f"cannot be merged with what stands in {base.location}")

    def _keys(self, base: Node, over: Node, rule: Rule) -> Node:
        below, above = _keyed(base), _keyed(over)
        if below is None or above is None:  # a name is not known: the names alone are kept
            return self._lists(_names(base), _names(over), base, USUAL)
        return self._mappings(below, above, base, over, rule)

    def cleaned(self, node: Node) -> Node:
        """Return a tree without what is marked with `!reset`; the tree itself if nothing is."""
        layer = node.context
        return node if layer is not None and not layer.resets else self._cleaned(node)

    def _cleaned(self, node: Node) -> Node:
        self._spend(1)
        if node.is_map:
            entries = {
                name: (key, self._cleaned(value))
                for name, (key, value) in node.keyed().items()
                if value.tag != RESET
            }
            return made.mapping(entries, node.location, node.context, node.open_end)
        if node.is_list:
            kept = [self._cleaned(one) for one in node.elements() if one.tag != RESET]
            return made.sequence(kept, node.location, node.context, node.open_end)
        return node

    def _mappings(
        self, below: _Entries, above: _Entries, base: Node, over: Node, rule: Rule
    ) -> Node:
        self._spend(len(below) + len(above))
        merged = dict(below)
        for name, (key, value) in above.items():
            known = merged.get(name)
            if value.tag == RESET:
                merged.pop(name, None)
            elif known is None:
                merged[name] = (key, self.cleaned(value))
            else:
                result = self.merge(known[1], value, rule.at(name))
                merged[name] = (key if result is value else known[0], result)
        why = base.open_end or over.open_end
        return made.mapping(merged, base.location, base.context, why)

    def _lists(self, below: Iterable[Node], above: Iterable[Node], base: Node, rule: Rule) -> Node:
        entries = [*below, *(self.cleaned(one) for one in above if one.tag != RESET)]
        self._spend(len(entries))
        if rule.unique is not None:
            entries = _unique(entries, rule)
        return made.sequence(entries, base.location, base.context)

    def _spend(self, entries: int) -> None:
        self._left -= entries
        if self._left < 0:
            raise DocumentError(
                f"more than {_MOST:,} entries once its files are merged, not read",
                "Look at who wrote it: no project needs that.",
            )


def _unique(entries: list[Node], rule: Rule) -> list[Node]:
    """Return the entries of a list without those that a later one of the same key replaces."""
    kept: list[Node] = []
    known: dict[Hashable, int] = {}
    for entry in entries:
        key = rule.unique(entry) if rule.unique is not None else None
        at = known.get(key) if key is not None else None
        if at is not None:
            kept[at] = entry
            continue
        if key is not None:
            known[key] = len(kept)
        kept.append(entry)
    return kept


def _without(base: Node, over: Node, rule: Rule) -> list[Node]:
    """Return the entries of `base` as a list, but for those that `over` takes back by name."""
    entries = _listed(base)
    if not over.is_map or rule.unique is None:
        return entries
    gone = {name for name, value in over.items() if value.tag == RESET}
    return [entry for entry in entries if rule.unique(entry) not in gone] if gone else entries


def _listed(node: Node) -> list[Node]:
    """Return a mapping as the list of `NAME=VALUE` that it stands for."""
    if node.is_list:
        return node.elements()
    if node.is_scalar:
        return [node]
    return [one for name, value in node.items() for one in _assigned(name, value)]


def _assigned(name: str, value: Node) -> Iterator[Node]:
    if value.tag == RESET:
        return
    # NOTE: variables in keys are not replaced, those in an entry of a list are.
    escaped = name.replace("$", "$$")
    for one in value.elements() if value.is_list else [value]:
        text = escaped if one.is_null else f"{escaped}={one.text()}"
        yield made.scalar(text, one.location, one.context)


def _keyed(node: Node) -> _Entries | None:
    """Return a mapping, or the keys that a list stands for; None if one of them is not known."""
    if not node.is_list:
        return node.keyed()
    words = [word(one) for one in node.elements() if one.tag != RESET]
    if not all(said.known for said in words):
        return None
    return {
        said.text: (said.node, made.null(said.node.location, said.node.context)) for said in words
    }


def _names(node: Node) -> list[Node]:
    """Return what names the entries of a list, or of a mapping whose keys are the names."""
    if node.is_list:
        return node.elements()
    return [
        made.scalar(name.replace("$", "$$"), key.location, key.context)
        for name, (key, _) in node.keyed().items()
    ]


def _built(node: Node) -> _Entries:
    return {"context": (node, node)} if node.is_scalar else node.keyed()


def _replaces(base: Node, over: Node, rule: Rule) -> bool:
    """Say whether the later value counts alone."""
    if rule.way is Way.LIMIT:
        return not (base.is_map and over.is_map)
    return rule.way is Way.REPLACE or (rule.way is Way.LOGGING and _other_driver(base, over))


def _other_driver(base: Node, over: Node) -> bool:
    """Say whether both name a log driver, and not the same: options of one mean nothing to it."""
    if not (base.is_map and over.is_map):
        return False
    first, second = base.get("driver"), over.get("driver")
    if first is None or second is None:
        return False
    said, later = word(first), word(second)
    return not (said.known and later.known and said.text == later.text)
