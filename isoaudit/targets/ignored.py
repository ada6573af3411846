"""What a git repository's own rules leave out: .gitignore files and .git/info/exclude.

Source: gitignore(5). The ignore file of whoever calls is not read: what a folder comes to must not
depend on that. Where rules cannot be read, nothing below is passed by: reading too much costs time,
passing by what is deployed costs the audit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from isoaudit.documents.limits import read_bytes
from isoaudit.errors import DocumentError
from isoaudit.targets.git_index import Tracked, tracked
from isoaudit.targets.patterns import Matcher, Patterns

MAX_RULES = 2_000
"""Most patterns that are followed in one folder, all files above it taken together; repositories
in use have a few hundred."""

_LARGEST = 262_144
_LONGEST_LINE = 4_096
_LONGEST_POINTER = 4_096
_IGNORE = ".gitignore"


class Repository:
    """A working tree with its index, which is read once something would be passed by."""

    def __init__(self, git: Path) -> None:
        self._git = git
        self._tracked: Tracked | None = None
        self._is_read = False

    def exclude(self) -> Patterns | None:
        """Return the patterns of info/exclude, which worktrees of a repository share."""
        return _patterns(str(_common(self._git) / "info" / "exclude"))

    def tracks(self, path: str, *, is_folder: bool) -> bool:
        """Say whether git tracks a file, or something below a folder, by its path from the root.

        Where that cannot be told, anything may be tracked.
        """
        if not self._is_read:
            self._is_read = True
            self._tracked = tracked(self._git)
        if self._tracked is None:
            return True
        return self._tracked.holds_some(path) if is_folder else self._tracked.holds(path)


class Level(NamedTuple):
    """One file of patterns, and how deep its folder lies."""

    depth: int
    patterns: Patterns


class Rules(NamedTuple):
    """The rules that hold in one folder; `path` are the names that lead there from the root.

    `levels` stand deepest first, and `here` is what of them is about names in this folder.
    Without a repository there are none.
    """

    repository: Repository | None = None
    path: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    here: tuple[Matcher, ...] = ()

    def below(self, name: str) -> Rules:
        """Return the rules for a folder in this one, before its own file is read."""
        return self._replace(path=(*self.path, name)) if self.repository else self

    def entered(self, folder: str, names: set[str]) -> Rules:
        """Return the rules for the names in a folder that holds `names`."""
        if ".git" in names and (git := _git_directory(folder)) is not None:
            repository = Repository(git)
            own = _level(0, repository.exclude())
            return Rules(repository, (), own)._with_file(folder, names)._matching()
        return self._with_file(folder, names)._matching()

    def _with_file(self, folder: str, names: set[str]) -> Rules:
        if self.repository is None or _IGNORE not in names:
            return self
        patterns = _patterns(os.path.join(folder, _IGNORE))
        if patterns is None:
            return self._replace(levels=())
        levels = _level(len(self.path), patterns) + self.levels
        too_many = sum(len(level.patterns) for level in levels) > MAX_RULES
        return self._replace(levels=() if too_many else levels)

    def _matching(self) -> Rules:
        here = (level.patterns.within(self.path[level.depth :]) for level in self.levels)
        return self._replace(here=tuple(here))

    def pass_by(self, name: str, *, is_folder: bool) -> bool:
        """Say whether a name in this folder is one that git would leave out."""
        for matcher in self.here:
            verdict = matcher.verdict(name, is_folder=is_folder)
            if verdict is not None:
                return verdict
        return False

    def tracks(self, name: str, *, is_folder: bool) -> bool:
        """Say whether git tracks a file here, or something below a folder.

        What is tracked is never passed by: a line in .gitignore would hide it from the audit, and
        from nothing else.
        """
        if self.repository is None:
            return False
        return self.repository.tracks("/".join((*self.path, name)), is_folder=is_folder)


def rules_above(folder: str) -> Rules:
    """Return the rules that hold for a folder by those above it; it may lie in no repository.

    A folder that is named is read though it be left out: then only rules below it count. A
    repository that someone else could have made around it (/tmp/.git) is none.
    """
    whole = os.path.realpath(folder)
    above = [whole]
    while (parent := os.path.dirname(above[-1])) != above[-1]:
        above.append(parent)
    root = next((one for one in above[1:] if os.path.lexists(os.path.join(one, ".git"))), None)
    if root is None or not _is_of_same_hand(root, whole):
        return Rules()
    rules = Rules().entered(root, _names(root))
    at = root
    for name in os.path.relpath(whole, root).split(os.sep):
        if rules.pass_by(name, is_folder=True):
            return Rules(rules.repository, tuple(os.path.relpath(whole, root).split(os.sep)))
        rules, at = rules.below(name), os.path.join(at, name)
        if at != whole:
            rules = rules.entered(at, _names(at) - {".git"})
    return rules


def _names(folder: str) -> set[str]:
    return {one for one in (".git", _IGNORE) if os.path.lexists(os.path.join(folder, one))}


def _is_of_same_hand(root: str, folder: str) -> bool:
    try:
        owner = os.lstat(os.path.join(root, ".git")).st_uid
        return owner in {0, os.geteuid(), os.stat(folder).st_uid}
    except OSError:
        return False


def _level(depth: int, patterns: Patterns | None) -> tuple[Level, ...]:
    return (Level(depth, patterns),) if patterns else ()


def _patterns(file: str) -> Patterns | None:
    """Return the patterns of a file, none for one that is not there, None for one not to follow."""
    if not os.path.lexists(file):
        return Patterns("")
    if os.path.islink(file):  # git follows none of them either
        return Patterns("")
    try:
        data = read_bytes(Path(file), file, _LARGEST)
    except DocumentError:
        return None
    if len(data) > _LARGEST:
        return None
    if max(map(len, data.split(b"\n"))) > _LONGEST_LINE:
        return None
    found = Patterns(os.fsdecode(data))
    return found if len(found) <= MAX_RULES else None


def _git_directory(folder: str) -> Path | None:
    """Return where the repository of a folder keeps its index; a worktree's `.git` names it."""
    git = Path(folder, ".git")
    if git.is_dir():
        return git
    named = _pointer(git, "gitdir:")
    return Path(folder, named) if named else None


def _common(git: Path) -> Path:
    """Return where a worktree's repository keeps what its worktrees share."""
    named = _pointer(git / "commondir")
    return git / named if named else git


def _pointer(file: Path, word: str = "") -> str:
    try:
        text = os.fsdecode(read_bytes(file, "", _LONGEST_POINTER)).strip()
    except DocumentError:
        return ""
    return text.removeprefix(word).strip() if text.startswith(word) else ""
