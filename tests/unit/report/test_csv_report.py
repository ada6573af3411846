"""CSV: a row per finding, in columns that stay, and no cell that a spreadsheet runs."""

from __future__ import annotations

import csv
import io

from golden.machine_samples import evil, many, waived
from golden.report_samples import empty, machine
from hypothesis import given, settings
from rendered import rendered
from report_strategies import reports

from isoaudit.model import ways_of
from isoaudit.report.csv import COLUMNS
from isoaudit.report.document import Report
from isoaudit.report.table_waived import stale_waivers


def _rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rendered("csv", report))))


def test_the_columns_stay() -> None:
    """Scripts count on their names and their order; new ones come behind."""
    assert (
        "target", "kind", "dialect", "check", "title", "severity", "status", "message", "file",
        "line", "column", "baseline", "waived", "waiver_reason", "waiver_owner", "waiver_until",
        "waiver_source", "fix", "would_settle_it", "fingerprint",
    ) == COLUMNS  # fmt: skip
    assert ",".join(COLUMNS) + "\n" == rendered("csv", empty())


@settings(max_examples=60, deadline=None)
@given(reports)
def test_every_finding_is_one_row_and_no_cell_a_formula(report: Report) -> None:
    """On one line each, with all columns; a way out is one too."""
    text = rendered("csv", report)
    rows = list(csv.reader(io.StringIO(text)))

    number = sum(len(one.findings) + len(ways_of(one)) for one in report.results)
    number += len(report.errors) + 1
    number += len(stale_waivers(report.waivers))
    assert number == len(rows) == len(text.splitlines())
    assert {len(COLUMNS)} == {len(row) for row in rows}
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(tuple("=+-@|%"))]


def test_hostile_cells_are_text() -> None:
    """An apostrophe keeps a spreadsheet from running them."""
    rows = _rows(evil())

    assert {"'@SUM(1)"} == {row["message"] for row in rows if row["check"] == "FS-001"}
    assert not {"\x1b", "\u202e", "\x00"} & set(rendered("csv", evil()))


def test_a_row_says_where_what_and_what_then() -> None:
    """Of a failure the fix, of what is undecided what would settle it, of a waiver all of it."""
    rows = {row["check"]: row for row in _rows(waived())}

    failed, accepted, open_ = rows["ESC-008"], rows["CAP-003"], rows["SEC-001"]
    assert ("compose.yaml", "9", "5", "new", "no") == (
        failed["file"], failed["line"], failed["column"], failed["baseline"], failed["waived"],
    )  # fmt: skip
    assert failed["fix"].startswith("Remove the volume")
    assert ("fail", "yes", "ops@example.org", "2027-01-31") == (
        accepted["status"], accepted["waived"], accepted["waiver_owner"], accepted["waiver_until"],
    )  # fmt: skip
    assert "this file does not say it. Set the variable." == open_["would_settle_it"]


def test_what_could_not_be_audited_has_its_row() -> None:
    """Otherwise a target that was lost would look like one without findings."""
    lost = [row["target"] for row in _rows(machine()) if row["status"] == "not_audited"]

    assert ["docker:gone", "podman"] == lost


def test_long_reports_are_whole() -> None:
    """Rows are written by the thousand; none is lost between."""
    assert 12 * (205) == len(_rows(many(12, 200)))
