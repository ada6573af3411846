"""JUnit XML: a suite per target and a case per check, each counted as what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from golden.machine_samples import evil, waived
from golden.report_samples import ALL, calm, empty, machine
from hypothesis import given, settings
from rendered import OPTIONS, junit, rendered
from report_strategies import reports

from isoaudit.model import Severity
from isoaudit.report.document import Report


@pytest.mark.parametrize("report", [*ALL.values(), waived, evil])
def test_a_document_is_valid_and_counts_right(report) -> None:  # type: ignore[no-untyped-def]
    """The schema holds, and the numbers are those of the cases below."""
    root = junit(report())

    for suite in root:
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert len(suite.findall(f"testcase/{tag}")) == int(suite.attrib[count])
        assert len(suite.findall("testcase")) == int(suite.attrib["tests"])
    assert len(root.findall("testsuite/testcase")) == int(root.attrib["tests"])


@settings(max_examples=40, deadline=None)
@given(reports)
def test_any_report_makes_a_valid_document(report: Report) -> None:
    """Whatever strings it holds, and in ASCII."""
    junit(report)
    assert rendered("junit", report).isascii()


def _case(report: Report, target: str, check: str, **options: object):  # type: ignore[no-untyped-def]
    root = junit(report, replace(OPTIONS, **options))  # type: ignore[arg-type]
    (suite,) = [one for one in root if one.attrib["name"] == target]
    (case,) = [one for one in suite if one.attrib["name"].startswith(check)]
    return case


def test_a_target_without_findings_has_its_suite() -> None:
    """Nothing that was audited is missing."""
    assert [] == list(junit(empty()))
    report = calm()
    bare = replace(report, results=[replace(report.results[0], findings=())])
    assert ["docker:api"] == [suite.attrib["name"] for suite in junit(bare)]


def test_what_passed_stays_passed() -> None:
    """A passed case has nothing in it."""
    assert [] == list(_case(machine(), "docker:api", "CAP-003"))


def test_a_failed_check_is_one_failure_with_all_its_records() -> None:
    """Four processes are one check, and each has its line."""
    (failure,) = _case(machine(), "docker:ci-runner", "CAP-003")

    assert ("failure", "critical") == (failure.tag, failure.attrib["type"])
    assert 4 == len((failure.text or "").splitlines())


def test_what_is_undecided_is_skipped_with_what_would_settle_it() -> None:
    """It is neither passed nor failed."""
    (skipped,) = _case(machine(), "docker:ci-runner", "CAP-002")

    assert ("skipped", "not known: Run isoaudit as root.") == (
        skipped.tag,
        skipped.attrib["message"],
    )


def test_what_is_undecided_is_an_error_where_the_gate_counts_it() -> None:
    """A gate that fails on unknowns is shown to fail."""
    (error,) = _case(machine(), "docker:ci-runner", "CAP-002", fail_on_unknown=True)

    assert "error" == error.tag
    (skipped,) = _case(machine(), "docker:ci-runner", "SEC-001", fail_on_unknown=True)
    assert "skipped" == skipped.tag  # high, where the gate is at critical
    (error,) = _case(machine(), "docker:ci-runner", "SEC-001", fail_on_unknown=True,
                     fail_on=Severity.HIGH)  # fmt: skip
    assert "error" == error.tag


def test_a_check_that_could_not_be_run_is_an_error() -> None:
    """As is what could not be audited, in a suite of its own."""
    (error,) = _case(machine(), "libvirt:erp-db", "SEC-001")
    (unread,) = _case(machine(), "isoaudit", "docker:gone")

    assert ("error", "error") == (error.tag, unread.tag)


def test_what_is_waived_or_known_is_skipped_as_that() -> None:
    """It is shown, with who accepts it, and fails nothing."""
    target = "compose:compose.yaml#web"
    (accepted,) = _case(waived(), target, "CAP-003")
    (known,) = _case(waived(), target, "FS-001")

    assert ("skipped", "waived") == (accepted.tag, accepted.attrib["type"])
    assert "owner ops@example.org" in accepted.attrib["message"]
    assert ("skipped", "known") == (known.tag, known.attrib["type"])
