"""Counts add up."""

from __future__ import annotations

from golden.report_samples import api, runner
from hypothesis import given
from hypothesis import strategies as st
from report_strategies import findings

from isoaudit.model import Finding, Severity, Status
from isoaudit.report.document import Summary, Tally


def test_only_failures_have_a_severity() -> None:
    """A check that held is counted by status and under no severity."""
    tally = Tally.of(api().findings)
    assert (4, 1, 0) == (
        tally.status(Status.PASS),
        tally.severity(Severity.MEDIUM),
        tally.severity(Severity.HIGH),
    )


@given(st.lists(findings), st.lists(findings))
def test_tallies_add_up(one: list[Finding], other: list[Finding]) -> None:
    """Counting apart and adding is counting together."""
    assert Tally.of([*one, *other]) == Tally.of(one) + Tally.of(other)


def test_a_summary_survives_reading() -> None:
    """A summary comes back as it was written."""
    summary = Summary(1, Tally.of(runner().findings), gate_passed=False, gate_reasons=("x",))
    assert summary == Summary.from_json(summary.to_json())


def test_a_summary_names_every_word() -> None:
    """Keys do not come and go with what was found."""
    data = Summary(0, Tally(), gate_passed=True).to_json()
    assert [one.value for one in Status] == list(data["by_status"])
    assert [one.value for one in Severity] == list(data["by_severity"])
