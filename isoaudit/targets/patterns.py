"""The patterns of a .gitignore file, as gitignore(5) has them.

Strangers write them, and Python's expressions backtrack: `*a*a*a*b` would hold them for ever on a
long name. So what stands between two stars is matched at the first place where it fits, and no
other is tried, which finds a match wherever there is one. The same holds for `**` among folders.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from isoaudit.regex import regex

Name = re.Pattern[str]

_ANY_FOLDERS = regex(r"\*\*+")
_ESCAPED = regex(r"\\(.)", re.DOTALL)
_ANY = regex("(?s:.+)")
_CLASS_NAME = regex(r"\[:([a-z]{1,8}):\]")
_POSIX = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~", "space": r"\s", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class Pattern(NamedTuple):
    """One line: `names` matches the last name of a path, `folders` leads to it (None: anywhere).

    Of `folders`, an entry None stands for any number of folders. `again` takes back what lines
    before it passed by; `only_folders` says that files of such a name are not meant.
    """

    names: Name
    folders: tuple[Name | None, ...] | None = None
    again: bool = False
    only_folders: bool = False


class Matcher:
    """Patterns in the order of their lines; of several that match a name the last one counts."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(reversed(patterns))

    @cached_property
    def _any(self) -> Name:
        # Most names match no pattern, which one look tells.
        return re.compile("|".join(pattern.names.pattern for pattern in self._patterns))

    def verdict(self, name: str, *, is_folder: bool) -> bool | None:
        """Say whether a name is passed by; None if no pattern is about it."""
        if not self._patterns or self._any.fullmatch(name) is None:
            return None
        for pattern in self._patterns:
            if (is_folder or not pattern.only_folders) and pattern.names.fullmatch(name):
                return not pattern.again
        return None


class Patterns:
    """All patterns of one file; `within` gives those that are about one folder's names."""

    def __init__(self, text: str) -> None:
        lines = text.removeprefix("\ufeff").split("\n")
        self._patterns = [found for line in lines if (found := parse(line)) is not None]
        self._placed = any(pattern.folders is not None for pattern in self._patterns)
        self._known: dict[tuple[int, ...], Matcher] = {}

    def __len__(self) -> int:
        return len(self._patterns)

    def within(self, folder: Sequence[str]) -> Matcher:
        """Return the patterns about names in a folder, whose path is that from the file's own."""
        chosen = self._patterns
        if self._placed:
            chosen = [p for p in chosen if p.folders is None or leads(p.folders, folder)]
        key = tuple(map(id, chosen)) if self._placed else ()
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Matcher(chosen)
        return known


def parse(line: str) -> Pattern | None:
    """Return the pattern of a line; None for a comment, a blank line or what matches nothing."""
    text = _trimmed(line.removesuffix("\r"))
    if text.startswith("#"):
        return None
    again = text.startswith("!")
    text = text[again:]
    only_folders = text.endswith("/")
    text = text.removesuffix("/")
    anchored = "/" in text
    if text.startswith("\\/"):
        return None
    # NOTE: a slash within brackets ends a name here and does not for git: such a pattern matches
    # nothing.
    text = _ESCAPED.sub(lambda match: "/" if match[1] == "/" else match[0], text)
    segments = text.removeprefix("/").split("/")
    if not all(segments):
        return None
    *above, last = [None if _ANY_FOLDERS.fullmatch(one) else _name(one) for one in segments]
    if anchored and last is None:  # `a/**` is all that is below a
        above.append(None)
    folders = tuple(above) if anchored else None
    return Pattern(last or _ANY, folders, again, only_folders)


def leads(wanted: Sequence[Name | None], names: Sequence[str]) -> bool:
    """Say whether the names of folders are those that are wanted; None is any number of them."""
    if None not in wanted:
        return len(wanted) == len(names) and _fits(wanted, names, 0)
    chunks: list[list[Name]] = [[]]
    for one in wanted:
        if one is None:
            chunks.append([])
        else:
            chunks[-1].append(one)
    first, *middle, last = chunks
    end = len(names) - len(last)
    at = len(first)
    if at > end or not _fits(first, names, 0) or not _fits(last, names, end):
        return False
    for chunk in middle:
        while at + len(chunk) <= end and not _fits(chunk, names, at):
            at += 1
        at += len(chunk)
        if at > end:
            return False
    return True


def _fits(wanted: Sequence[Name | None], names: Sequence[str], at: int) -> bool:
    here = names[at : at + len(wanted)]
    return all(one is None or one.fullmatch(name) for one, name in zip(wanted, here, strict=True))


def _trimmed(line: str) -> str:
    """Return a line without the blanks at its end, but for one behind a backslash."""
    bare = line.rstrip(" ")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " * (slashes % 2 and len(bare) < len(line))


def _name(glob: str) -> Name:
    """Return the expression of one name of a path; one that matches nothing if it is malformed."""
    chunks: list[list[str]] = [[]]
    at = 0
    while at < len(glob):
        mark, at = glob[at], at + 1
        if mark == "*":
            chunks.append([])
        elif mark == "?":
            chunks[-1].append(".")
        elif mark == "[":
            piece, at = _class(glob, at)
            chunks[-1].append(piece)
        else:
            if mark == "\\":
                mark, at = glob[at : at + 1], at + 1
            chunks[-1].append(re.escape(mark) if mark else "(?!)")
    first, *rest = ["".join(chunk) for chunk in chunks]
    if not rest:
        return re.compile(f"(?s:{first})")
    *middle, last = rest
    between = "".join(f"(?>.*?{chunk})" for chunk in middle if chunk)
    return re.compile(f"(?s:{first}{between}.*{last})")


def _class(glob: str, at: int) -> tuple[str, int]:
    """Return the expression of a class whose bracket opened before a position, and its end."""
    pieces: list[str] = []
    negated = glob[at : at + 1] in ("!", "^") and at < len(glob)
    at += negated
    start = at
    while at < len(glob) and (glob[at] != "]" or at == start):
        if named := _CLASS_NAME.match(glob, at):
            pieces.append(_POSIX.get(named[1], ""))
            at = named.end()
            continue
        low, at = _member(glob, at)
        high = ""
        if glob[at : at + 1] == "-" and glob[at + 1 : at + 2] not in ("", "]"):
            high, at = _member(glob, at + 1)
        if not high:
            pieces.append(re.escape(low))
        elif low <= high:
            pieces.append(f"{re.escape(low)}-{re.escape(high)}")
    if at >= len(glob):
        return "(?!)", at
    inside = "".join(pieces)
    if not inside:
        return ("." if negated else "(?!)"), at + 1
    return f"[{'^' if negated else ''}{inside}]", at + 1


def _member(glob: str, at: int) -> tuple[str, int]:
    if glob[at] == "\\" and at + 1 < len(glob):
        at += 1
    return glob[at], at + 1
