"""The words of a command line, as far as they are known before it runs."""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.model import Location


class RunWord(NamedTuple):
    """One word with the place it came from.

    `text` is in the form that values of a compose file have: a dollar sign stands doubled, and what
    is not known stands as `${NAME}`, NAME being the variable that decides. `several` says that the
    word may come to none or to many, as an unquoted `$OPTIONS` or an `"${ARRAY[@]}"` does.
    """

    text: str
    location: Location
    several: bool = False

    @property
    def known(self) -> bool:
        """Whether every character of it is known."""
        return "$" not in self.text.replace("$$", "")

    @property
    def plain(self) -> str:
        """The text itself; of a word that is not known, with its variables as they are written."""
        return self.text.replace("$$", "$")

    @property
    def is_open(self) -> bool:
        """Whether nothing of it is known: it may be an option as well as anything else."""
        return self.text.startswith("$") and not self.text.startswith("$$")


def literal(text: str, location: Location) -> RunWord:
    """Return a word that is known: what it says is what the engine is given."""
    return RunWord(text.replace("$", "$$"), location)
