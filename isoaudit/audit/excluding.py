"""Which files of a folder are passed by because somebody said so; they are counted, never lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isoaudit.errors import UsageError


class Excluded:
    """Files passed by, by patterns as in .gitignore against the names they are shown by.

    `count` is how many of them there were.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self.names: set[str] = set()
        self._matches: Any = _compiled(self.patterns) if patterns else None

    def holds(self, shown: str) -> bool:
        """Say whether a file is to be passed by, and count it if so."""
        if self._matches is None or not self._matches.match_file(shown):
            return False
        self.names.add(shown)
        return True

    @property
    def count(self) -> int:
        """How many files were passed by."""
        return len(self.names)


NOTHING = Excluded()
"""Nothing is passed by."""


def _compiled(patterns: Sequence[str]) -> Any:
    """Return the patterns compiled; raises UsageError for one that is none."""
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise UsageError(f"--exclude: {error}", "Write it as a line of .gitignore.") from error
