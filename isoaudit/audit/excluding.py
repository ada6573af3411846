"""Which files of a folder are passed by because somebody said so; they are counted, never lost."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.errors import UsageError
from isoaudit.targets.patterns import Patterns, parse


class Excluded:
    """Files passed by, by patterns as in .gitignore against the names they are shown by.

    `count` is how many of them there were.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self.names: set[str] = set()
        self._rules = _read(self.patterns)

    def holds(self, shown: str) -> bool:
        """Say whether a file is to be passed by, and count it if so."""
        if self._rules is None:
            return False
        names = shown.split("/")
        for depth, name in enumerate(names):
            within = self._rules.within(names[:depth])
            if within.verdict(name, is_folder=depth < len(names) - 1):
                self.names.add(shown)
                return True
        return False

    @property
    def count(self) -> int:
        """How many files were passed by."""
        return len(self.names)


def _read(patterns: Sequence[str]) -> Patterns | None:
    """Return the patterns, None for none; raises UsageError for one that is about nothing."""
    for pattern in patterns:
        if parse(pattern) is None:
            raise UsageError(f"--exclude: {pattern!r} matches nothing",
                             "Write it as a line of .gitignore.")  # fmt: skip
    return Patterns("\n".join(patterns)) if patterns else None


NOTHING = Excluded()
"""Nothing is passed by."""
