"""Values of a compose file: variables, truth values, sizes and paths.

Source: the Compose specification, chapters on interpolation and on services. What a variable brings
is known if the file itself gives a default, or an env file of the project sets it (`layer.py`).
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from isoaudit.documents.variables import NONE, UNSET
from isoaudit.documents.yaml import Node
from isoaudit.regex import regex

__all__ = ["UNSET"]

_SIZE = regex(r"([0-9]+(?:\.[0-9]*)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_WINDOWS_SOURCE = regex(r"[A-Za-z]:[\\/][^:]*|\\\\[^:]*")
_DRIVE = regex(r"[A-Za-z]:[\\/]")
_TRUE = frozenset({"true", "yes", "on", "y", "1", "t"})
_FALSE = frozenset({"false", "no", "off", "n", "0", "f", ""})
_TOP_LEVEL = frozenset(
    {"bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root"}
    | {"run", "sbin", "srv", "sys", "tmp", "usr", "var"}
)


class Word(NamedTuple):
    """A single value with its variables replaced; `depends` names one that is not known."""

    text: str
    node: Node
    depends: str = ""

    @property
    def known(self) -> bool:
        """Whether the text is all there."""
        return not self.depends

    @property
    def open(self) -> str:
        """Why the value is not known, in the words of a missing entry."""
        return f"depends on {self.depends}"

    def part(self, text: str) -> Word:
        """Return a piece of this text, which may well be known when the whole is not."""
        return Word(text, self.node, self.depends if UNSET in text else "")


def word(node: Node, *, secrets: bool = False) -> Word:
    """Return a scalar with its variables replaced; raises DocumentError for a list or mapping.

    A variable whose value is a secret counts as not known, unless `secrets` are wanted.
    """
    text = node.text()
    if "$" not in text:
        return Word(text, node)
    variables = NONE if node.context is None else node.context.variables
    found = variables.expand(text, secrets=secrets)
    return Word(found.text, node, found.depends)


def truth(value: Word) -> bool:
    """Return a word as true or false; False for one that is not known.

    Raises DocumentError for anything else.
    """
    text = value.text.strip().lower()
    if value.depends or text in _FALSE:
        return False
    if text in _TRUE:
        return True
    raise value.node.error(f"true or false is expected here, not {value.node.text()[:40]!r}")


def number(value: Word) -> int:
    """Return a known word as a whole number; raises DocumentError for anything else."""
    text = value.text.strip()
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        raise value.node.error(f"a whole number is expected here, not {value.node.text()[:40]!r}")
    return int(text)


def size(value: Word) -> int:
    """Return a known word such as `512m` in bytes; raises DocumentError for anything else."""
    match = _SIZE.fullmatch(value.text.strip())
    if match is None or len(match[1]) > 18:
        raise value.node.error(f"a size in bytes is expected here, not {value.node.text()[:40]!r}")
    return int(float(match[1]) * 1024 ** " kmgtp".index(match[2].lower() or " "))


def is_windows(path: str) -> bool:
    """Say whether a path begins with a drive letter or is a UNC path."""
    return bool(_DRIVE.match(path)) or path.startswith("\\\\")


def is_path(text: str) -> bool:
    """Say whether the source of a mount is a path; a volume's name is none."""
    return text.startswith((".", "/", "~")) or is_windows(text)


def split_volume(text: str) -> tuple[str, str, str]:
    """Return source, destination and options of a short volume; a lone word is the destination."""
    drive = _WINDOWS_SOURCE.match(text)
    if drive:
        rest = text[drive.end() :].removeprefix(":").split(":", 1)
        return drive[0], rest[0], rest[1] if len(rest) > 1 else ""
    pieces = text.split(":", 2)
    if len(pieces) == 1:
        return "", pieces[0], ""
    return pieces[0], pieces[1], pieces[2] if len(pieces) > 2 else ""


def resolve(path: str, folder: str) -> str:
    """Return a host path, a relative one resolved lexically against the folder of the file.

    "" if it climbs out of `folder` to where a top-level directory could lie: where that leads
    depends on where the file lies when it is used. `~` stays: whose home it is, is not known.
    """
    if path.startswith("~") or is_windows(path):
        return path
    joined = posixpath.normpath(posixpath.join(folder, path))
    if joined.startswith("/"):
        return "/" + joined.lstrip("/")
    names = joined.split("/")
    climbed = names.count("..")
    if climbed and (climbed == len(names) > 1 or set(names[climbed : climbed + 1]) & _TOP_LEVEL):
        return ""
    return joined
