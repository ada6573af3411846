"""What formats say of a way out: of one step as of a check, of several what all of them say."""

from __future__ import annotations

import re

import pytest

from isoaudit.assess.definitions import steps_about
from isoaudit.model import Kind, Target
from isoaudit.report.about import about_of
from isoaudit.report.table_findings import fix_for

STEPS = {
    "A-1": {"title": "A socket", "severity": "medium", "tags": ["escape"], "rationale": "It asks.",
            "remediation": {"any": "remove it"}, "references": {"attack": ["T1"]}},
    "B-2": {"title": "Root", "severity": "critical", "tags": ["escape", "x"], "rationale": "",
            "remediation": {"any": "drop it"}, "references": {"attack": ["T2"]}},
}  # fmt: skip


def test_a_way_of_several_steps_says_what_they_say() -> None:
    """Whatever ends one of them ends it; it is as bad as what the last leads to."""
    found = about_of(STEPS, "A-1+B-2")

    assert "A socket, then: Root" == found["title"]
    assert ("critical", {"attack": ["T2"]}) == (found["severity"], found["references"])
    assert (["escape", "x"], "It asks.") == (found["tags"], found["rationale"])
    assert {"any": "remove it; or drop it"} == found["remediation"]


@pytest.mark.parametrize("name", ["C-3", "C-3+D-4", "", "+"])
def test_nothing_is_said_of_what_is_not_known(name: str) -> None:
    """A stranger's report may name anything."""
    assert {} == about_of(STEPS, name)


def test_a_step_that_is_not_known_takes_nothing_from_the_others() -> None:
    """A report of another version of isoaudit."""
    assert "Root" == about_of(STEPS, "C-3+B-2")["title"]


@pytest.mark.parametrize("kind", [Kind.CONTAINER, Kind.VM])
def test_the_remedy_of_a_step_is_told_whatever_the_dialect(kind: Kind) -> None:
    """It is put in the words of none, so no dialect is named before it."""
    target = Target("compose:x#y", kind, "y", "declared", dialect="compose")

    assert "drop it" == fix_for(target, STEPS["B-2"]["remediation"])  # type: ignore[arg-type]


def test_what_is_said_of_steps_holds_no_places_for_values() -> None:
    """They are filled in for a target; here the fact's name stands there."""
    texts = [
        text
        for one in steps_about().values()
        for text in (one["title"], one["rationale"], *one["remediation"].values())
    ]

    assert not [text for text in texts if re.search(r"\{[^}]*\}", text)]
    assert all(texts)
