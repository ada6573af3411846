"""Finds waivers in the comments of a file: `# isoaudit: ignore[CAP-003] reason`.

What looks like a comment inside a string, a script block or another value is none. Each way of
writing comments is a function that yields them; `_SYNTAX` names those of files that do not write
them as a shell does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

import yaml

from isoaudit.documents.yaml_syntax import compose
from isoaudit.model import InlineWaiver
from isoaudit.regex import regex
from isoaudit.rules.inline_words import statement

_MARK = "isoaudit:"
_WIDE = 8192
"""Characters looked at around a comment for what it speaks of: blanks, and further comments."""

_IGNORE = regex(r"ignore[ \t]*\[([^\]\n]{0,2000})\](.*)", re.DOTALL)
_JSONC = regex(r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*+|/\*.*?(?:\*/|\Z)', re.DOTALL)
_XML = regex(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)


class _Comment(NamedTuple):
    """A comment of ours: where it and its text begin and where it ends in the file."""

    start: int
    text: str
    end: int


def comment_waivers(text: str, dialect: str, file: str) -> Iterator[InlineWaiver]:
    """Yield the waivers in a file's comments, in their order, each with the line it speaks of."""
    number, counted = 1, 0
    for comment in _SYNTAX.get(dialect, _shell)(text, file):
        number += text.count("\n", counted, comment.start)
        counted = comment.start
        said = _IGNORE.match(comment.text)
        ids = [one.strip() for one in said[1].split(",") if one.strip()] if said else []
        found = statement(ids, said[2] if said else comment.text, f"{file}:{number}", "inline")
        yield found._replace(file=file, line=_spoken_of(text, comment, number))


def _spoken_of(text: str, comment: _Comment, number: int) -> int:
    """Return the line a comment speaks of: its own, or the next one if it stands alone."""
    before = text[max(0, comment.start - _WIDE) : comment.start].rpartition("\n")[2]
    if before.strip():
        return number
    number += text.count("\n", comment.start, comment.end)
    following = text[comment.end : comment.end + _WIDE].split("\n")
    if following[0].strip():
        return number
    for line in following[1:]:
        number += 1
        said = line.strip()
        if said and not said.startswith(("#", ";", "//", "<!--")):
            return number
    return 0


def _marked(text: str, before: str) -> Iterator[_Comment]:
    """Yield what may be a comment of ours to the end of its line, behind one of some characters."""
    place = text.find(_MARK)
    while place >= 0:
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        begin = text.rfind("\n", 0, place) + 1
        start = begin + len(text[begin:place].rstrip(" \t" + before))
        start += len(text[start:place]) - len(text[start:place].lstrip(" \t"))
        if start < place and text[start] in before:
            yield _Comment(start, text[place + len(_MARK) : end].strip(), end)
        place = text.find(_MARK, end)


def _shell(text: str, _file: str) -> Iterator[_Comment]:
    """Yield comments from `#`, alone or behind a blank where no quote is open in the line."""
    for comment in _marked(text, "#"):
        before = text[text.rfind("\n", 0, comment.start) + 1 : comment.start]
        quoted = before.count('"') % 2 or before.count("'") % 2
        if not before.strip() or (before[-1:].isspace() and not quoted):
            yield comment


def _alone(text: str, _file: str) -> Iterator[_Comment]:
    """Yield comments from `#` that have their line to themselves, as a Dockerfile's must."""
    for comment in _marked(text, "#"):
        if not text[text.rfind("\n", 0, comment.start) + 1 : comment.start].strip():
            yield comment


def _unit(text: str, _file: str) -> Iterator[_Comment]:
    """Yield comments of systemd.syntax(7): lines that begin with `#` or `;`."""
    for comment in _marked(text, "#;"):
        if not text[text.rfind("\n", 0, comment.start) + 1 : comment.start].strip():
            yield comment


def _yaml(text: str, file: str) -> Iterator[_Comment]:
    """Yield comments from `#` that stand in no value; raises DocumentError for broken YAML."""
    found = list(_marked(text, "#"))
    if not found:
        return
    starts, ends = _scalars(text, file)
    for comment in found:
        index = bisect_right(starts, comment.start) - 1
        inside = index >= 0 and comment.start < ends[index]
        if not inside and (comment.start == 0 or text[comment.start - 1].isspace()):
            yield comment


def _scalars(text: str, file: str) -> tuple[list[int], list[int]]:
    """Return where the single values of a file begin and end; they do not overlap."""
    spans: list[tuple[int, int]] = []
    seen: set[int] = set()
    todo: list[yaml.Node] = list(compose(text, file))
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            todo += [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
        else:
            spans.append((node.start_mark.index, node.end_mark.index))
    spans.sort()
    return [start for start, _ in spans], [end for _, end in spans]


def _jsonc(text: str, _file: str) -> Iterator[_Comment]:
    """Yield comments of JSON with comments: `//` to the end of the line, `/*` to `*/`."""
    for match in _JSONC.finditer(text):
        if match[0][0] == "/":
            yield from _whole(match, match[0][2:].removesuffix("*/"))


def _xml(text: str, _file: str) -> Iterator[_Comment]:
    """Yield comments of XML that stand in no CDATA section."""
    for match in _XML.finditer(text):
        if match[0].startswith("<!--"):
            yield from _whole(match, match[0][4:].removesuffix("-->"))


def _whole(match: re.Match[str], inner: str) -> Iterator[_Comment]:
    said = inner.strip()
    if said.startswith(_MARK):
        yield _Comment(match.start(), said.removeprefix(_MARK).strip(), match.end())


def _none(_text: str, _file: str) -> Iterator[_Comment]:
    """Yield nothing: plain JSON has no comments."""
    return iter(())


_SYNTAX: dict[str, Callable[[str, str], Iterator[_Comment]]] = {
    "compose": _yaml, "kubernetes": _yaml,
    "libvirt_xml": _xml, "ovf": _xml,
    "devcontainer": _jsonc,
    "oci": _none, "firecracker": _none,
    "quadlet": _unit, "systemd": _unit,
    "dockerfile": _alone, "vmx": _alone,
}  # fmt: skip
