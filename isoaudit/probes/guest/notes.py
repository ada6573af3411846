"""What the topics of a guest share: its answers, the notepad, and how to say what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.guest.answers import Answers, Pages, pages
from isoaudit.transports.base import Unreadable

SHOWN = 400
"""Characters of a text, and elements of a list, that a fact takes over from a guest."""

LARGEST = 2**63 - 1
"""The largest number that is taken over: no kernel has a larger one, and no reader of reports."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest's answers, and the notepad on which the topics write."""

    answers: Answers
    notes: Notes = field(default_factory=lambda: Notes(Vantage.GUEST))

    def pages(self, question: str) -> Pages:
        """Return the answer to a question; raises Unreadable."""
        return pages(self.answers, question)

    def lacks(self, paths: tuple[str, ...] | str, error: Unreadable) -> None:
        """Note facts or parts as missing for a reason."""
        for path in (paths,) if isinstance(paths, str) else paths:
            self.notes.lacks(error.missing(path, Vantage.GUEST))

    def unknown(self, path: str, why: str, how: str = "") -> None:
        """Note that a guest has no answer to give here."""
        self.notes.missing(path, Reason.NOT_SUPPORTED, why, how)

    @contextmanager
    def missing_if_unreadable(self, *paths: str) -> Iterator[None]:
        """Note facts or parts as missing where what is inside raises Unreadable."""
        try:
            yield
        except Unreadable as error:
            self.lacks(paths, error)

    def part(self, name: str, records: list[Record], unread: Unreadable | None = None) -> None:
        """Note a part, and why there may be more records than were read."""
        cut = unread.missing(name, Vantage.GUEST) if unread else None
        if len(records) > SHOWN:
            cut = Unreadable(Reason.LIMIT, f"more than {SHOWN} {name}").missing(name, Vantage.GUEST)
        self.notes.part(name, records[:SHOWN], cut)


def record(part: str, source: str, /, **fields: bool | int | str | list[str]) -> Record:
    """Return a record of a part by the names of its fields."""
    notes = Notes(Vantage.GUEST)
    for name, value in fields.items():
        notes.fact(f"{part}.{name}", value, source)
    return notes.record()


def integer(text: str, convert: Callable[[str], int] = int) -> int:
    """Return a number of a guest's; raises Unreadable."""
    try:
        number = convert(text.strip())
    except ValueError:
        number = LARGEST + 1
    if abs(number) > LARGEST:
        raise Unreadable(Reason.PARSE_ERROR, f"the guest said {text[:40]!r} for a number")
    return number
