"""What a check file is refused for: always with file, line and a hint."""

from __future__ import annotations

import pytest

from isoaudit.errors import DefinitionError, DocumentError
from isoaudit.rules.load import parse_check

GOOD = """id: TST-001
title: The root file system is read-only
severity: medium
applies_to: [container]
params: {allowed: [a, b]}
pass: container.rootfs.read_only
message: "writable"
rationale: A rationale that is long enough to be one.
remediation: {docker_run: Add --read-only.}
examples:
  - {name: read-only, facts: {container.rootfs.read_only: true}, expect: pass}
  - {name: writable, facts: {container.rootfs.read_only: false}, expect: fail}
  - {name: not read, facts: {}, expect: unknown}
"""


def test_a_good_check_loads() -> None:
    """The file that the others are broken copies of."""
    check = parse_check(GOOD, "t.yaml")

    assert ("container.rootfs.read_only",) == check.reads


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("pass: container.rootfs.read_only", "pass: container.rotfs.read_only", 6,
         "did you mean 'container.rootfs.read_only'"),
        ("pass: container.rootfs.read_only", "pass: container.rootfs.read_only == 1", 6,
         "no matching overload"),
        ("pass: container.rootfs.read_only", "pass: container.runtime", 6, "string"),
        ("pass: container.rootfs.read_only", "pass: '!process.no_new_privileges'", 6,
         "field of a record"),
        ("pass: container.rootfs.read_only", "pass: vm.debug_stub", 6, "exists for vm only"),
        ("pass: container.rootfs.read_only", "pass: 'container.runtime in params.alowed'", 6,
         "no parameter 'params.alowed'"),
        ("severity: medium", "severity: bad", 3, "severity"),
        ("severity: medium", "severty: medium", 1, "severity"),
        ("severity: medium", "severity: [{when: 'true', level: low}]", 3, "plain level"),
        ("title: The root", "id: TST-002\ntitle: The root", 2, "stands twice"),
        ('message: "writable"', 'message: "{container.rootfs.readonly}"', 7,
         "did you mean 'container.rootfs.read_only'"),
        ("facts: {}, expect: unknown", "facts: {}, expect: fail", 11, "no example that is unknown"),
        ("  - {name: read-only, facts: {container.rootfs.read_only: true}, expect: pass}\n", "", 11,
         "no example that passes"),
        ("read_only: true}", "read_only: 'yes'}", 11, "of type bool"),
        ("read_only: true}", "readonly: true}", 11, "did you mean"),
        ("applies_to: [container]", "applies_to: [container]\neach: proces", 5,
         "did you mean 'process'"),
        ("applies_to: [container]", "applies_to: [container]\neach: disk", 5, "for vm only"),
        ("remediation: {docker_run", "remediation: {docker_rn", 9, "did you mean 'docker_run'"),
    ],
)  # fmt: skip
def test_a_bad_check_is_refused_with_its_line(old: str, new: str, line: int, words: str) -> None:
    """Each slip is told where it is and, where that can be guessed, what was meant."""
    assert old in GOOD
    with pytest.raises((DefinitionError, DocumentError)) as raised:
        parse_check(GOOD.replace(old, new, 1), "t.yaml")

    assert raised.value.cause.startswith(f"t.yaml:{line}:")
    assert words in raised.value.cause


def test_examples_that_are_missing_altogether_are_refused() -> None:
    """A check without examples does not load."""
    with pytest.raises(DefinitionError, match="'examples' is missing"):
        parse_check(GOOD.partition("examples:")[0], "t.yaml")
