"""Text pieced together from several places of a file, which knows where each character stood."""

from __future__ import annotations

from bisect import bisect_right

from isoaudit.model import Location


class Passage:
    """A text of a file that continuation lines, or what was taken out of it, have broken up.

    `starts` are the offsets in `text` at which a piece begins, ascending and the first of them 0;
    `places` are the lines and columns, counted from 1, of these very characters.
    """

    __slots__ = ("_places", "_starts", "file", "text")

    def __init__(
        self, text: str, file: str, starts: list[int], places: list[tuple[int, int]]
    ) -> None:
        self.text = text
        self.file = file
        self._starts = starts
        self._places = places

    @staticmethod
    def of_line(text: str, file: str, line: int = 1, column: int = 1) -> Passage:
        """Return a passage of one piece, which begins at a line and column."""
        return Passage(text, file, [0], [(line, column)])

    @staticmethod
    def of_text(text: str, file: str, line: int = 1, column: int = 1) -> Passage:
        """Return a passage of all the lines of a text, the first of which begins at a column."""
        starts, places = [0], [(line, column)]
        newline = text.find("\n")
        while newline >= 0:
            starts.append(newline + 1)
            places.append((line + len(starts) - 1, 1))
            newline = text.find("\n", newline + 1)
        return Passage(text, file, starts, places)

    @property
    def location(self) -> Location:
        """Where it begins."""
        return self.at(0)

    def at(self, offset: int) -> Location:
        """Return where the character at an offset stood."""
        index = max(bisect_right(self._starts, offset) - 1, 0)
        line, column = self._places[index]
        return Location(self.file, line, column + offset - self._starts[index])

    def cut(self, start: int, end: int) -> Passage:
        """Return the part of it from one offset up to another."""
        end = max(start, end)
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_right(self._starts, end), first + 1)
        here = self.at(start)
        starts = [0, *(s - start for s in self._starts[first + 1 : last])]
        places = [(here.line or 1, here.column or 1), *self._places[first + 1 : last]]
        return Passage(self.text[start:end], self.file, starts, places)
