"""isoaudit advise --candidates and -f decision: other ways to run one, and the record of it."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from command_line import ROOT, Isoaudit
from jsonschema import Draft202012Validator

from isoaudit.report.layout import width

HARDENED = str(ROOT / "examples" / "compose" / "hardened.yaml")
RISKY = str(ROOT / "examples" / "compose" / "risky.yaml")
LAB = str(ROOT / "examples" / "evidence" / "lab.json.gz")
EVERY = "runc,userns,runsc,kata,vm"


def test_each_candidate_has_a_section_that_fits_a_terminal(isoaudit: Isoaudit) -> None:
    """With its wall, what is left, what breaks and what it costs by the literature."""
    ended = isoaudit("advise", RISKY, "--candidates", EVERY)

    assert ended.code == 0
    assert ended.out.count("CANDIDATE") == 3 * 5
    assert "read, not" in ended.out
    assert "as it runs now" in ended.out
    assert [] == [line for line in ended.out.splitlines() if width(line) > 80]


def test_a_runtime_that_the_engine_lacks_is_told(isoaudit: Isoaudit) -> None:
    """The recorded host has runc alone."""
    ended = isoaudit(
        "advise", LAB, "--only", "docker:isolab-hardened", "--candidates", "runsc,kata"
    )

    assert ended.out.count("MISSING HERE") >= 2


def test_json_holds_them_by_its_schema_and_only_if_asked(isoaudit: Isoaudit) -> None:
    """In the order named; nothing of what they cost was measured."""
    schema = json.loads((ROOT / "reports" / "schemas" / "advice-1.json").read_text())
    document = isoaudit("advise", HARDENED, "-f", "json", "--candidates", "vm,runsc").report
    Draft202012Validator(schema).validate(document)
    (target,) = document["targets"]

    assert [one["id"] for one in target["candidates"]] == ["vm", "runsc"]
    assert {cost["measured"] for one in target["candidates"] for cost in one["costs"]} == {False}
    assert "candidates" not in isoaudit("advise", HARDENED, "-f", "json").report["targets"][0]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((HARDENED, "--candidates", "runc,runs"), "Did you mean runsc?"),
        ((HARDENED, "--candidates", ","), "There are: runc"),
        ((RISKY, "-f", "decision"), "--only"),
        ((HARDENED, "-f", "decision", "--simulate", "user=1"), "Leave -f decision away."),
    ],
)
def test_what_cannot_be_asked_says_what_to_do(
    isoaudit: Isoaudit, words: tuple[str, ...], hint: str
) -> None:
    """With exit code 2 and nothing on stdout."""
    ended = isoaudit("advise", *words)

    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err


def test_a_record_proposes_what_is_proven_enough(isoaudit: Isoaudit) -> None:
    """With all its sections, for own code."""
    ended = isoaudit("advise", HARDENED, "--code", "own", "-f", "decision")

    assert ended.code == 0
    assert "- Keep it as it runs" in ended.out
    titles = [line[3:] for line in ended.out.splitlines() if line.startswith("## ")]
    assert titles == ["Decision", "Context", "Options considered", "Consequences",
                      "Residual risk", "Assumptions", "Sources"]  # fmt: skip


def test_a_record_of_what_is_open_proposes_nothing(isoaudit: Isoaudit) -> None:
    """The ways that are left stand in it, and that a file does not know its host."""
    ended = isoaudit("advise", RISKY, "--only", "runner", "-f", "decision")

    assert "None is proposed" in ended.out
    assert "Open: root on the host" in ended.out
    assert "not known whether here: runsc" in ended.out


def test_hostile_names_stay_text_in_a_record(isoaudit: Isoaudit, tmp_path: Path) -> None:
    """No mark-up, link, mention, line or control character of a target's own."""
    hostile = "x](javascript:a) <img src=x> @team #1 **b** | `c` \u001b[2J\u202e\n# Decision"
    (tmp_path / "compose.yaml").write_text(
        json.dumps({
            "services": {"web": {"image": "web", "container_name": hostile,
                                 "volumes": [f"/srv/{hostile}:/x"],
                                 "devices": [f"/dev/{hostile}:/dev/y"]}},
        })
    )  # fmt: skip
    record = isoaudit("advise", str(tmp_path / "compose.yaml"), "-f", "decision").out

    assert "/srv/x" in record
    for text in ("](javascript", "<img", "@team", "**b**", "\n# Decision", "| `"):
        assert text not in record
    assert not [one for one in record if one != "\n" and unicodedata.category(one)[0] == "C"]
