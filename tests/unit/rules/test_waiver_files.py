"""Waiver files: what they hold, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.errors import DefinitionError
from isoaudit.model import Waiver
from isoaudit.rules.waiver_file import load_waivers
from isoaudit.rules.waivers import Entry

CHECKS = ("CAP-003", "CAP-004", "NET-001")
GOOD = """\
waivers:
  - check: CAP-003
    target: docker:agent
    reason: The agent loads eBPF programs
    owner: platform
    until: 2027-01-31
    approver: security
    fingerprint: abcdef012345
"""


def _load(folder: Path, text: str) -> tuple[Entry, ...]:
    file = folder / "w.yaml"
    file.write_text(text)
    return load_waivers(file, CHECKS)


def test_an_entry_is_read_as_it_stands(tmp_path: Path) -> None:
    """With the place where it was written."""
    waiver = Waiver("The agent loads eBPF programs", "platform", "2027-01-31",
                    f"{tmp_path}/w.yaml:2", "file", "security")  # fmt: skip

    assert (Entry(("CAP-003",), ("docker:agent",), waiver, "abcdef012345"),) == _load(
        tmp_path, GOOD
    )


def test_checks_and_targets_may_be_lists_of_patterns(tmp_path: Path) -> None:
    """And the last day may be called expires, or left out."""
    text = GOOD.replace("check: CAP-003", "check: [CAP-*, NET-001]").replace(
        "docker:agent", '["docker:*", "compose:*#agent"]'
    )
    expires, open_end = (
        text.replace("until", "expires"),
        text.replace("    until: 2027-01-31\n", ""),
    )

    (first,), (second,) = _load(tmp_path, expires), _load(tmp_path, open_end)

    assert (("CAP-*", "NET-001"), ("docker:*", "compose:*#agent")) == first[:2]
    assert ("2027-01-31", None) == (first.waiver.until, second.waiver.until)


def test_an_empty_list_is_fine(tmp_path: Path) -> None:
    """Where the last waiver is gone, the file need not go too."""
    assert () == _load(tmp_path, "waivers: []\n")


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        ("reason:", "reasn:", "2:5", "unknown key 'reasn'; did you mean 'reason'?"),
        ("    reason: The agent loads eBPF programs\n", "", "2:5", "key 'reason' is missing"),
        ("    owner: platform\n", "", "2:5", "key 'owner' is missing"),
        ("    target: docker:agent\n", "", "2:5", "key 'target' is missing"),
        ("The agent loads eBPF programs", "by design", "4:13", "waivers[0].reason"),
        ("The agent loads eBPF programs", "'a            b'", "2:5", "reason of 3 characters"),
        ("platform", "' '", "5:12", "waivers[0].owner"),
        ("2027-01-31", "31.01.2027", "6:12", "waivers[0].until"),
        ("2027-01-31", "2027-02-30", "6:12", "no day 2027-02-30"),
        ("CAP-003", "CAP-03", "2:5", "no check 'CAP-03'; did you mean CAP-003?"),
        ("CAP-003", "'FS-*'", "2:5", "no check 'FS-*'"),
        ("abcdef012345", "abc", "8:18", "waivers[0].fingerprint"),
        ("    approver: security\n", "    expires: 2027-01-31\n", "2:5", "two words for one day"),
        ("waivers:", "waiver:", "1:1", "unknown key 'waiver'; did you mean 'waivers'?"),
        ("    owner: platform\n", "    owner: platform\n    owner: x\n", "6:5", "stands twice"),
        ("docker:agent", "[", "5:10", "not valid YAML"),
    ],
)
def test_what_does_not_load_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, place: str, problem: str
) -> None:
    """A waiver that silently waives nothing, or something else, is worse than none."""
    assert old in GOOD
    with pytest.raises(DefinitionError) as caught:
        _load(tmp_path, GOOD.replace(old, new))

    assert caught.value.cause.startswith(f"{tmp_path}/w.yaml:{place}: ")
    assert problem in caught.value.cause
    assert "\n" not in caught.value.cause


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Silence would let a run pass or fail for no reason that is seen."""
    with pytest.raises(DefinitionError, match=r"w\.yaml"):
        load_waivers(tmp_path / "w.yaml", CHECKS)
