"""Values of a compose file: variables, truth values, sizes and paths.

Source: the Compose specification, chapters on interpolation and on services. Neither `.env` nor the
environment is read: what a variable brings is known only if the file itself gives a default.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from isoaudit.documents.yaml import Node

UNSET = "\0"
"""Stands in a text for what a variable without default would bring."""

_MAX_NESTING = 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CLOSING_MARKS = re.compile(r"[\0{}]")
_BRACE = re.compile(r"\$\{|\}")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_TRUE = frozenset({"true", "yes", "on", "y", "1", "t"})
_FALSE = frozenset({"false", "no", "off", "n", "0", "f", ""})
_TOP_LEVEL = frozenset(
    {"bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root"}
    | {"run", "sbin", "srv", "sys", "tmp", "usr", "var"}
)


class Word(NamedTuple):
    """A single value with its variables replaced; `depends` names one that has no default."""

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


def waiting_for(what: str) -> str:
    """Return the text of a value that depends on something other than a variable.

    Readers of other kinds of file put it in their values: no text of YAML can hold it.
    """
    return f"${{{UNSET}{_CLOSING_MARKS.sub('', what)}}}"


def word(node: Node) -> Word:
    """Return a scalar with its variables replaced; raises DocumentError for a list or mapping."""
    text = node.text()
    if "$" not in text:
        return Word(text, node)
    expanded, depends = _expand(text, 0)
    return Word(expanded, node, depends)


def truth(value: Word) -> bool:
    """Return a word as true or false; False for one that is not known.

    Raises DocumentError for anything else.
    """
    text = value.text.strip().lower()
    if value.depends or text in _FALSE:
        return False
    if text in _TRUE:
        return True
    raise value.node.error(f"true or false is expected here, not {text[:40]!r}")


def number(value: Word) -> int:
    """Return a known word as a whole number; raises DocumentError for anything else."""
    text = value.text.strip()
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        raise value.node.error(f"a whole number is expected here, not {text[:40]!r}")
    return int(text)


def size(value: Word) -> int:
    """Return a known word such as `512m` in bytes; raises DocumentError for anything else."""
    match = _SIZE.fullmatch(value.text.strip())
    if match is None or len(match[1]) > 18:
        raise value.node.error(f"a size in bytes is expected here, not {value.text[:40]!r}")
    return int(float(match[1]) * 1024 ** " kmgtp".index(match[2].lower() or " "))


def is_windows(path: str) -> bool:
    """Say whether a path begins with a drive letter or is a UNC path."""
    return bool(_DRIVE.match(path)) or path.startswith("\\\\")


def is_path(text: str) -> bool:
    """Say whether the source of a mount is a path; a volume's name is none."""
    return text.startswith((".", "/", "~")) or is_windows(text)


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


def _expand(text: str, depth: int) -> tuple[str, str]:
    """Return a text with its variables replaced, and the first of them without a default."""
    pieces: list[str] = []
    depends = ""
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        pieces.append(text[at:dollar])
        value, unset, at = _variable(text, dollar, depth)
        pieces.append(value)
        depends = depends or unset
    pieces.append(text[at:])
    return "".join(pieces), depends


def _variable(text: str, dollar: int, depth: int) -> tuple[str, str, int]:
    """Return what the `$` at a position brings, the variable it lacks, and where to go on."""
    start = dollar + 1
    if text.startswith("$", start):
        return "$", "", start + 1
    if not text.startswith("{", start):
        name = _NAME.match(text, start)
        return (UNSET, f"${{{name[0]}}}", name.end()) if name else ("$", "", start)
    end = _closing(text, start + 1)
    if end < 0 or depth >= _MAX_NESTING:
        return UNSET, "a variable that is not closed", len(text)
    inner = text[start + 1 : end]
    name = _NAME.match(inner)
    if name is None:
        return UNSET, inner.partition(UNSET)[2] or "a variable without a name", end + 1
    operator = inner[name.end() :].removeprefix(":")
    if operator.startswith("-"):
        value, depends = _expand(operator[1:], depth + 1)
        return value, depends, end + 1
    return UNSET, f"${{{name[0]}}}", end + 1


def _closing(text: str, at: int) -> int:
    """Return where the brace of a variable closes, or -1."""
    level = 1
    for match in _BRACE.finditer(text, at):
        level += 1 if match[0] == "${" else -1
        if level == 0:
            return match.start()
    return -1
