"""Lays a comparison out for people: what it comes to first, then the walls and six dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.advise.compare import MEASURED, Cell, Comparison, Enough, SideFix, gaps
from isoaudit.advise.compare_verdict import classes, enough, sentence
from isoaudit.cli.comparison_walls import names_of, walls
from isoaudit.model import Axis
from isoaudit.report.layout import clip, pad, wrap

WIDTH = 80
_MARGIN = 2
_ROW = (16, 22, 22, 12)
"""Columns of the six dimensions: label, both sides, what it is known by; two spaces between."""
_ENOUGH = (30, 22, 22)
_MOST = 240
_MOST_FIXES = 4


def page(comparison: Comparison) -> list[str]:
    """Return the lines of a comparison, each at most 80 columns wide."""
    names = names_of(comparison)
    head = list(_head(comparison))
    return [
        *head,
        *([""] if head else []),
        *_text(sentence(comparison, names)),
        *_classes(comparison, names),
        *walls(comparison, names),
        *_dimensions(comparison, names),
        *_fixes(comparison, names),
        *_labelled("MOVE", comparison.move),
        *_labelled("UNKNOWN", gaps(comparison)),
        *_labelled("NOTE", notes_of(comparison, names)),
    ]


def notes_of(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """Return what else has to be known to read a comparison."""
    sides = zip(comparison.sides, names, strict=True)
    notes = [f"{name}: {note}" for side, name in sides for note in side.notes]
    cells = [cell for row in comparison.rows for cell in (row.a, row.b)]
    if any(cell.state == MEASURED for cell in cells):
        notes.append("* measured now on throw-away copies; the rest was read")
    return notes


def enough_words(found: Enough) -> str:
    """Return whether a wall is enough as a word, and why not."""
    if found.value:
        return "yes"
    if found.after:
        return f"yes, after fix {found.after}"
    return f"{'NO' if found.value is False else 'NOT KNOWN'}: {found.because}".rstrip(": ")


def _head(comparison: Comparison) -> Iterator[str]:
    """Yield where this was looked at, and whether anything was started for it."""
    cells = [cell for row in comparison.rows for cell in (row.a, row.b)]
    is_measured = any(cell.state == MEASURED for cell in cells)
    how = "read, and measured on copies" if is_measured else "read, nothing measured"
    if comparison.host:
        yield from wrap(f"{comparison.host} | {how}", WIDTH)


def _text(text: str) -> Iterator[str]:
    yield from (f"{' ' * _MARGIN}{line}" for line in wrap(text, WIDTH - 2 * _MARGIN))


def _classes(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    asked = [comparison.workload] if comparison.workload else classes(comparison.sides)
    if not asked:
        return
    yield ""
    yield from _columns(("IS THE WALL ENOUGH FOR", *names), _ENOUGH)
    for workload in asked:
        found = [
            enough(side, workload, comparison.fix_of(n)) for n, side in enumerate(comparison.sides)
        ]
        yield from _columns((workload, *map(enough_words, found)), _ENOUGH)
    yield from _text("Rules and sources: isoaudit explain wall-rules")


def _dimensions(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    yield ""
    yield from _columns(("SIX DIMENSIONS", *names, "known by"), _ROW)
    before = ""
    for row in comparison.rows:
        if row.dimension != before:
            yield f"{' ' * _MARGIN}{row.dimension}"
            before = row.dimension
        cells = (f"  {row.label}", _marked(row.a), _marked(row.b), row.by)
        yield from _columns(cells, _ROW)


def _marked(cell: Cell) -> str:
    return f"{cell.text} *" if cell.state == MEASURED else cell.text


def _fixes(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    for fix in comparison.fixes:
        name = names["AB".index(fix.letter)]
        yield from _labelled(f"FIX {fix.letter}", list(fix_lines(fix, name)))


def fix_lines(fix: SideFix, name: str) -> Iterator[str]:
    """Yield the changes of one side, what it comes to with them, and what they may break."""
    for change in fix.changes[:_MOST_FIXES]:
        where = f" ({clip(change.where, _MOST)})" if change.where else ""
        host = " [at the host]" if change.scope == "host" else ""
        yield f"{clip(change.change, _MOST)}{where}{host}"
    if len(fix.changes) > _MOST_FIXES:
        yield f"and {len(fix.changes) - _MOST_FIXES} more: isoaudit advise {name}"
    breaks = "; ".join(dict.fromkeys(one.may_break for one in fix.changes if one.may_break))
    gains = [
        f"{axis.value} {old} -> {fix.after[axis]}"
        for axis, old in fix.before.items()
        if axis is Axis.ESCAPE or old != fix.after[axis]
    ]
    yield f"{name}: {', '.join(gains)}. May break: {clip(breaks or '-', _MOST)}"


def _columns(texts: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield texts side by side, each wrapped in its own column."""
    indents = [len(text) - len(text.lstrip()) for text in texts[:1]] + [0] * (len(texts) - 1)
    cells = [
        [" " * indent + line for line in wrap(clip(text, _MOST), room - indent)]
        for text, room, indent in zip(texts, widths, indents, strict=True)
    ]
    for number in range(max(map(len, cells))):
        parts = [lines[number] if number < len(lines) else "" for lines in cells]
        padded = (pad(text, room) for text, room in zip(parts, widths, strict=True))
        yield f"{' ' * _MARGIN}{'  '.join(padded)}".rstrip()


def _labelled(label: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield ""
    for number, text in enumerate(texts):
        for position, line in enumerate(wrap(text, WIDTH - 12)):
            head = label if number == 0 and position == 0 else ""
            yield f"{' ' * _MARGIN}{head:<8}{'' if position == 0 else '  '}{line}".rstrip()
