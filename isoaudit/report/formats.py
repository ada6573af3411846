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
    """A format: the suffix its files have, where its `render` is, and its media type."""

    suffix: str
    renderer: str
    media_type: str


FORMATS = {
    "table": Format(".txt", "isoaudit.report.table:render", "text/plain"),
    "json": Format(".json", "isoaudit.report.json:render", "application/json"),
    "baseline": Format(".baseline", "isoaudit.report.baseline:render", "application/json"),
}


def load_renderer(name: str) -> Renderer:
    """Import and return the renderer of a format. Raises UsageError for an unknown one."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}", _known(name, list(FORMATS)))
    module, _, function = FORMATS[name].renderer.partition(":")
    renderer: Renderer = getattr(import_module(module), function)
    return renderer


def format_for_suffix(path: str | PurePath) -> str:
    """Return the name of the format whose suffix `path` has. Raises UsageError if none has it."""
    suffix = PurePath(path).suffix.lower()
    by_suffix = {form.suffix: name for name, form in FORMATS.items()}
    if suffix not in by_suffix:
        raise UsageError(
            f"the name {str(path)!r} does not say which format is meant",
            _known(suffix, list(by_suffix)) + " Or name it: -o FORMAT=FILE.",
        )
    return by_suffix[suffix]


def _known(word: str, names: list[str]) -> str:
    """Return the line that says what would have been right."""
    from difflib import get_close_matches

    close = get_close_matches(word, names, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(names)}."
