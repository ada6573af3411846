"""The table format: the report for people, worst first, at most 80 columns, no control characters.

What is wrong stands with what was seen and how, and with the change that ends it; what is not
known stands with what would settle it. Findings below high are counted, and listed with -v.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any, TextIO

from isoaudit.model import RunError, Severity, Standing, Status
from isoaudit.report.document import Report, error_words, ordered_errors
from isoaudit.report.escape import clean
from isoaudit.report.layout import clip, clip_apart, count, pad, widest
from isoaudit.report.options import Options
from isoaudit.report.table_changes import put_changes
from isoaudit.report.table_findings import put_failure
from isoaudit.report.table_head import put_head, put_sentence, put_targets, short
from isoaudit.report.table_page import Page
from isoaudit.report.table_shared import Shared, put_shared, take_shared
from isoaudit.report.table_unknown import put_unknown
from isoaudit.report.table_verdicts import put_verdicts
from isoaudit.report.table_view import Failure, View, by_severity, failing
from isoaudit.report.table_waived import put_waived, put_waivers
from isoaudit.report.table_ways import put_ways
from isoaudit.report.verdict_words import verdict_words
from isoaudit.report.writing import write_text

_SHOWN_MESSAGE = 400
_SHOWN_TOGETHER = 3

_SHORTEST_NAME = 20

_ALIKE = 4
"""So many targets with the same findings make one section."""

_LOUD = (Severity.CRITICAL, Severity.HIGH)

_TOLD = 3
"""Workloads that hold and are told one by one: what they are enough for; more make one section."""

_BESIDE_WAYS = 3
"""Findings that are listed beside open ways: these come first."""

Checks = Mapping[str, Mapping[str, Any]]


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write a report for people."""
    page = Page(options)
    views = sorted(map(View.of, report.results), key=lambda view: view.badness)
    if options.verbosity < 0:
        _put_short(page, views, report.errors)
    else:
        put_head(page, report)
        put_sentence(page, views, report.run)
        assessed = [view for view in views if view.assessment is not None]
        others = [view for view in views if view.assessment is None]
        if assessed:
            put_verdicts(page, assessed)
        if others and (not assessed or any(not view.is_host for view in others)):
            put_targets(page, others)
        _put_sections(page, views, report.checks)
        put_waivers(page, report.waivers)
        _put_errors(page, report.errors)
    write_text(stream, "".join(f"{line}\n" for line in page.lines))


def _put_short(page: Page, views: Sequence[View], errors: Sequence[RunError]) -> None:
    """Put one line per target, and one per error."""
    rows = [(view.target.id, short(view)) for view in views]
    # The counts are what the line is for: names give way to them, as far as they stay names.
    left = max(_SHORTEST_NAME, page.width - 2 - widest(text for _, text in rows))
    rows += [(error.target, f"not audited: {_unread(error)}") for error in ordered_errors(errors)]
    left = min(left, page.width // 2) if errors else left
    room = min(left, widest(clip(name, page.width) for name, _ in rows))
    names = clip_apart([name for name, _ in rows], room)
    for name, (_, text) in zip(names, rows, strict=True):
        cell = pad(name, room)
        page.lines.append(f"{cell}  {clip(text, page.width - room - 2)}".rstrip())


def _unread(error: RunError) -> str:
    """Return what is said of an error beside its target's name."""
    return error_words(error).removeprefix(f"{error.target}:").lstrip()


def _put_sections(page: Page, views: Sequence[View], checks: Checks) -> None:
    workloads = [view for view in views if not view.is_host]
    shared: list[Shared] = []
    if not page.verbose:
        workloads, shared = take_shared(workloads)
    for view, others in _alike([view for view in workloads if view.loud or page.verbose], page):
        _put_target(page, view, checks, view.target.id)
        if others:
            names = ", ".join(other.target.id for other in others[:_SHOWN_TOGETHER])
            more = f" and {len(others) - _SHOWN_TOGETHER} more" if others[_SHOWN_TOGETHER:] else ""
            page.row("SAME IN", clip(names, _SHOWN_MESSAGE) + more)
    quiet = [view for view in workloads if not (view.loud or page.verbose)]
    if len(quiet) <= _TOLD and all(view.assessment is not None for view in quiet):
        for view in quiet:
            _put_target(page, view, checks, view.target.id)
    else:
        _put_quiet(page, quiet)
    for one in shared:
        put_shared(page, one, checks)
    for view in views:
        if view.is_host:
            once = ": counted once, not per workload" if workloads else ""
            _put_target(
                page, view, checks, clip(view.target.name or view.target.id, page.width // 4) + once
            )


def _alike(views: Sequence[View], page: Page) -> list[tuple[View, list[View]]]:
    """Return targets with those of which the same is to be said: the same checks fail, as badly.

    What is waived, known or broken is told target by target.
    """
    groups: dict[object, list[View]] = {}
    for number, view in enumerate(views):
        loud = tuple((one.check, one.severity) for one in view.failures if one.loud)
        own = page.verbose or view.waived or view.known or view.broken
        ways = tuple(path.id for path in view.open_ways)
        source = (view.target.engine, view.target.dialect, view.standing, ways)
        key = number if own else (source, loud)
        groups.setdefault(key, []).append(view)
    folded = [group for group in groups.values() if len(group) >= _ALIKE]
    hidden = {id(view) for group in folded for view in group[1:]}
    others = {id(group[0]): group[1:] for group in folded}
    return [(view, others.get(id(view), [])) for view in views if id(view) not in hidden]


def _put_target(page: Page, view: View, checks: Checks, title: str) -> None:
    """Put one target: its worst findings in full, the rest counted, the unknown grouped."""
    listed = _listed(page, view)
    rest = [one for one in view.failures if one not in listed]
    listed += view.known if page.verbose else ()
    page.section(
        title, verdict_words(view.assessment) if view.assessment else _result(view, listed)
    )
    put_ways(page, view)
    for broken in view.broken:
        page.headline(None, clip(broken.message, _SHOWN_MESSAGE), broken.check)
    for failure in listed:
        if _beside_ways(page, view):
            page.headline(failure.severity, clip(failure.message, _SHOWN_MESSAGE), failure.check)
        else:
            put_failure(page, view.target, failure, checks.get(failure.check, {}))
    if rest:
        page.command("ALSO", by_severity(failing(rest)), _more(view.target.id))
    put_changes(page, view, checks)
    put_waived(page, [view])
    if not listed or page.verbose:
        _put_held(page, [view])
    put_unknown(page, [view])


def _beside_ways(page: Page, view: View) -> bool:
    """Say whether findings stand beside open ways, which come first: a line each is enough."""
    return view.standing is Standing.OPEN and not page.verbose


def _listed(page: Page, view: View) -> list[Failure]:
    """Return the failures that are listed: the worst, beside open ways some of them."""
    if page.verbose:
        return list(view.failures)
    loud = [one for one in view.failures if one.loud]
    return loud[:_BESIDE_WAYS] if _beside_ways(page, view) else loud


def _put_quiet(page: Page, views: Sequence[View]) -> None:
    """Put the targets that have nothing critical or high as one section."""
    if not views:
        return
    title = ", ".join(view.target.id for view in views[:_SHOWN_TOGETHER])
    if len(views) > 1 and (len(views) > _SHOWN_TOGETHER or len(title) > page.width // 2):
        title = f"{len(views)} targets"
    failures = [failure for view in views for failure in view.failures]
    page.section(title, _calm(views))
    if failures:
        named = views[0].target.id if len(views) == 1 else "TARGET"
        page.command("ALSO", by_severity(failing(failures)), _more(named))
    put_waived(page, views)
    _put_held(page, views)
    put_unknown(page, views)


def _put_held(page: Page, views: Sequence[View]) -> None:
    held = sum(view.held for view in views)
    if not held:
        return
    text = count(held, "check")
    passed_by = sum(view.tally.status(Status.NOT_APPLICABLE) for view in views)
    if passed_by:
        text += f", {passed_by} {'does' if passed_by == 1 else 'do'} not apply"
    page.row("HELD", text)


def _put_errors(page: Page, errors: Sequence[RunError]) -> None:
    if not errors:
        return
    page.section("not audited", count(len(errors), "error"))
    for error in ordered_errors(errors):
        page.plain(clip(error_words(error), _SHOWN_MESSAGE), margin=3)
        if error.how_to_get:
            page.row("", clip(error.how_to_get, _SHOWN_MESSAGE))


def _result(view: View, listed: Sequence[Failure]) -> str:
    """Return what stands at the right of a target's heading."""
    words = [by_severity(failing(listed))] if listed else []
    words += [count(len(view.broken), "error")] if view.broken else []
    if not words and view.is_host:
        return ""  # its long heading needs the room, and the rows below say it
    return ", ".join(words) or _calm([view])


def _calm(views: Sequence[View]) -> str:
    """Return what to say where nothing is bad; what is not known stands beside it."""
    if not any(view.tally.judged for view in views):
        return "no check is about it"
    failed = any(view.failed for view in views)
    unsettled = sum(view.unsettled for view in views)
    text = "none critical or high" if failed else "no check failed"
    if any(view.tally.severity(severity) for view in views for severity in _LOUD):
        text = "no more critical or high"  # what they share with others stands below
    elif any(view.known for view in views):
        text = "no new critical or high" if failed else "nothing new failed"
    return f"{text}, {unsettled} unknown" if unsettled else text


def _more(target: str) -> str:
    return f"isoaudit scan {target if target == 'TARGET' else quote(clean(target))} -v"
