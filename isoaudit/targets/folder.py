"""Finds the files below a folder that may declare workloads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox"})
_SUFFIXES = (".yaml", ".yml", ".json", ".xml")


class Problem(NamedTuple):
    """A place that could not be looked into, and why."""

    path: Path
    cause: str


def expand(path: Path) -> Iterator[Path | Problem]:
    """Yield candidate files below a folder, ordered, and the folders that could not be read."""
    problems: list[Problem] = []

    def note(error: OSError) -> None:
        problems.append(Problem(Path(error.filename), (error.strerror or "").lower()))

    for folder, names, files in os.walk(path, onerror=note):
        names[:] = sorted(set(names) - _SKIPPED)
        for name in sorted(files):
            if name.endswith(_SUFFIXES):
                yield Path(folder) / name
    yield from problems


def shown_path(path: Path) -> str:
    """Return a path relative to its repository, else to the working directory."""
    # Not Path.resolve: it raises on a link that leads to itself.
    whole = Path(os.path.realpath(path.parent)) / path.name if path.name else path.resolve()
    for parent in whole.parents:
        if os.path.lexists(parent / ".git"):
            return str(whole.relative_to(parent))
    try:
        return str(whole.relative_to(Path.cwd()))
    except ValueError:
        return str(whole)
