"""The CSV format (RFC 4180): a row per finding, for spreadsheets and scripts.

Columns keep their names and their order; new ones come behind. Every status has its rows, and what
could not be audited has rows of status `not_audited`, a waiver that does not count one of status
`waiver_expired` or the like. Text from a target that a spreadsheet would take for a formula is
shown with an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TextIO

from isoaudit.model import Status
from isoaudit.report.about import about_of
from isoaudit.report.document import Report, ordered_errors
from isoaudit.report.entries import Entry, entries, settling
from isoaudit.report.layout import clip
from isoaudit.report.options import Options
from isoaudit.report.table_findings import fix_for
from isoaudit.report.table_waived import stale_waivers, stale_words
from isoaudit.report.writing import write_text

COLUMNS = (
    "target", "kind", "dialect", "check", "title", "severity", "status", "message", "file", "line",
    "column", "baseline", "waived", "waiver_reason", "waiver_owner", "waiver_until",
    "waiver_source", "fix", "would_settle_it", "fingerprint",
)  # fmt: skip

_SHOWN = 2000
"""Characters of a cell: a spreadsheet holds 32,767, and a person reads far fewer."""

_FORMULA = tuple("=+-@|%\uff1d\uff0b\uff0d\uff20")
"""What makes a cell a formula or a command in some spreadsheet, full-width forms included."""

_ROWS_AT_ONCE = 1000


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write the header, then the rows, targets ordered by id."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(_rows(report, options), 1):
        writer.writerow(row)
        if number % _ROWS_AT_ONCE == 0:
            write_text(stream, buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
    write_text(stream, buffer.getvalue())


def _rows(report: Report, options: Options) -> Iterator[list[str]]:
    for entry in entries(report, options):
        yield _row(entry, report)
    for error in ordered_errors(report.errors):
        cells = dict.fromkeys(COLUMNS, "")
        cells |= {
            "target": _cell(error.target),
            "status": "not_audited",
            "message": _cell(error.message),
            "would_settle_it": _cell(error.how_to_get),
        }
        yield list(cells.values())
    for use in stale_waivers(report.waivers):
        cells = dict.fromkeys(COLUMNS, "")
        cells |= {
            "check": _cell(", ".join(use.checks)),
            "status": f"waiver_{use.state}",
            "message": _cell(stale_words(use)),
            "waiver_reason": _cell(use.waiver.reason),
            "waiver_owner": _cell(use.waiver.owner),
            "waiver_until": _cell(use.waiver.until or ""),
            "waiver_source": _cell(use.waiver.source),
        }
        yield list(cells.values())


def _row(entry: Entry, report: Report) -> list[str]:
    finding, target, place = entry.finding, entry.target, entry.place
    about = about_of(report.checks, finding.check)
    waiver = finding.waiver
    failed = finding.status is Status.FAIL
    undecided = finding.status is Status.UNKNOWN
    return [
        _cell(target.id),
        target.kind.value,
        _cell(target.dialect),
        _cell(finding.check),
        _cell(about.get("title", "")),
        finding.severity.value,
        finding.status.value,
        _cell(finding.message),
        "" if place.live else _cell(place.path),
        "" if place.live else str(place.line),
        str(place.column or ""),
        "" if finding.known is None else "known" if finding.known else "new",
        "yes" if waiver else "no",
        _cell(waiver.reason) if waiver else "",
        _cell(waiver.owner) if waiver else "",
        _cell(waiver.until or "") if waiver else "",
        _cell(waiver.source) if waiver else "",
        _cell(fix_for(target, about.get("remediation", {}))) if failed else "",
        _cell(settling(entry)) if undecided else "",
        _cell(finding.fingerprint),
    ]


def _cell(text: str) -> str:
    """Return cleaned text that no spreadsheet runs."""
    text = clip(text, _SHOWN)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
