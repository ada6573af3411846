"""One OCI bundle's configuration while it is read: its values, and the sheets for its facts.

Everything in a `config.json` is resolved: an engine has worked in its defaults and the image's.
What is absent is what the runtime does without being told. Sources: the OCI runtime specification,
runc.
"""

from __future__ import annotations

import posixpath

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.probes.declared import Sheet

RUNTIME_DEFAULT = "the runtime's default"

_TAG = "tag:yaml.org,2002:"
_DIGITS = 20  # of 2^64
_LONGEST_PATH = 4096  # PATH_MAX


class Bundle:
    """A configuration with the sheets on which its facts are noted.

    `facts` takes the target's own facts, `process` those of its process.
    """

    def __init__(self, root: Node) -> None:
        self.root = root
        self.folder = posixpath.dirname(root.file)
        self.facts = Sheet(root)
        self.process = Sheet(root)

    def get(self, *keys: str) -> Node | None:
        """Return the node below `keys`, None if it is absent or null."""
        return self.root.get(*keys)

    def listed(self, *keys: str) -> list[Node]:
        """Return the elements of a list, none if it is absent; DocumentError for anything else."""
        node = self.root.get(*keys)
        return node.elements() if node is not None else []

    def annotation(self, *names: str) -> Node | None:
        """Return the first of some annotations that is there and not empty."""
        for name in names:
            found = self.root.get("annotations", name)
            if found is not None and text(found):
                return found
        return None


def text(node: Node) -> str:
    """Return a JSON string; raises DocumentError for anything else."""
    if node.tag != f"{_TAG}str":
        raise _wrong(node, "a text")
    return node.text()


def word(node: Node, key: str) -> str:
    """Return the string under a key, "" if there is none."""
    found = node.get(key)
    return text(found) if found is not None else ""


def path_in(node: Node, key: str) -> str:
    """Return the path under a key, "" if there is none; DocumentError if it is too long."""
    path = word(node, key)
    if len(path) > _LONGEST_PATH:
        raise node.error(f"a path of more than {_LONGEST_PATH} characters")
    return path


def words(node: Node | None) -> tuple[str, ...]:
    """Return a list of strings; an absent one is empty."""
    return tuple(text(entry) for entry in node.elements()) if node is not None else ()


def flag(node: Node) -> bool:
    """Return a JSON boolean; raises DocumentError for anything else."""
    if node.tag != f"{_TAG}bool":
        raise _wrong(node, "true or false")
    return node.boolean()


def number(node: Node) -> int:
    """Return a JSON whole number, which may take 64 bits without a sign."""
    digits = node.text().removeprefix("-") if node.tag == f"{_TAG}int" else ""
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _DIGITS:
        raise _wrong(node, "a whole number of at most 64 bits")
    return int(node.text())


def number_or(node: Node | None, default: int) -> int:
    """Return a whole number, or `default` where there is none."""
    return number(node) if node is not None else default


def _wrong(node: Node, expected: str) -> DocumentError:
    return node.error(f"{expected} is expected here", "See the OCI runtime specification, config.")
