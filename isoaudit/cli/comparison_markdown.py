"""Writes a comparison as Markdown: for a ticket, a decision record or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoaudit.advise.compare import MEASURED, Cell, Comparison, gaps
from isoaudit.advise.compare_verdict import classes, enough, sentence
from isoaudit.cli.comparison_page import enough_words, fix_lines, notes_of
from isoaudit.cli.comparison_walls import names_of
from isoaudit.report.markup import prose

_MOST = 400


def markdown(comparison: Comparison) -> str:
    """Return a comparison as a page of Markdown."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    names = names_of(comparison)
    yield f"# {_text(names[0])} and {_text(names[1])}"
    yield ""
    yield _text(sentence(comparison, names))
    if comparison.host:
        yield f"\nSeen on {_text(comparison.host)}."
    asked = [comparison.workload] if comparison.workload else classes(comparison.sides)
    yield from _head(("Is the wall enough for", *names))
    for workload in asked:
        found = [
            enough_words(enough(side, workload, comparison.fix_of(n)))
            for n, side in enumerate(comparison.sides)
        ]
        yield _row((workload, *found))
    yield from _head(("Dimension", "", *names, "known by"))
    before = ""
    for row in comparison.rows:
        dimension = row.dimension if row.dimension != before else ""
        before = row.dimension
        yield _row((dimension, row.label, _marked(row.a), _marked(row.b), row.by))
    fixes = [
        f"Fix {fix.letter}: {line}"
        for fix in comparison.fixes
        for line in fix_lines(fix, names["AB".index(fix.letter)])
    ]
    for title, texts in (
        ("Fixes", fixes), ("Move", comparison.move), ("Not known", gaps(comparison)),
        ("Notes", notes_of(comparison, names)),
    ):  # fmt: skip
        yield from _listed(title, texts)


def _listed(title: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield from ("", f"## {title}", "")
        yield from (f"- {_text(text)}" for text in texts)


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield ""
    yield _row(cells)
    yield f"|{'---|' * len(cells)}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _marked(cell: Cell) -> str:
    return f"{cell.text} (measured)" if cell.state == MEASURED else cell.text


def _text(text: str) -> str:
    return prose(text, _MOST)
