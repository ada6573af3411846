"""Composes YAML text to nodes, and refuses text that nests deep enough to exhaust the C stack."""

from __future__ import annotations

import re
from typing import Any

import yaml

from isoaudit.documents.limits import MAX_DEPTH
from isoaudit.errors import DocumentError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NESTING = re.compile(r"(?:[-?:] *){60}")
_DEEP_INDENT = " " * 200
_RAW_TEMPLATE = re.compile(
    r"\{\{-? ?(?:\.|/\*|if |else|end\b|with |range |include |template |define )"
)
_SEPARATOR = re.compile(
    r"\n---[ \t\r\n]"
)  # without the blank it is a word, in which brackets stay open


def compose(text: str, file: str) -> list[yaml.Node]:
    """Return the root node of every document; raises DocumentError with line and column."""
    _refuse_depth(text, file)
    try:
        return list(yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if _RAW_TEMPLATE.search(text):
            raise _raw_template(error, file) from error
        raise _syntax_error(error, file) from error


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
    return DocumentError(
        f"{where}: looks like a raw Helm template", "Scan the output of `helm template` instead."
    )


def _syntax_error(error: Exception, file: str) -> DocumentError:
    """Turn the library's error into one line that starts with the position."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return DocumentError(f"{where}: not valid YAML: {problem}", "Correct the file and scan again.")
