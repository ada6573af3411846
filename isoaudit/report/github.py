"""GitHub annotations: workflow commands on standard output, which show beside the changed lines.

What breaks the gate is an error, other failures are warnings or notices, worst first, since GitHub
shows ten of each kind a step. What is waived or was known before is a notice and never an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from isoaudit.model import Severity
from isoaudit.report.about import about_of
from isoaudit.report.compared import since_words
from isoaudit.report.document import Report, error_words, ordered_errors
from isoaudit.report.entries import Entry, Standing, entries, settling, waiver_words
from isoaudit.report.layout import clip, count
from isoaudit.report.options import Options
from isoaudit.report.places import Place, place_of_error
from isoaudit.report.table_findings import fix_for
from isoaudit.report.table_waived import stale_waivers, stale_words
from isoaudit.report.writing import write_text

_MOST = 1000
"""Annotations of a run: enough for the log, and a hundred times what GitHub shows."""

_SHOWN_TITLE = 200
_SHOWN_MESSAGE = 1000
_SHOWN_FILE = 1000
_ALWAYS = (Standing.FAILED, Standing.BROKEN, Standing.WAIVED)


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write a command per line: what failed, what could not be audited, then a summary."""
    found = list(entries(report, options))
    shown = [one for one in found if one.standing in _ALWAYS or one.gates(options)]
    shown.sort(key=lambda one: (_ORDER[_kind(one, options)], one.rank))
    unread, stale = list(_errors(report)), list(_stale(report))
    annotated = [_annotation(one, report, options) for one in shown[:_MOST]]
    lines = [*unread, *annotated, *stale][:_MOST]
    last = _summary(report, found, len(unread) + len(shown) + len(stale))
    write_text(stream, "\n".join([*lines, last]) + "\n")


_ORDER = {"error": 0, "warning": 1, "notice": 2}


def _kind(entry: Entry, options: Options) -> str:
    if entry.standing is Standing.BROKEN or entry.gates(options):
        return "error"
    if entry.standing is Standing.WAIVED or entry.finding.known:
        return "notice"
    return "warning" if entry.finding.severity.rank <= Severity.MEDIUM.rank else "notice"


def _annotation(entry: Entry, report: Report, options: Options) -> str:
    finding = entry.finding
    about = about_of(report.checks, finding.check)
    title = f"{clip(finding.check, 40)} {finding.severity.value}: {about.get('title', '')}"
    message = clip(finding.message, _SHOWN_MESSAGE)
    name = clip(entry.target.id, _SHOWN_TITLE)
    lines = [f"{message} [{name}]"]
    if entry.standing is Standing.WAIVED and finding.waiver is not None:
        title = f"waived: {title}"
        lines.append(f"Waived: {waiver_words(finding.waiver)}")
    elif entry.standing is Standing.UNDECIDED:
        title = f"not known: {title}"
        lines.append(clip(settling(entry), _SHOWN_MESSAGE))
    elif entry.standing is Standing.FAILED:
        title = f"known before: {title}" if finding.known else title
        fix = fix_for(entry.target, about.get("remediation", {}))
        lines += [f"Fix: {clip(fix, _SHOWN_MESSAGE)}"] if fix else []
    where = {"title": clip(title.rstrip(": "), _SHOWN_TITLE), **_at(entry.place)}
    return command(_kind(entry, options), where, "\n".join(lines))


def _at(place: Place | None) -> dict[str, str]:
    """Return what puts an annotation beside a line: nothing for what no file declares."""
    if place is None or place.live:
        return {}
    column = {} if place.column is None else {"col": str(place.column)}
    return {"file": clip(place.path, _SHOWN_FILE), "line": str(place.line), **column}


def command(kind: str, properties: dict[str, str], message: str) -> str:
    """Return a workflow command in which nothing begins another one."""
    named = ",".join(f"{key}={_property(properties[key])}" for key in _KEYS if key in properties)
    return f"::{kind} {named}::{_data(message)}"


_KEYS = ("file", "line", "col", "title")


def _errors(report: Report) -> Iterator[str]:
    for error in ordered_errors(report.errors):
        text = clip(error_words(error), _SHOWN_MESSAGE)
        if error.how_to_get:
            text += f"\n{clip(error.how_to_get, _SHOWN_MESSAGE)}"
        where = {"title": "not audited", **_at(place_of_error(error))}
        yield command("error" if error.asked else "warning", where, text)


def _stale(report: Report) -> Iterator[str]:
    for use in stale_waivers(report.waivers):
        yield command("warning", {"title": f"waiver {use.state}"}, stale_words(use))


def _summary(report: Report, found: list[Entry], annotations: int) -> str:
    """Return the last command: the gate's word, and the number of everything."""
    gate = report.summary
    verdict = "the gate holds" if gate.gate_passed else "the gate does not hold"
    words = [f"{verdict}; {count(gate.targets, 'target')}"]
    words += [
        f"{number} {what}"
        for what, standing in (
            ("failed", Standing.FAILED),
            ("waived", Standing.WAIVED),
            ("not known", Standing.UNDECIDED),
            ("could not be run", Standing.BROKEN),
        )
        if (number := sum(one.standing is standing for one in found))
    ]
    left = annotations - _MOST
    words += [f"{left} annotations left out of {annotations}"] if left > 0 else []
    since = since_words(report.run.since) if report.run.since else []
    reasons = [clip(reason, _SHOWN_MESSAGE) for reason in (*gate.gate_reasons, *since)]
    return command("notice", {"title": "isoaudit"}, "\n".join([", ".join(words), *reasons]))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
