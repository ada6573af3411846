"""One service of a compose file, and reading its keys."""

from __future__ import annotations

from collections.abc import Iterable

from isoaudit.documents.yaml import Node
from isoaudit.model import Missing, Reason, Record, Value, Vantage
from isoaudit.probes.compose.layer import RESET
from isoaudit.probes.compose.origin import COMPOSE, Origin
from isoaudit.probes.compose.values import Word, word
from isoaudit.probes.declared import Placed, Sheet, not_declared

ENGINE_DEFAULT = "engine default"
FOLLOW = COMPOSE.remedy
"""What settles an open value; for a service from elsewhere its origin's own remedy stands in."""


class ServiceSheet(Sheet):
    """A sheet of a service, in the words of where the service comes from.

    Where the origin has a `doubt`, even what is said may not be the last word, as an option that is
    not known may take back another one: it can then fail a check, and pass none.
    """

    __slots__ = ("_doubt", "_remedy")

    def __init__(self, anchor: Placed, unless: str, origin: Origin) -> None:
        super().__init__(anchor, unless)
        self._remedy = origin.remedy
        self._doubt = origin.doubt

    def say(self, path: str, value: Value, node: Placed, remark: str = "") -> None:
        """Note a value that stands at `node`; `remark` tells what was concluded from it."""
        super().say(path, value, node, remark)
        if self._doubt:
            stronger = Missing(path, Reason.NOT_DECLARED, self._doubt, self._remedy, Vantage.ENGINE)
            self._missing.append(stronger)

    def certain(self, path: str, value: Value, node: Placed, remark: str) -> None:
        """Note a value that nothing can take back."""
        super().say(path, value, node, remark)

    def unknown(self, path: str, detail: str, how_to_get: str = "") -> None:
        """Note that the file leaves a value open, and why."""
        super().unknown(path, detail, self._remedy if how_to_get == FOLLOW else how_to_get)


class Service:
    """A service with the document around it, and the sheets on which its facts are noted.

    `node` is all that the service comes to, whatever it was merged from; its `open_end` says why
    more may belong in it. `facts` takes the target's own facts, `process` those of its main
    process.
    """

    def __init__(
        self, name: str, key: Node, node: Node, document: Node, origin: Origin = COMPOSE
    ) -> None:
        self.name = name
        self.anchor = key
        self.node = node
        self.document = document
        self.origin = origin
        self.inherits = origin.doubt or node.open_end
        self.facts = ServiceSheet(key, self.inherits, origin)
        self.process = ServiceSheet(key, self.inherits, origin)

    def key(self, name: str) -> str:
        """Return what a setting of compose is called where the service comes from."""
        return self.origin.key(name)

    def get(self, *keys: str) -> Node | None:
        """Return the node below `keys`; None if it is absent, null or taken back by `!reset`."""
        node = self.node.get(*keys)
        return None if node is None or node.tag == RESET else node

    def word(self, *keys: str) -> Word | None:
        """Return a single value, its variables replaced; None if it is absent or empty."""
        node = self.get(*keys)
        if node is None:
            return None
        value = word(node)
        return value if value.text else None

    def words(self, *keys: str) -> list[Word]:
        """Return a list of single values; one value standing alone is a list of one."""
        node = self.get(*keys)
        if node is None:
            return []
        if node.is_scalar:
            return [word(node)]
        return [word(element) for element in node.elements()]

    def words_or_maps(self, key: str) -> list[Word]:
        """Return the single values of a list that may hold mappings, and those inside these."""
        node = self.get(key)
        words: list[Word] = []
        for element in node.elements() if node is not None else []:
            several = [value for _, value in element.items()] if element.is_map else [element]
            words += [word(value) for value in several if value.is_scalar]
        return words

    def top_level(self, section: str, name: str) -> Node | None:
        """Return what the document declares under `section` by a name, as a volume or secret."""
        entries = self.document.get(section)
        return entries.get(name) if entries is not None else None

    def other(self, name: str) -> Service | None:
        """Return another service of the document, None if there is none of that name."""
        entries = self.document.get("services")
        found = entries.keyed().get(name) if entries is not None else None
        if found is None or not found[1].is_map:
            return None
        return Service(name, *found, self.document, self.origin)

    def part(self, name: str, records: Iterable[Record], open_end: str = "") -> None:
        """Note a part; `open_end` says why there may be more records than the service names."""
        why = open_end or self.inherits
        incomplete = not_declared(name, why, self.origin.remedy) if why else None
        self.facts.part(name, records, incomplete)


def note(sheet: Sheet, path: str, value: Value, said: Word, remark: str = "") -> None:
    """Note a value that `said` gives, or that it depends on a variable."""
    if said.known:
        sheet.say(path, value, said.node, remark)
    else:
        sheet.unknown(path, said.open, FOLLOW)
