"""Where check files are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_ENDS = (".yaml", ".yml")


def check_files(folder: Path) -> list[Path]:
    """Return every check file below a folder, ordered by path; or the one file it is."""
    return [Path(path) for path in paths_below(os.fspath(folder))]


def paths_below(folder: str, ends: tuple[str, ...] = _ENDS) -> list[str]:
    """Return the same as plain text, of which a start-up has hundreds; `ends` are those of names.

    They are in the order that `Path` would give them: by one folder after the other.
    """
    if os.path.isfile(folder):
        return [folder]
    return sorted(_below(folder, ends), key=lambda path: path.split("/"))


def _below(folder: str, ends: tuple[str, ...]) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, ends)
        elif entry.name.endswith(ends) and entry.is_file():
            yield entry.path
