"""Where check files are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def check_files(folder: Path) -> list[Path]:
    """Return every check file below a folder, ordered by path; or the one file it is."""
    if folder.is_file():
        return [folder]
    return sorted(Path(path) for path in _below(os.fspath(folder)))


def _below(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        elif entry.name.endswith((".yaml", ".yml")) and entry.is_file():
            yield entry.path
