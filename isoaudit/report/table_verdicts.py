"""The top of the table format where boundaries were assessed: one sentence, a row per workload."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.model import Standing
from isoaudit.report.document import RunInfo
from isoaudit.report.layout import ELLIPSIS, clip, clip_apart, count, pad, width, wrap
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import View, changes_out
from isoaudit.report.verdict_words import verdict_words, wall_words

_LEGEND = "ESCAPE 0-100: effort to get out to the host. A range: something is not known."
_ALL_ROWS = 16
_SOME_ROWS = 10
_GAP = 2
_SHORTEST_VERDICT = 22
_LONGEST = 200


def verdict_sentence(views: Sequence[View], run: RunInfo) -> str:
    """Return how many workloads can reach their host, "" if none is known to."""
    assessed = [view for view in views if view.assessment is not None]
    reaching = [view for view in assessed if view.standing is Standing.OPEN]
    if not reaching:
        return ""
    host = "this host" if run.host is not None else "the host they run on"
    text = f"{len(reaching)} of {count(len(assessed), 'workload')} can reach {host} today"
    if len(assessed) == 1:
        text = f"The workload can reach {host.replace('they run', 'it runs')} today"
    changes = _closing(reaching)
    if changes:
        does = "closes" if changes == 1 else "close"
        text += f". {count(changes, 'change')} {does} every open way to it"
    return f"{text}."


def _closing(views: Sequence[View]) -> int:
    """Return how many changes close every open way of all targets to the host, 0 if not known."""
    changes: set[tuple[str, str]] = set()
    for view in views:
        needed = changes_out(view)
        closed = {path for fix in needed for path in fix.closes}
        if any(path.id not in closed for path in view.open_ways if path.goal.is_out):
            return 0
        changes.update(("" if fix.scope == "host" else view.target.id, fix.id) for fix in needed)
    return len(changes)


def put_verdicts(page: Page, views: Sequence[View]) -> None:
    """Put the table of workloads, the worst first."""
    reaching = sum(view.standing is Standing.OPEN for view in views)
    some = max(_SOME_ROWS, min(reaching, 2 * _ALL_ROWS))
    few = len(views) if len(views) <= _ALL_ROWS else some
    shown = views if page.verbose else views[:few]
    rows = [_row(view) for view in shown]
    heads = ("WORKLOAD", "WALL", "VERDICT", "ESCAPE")
    widths = [max(width(row[n]) for row in (heads, *rows)) for n in (1, 2, 3)]
    widest = max(width(clip(row[0], page.width)) for row in (heads, *rows))
    room = page.width - 2 - sum(widths) - 3 * _GAP
    if room < widest:  # verdicts give way to names: they stand in full below
        given = min(widest - room, max(0, widths[1] - _SHORTEST_VERDICT))
        widths[1] -= given
        room += given
        rows = [(one, wall, _fitting(words, widths[1]), score) for one, wall, words, score in rows]
    names = min(room, widest)
    page.blank()
    firsts = [heads[0], *clip_apart([row[0] for row in rows], names)]
    for name, row in zip(firsts, (heads, *rows), strict=True):
        others = (clip(text, room) for text, room in zip(row[1:], widths, strict=True))
        cells = (name, *others)
        padded = (pad(cell, room) for cell, room in zip(cells, (names, *widths), strict=True))
        page.lines.append(f"  {(' ' * _GAP).join(padded)}".rstrip())
    if len(shown) < len(views):
        page.plain(f"and {len(views) - len(shown)} more; -q gives each a line", margin=2)
    page.plain(_LEGEND, margin=2)


def _fitting(words: str, columns: int) -> str:
    """Return a verdict in fewer words if it does not fit: `HOLDS for own code`.

    It never stands without the workload that the wall is enough for, nor is it cut in its middle.
    """
    words = clip(words, _LONGEST)
    if width(words) <= columns:
        return words
    first, _, more = words.partition(",")
    short = f"{first} code" if more.endswith(" code") else first
    if width(short) <= columns:
        return short
    return wrap(words, columns - width(ELLIPSIS))[0].rstrip(",") + ELLIPSIS


def verdict_line(view: View) -> str:
    """Return wall, verdict and score of one target in one line, "" if it has no boundary."""
    if view.assessment is None:
        return ""
    _, wall, verdict, escape = _row(view)
    return f"{wall}  {verdict}  {escape}"


def _row(view: View) -> tuple[str, str, str, str]:
    assessment = view.assessment
    if assessment is None:
        return view.target.id, "", "", ""
    words = verdict_words(assessment)
    if view.standing is Standing.UNDECIDED:
        words = words.partition(":")[0]  # what may be reached is said below
    wall = wall_words(assessment, view.target.kind)
    return view.target.id, wall, words, str(assessment.score.escape)
