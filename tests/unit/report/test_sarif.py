"""SARIF: valid by the schema, on the right line, and as code hosts take it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from golden.machine_samples import evil, many, waived
from golden.report_samples import ALL, calm, empty, files, machine
from hypothesis import given, settings
from rendered import OPTIONS, rendered, sarif
from report_strategies import reports

from isoaudit.report import sarif as module
from isoaudit.report.document import Report


@pytest.mark.parametrize("name", ALL)
def test_a_log_is_valid(name: str) -> None:
    """The schema of OASIS holds, hostile names included."""
    assert "isoaudit" == sarif(ALL[name]())["tool"]["driver"]["name"]


@settings(max_examples=40, deadline=None)
@given(reports)
def test_any_report_makes_a_valid_log(report: Report) -> None:
    """Whatever strings it holds; and ASCII, without a lone surrogate."""
    text = rendered("sarif", report)

    sarif(report)
    assert text.isascii()
    json.loads(text).__repr__().encode()


def test_a_clean_report_has_an_empty_list_of_results() -> None:
    """The list is there: without it, code hosts would not close what was found before."""
    assert ([], []) == (sarif(empty())["results"], sarif(empty())["tool"]["driver"]["rules"])


def test_a_result_stands_on_the_line_of_its_evidence() -> None:
    """Line and column come from the file, the path from the top of the tree."""
    result = next(one for one in sarif(files())["results"] if one["ruleId"] == "ESC-008")

    physical = result["locations"][0]["physicalLocation"]
    assert {"uri": "deploy/agent.yaml", "uriBaseId": "SRCROOT"} == physical["artifactLocation"]
    assert {"startLine": 31, "startColumn": 5} == physical["region"]


def test_every_result_names_its_rule_and_place() -> None:
    """Live targets as well: GitHub refuses a result without a place."""
    for report in (machine(), files(), waived(), evil()):
        run = sarif(report)
        rules = run["tool"]["driver"]["rules"]

        for result in run["results"]:
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert uri
            assert not uri.startswith("/")
            assert ".." not in uri.split("/")
            assert ":" not in uri.split("/")[0]


def test_a_live_target_is_a_logical_location() -> None:
    """Its file is its name, which no base makes a file of the tree."""
    location = sarif(machine())["results"][0]["locations"][0]

    assert {"uri": "docker/api"} == location["physicalLocation"]["artifactLocation"]
    assert "docker:api" == location["logicalLocations"][0]["fullyQualifiedName"]


def test_a_rule_says_why_and_how() -> None:
    """Help in both forms, a level, a score for the severity that was seen, a precision, tags."""
    rules = {rule["id"]: rule for rule in sarif(files())["tool"]["driver"]["rules"]}
    rule = rules["ESC-008"]

    assert "compose: Remove the volume" in rule["help"]["text"]
    assert "**compose**: Remove the volume" in rule["help"]["markdown"]
    assert "error" == rule["defaultConfiguration"]["level"]
    assert ("9.5", "high") == (
        rule["properties"]["security-severity"],
        rule["properties"]["precision"],
    )
    assert "security" in rule["properties"]["tags"]
    assert "https://attack.mitre.org/techniques/T1611/" == rule["helpUri"]


def test_what_is_undecided_is_open_and_has_no_level() -> None:
    """It is a result without being an alarm."""
    found = [one for one in sarif(calm())["results"] if one["ruleId"] == "SEC-001"]

    assert [("open", "none")] == [(one["kind"], one["level"]) for one in found]
    assert "Run isoaudit as root." in found[0]["message"]["text"]


def test_what_no_file_can_say_is_counted_once() -> None:
    """Otherwise each service would have the same thirty results that nobody can settle."""
    run = sarif(files())
    notices = run["invocations"][0]["toolExecutionNotifications"]

    counted = [one for one in notices if one["descriptor"]["id"] == "not-declarable"]
    assert ["8 results of what these targets cannot say: scan them running"] == [
        one["message"]["text"] for one in counted
    ]
    assert not [one for one in run["results"] if one["ruleId"] in {"SEC-001", "CAP-003"}]


def test_a_waiver_is_a_suppression() -> None:
    """With who accepts it, why and until when; one in the source says so."""
    found = {one["ruleId"]: one.get("suppressions") for one in sarif(waived())["results"]}

    (accepted,) = found["CAP-003"]
    assert ("external", "accepted") == (accepted["kind"], accepted["status"])
    assert "until it is moved to a VM" in accepted["justification"]
    assert "2027-01-31" == accepted["properties"]["until"]
    assert "inSource" == found["NET-004"][0]["kind"]
    assert found["ESC-008"] is None


def test_a_baseline_tells_new_from_unchanged() -> None:
    """Without one, nothing is said."""
    states = {one["ruleId"]: one["baselineState"] for one in sarif(waived())["results"]}

    assert ("new", "unchanged") == (states["ESC-008"], states["FS-001"])
    assert not [one for one in sarif(files())["results"] if "baselineState" in one]


def test_fingerprints_are_ours_and_unique_for_the_host() -> None:
    """GitHub follows an alert by its own key, and takes two equal ones for one alert."""
    run = sarif(machine())
    keys = [one["partialFingerprints"]["primaryLocationLineHash"] for one in run["results"]]

    assert sorted(set(keys)) == sorted(keys)
    assert {"f" * 64, "b" * 64} == {
        one["partialFingerprints"]["isoaudit/v1"] for one in run["results"]
    }


def test_errors_are_notifications() -> None:
    """What was asked for and could not be audited makes the run unsuccessful."""
    invocation = sarif(machine())["invocations"][0]

    assert invocation["executionSuccessful"] is False
    assert [("error", "not-audited"), ("warning", "not-audited"), ("error", "check-error")] == [
        (one["level"], one["descriptor"]["id"]) for one in invocation["toolExecutionNotifications"]
    ]
    assert sarif(files())["invocations"][0]["executionSuccessful"] is True


def test_the_limit_of_an_upload_leaves_out_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst are kept, and a notification says how many are not."""
    monkeypatch.setattr(module, "MOST_RESULTS", 30)
    run = sarif(many(5, 20))

    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert 30 == len(run["results"])
    assert {"critical", "high"} == {one["properties"]["severity"] for one in run["results"]}
    # Each of the targets has 20 failures, two more of its own, and one that is undecided.
    assert f"{5 * 23 - 30} results of lower rank left out: an upload holds 30" in [
        one["message"]["text"] for one in notices
    ]


def test_nothing_of_a_message_is_a_link() -> None:
    """SARIF reads [words](address) in messages; what a target says leads nowhere."""
    for result in sarif(evil())["results"]:
        assert "[y](" not in result["message"]["text"]


def test_no_field_is_longer_than_an_upload_allows() -> None:
    """GitHub takes 20 kB of a field."""
    report = ALL["hostile"]()
    about = {"title": "t" * 99_999, "rationale": "`r" * 99_999, "severity": "high",
             "tags": [f"tag{n}" for n in range(999)], "references": {"attack": ["T1", "T1611.001"]},
             "remediation": {f"d{n}": "_" * 9_999 for n in range(99)}}  # fmt: skip
    run = sarif(replace(report, checks={"CAP-003": about}))
    rule = next(one for one in run["tool"]["driver"]["rules"] if one["id"] == "CAP-003")

    assert max(len(text) for text in rule["help"].values()) < 20_000
    assert len(rule["properties"]["tags"]) <= 20
    assert "https://attack.mitre.org/techniques/T1611/001/" == rule["helpUri"]
    assert max(len(one["message"]["text"]) for one in run["results"]) < 20_000


def test_a_name_that_is_not_utf8_comes_through_as_its_bytes() -> None:
    """Percent-encoded, as RFC 3986 wants it."""
    uris = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for one in sarif(evil(), OPTIONS)["results"]
    ]

    assert [uri for uri in uris if "%00%FF%20www" in uri]
