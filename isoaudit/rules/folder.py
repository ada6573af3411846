"""Where check files are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_ENDS = (".yaml", ".yml")


STEPS = "escape"
"""The folder among checks of what are no checks: the primitives of which ways out are made."""


def check_files(folder: Path, *, steps: bool = False) -> list[Path]:
    """Return every check file below a folder, ordered by path; or the one file it is.

    With `steps` the escape primitives that lie among them, too.
    """
    files = [Path(path) for path in paths_below(os.fspath(folder))]
    return [path for path in files if steps or not is_step(path)]


def is_step(path: Path) -> bool:
    """Say whether a file is that of an escape primitive."""
    return path.parent.name == STEPS


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
