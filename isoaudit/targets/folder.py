"""Finds the files below a folder that may declare workloads."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from isoaudit.documents.beside import repository
from isoaudit.model.dialects import may_declare

_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox"})


class Problem(NamedTuple):
    """A place that could not be looked into, and why."""

    path: Path
    cause: str


def expand(path: Path) -> Iterator[Path | Problem]:
    """Yield candidate files below a folder, ordered, and the folders that could not be read.

    Links to folders are not followed, links to files only where they stay below `path`; what is no
    regular file (a FIFO, a device) is passed by.
    """
    problems: list[Problem] = []

    def note(error: OSError) -> None:
        problems.append(Problem(Path(error.filename), (error.strerror or "").lower()))

    inside = os.path.join(os.path.realpath(path), "")
    for folder, names, files in os.walk(path, onerror=note):
        names[:] = sorted(set(names) - _SKIPPED)
        for name in sorted(files):
            if may_declare(name):
                file = os.path.join(folder, name)
                if _is_to_be_read(file, inside):
                    yield Path(file)
    yield from problems


def _is_to_be_read(file: str, inside: str) -> bool:
    """Say whether it is a regular file; a link is followed only to one below the same folder."""
    try:
        mode = os.lstat(file).st_mode
        if stat.S_ISLNK(mode):
            return os.path.realpath(file).startswith(inside) and os.path.isfile(file)
        return stat.S_ISREG(mode)
    except OSError:
        return True  # whoever opens it says why it cannot be read


def shown_path(path: Path) -> str:
    """Return a path relative to its repository, else to the working directory."""
    # Not Path.resolve: it raises on a link that leads to itself.
    whole = Path(os.path.realpath(path.parent)) / path.name
    if path.name in {"", ".."}:
        whole = Path(os.path.realpath(path))
    if root := repository(str(whole.parent)):
        return _printable(whole.relative_to(root))
    try:
        return _printable(whole.relative_to(Path.cwd()))
    except ValueError:
        return _printable(whole)


def _printable(path: Path) -> str:
    """Return a path as text that can be encoded: a name need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
