"""The JUnit XML format, as Jenkins and others read it: a suite per target, a case per check.

A failed check is a failure, one that could not be run an error. One that is undecided is skipped
with the reason, and an error where the gate counts it; one that is waived, or that stood in the
baseline, is skipped as that.
The document is ASCII, and holds no character that XML 1.0 forbids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from isoaudit.model import RunError, WaiverUse
from isoaudit.report.about import about_of
from isoaudit.report.document import Report, ordered_errors
from isoaudit.report.entries import (
    Entry,
    Standing,
    entries_of,
    ordered_results,
    settling,
    waiver_words,
)
from isoaudit.report.layout import clip
from isoaudit.report.options import Options
from isoaudit.report.table_waived import stale_waivers, stale_words

_SHOWN_NAME = 300
_SHOWN_MESSAGE = 1000
_SHOWN_RECORDS = 20
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


class Case(NamedTuple):
    """A test case: `tag` is failure, error or skipped, "" for a passed one."""

    name: str
    group: str
    tag: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


class _Suite(NamedTuple):
    name: str
    cases: Sequence[Case]

    def count(self, tag: str) -> int:
        """Return how many of its cases ended so."""
        return sum(case.tag == tag for case in self.cases)


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write a report as one `testsuites` document."""
    suites = list(_suites(report, options))
    tests = sum(len(suite.cases) for suite in suites)
    failures = sum(suite.count("failure") for suite in suites)
    errors = sum(suite.count("error") for suite in suites)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(
        f'<testsuites name="isoaudit" tests="{tests}" failures="{failures}" errors="{errors}" '
        f'time="{_seconds(report.run.seconds)}">\n'
    )
    time = _TIME.match(report.run.started_at)
    stamp = f' timestamp="{time[0]}"' if time else ""
    for suite in suites:
        stream.write(
            f'<testsuite name="{suite.name}" tests="{len(suite.cases)}" '
            f'failures="{suite.count("failure")}" errors="{suite.count("error")}" '
            f'skipped="{suite.count("skipped")}" time="0"{stamp}>\n'
        )
        stream.writelines(map(_case, suite.cases))
        stream.write("</testsuite>\n")
    stream.write("</testsuites>\n")


def _suites(report: Report, options: Options) -> Iterator[_Suite]:
    """Yield a suite per target, and one of what could not be audited and of stale waivers."""
    for result in ordered_results(report):
        name = _escaped(clip(result.target.id, _SHOWN_NAME))
        by_check: dict[str, list[Entry]] = {}
        for entry in entries_of(result, options):
            by_check.setdefault(entry.finding.check, []).append(entry)
        cases = [
            _judged(name, check, group, about_of(report.checks, check), options)
            for check, group in by_check.items()
        ]
        yield _Suite(name, cases)
    rest = [_unread(error) for error in ordered_errors(report.errors)]
    rest += [_stale(use) for use in stale_waivers(report.waivers)]
    if rest:
        yield _Suite("isoaudit", rest)


_TAGS = {
    Standing.FAILED: ("failure", ""),
    Standing.BROKEN: ("error", "check-error"),
    Standing.UNDECIDED: ("skipped", "unknown"),
    Standing.WAIVED: ("skipped", "waived"),
    Standing.BEYOND: ("skipped", "not-declarable"),
    Standing.NOT_APPLICABLE: ("skipped", "not-applicable"),
    Standing.HELD: ("", ""),
}
_WORST = (
    Standing.BROKEN, Standing.FAILED, Standing.UNDECIDED, Standing.WAIVED, Standing.BEYOND,
    Standing.HELD, Standing.NOT_APPLICABLE,
)  # fmt: skip


_SILENT = (Standing.HELD, Standing.NOT_APPLICABLE)


def _known(entry: Entry) -> bool:
    """Say whether a finding is none that counts: it stood in the baseline, or it did not fail."""
    return entry.standing is not Standing.FAILED or entry.finding.known is True


def _judged(
    target: str, check: str, group: Sequence[Entry], about: Mapping[str, Any], options: Options
) -> Case:
    """Return the case of one check: what its worst finding came to, with the text of all."""
    standing = min((entry.standing for entry in group), key=_WORST.index)
    worst = min((e for e in group if e.standing is standing), key=lambda entry: entry.rank)
    tag, kind = _TAGS[standing]
    if standing is Standing.UNDECIDED and any(entry.gates(options) for entry in group):
        tag = "error"
    if standing is Standing.FAILED and all(_known(entry) for entry in group):
        tag, kind = "skipped", "known"
    title = clip(about.get("title", ""), _SHOWN_NAME)
    name = _escaped(f"{clip(check, _SHOWN_NAME)} {title}".rstrip())
    if not tag:
        return Case(name, target)
    kind = kind or worst.finding.severity.value
    lines = [_line(entry) for entry in group if entry.standing not in _SILENT]
    if len(lines) > _SHOWN_RECORDS:
        lines = [*lines[:_SHOWN_RECORDS], f"and {len(lines) - _SHOWN_RECORDS} more"]
    return Case(name, target, tag, kind, _said(worst), "\n".join(map(_escaped, lines)))


def _said(entry: Entry) -> str:
    finding = entry.finding
    if finding.waiver is not None and entry.standing is Standing.WAIVED:
        text = f"waived: {waiver_words(finding.waiver)}"
    elif entry.standing in (Standing.UNDECIDED, Standing.BEYOND):
        text = f"not known: {settling(entry)}"
    elif entry.standing is Standing.NOT_APPLICABLE:
        text = "does not apply"
    else:
        text = f"known before: {finding.message}" if finding.known else finding.message
    return _escaped(clip(text, _SHOWN_MESSAGE))


def _line(entry: Entry) -> str:
    """Return one finding with its place; what was accepted or known before says so."""
    finding = entry.finding
    place = entry.place
    words = f"{clip(str(place), _SHOWN_NAME)}: " if not place.live else ""
    words += f"{finding.severity.value}: {clip(finding.message, _SHOWN_MESSAGE)}"
    if finding.known is not None:
        words += " (known before)" if finding.known else " (new)"
    if finding.waiver is not None:
        words += " (waived)"
    return words


def _unread(error: RunError) -> Case:
    """Return the case of what could not be audited: an error if it was asked for."""
    message = _escaped(clip(error.message, _SHOWN_MESSAGE))
    name = _escaped(clip(error.target, _SHOWN_NAME)) or "unnamed"
    tag = "error" if error.asked else "skipped"
    remedy = _escaped(clip(error.how_to_get, _SHOWN_MESSAGE))
    return Case(name, "not audited", tag, "not-audited", message, remedy)


def _stale(use: WaiverUse) -> Case:
    """Return the case of a waiver that does not count; whether that fails the run is no test's."""
    source = _escaped(clip(use.waiver.source, _SHOWN_NAME)) or "unnamed"
    return Case(source, "waivers", "skipped", f"waiver-{use.state}", _escaped(stale_words(use)))


def _case(case: Case) -> str:
    head = f'<testcase classname="{case.group}" name="{case.name}" time="0"'
    if not case.tag:
        return f"{head}/>\n"
    body = f'<{case.tag} type="{case.kind}" message="{case.message}">{case.text}</{case.tag}>'
    return f"{head}>{body}</testcase>\n"


def _escaped(text: str) -> str:
    """Return cleaned text as ASCII that may stand in XML, in an attribute as well."""
    text = text.translate(_XML)
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode()


def _seconds(seconds: float) -> str:
    """Return a span as the schema's SUREFIRE_TIME wants it: at most three decimals."""
    return f"{seconds:.3f}" if 0 <= seconds < 1e9 else "0"
