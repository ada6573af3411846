"""GitHub annotations and GitLab code quality: what is an error, and that no text acts."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from golden.machine_samples import evil, many, waived
from golden.report_samples import empty, files, machine
from hypothesis import given, settings
from rendered import OPTIONS, rendered
from report_strategies import reports

from isoaudit.report import github
from isoaudit.report.document import Report

_COMMAND = re.compile(r"::(error|warning|notice) ((?:(?:file|line|col|title)=[^,:\r\n]*,?)+)::(.*)")


def _commands(text: str) -> list[tuple[str, str, str]]:
    matches = [_COMMAND.fullmatch(line) for line in text.splitlines()]
    return [match.groups() for match in matches if match]  # type: ignore[misc]


def _shown(report: Report, **options: bool) -> list[tuple[str, str]]:
    text = rendered("github", report, replace(OPTIONS, **options))  # type: ignore[arg-type]
    return [
        (kind, re.sub(r".*title=", "", where).replace("%3A", ":"))
        for kind, where, _ in _commands(text)
    ]


@settings(max_examples=60, deadline=None)
@given(reports)
def test_every_line_is_one_annotation(report: Report) -> None:
    """No text from a report begins a line or ends a property."""
    lines = rendered("github", report).split("\n")

    assert "" == lines.pop()
    assert len(lines) == len(_commands("\n".join(lines)))


def test_hostile_text_is_no_command() -> None:
    """Not even that of a path, a waiver or an error."""
    text = rendered("github", evil())

    assert {"error", "warning", "notice"} == {kind for kind, *_ in _commands(text)}
    assert len(text.splitlines()) == len(_commands(text))
    assert not {"\x1b", "\u202e", "\x00", "\r"} & set(text)


def test_a_failure_stands_on_its_line() -> None:
    """With file, line, column, and what to change."""
    first = rendered("github", files()).splitlines()[0]

    assert first.startswith("::error file=deploy/agent.yaml,line=31,col=5,title=ESC-008 critical")
    assert first.endswith("%0AFix: Remove the hostPath volume")


def test_only_what_breaks_the_gate_is_an_error() -> None:
    """What is waived or was known before is a notice that says so; the rest warns."""
    assert [
        ("error", "ESC-008 critical: No engine socket is mounted"),
        ("notice", "LIM-001 low: Memory is limited"),
        ("notice", "known before: FS-001 medium: The root file system is read-only"),
        ("notice", "waived: CAP-003 critical: No process holds CAP_SYS_ADMIN over the host"),
        ("notice", "waived: NET-004 high: It does not use the host's network"),
        ("warning", "waiver expired"),
        ("notice", "isoaudit"),
    ] == _shown(waived())


def test_what_is_undecided_is_an_error_where_the_gate_counts_it() -> None:
    """Else it is counted in the last line."""
    title = "not known: CAP-002 critical: No capability is kept that the workload does not use"

    assert ("error", title) not in _shown(machine())
    assert ("error", title) in _shown(machine(), fail_on_unknown=True)
    assert "4 not known" in rendered("github", machine()).splitlines()[-1]


def test_a_clean_run_says_that_it_ran() -> None:
    """Silence would look like a step that did nothing."""
    assert "::notice title=isoaudit::the gate holds; 0 targets\n" == rendered("github", empty())


def test_the_log_is_bounded_and_says_by_how_much(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The worst come first, the last line counts what is left out."""
    monkeypatch.setattr(github, "_MOST", 20)
    lines = rendered("github", many(5, 20)).splitlines()

    assert 21 == len(lines)
    assert "90 annotations left out of 110" in lines[-1]
    assert {"error"} == {kind for kind, *_ in _commands("\n".join(lines[:20]))}


@settings(max_examples=60, deadline=None)
@given(reports)
def test_code_quality_is_what_gitlab_takes(report: Report) -> None:
    """All keys, a known severity, a relative path, and no fingerprint twice."""
    rows = json.loads(rendered("gitlab", report))

    for row in rows:
        assert {"description", "check_name", "fingerprint", "severity", "location"} == set(row)
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"]["lines"]["begin"] >= 1
        assert not row["location"]["path"].startswith("/")
        assert ".." not in row["location"]["path"].split("/")
    assert len(rows) == len({row["fingerprint"] for row in rows})


def test_code_quality_of_a_clean_run_is_an_empty_array() -> None:
    """GitLab needs the file to be there, and to be JSON."""
    assert [] == json.loads(rendered("gitlab", empty()))


def test_code_quality_shows_what_is_waived_as_info() -> None:
    """GitLab knows no other word for it; what it says is told."""
    rows = {row["check_name"]: row for row in json.loads(rendered("gitlab", waived()))}

    assert "info" == rows["CAP-003"]["severity"]
    assert rows["CAP-003"]["description"].startswith("waived (the CI runner needs it until")
    assert "blocker" == rows["ESC-008"]["severity"]
    assert {"path": "compose.yaml", "lines": {"begin": 9}} == rows["ESC-008"]["location"]


def test_code_quality_tells_what_was_not_audited_or_not_known() -> None:
    """An empty array must mean that all was seen."""
    rows = json.loads(rendered("gitlab", machine()))

    assert ["docker:gone"] == [
        row["location"]["path"] for row in rows if row["check_name"] == "not-audited"
    ]
    assert [("CAP-002", "info")] == [
        (row["check_name"], row["severity"])
        for row in rows
        if row["description"].startswith("not known")
    ]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "github",
            "::warning title=waiver expired::waivers.yaml:12 FS-002 for compose:*: its last",
        ),
        ("gitlab", '"check_name": "waiver"'),
        ("sarif", '{"text": "expired: waivers.yaml:12 FS-002'),
        ("junit", '<skipped type="waiver-expired"'),
        ("csv", ",waiver_expired,waivers.yaml:12 FS-002 for compose:*: its last day was"),
        ("markdown", "<details><summary>Waivers to look at (1)</summary>"),
    ],
)
def test_a_waiver_that_no_longer_counts_is_told(form: str, expected: str) -> None:
    """One that covers what it should is told with its finding only."""
    text = rendered(form, waived())

    assert 1 == text.count(expected)
