"""The top of the table format: the run, one sentence, and a row per target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isoaudit.model import Kind, Severity, Status
from isoaudit.report.compared import since_words
from isoaudit.report.document import Report, RunInfo
from isoaudit.report.layout import clip, clip_apart, count, width
from isoaudit.report.table_page import Page
from isoaudit.report.table_verdicts import verdict_line, verdict_sentence
from isoaudit.report.table_view import View, by_severity, held

_COLUMNS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_AROUND = frozenset({Kind.HOST, Kind.NAMESPACE})
"""What workloads are in, and no workload itself."""

_SHOWN_NAME = 60
_HOST = ("name", "os", "kernel")
_UNREAD = "unknown"
_SHOWN_STATE = 10
_SHOWN_LINE = 200
_ALL_ROWS = 16
_SOME_ROWS = 10
"""Targets listed one by one: all if they are no more than these, else at least so many."""


def put_head(page: Page, report: Report) -> None:
    """Put the line that says what ran, on which machine, and how much it could see."""
    run = report.run
    parts = [f"isoaudit {clip(report.version, _SHOWN_NAME)}"]
    if run.host is not None:
        parts += [f"host {_host(run.host)}", f"{run.view} view"]
    if run.on is not None:
        parts.append(f"for host {_host(run.on)}")
    seconds = f"{run.seconds:.1f} s" if run.seconds >= 1 else f"{run.seconds:.2f} s"
    page.parts([*parts, seconds])


def _host(words: Mapping[str, str]) -> str:
    name, system, kernel = (clip(words.get(key, ""), _SHOWN_NAME) for key in _HOST)
    parts = (system, kernel and kernel != _UNREAD and f"Linux {kernel}")
    known = ", ".join(part for part in parts if part and part != _UNREAD)
    return f"{name}: {known}" if known else name


def put_sentence(page: Page, views: Sequence[View], run: RunInfo) -> None:
    """Put what it all comes to, and what it was compared with."""
    page.blank()
    verdict = verdict_sentence(views, run)
    if verdict:
        page.plain(verdict, margin=2)
    page.plain(_sentence(views), margin=2)
    for line in since_words(run.since) if run.since is not None else ():
        page.plain(clip(line, _SHOWN_LINE), margin=2)


def put_targets(page: Page, views: Sequence[View]) -> None:
    """Put the table of targets, worst first."""
    shown = views if page.verbose else views[: _rows(views)]
    rest = views[len(shown) :]
    _put_rows(page, shown)
    if rest:
        worst = {one: sum(view.tally.severity(one) for view in rest) for one in _COLUMNS}
        page.plain(f"and {len(rest)} more: {by_severity(worst) or 'no check failed'}", margin=2)
        page.plain("-q gives each a line, -v everything", margin=2)


def _rows(views: Sequence[View]) -> int:
    """Return how many rows to show: all of a few, and those with critical findings of many."""
    critical = sum(bool(view.tally.severity(Severity.CRITICAL)) for view in views)
    return len(views) if len(views) <= _ALL_ROWS else max(_SOME_ROWS, min(critical, 2 * _ALL_ROWS))


def _put_rows(page: Page, views: Sequence[View]) -> None:
    # NOTE: imported here because it costs 60 ms, which other formats need not pay.
    from tabulate import tabulate

    states = any(view.target.state != "declared" for view in views)
    rows = [_row(view, states=states) for view in views]
    heads = ["TARGET", *(["STATE"] if states else []), *(one.upper() for one in _COLUMNS)]
    heads.append("UNKNOWN")
    room = page.width - 2 - sum(len(head) + 2 for head in heads[1:])
    room -= max(0, max(len(row[0]) for row in rows) - len("STATE")) if states else 0
    names = clip_apart([view.target.id for view in views], room)
    # The names are set in afterwards: tabulate would count wide characters as one column.
    table = [["x" * width(name), *row] for name, row in zip(names, rows, strict=True)]
    align = ("left", *(["left"] if states else []), *["right"] * (len(_COLUMNS) + 1))
    # The heads are a row like any other, since tabulate pads real ones by two columns.
    text = tabulate([heads, *table], tablefmt="plain", disable_numparse=True, colalign=align)
    head, *lines = text.split("\n")
    page.blank()
    page.lines.append("  " + head.rstrip())
    for name, line in zip(names, lines, strict=True):
        page.lines.append(f"  {name}{line[width(name) :]}".rstrip())


def short(view: View) -> str:
    """Return a target's verdict, or its counts in a few words; what held if nothing failed."""
    if view.assessment is not None:
        idle = "" if view.tally.judged or view.waived or view.known else "  no check is about it"
        return verdict_line(view) + idle
    if not (view.tally.judged or view.waived or view.known):
        return "no check is about it"
    words = by_severity(view.tally.by_severity) or f"{count(view.held, 'check')} held"
    broken = f", {count(len(view.broken), 'error')}" if view.broken else ""
    unknown = f", {view.unsettled} unknown" if view.unsettled else ""
    return words + broken + unknown + (f", {len(view.waived)} waived" if view.waived else "")


def _row(view: View, *, states: bool) -> list[str]:
    # ASCII, as tabulate counts characters and not columns.
    text = view.target.state.encode("ascii", "backslashreplace").decode()
    state = [clip(text, _SHOWN_STATE) or "-"] if states else []
    numbers = [str(view.tally.severity(severity)) for severity in _COLUMNS]
    return [*state, *numbers, str(view.unsettled)]


def _sentence(views: Sequence[View]) -> str:
    if not views:
        return "No target was audited."
    if not any(view.tally.judged or view.waived or view.known for view in views):
        return "No check of this run is about what was found."
    if not any(view.failed for view in views):
        thing = "Nothing new" if any(view.known for view in views) else "No check"
        return f"{thing} failed: {held(views)}.{_waived(views)}{_broken(views)}"
    workloads = [view for view in views if view.target.kind not in _AROUND]
    kinds = {view.target.kind.value for view in views}
    thing = "workload" if workloads else kinds.pop() if len(kinds) == 1 else "target"
    among = workloads or views
    worst = [_having(among, Severity.CRITICAL), _having(among, Severity.HIGH)]
    new = "new " if any(view.known for view in among) else ""
    if not any(worst):
        text = f"No {new}critical or high finding in {count(len(among), thing)}"
        unsettled = sum(view.unsettled for view in among)
        text += f", {count(unsettled, 'check')} unknown" if unsettled else ""
    elif worst[0]:
        text = _share(worst[0], len(among), thing, f"{new}critical")
        if worst[1]:
            text += f"; {worst[1]} more {_have(worst[1])} high ones"
    else:
        text = _share(worst[1], len(among), thing, f"{new}high") + ", none critical ones"
    host = _host_clause(views) if workloads else ""
    return f"{text}{host}.{_waived(views)}{_broken(views)}"


def _having(views: Sequence[View], severity: Severity) -> int:
    """Count the targets whose worst failure has this severity."""
    return sum(bool(view.failures) and view.failures[0].severity is severity for view in views)


def _share(number: int, total: int, thing: str, severity: str) -> str:
    if total == 1:
        return f"The {thing} has {severity} findings"
    return f"{number} of {total} {thing}s {_have(number)} {severity} findings"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _host_clause(views: Sequence[View]) -> str:
    hosts = [view for view in views if view.is_host]
    worst = {one: sum(host.tally.severity(one) for host in hosts) for one in _COLUMNS[:2]}
    if not any(worst.values()):
        return ""
    noun = "finding" if sum(worst.values()) == 1 else "findings"
    return f"; the host itself has {by_severity(worst)} {noun}"


def _waived(views: Sequence[View]) -> str:
    number = sum(len(view.waived) for view in views)
    return f" {count(number, 'finding')} {'is' if number == 1 else 'are'} waived." if number else ""


def _broken(views: Sequence[View]) -> str:
    number = sum(view.tally.status(Status.ERROR) for view in views)
    return f" {count(number, 'check')} ended in an error." if number else ""
