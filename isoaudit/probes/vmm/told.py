"""What the words of a VMM's command line name: paths of files and sockets.

A path counts as named if it stands there as a whole. One that is only part of a word is somebody
else's: else whoever listens at a short name would be taken for part of every VMM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.probes.vmm.argv import properties

_SHORTEST = 3  # letters of a relative name: shorter ones are the values of switches


class Told:
    """The paths of a command line, absolute and relative ones."""

    def __init__(self, words: Sequence[str]) -> None:
        found = {value.removeprefix("./").rstrip("/") for value in _values(words)} - {""}
        self._absolute = {value for value in found if value.startswith("/")}
        self._relative = found - self._absolute

    @property
    def absolute(self) -> list[str]:
        """The absolute paths, sorted."""
        return sorted(self._absolute)

    def names(self, path: str) -> bool:
        """Say whether a path, or an abstract name (`@name`), is named.

        What is relative on one side only counts by its end: in which folder is not known.
        """
        path = path.rstrip("/")
        if path.startswith("@"):
            return path[1:] in self._relative or path in self._relative
        if not path.startswith("/"):
            return path in self._relative or any(_ends(one, path) for one in self._absolute)
        return path in self._absolute or any(end in self._relative for end in _endings(path))


def _ends(path: str, name: str) -> bool:
    return len(name) >= _SHORTEST and path.endswith(f"/{name}")


def _endings(path: str) -> Iterator[str]:
    """Yield what follows each slash of a path, as far as it is long enough."""
    place = path.find("/")
    while place >= 0 and len(path) - place > _SHORTEST:
        yield path[place + 1 :]
        place = path.find("/", place + 1)


def _values(words: Sequence[str]) -> Iterator[str]:
    """Yield every word, the values of its properties, and what stands behind a `scheme:`."""
    for word in words:
        yield word
        for value in properties(word).values():
            yield value
            yield value.partition(":")[2]
        yield word.partition("=")[2]
        scheme, _, rest = word.partition(":")
        rest = rest.partition(":")[2] if scheme == "mon" else rest
        yield rest.partition(",")[0]
