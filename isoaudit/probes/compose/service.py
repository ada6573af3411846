"""One service of a compose file, and reading its keys."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from isoaudit.documents.yaml import Node
from isoaudit.facts import engine_defaults
from isoaudit.model import Missing, Record, Value
from isoaudit.probes.compose.values import Word, word
from isoaudit.probes.declared import Sheet, not_declared

ENGINE_DEFAULT = engine_defaults.ENGINE_DEFAULT
FOLLOW = "Scan the output of `docker compose config`, which has everything in one file."


class Service:
    """A service with the document around it, and the sheets on which its facts are noted.

    `facts` takes the target's own facts, `process` those of its main process.
    """

    def __init__(self, name: str, key: Node, node: Node, document: Node) -> None:
        self.name = name
        self.node = node
        self.document = document
        self.folder = posixpath.dirname(node.file)
        inherited = "inherits from another service, which is not followed yet"
        self.inherits = inherited if self.get("extends") is not None else ""
        self.facts = Sheet(key, self.inherits)
        self.process = Sheet(key, self.inherits)

    def get(self, *keys: str) -> Node | None:
        """Return the node below `keys`; None if it is absent, null or taken back by `!reset`."""
        node = self.node.get(*keys)
        return None if node is None or node.tag == "!reset" else node

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
        return Service(name, *found, self.document)

    def part(self, name: str, records: Iterable[Record], open_end: str = "") -> None:
        """Note a part; `open_end` says why there may be more records than the service names."""
        why = open_end or self.inherits
        incomplete: Missing | None = not_declared(name, why, FOLLOW) if why else None
        self.facts.part(name, records, incomplete)


def note(sheet: Sheet, path: str, value: Value, said: Word, remark: str = "") -> None:
    """Note a value that `said` gives, or that it depends on a variable."""
    if said.known:
        sheet.say(path, value, said.node, remark)
    else:
        sheet.unknown(path, said.open, FOLLOW)
