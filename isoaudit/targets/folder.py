"""Finds the files below a folder that may declare workloads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from isoaudit.documents.beside import repository
from isoaudit.model.dialects import may_declare
from isoaudit.targets.ignored import Rules, rules_above

MAX_DEPTH = 200
"""Deepest folder looked into."""

_OF_TOOLS = frozenset({"node_modules", "__pycache__", ".tox"})
_ENVIRONMENT = "pyvenv.cfg"
"""What every virtual environment holds (PEP 405), whatever its folder is called."""


class Problem(NamedTuple):
    """A place that could not be looked into, and why."""

    path: Path
    cause: str


class _Folder(NamedTuple):
    """A folder to look into. Of one that is `left_out` only what git tracks is taken."""

    path: str
    rules: Rules
    left_out: bool = False
    depth: int = 0


def expand(path: Path) -> Iterator[Path | Problem]:
    """Yield candidate files below a folder, ordered, and the folders that could not be read.

    Passed by are `.git`, what tools put there (node_modules, virtual environments) and what a git
    repository's .gitignore files name, unless git tracks it. Links to folders are not followed,
    links to files only where they stay below `path`; what is no regular file (a FIFO, a device) is
    passed by.
    """
    problems: list[Problem] = []
    inside = os.path.join(os.path.realpath(path), "")
    todo = [_Folder(str(path), rules_above(str(path)))]
    while todo:
        folder = todo.pop()
        if folder.depth > MAX_DEPTH:
            cause = f"more than {MAX_DEPTH} folders deep, not looked into"
            problems.append(Problem(Path(folder.path), cause))
            continue
        try:
            with os.scandir(folder.path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(Problem(Path(folder.path), (error.strerror or "").lower()))
            continue
        yield from _look(folder, found, inside, todo)
    yield from problems


def _look(
    folder: _Folder, found: list[os.DirEntry[str]], inside: str, todo: list[_Folder]
) -> Iterator[Path]:
    """Yield the files of one folder, and put the folders in it on the list of what is to come."""
    names = {entry.name for entry in found}
    rules = folder.rules.entered(folder.path, names)
    below: list[_Folder] = []
    # NOTE: the folder that was named is looked into whatever it is.
    left_out = folder.left_out or (_ENVIRONMENT in names and folder.depth > 0)
    for entry in found:
        if _is_folder(entry):
            if entry.name != ".git" and (down := _below(folder, entry, rules, left_out)):
                below.append(down)
        elif (
            may_declare(entry.name)
            and _is_to_be_read(entry, inside)
            and not _is_left_out(entry, rules, left_out)
        ):
            yield Path(entry.path)
    todo += reversed(below)


def _below(
    folder: _Folder, entry: os.DirEntry[str], rules: Rules, left_out: bool
) -> _Folder | None:
    """Return a folder below another one, None if nothing in it is to be read."""
    out = left_out or entry.name in _OF_TOOLS or rules.pass_by(entry.name, is_folder=True)
    if out and not rules.tracks(entry.name, is_folder=True):
        return None
    return _Folder(entry.path, rules.below(entry.name), out, folder.depth + 1)


def _is_left_out(entry: os.DirEntry[str], rules: Rules, left_out: bool) -> bool:
    out = left_out or rules.pass_by(entry.name, is_folder=False)
    return out and not rules.tracks(entry.name, is_folder=False)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_to_be_read(entry: os.DirEntry[str], inside: str) -> bool:
    """Say whether it is a regular file; a link is followed only to one below the same folder."""
    try:
        if entry.is_symlink():
            real = os.path.realpath(entry.path)
            return real.startswith(inside) and os.path.isfile(entry.path)
        return entry.is_file(follow_symlinks=False)
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
