"""A profile that is about none of the targets has judged nothing: that is no pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Isoaudit

COMPOSE = "services: {web: {image: a, privileged: true}}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, image: c}]}\n"


@pytest.mark.parametrize("form", ["table", "json", "sarif", "junit", "markdown"])
def test_nothing_judged_is_exit_3(isoaudit: Isoaudit, here: Path, form: str) -> None:
    """A privileged service passes no profile that has no check for services."""
    (here / "compose.yaml").write_text(COMPOSE)

    ended = isoaudit("scan", ".", "-p", "pss-baseline", "-f", form)

    assert 3 == ended.code
    assert "no check of this run is about what was found: compose:compose.yaml#web" in ended.err


def test_it_does_not_read_as_a_pass(isoaudit: Isoaudit, here: Path) -> None:
    """Neither in the table nor in the document."""
    (here / "compose.yaml").write_text(COMPOSE)
    words = ("scan", ".", "-p", "pss-baseline")

    table = isoaudit(*words).out
    assert "No check of this run is about what was found." in table
    assert "held" not in table
    assert not isoaudit(*words, "-f", "json").report["summary"]["gate"]["passed"]
    assert "no check is about it" in isoaudit(*words, "-q").out


def test_report_only_does_not_make_it_one(isoaudit: Isoaudit, here: Path) -> None:
    """It turns 1 and 4 into 0, nothing else."""
    (here / "compose.yaml").write_text(COMPOSE)

    assert 3 == isoaudit("scan", ".", "-p", "pss-baseline", "--report-only").code


def test_what_is_not_judged_among_others_is_told(isoaudit: Isoaudit, here: Path) -> None:
    """The pod decides; that the service was not looked at is said beside it."""
    (here / "compose.yaml").write_text(COMPOSE)
    (here / "pod.yaml").write_text(POD)

    ended = isoaudit("scan", ".", "-p", "pss-baseline")

    assert 0 == ended.code
    assert "no check of this run is about compose:compose.yaml#web" in ended.err
