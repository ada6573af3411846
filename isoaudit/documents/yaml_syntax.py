"""Composes YAML text to nodes, and refuses text that nests deep enough to exhaust the C stack."""

from __future__ import annotations

import re
from typing import Any

import yaml

from isoaudit.documents.limits import MAX_DEPTH
from isoaudit.errors import DocumentError, TemplateError
from isoaudit.regex import regex

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAGS: dict[str, str] = {}
_MOST_TAGS = 4096
_LONGEST_TAGGED = 40

_NESTING = regex(r"[-?:][-?: ]{59}")
_DEEP_INDENT = " " * 200
_RAW_TEMPLATE = regex(r"\{\{-? ?(?:[.$]|/\*|end\b|else\b|[A-Za-z]+ )")
_SEPARATOR = regex(r"\n---[ \t\r\n]")  # without the blank it is a word, in which brackets stay open


_SURROGATE = regex(r"\\u[dD][89a-fA-F]")
_STRING = regex(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_CODES = regex(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)


class _Composer(_LOADER):  # type: ignore[misc]  # one of two classes, which mypy cannot know
    """PyYAML's own loader, spared what it does anew for each of thousands of scalars."""

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Do nothing: tags by path, which this would keep track of, are not used."""

    def ascend_resolver(self) -> None:
        """Do nothing, as above."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Return the tag of a node; that of a plain word depends on the word alone."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return str(super().resolve(kind, value, implicit))
        tag = _TAGS.get(value)
        if tag is None:
            tag = str(super().resolve(kind, value, implicit))
            if len(_TAGS) < _MOST_TAGS and len(value) <= _LONGEST_TAGGED:
                _TAGS[value] = tag
        return tag


_MAX_MARKS = 4_000_000
"""Most characters that could each begin a value: composed, one takes some 300 bytes of memory."""


def compose(text: str, file: str) -> list[yaml.Node]:
    """Return the root node of every document; raises DocumentError with line and column."""
    _refuse_size(text, file)
    _refuse_depth(text, file)
    if _SURROGATE.search(text) and text.lstrip().startswith(("{", "[")):
        text = _STRING.sub(_without_surrogates, text)
    try:
        return list(yaml.compose_all(text, Loader=_Composer))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if _RAW_TEMPLATE.search(text):
            raise _raw_template(error, file) from error
        raise _syntax_error(error, file) from error


def _without_surrogates(match: re.Match[str]) -> str:
    """Return a string of JSON as YAML has it, which knows no surrogates.

    Pairs become the one character that they stand for, halves what JSON's readers make of them.
    The blanks behind it keep what follows in its column.
    """
    string = match[0]
    if _SURROGATE.search(string) is None:
        return string
    written = _CODES.sub(_code, string)
    return written.ljust(len(string))


def _code(match: re.Match[str]) -> str:
    if match[1] is None:
        return r"\ufffd" if match[0][1:3].lower() == "ud" else match[0]
    high, low = int(match[1], 16) - 0xD800, int(match[2], 16) - 0xDC00
    return f"\\U{0x10000 + (high << 10) + low:08x}"


def _refuse_size(text: str, file: str) -> None:
    """Raise DocumentError for more values than fit into memory, by what could begin them."""
    if len(text) > _MAX_MARKS and sum(text.count(mark) for mark in "\n\r,:[{") > _MAX_MARKS:
        raise DocumentError(
            f"{file}: more than {_MAX_MARKS:,} values, not read",
            "Split the file, or name only the parts that declare workloads.",
        )


def _refuse_depth(text: str, file: str) -> None:
    """Raise DocumentError for nesting beyond MAX_DEPTH, at the price of a look for most files.

    Composing recurses in C, so depth is counted beforehand on events; only text that could nest
    that deep (many brackets, long indents, rows of dashes) pays for it.
    """
    if not _may_nest(text):
        return
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark = event.start_mark
                    line = mark.line + 1 if mark else 1
                    raise DocumentError(
                        f"{file}:{line}: nested deeper than {MAX_DEPTH} levels, not read",
                        "No deployment file needs that; look at who wrote it.",
                    )
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _syntax_error(error, file) from error


def _may_nest(text: str) -> bool:
    """Say whether a text could nest beyond MAX_DEPTH; too often is harmless, too seldom is not.

    Brackets are counted per document, since no bracket stays open over a document's end.
    """
    if _DEEP_INDENT in text or _NESTING.search(text):
        return True
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    return any(
        document.count("[") + document.count("{") > MAX_DEPTH for document in _SEPARATOR.split(text)
    )


def _raw_template(error: Exception, file: str) -> DocumentError:
    """Return the error for a chart that was not rendered: it is no YAML yet."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    return TemplateError(
        f"{where}: looks like a raw Helm template", "Scan the output of `helm template` instead."
    )


def _syntax_error(error: Exception, file: str) -> DocumentError:
    """Turn the library's error into one line that starts with the position."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return DocumentError(f"{where}: not valid YAML: {problem}", "Correct the file and scan again.")
