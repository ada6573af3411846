"""Checks that are beside the point for a target, and what of a finding is shown first."""

from __future__ import annotations

import pytest

from isoaudit.model import Status, Value
from isoaudit.rules.check import Check
from isoaudit.rules.examples import example_context
from isoaudit.rules.judge import Judge
from isoaudit.rules.load import parse_check

TEXT = """
id: TST-002
title: No field of a pod is bad
severity: low
applies_to: [container]
{each}
when: 'container.platform == "kubernetes" {when}'
pass: '{passes}'
message: bad
rationale: A rationale that is long enough to be one.
remediation: {{kubernetes: Do something else.}}
examples:
  - {{name: one, facts: {{}}, expect: pass}}
  - {{name: two, facts: {{}}, expect: fail}}
  - {{name: six, facts: {{}}, expect: unknown}}
"""
OF_FIELDS = parse_check(
    TEXT.format(each="each: pod_field", when='&& pod_field.name == "a"',
                passes="size(pod_field.values) == 0"),
    "t.yaml",
)  # fmt: skip
OF_POD = parse_check(TEXT.format(each="", when="", passes='pod.os == "linux"'), "t.yaml")


def _status(check: Check, facts: dict[str, Value], **example: list[str]) -> Status:
    (finding,) = Judge([check]).findings(check, example_context(check, facts, example))
    return finding.status


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"container.platform": "docker"}, Status.NOT_APPLICABLE),
        ({"container.platform": "kubernetes"}, Status.UNKNOWN),
        ({}, Status.UNKNOWN),
    ],
)
def test_a_part_is_not_missed_where_the_target_is_none_of_the_checks(
    facts: dict[str, Value], expected: Status
) -> None:
    """What is no pod has no fields of one, and needs none."""
    assert expected is _status(OF_FIELDS, facts)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("docker", Status.NOT_APPLICABLE), ("kubernetes", Status.UNKNOWN)],
)
def test_nor_is_the_rest_of_a_part_that_is_not_complete(platform: str, expected: Status) -> None:
    """No mount that was not read could be one of a pod's, where there is no pod."""
    facts: dict[str, Value] = {"container.platform": platform, "pod_field": []}  # type: ignore[dict-item]

    assert expected is _status(OF_FIELDS, facts, incomplete=["pod_field"])


def test_that_it_is_beside_the_point_must_be_certain() -> None:
    """A word that a stronger vantage might contradict puts no check aside."""
    facts: dict[str, Value] = {"container.platform": "docker"}

    assert Status.UNKNOWN is _status(OF_FIELDS, facts, weak=["container.platform"])


def test_what_must_hold_is_shown_before_what_makes_the_check_apply() -> None:
    """The place of a finding is that of what is wrong."""
    facts: dict[str, Value] = {"container.platform": "kubernetes", "pod.os": "windows"}
    (finding,) = Judge([OF_POD]).findings(OF_POD, example_context(OF_POD, facts))

    assert ["pod.os", "container.platform"] == [fact.path for fact in finding.evidence]
