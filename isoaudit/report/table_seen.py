"""The evidence of a finding: each value, from where it was seen, and what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isoaudit.model import Fact, Finding, Value, Vantage
from isoaudit.report.layout import clip, count, pad, width, wrap
from isoaudit.report.table_page import Page

_SHOWN_FACTS = 6
_SHOWN_PATH = 100
_SHOWN_VALUE = 100
_SHOWN_ELEMENTS = 3
_SHOWN_SOURCE = 120


@dataclass(frozen=True, slots=True)
class _Seen:
    """A fact in words."""

    path: str
    value: str
    vantage: str
    source: str

    @property
    def origin(self) -> str:
        """Who says so, and where it was read."""
        if self.source.startswith(self.vantage):
            return self.source
        return f"{self.vantage}: {self.source}"


def put_seen(page: Page, findings: Iterable[Finding], further: int = 0) -> None:
    """Put the evidence of findings; what the section gave before comes without its source.

    `further` is how many more values there are that are not given.
    """
    every = [_seen(fact, one.message) for one in findings for fact in one.evidence]
    rows = list(dict.fromkeys(every))
    shown = rows if page.verbose else rows[:_SHOWN_FACTS]
    new = [row for row in shown if row not in page.seen]
    known = [row for row in shown if row in page.seen]
    page.seen.update(new)
    lines = _lines(new, page.room)
    if known:
        words = "; ".join(f"{path}: {row.value}" for path, row in _folded(known))
        lines += wrap(f"as above: {words}" if new else f"{words} (as above)", page.room)
    hidden = len(rows) - len(shown) + further
    if hidden:
        lines.append(
            f"and {count(hidden, 'more value')}; -v lists {'it' if hidden == 1 else 'them'}"
        )
    page.labelled("SEEN", lines)


def seen_words(fact: Fact) -> str:
    """Return one value with who says so and where it was read: `process.uid: 0 (kernel: …)`."""
    row = _seen(fact, "")
    return f"{row.path}: {row.value} ({row.origin})"


def _lines(rows: Sequence[_Seen], room: int) -> list[str]:
    """Return a line per value in three columns, or, if that is too wide, sources below values."""
    cells = [(f"{path}: {row.value}", row) for path, row in _folded(rows)]
    left = max((width(text) for text, _ in cells), default=0)
    middle = max((width(row.vantage) for _, row in cells), default=0)
    if all(left + middle + width(row.source) + 4 <= room for _, row in cells):
        return [
            f"{pad(text, left)}  {pad(row.vantage, middle)}  {row.source}" for text, row in cells
        ]
    by_origin: dict[str, list[str]] = {}
    for text, row in cells:
        by_origin.setdefault(row.origin, []).append(text)
    lines = []
    for origin, several in by_origin.items():
        lines += [line for text in several for line in wrap(text, room)]
        lines += [f"  {line}" for line in wrap(origin, room - 2)]
    return lines


def _folded(rows: Sequence[_Seen]) -> list[tuple[str, _Seen]]:
    """Return rows with their paths; neighbours of one branch that agree are one: `a.b.{c,d}`."""
    groups: dict[tuple[str, ...], list[_Seen]] = {}
    for row in rows:
        branch = row.path.rpartition(".")[0]
        groups.setdefault((branch, row.value, row.vantage, row.source), []).append(row)
    folded = []
    for (branch, *_), several in groups.items():
        leaves = [row.path.rpartition(".")[2] for row in several]
        path = several[0].path if len(leaves) == 1 else f"{branch}.{{{','.join(leaves)}}}"
        folded.append((path, several[0]))
    return folded


def _seen(fact: Fact, message: str) -> _Seen:
    vantage = "guest says so" if fact.vantage is Vantage.GUEST else fact.vantage.value
    source = fact.source
    if fact.location is not None:
        place = str(fact.location)
        known = place in source or source.startswith(f"{fact.location.file}:")
        source = source if known else f"{place} {source}"
    path = clip(fact.path, _SHOWN_PATH)
    return _Seen(path, _shown(fact.value, message), vantage, clip(source, _SHOWN_SOURCE))


def _shown(value: Value, message: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return _listed(value, message)
    return clip(str(value), _SHOWN_VALUE) or '""'


def _listed(value: tuple[str, ...], message: str) -> str:
    """Return a list, of a long one what the message speaks of and how much more there is."""
    if not value:
        return "none"
    if len(value) <= _SHOWN_ELEMENTS:
        return clip(", ".join(value), _SHOWN_VALUE)
    named = [one for one in value if one and one in message] or value
    shown = named[:_SHOWN_ELEMENTS]
    return f"{clip(', '.join(shown), _SHOWN_VALUE)} and {len(value) - len(shown)} more"
