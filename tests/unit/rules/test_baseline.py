"""A baseline: what is known, what is new, what is gone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from golden.report_samples import calm

from isoaudit.errors import UsageError
from isoaudit.model import (
    FactSet,
    Finding,
    Kind,
    Outcome,
    Severity,
    Status,
    Target,
    TargetResult,
    Waiver,
)
from isoaudit.report.formats import load_renderer
from isoaudit.report.options import Options
from isoaudit.rules.baseline import Baseline, baseline_from

WAIVER = Waiver("it is needed here", "me", None, "w.yaml:2", "file")
ROW = {"target": "docker:web", "check": "A-001", "status": "fail", "fingerprint": "a"}
FILE = {"isoaudit_baseline": "1", "checks_version": "v", "profiles": ["default"], "findings": [ROW]}


def _finding(mark: str, status: Status = Status.FAIL, waiver: Waiver | None = None) -> Finding:
    return Finding(Outcome("A-001", Severity.HIGH, status, "m"), mark, waiver)


def _result(*findings: Finding, name: str = "docker:web") -> TargetResult:
    return TargetResult(Target(name, Kind.CONTAINER, "web", "running"), FactSet(), findings)


KNOWN = Baseline.of([_result(_finding("a"), _finding("b", Status.UNKNOWN))])


@pytest.mark.parametrize(
    ("finding", "known"),
    [
        (_finding("a"), True),
        (_finding("c"), False),
        (_finding("b", Status.UNKNOWN), True),
        (_finding("b"), False),
        (_finding("a", Status.UNKNOWN), False),
        (_finding("a", Status.PASS), None),
        (_finding("a", Status.NOT_APPLICABLE), None),
        (_finding("a", Status.ERROR), None),
    ],
)
def test_a_finding_is_known_by_its_fingerprint_and_its_status(
    finding: Finding, known: bool | None
) -> None:
    """What could not be decided and fails now is new; of what passes nothing is said."""
    (marked,) = KNOWN.mark(_result(finding)).findings

    assert finding._replace(known=known) == marked


def test_what_is_waived_is_in_no_baseline() -> None:
    """It must fail again when its waiver ends."""
    assert {} == Baseline.of([_result(_finding("a", waiver=WAIVER))]).findings


@pytest.mark.parametrize(
    ("seen", "targets", "resolved", "not_audited"),
    [
        ([("a", "fail")], ["docker:web"], 0, 0),
        ([], ["docker:web"], 1, 0),
        ([], ["docker:db"], 0, 1),
        ([], [], 0, 1),
    ],
)
def test_what_is_gone_is_counted_where_it_was_looked_for(
    seen: list[tuple[str, str]], targets: list[str], resolved: int, not_audited: int
) -> None:
    """A target that was not audited has resolved nothing."""
    assert resolved == KNOWN.resolved(seen, targets)
    assert not_audited == KNOWN.not_audited(targets)


def test_a_baseline_file_comes_back() -> None:
    """With the profile and the checks it was made by."""
    read = baseline_from(json.loads(json.dumps(FILE)), "b.json")

    assert Baseline({("a", "fail"): "docker:web"}, ("default",), "v") == read


@pytest.mark.parametrize("name", ["baseline", "json"])
def test_a_report_written_either_way_knows_its_own_findings(name: str) -> None:
    """As a baseline, or as a saved result."""
    report = calm()
    stream = io.StringIO()
    load_renderer(name)(report, stream, Options())
    baseline = baseline_from(json.loads(stream.getvalue()), "b.json")

    marked = [one for result in report.results for one in baseline.mark(result).findings]

    assert Baseline.of(report.results).findings == baseline.findings
    assert baseline.findings
    assert not [one for one in marked if one.known is False]


def _with(**changes: Any) -> dict[str, Any]:
    return {**FILE, **changes}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "isoaudit_baseline",
        7,
        {},
        _with(isoaudit_baseline="2"),
        _with(isoaudit_baseline=["1"]),
        _with(findings=None),
        _with(findings=[{}]),
        _with(findings=["x"]),
        _with(findings=[{**ROW, "status": "pass"}]),
        _with(findings=[{**ROW, "status": ["fail"]}]),
        _with(findings=[{**ROW, "fingerprint": ["a"]}]),
        _with(findings=[{**ROW, "target": None}]),
        _with(profiles=3),
        _with(checks_version=None),
        {"schema_version": "1"},
        {"schema_version": "1", "targets": [{}], "run": {}, "tool": {}},
        {"schema_version": "1", "targets": [], "run": {"profiles": []}, "tool": []},
        {"isoaudit_bundle": "2"},
    ],
    ids=lambda data: json.dumps(data)[-40:],
)
def test_what_is_no_baseline_is_refused(data: Any) -> None:
    """Whatever it is instead, in one line."""
    with pytest.raises(UsageError, match=r"^b\.json: ") as caught:
        baseline_from(data, "b.json")

    assert "\n" not in caught.value.cause
