"""The top of the table format: the run, one sentence, and a row per target."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.model import Severity, Status
from isoaudit.report.document import Report
from isoaudit.report.layout import clip, count, width
from isoaudit.report.table_page import Page
from isoaudit.report.table_view import View, by_severity, held

_COLUMNS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_SHOWN_NAME = 60
_UNREAD = "unknown"
_SHOWN_STATE = 10


def put_head(page: Page, report: Report) -> None:
    """Put the line that says what ran, on which machine, and how much it could see."""
    run = report.run
    parts = [f"isoaudit {clip(report.version, _SHOWN_NAME)}"]
    if run.host is not None:
        name, system, kernel = (
            clip(run.host.get(key, ""), _SHOWN_NAME) for key in ("name", "os", "kernel")
        )
        words = (system, kernel and kernel != _UNREAD and f"Linux {kernel}")
        known = ", ".join(word for word in words if word and word != _UNREAD)
        parts += [f"host {name}: {known}" if known else f"host {name}", f"{run.view} view"]
    seconds = f"{run.seconds:.1f} s" if run.seconds >= 1 else f"{run.seconds:.2f} s"
    page.parts([*parts, seconds])


def put_sentence(page: Page, views: Sequence[View]) -> None:
    """Put what it all comes to."""
    page.blank()
    page.plain(_sentence(views), margin=2)


def put_targets(page: Page, views: Sequence[View]) -> None:
    """Put the table of targets, worst first."""
    # NOTE: imported here because it costs 60 ms, which other formats need not pay.
    from tabulate import tabulate

    states = any(view.target.state != "declared" for view in views)
    rows = [_row(view, states=states) for view in views]
    heads = ["TARGET", *(["STATE"] if states else []), *(one.upper() for one in _COLUMNS)]
    heads.append("UNKNOWN")
    room = page.width - 2 - sum(len(head) + 2 for head in heads[1:])
    room -= max(0, max(len(row[0]) for row in rows) - len("STATE")) if states else 0
    names = [clip(view.target.id, room) for view in views]
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
    """Return a target's counts in a few words; what held if nothing failed."""
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
    if not any(view.failed for view in views):
        return f"No check failed: {held(views)}.{_waived(views)}{_broken(views)}"
    workloads = [view for view in views if not view.is_host]
    thing = "workload" if workloads else "host"
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
