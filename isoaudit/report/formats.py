"""The formats a report can be written in; a format's module is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePath
from typing import NamedTuple, TextIO

from isoaudit.errors import UsageError
from isoaudit.report.document import Report
from isoaudit.report.options import Options

Renderer = Callable[[Report, TextIO, Options], None]


class Format(NamedTuple):
    """A format: the ends of names its files have, where its `render` is, and its media type.

    An end that is no suffix is a whole name. Of several ends that fit a name the longest counts. A
    format that only makes sense on standard output has none.
    """

    ends: tuple[str, ...]
    renderer: str
    media_type: str


FORMATS = {
    "table": Format((".txt",), "isoaudit.report.table:render", "text/plain"),
    "json": Format((".json",), "isoaudit.report.json:render", "application/json"),
    "sarif": Format((".sarif", ".sarif.json"), "isoaudit.report.sarif:render",
                    "application/sarif+json"),
    "junit": Format((".xml",), "isoaudit.report.junit:render", "application/xml"),
    "github": Format((), "isoaudit.report.github:render", "text/plain"),
    "gitlab": Format(("gl-code-quality-report.json",), "isoaudit.report.gitlab:render",
                     "application/json"),
    "csv": Format((".csv",), "isoaudit.report.csv:render", "text/csv"),
    "markdown": Format((".md",), "isoaudit.report.markdown:render", "text/markdown"),
    "baseline": Format((".baseline",), "isoaudit.report.baseline:render", "application/json"),
}  # fmt: skip


def load_renderer(name: str) -> Renderer:
    """Import and return the renderer of a format. Raises UsageError for an unknown one."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}", _known(name, list(FORMATS)))
    module, _, function = FORMATS[name].renderer.partition(":")
    renderer: Renderer = getattr(import_module(module), function)
    return renderer


def format_for_suffix(path: str | PurePath) -> str:
    """Return the name of the format whose files are called so. Raises UsageError if none is."""
    name = PurePath(path).name.lower()
    by_end = {end: form for form, about in FORMATS.items() for end in about.ends}
    fitting = [end for end in by_end if _fits(name, end)]
    if not fitting:
        raise UsageError(
            f"the name {str(path)!r} does not say which format is meant",
            _known(PurePath(path).suffix.lower(), list(by_end)) + " Or name it: -o FORMAT=FILE.",
        )
    return by_end[max(fitting, key=len)]


def _fits(name: str, end: str) -> bool:
    # NOTE: `.json` itself is a hidden file without a suffix.
    return name.endswith(end) and name != end if end.startswith(".") else name == end


def _known(word: str, names: list[str]) -> str:
    """Return the line that says what would have been right."""
    from difflib import get_close_matches

    close = get_close_matches(word, names, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(names)}."
