"""isoaudit compare: files, a recorded side, formats, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, Isoaudit
from jsonschema import Draft202012Validator

from isoaudit.report.layout import width

EXAMPLES = ROOT / "examples"
RISKY = f"{EXAMPLES / 'compose' / 'risky.yaml'}#web"
HARDENED = f"{EXAMPLES / 'compose' / 'hardened.yaml'}#web"
LEAN = str(EXAMPLES / "libvirt" / "lean.xml")
LAB = str(EXAMPLES / "evidence" / "lab.json.gz")
PLAIN, LEGACY = f"{LAB}#isolab-plain", f"{LAB}#isolab-legacy"


def compared(isoaudit: Isoaudit, *words: str) -> dict[str, Any]:
    """Return a comparison in JSON, held to its schema."""
    document: dict[str, Any] = isoaudit("compare", *words, "-f", "json").report
    text = (ROOT / "reports" / "schemas" / "comparison-1.json").read_text()
    Draft202012Validator(json.loads(text)).validate(document)
    return document


PAIRS = [(RISKY, LEAN), (RISKY, HARDENED), (PLAIN, LEGACY), (HARDENED, PLAIN), (LEAN, LEGACY)]


@pytest.mark.parametrize("pair", PAIRS)
def test_files_and_recorded_targets_are_compared(isoaudit: Isoaudit, pair: tuple[str, str]) -> None:
    """A container with a VM, two containers, a declared one with one that ran, two VMs."""
    ended = isoaudit("compare", *pair)

    assert (0, "") == (ended.code, ended.err)
    assert max(map(width, ended.out.splitlines())) <= 80
    for word in ("IS THE WALL ENOUGH FOR", "THE TWO WALLS", "SIX DIMENSIONS", "UNKNOWN"):
        assert word in ended.out


@pytest.mark.parametrize("pair", PAIRS)
def test_the_document_keeps_to_its_schema(isoaudit: Isoaudit, pair: tuple[str, str]) -> None:
    """And what was never started has no number that was measured."""
    found = compared(isoaudit, *pair)

    assert "measured" not in {row[side]["state"] for row in found["rows"] for side in "ab"}
    assert found["verdict"]


def test_what_a_recorded_target_was_is_no_word_on_this_machine(isoaudit: Isoaudit) -> None:
    """Its pids and paths are another's: neither memory nor disk nor boot is read of them here."""
    rows = {row["label"]: row for row in compared(isoaudit, PLAIN, LEGACY)["rows"]}

    for label in ("memory", "host's boot", "runs since", "fit here"):
        assert "not known" == rows[label]["a"]["text"] == rows[label]["b"]["text"]


def test_a_wall_that_is_enough_after_a_fix_says_so(isoaudit: Isoaudit) -> None:
    """The letter is that of the fix below."""
    ended = isoaudit("compare", PLAIN, LEGACY)

    assert "yes, after fix B" in ended.out
    assert "FIX B" in ended.out


def test_the_verdict_is_about_the_class_that_was_asked_for(isoaudit: Isoaudit) -> None:
    """A part of its name will do."""
    found = compared(isoaudit, RISKY, LEAN, "--class", "strangers")

    assert found["workload"] == "strangers' or agents' code"
    assert "strangers" in found["verdict"]
    assert "own, reviewed" not in found["verdict"]


@pytest.mark.parametrize("word", ["nobody", "code"])
def test_a_class_that_none_or_several_have_is_a_usage_error(isoaudit: Isoaudit, word: str) -> None:
    """It names those that there are."""
    ended = isoaudit("compare", RISKY, LEAN, "--class", word)

    assert 2 == ended.code
    assert "own, reviewed code" in ended.err or "several customers" in ended.err
    assert "" == ended.out


def test_it_is_written_to_a_file_by_its_name(isoaudit: Isoaudit, tmp_path: Path) -> None:
    """Standard output stays empty then."""
    page = tmp_path / "comparison.md"

    ended = isoaudit("compare", RISKY, LEAN, "-o", str(page))

    assert (0, "") == (ended.code, ended.out)
    assert page.read_text().startswith("# ")
    assert "| virtualization |" in page.read_text()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((LAB, LEAN), 2),  # several
        ((f"{LAB}#nobody", LEAN), 3),
        ((RISKY, "/nowhere.yaml"), 2),
        ((RISKY, LEAN, "-o", "/nowhere/x.json"), 2),
    ],
)
def test_a_side_that_is_not_one_ends_it(
    isoaudit: Isoaudit, words: tuple[str, ...], code: int
) -> None:
    """Without a report, and with one clear line."""
    ended = isoaudit("compare", *words)

    assert code == ended.code
    assert "" == ended.out
    assert ended.err


def test_a_side_that_cannot_be_read_ends_it(isoaudit: Isoaudit, tmp_path: Path) -> None:
    """With the code of a scan that could not read what was asked for."""
    broken = tmp_path / "compose.yaml"
    broken.write_text("services: [")

    ended = isoaudit("compare", str(broken), LEAN)

    assert 4 == ended.code
    assert "" == ended.out


def test_what_does_not_run_here_gets_no_copy(isoaudit: Isoaudit) -> None:
    """--measure starts nothing of a file or a recording, and says so."""
    ended = isoaudit("compare", RISKY, PLAIN, "--measure")

    assert 0 == ended.code
    assert "no copy of it was started" in " ".join(ended.out.split())
