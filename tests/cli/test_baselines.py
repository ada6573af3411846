"""A baseline on the command line: a run fails on what is new, and on nothing that is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import CLOSED, OPEN, PROFILE, ROOT, House, Isoaudit

SCHEMAS = ROOT / "reports/schemas"
TWO = """\
services:
  web:
    image: web
    privileged: true
    volumes: ["/srv/a:/a", "/:/host"]
  db:
    image: db
    cap_add: [SYS_ADMIN]
"""
REORDERED = (
    "# moved\n" * 20
    + """\
services:
  db:
    cap_add: [SYS_ADMIN]
    image: db

  web:
    volumes: ["/:/host", "/srv/a:/a"]
    privileged: true
    image: web
"""
)


def _baseline(isoaudit: Isoaudit, here: Path, content: str, *options: str) -> None:
    (here / "compose.yaml").write_text(content)
    isoaudit("scan", "compose.yaml", "-o", "baseline=known.json", *options)


def test_what_is_known_fails_no_run(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """It is shown all the same; the counts are said on stderr."""
    _baseline(isoaudit, here, OPEN, *house())

    before = isoaudit("scan", "compose.yaml", *house())
    after = isoaudit("scan", "compose.yaml", "--baseline", "known.json", *house())

    assert (1, 0) == (before.code, after.code)
    assert "baseline: 1 known, 0 new, 0 resolved" in after.err
    assert "KNOWN     1 critical known before; -v lists them" in after.out
    assert "it is privileged" not in after.out
    assert "it is privileged" in isoaudit("scan", "compose.yaml", "-v", "--baseline", "known.json",
                                          *house()).out  # fmt: skip


def test_what_is_new_fails_the_run(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """A target that was not there, with the same fault."""
    _baseline(isoaudit, here, OPEN, *house())
    (here / "compose.yaml").write_text(OPEN + "  # nothing\n")
    (here / "more.yaml").write_text(OPEN.replace("web", "new"))

    ended = isoaudit("scan", "compose.yaml", "compose:more.yaml", "--baseline", "known.json",
                     *house(), "-f", "json")  # fmt: skip

    assert 1 == ended.code
    assert {"known": 1, "new": 1, "resolved": 0} == ended.report["summary"]["baseline"]
    assert ["known", "new"] == [t["findings"][0]["baseline"] for t in ended.report["targets"]]
    assert ["the gate does not hold for compose:more.yaml#new"] == (
        ended.report["summary"]["gate"]["reasons"]
    )
    jsonschema.validate(ended.report, json.loads((SCHEMAS / "report-1.json").read_text()))


def test_fingerprints_survive_moved_lines_and_another_order(isoaudit: Isoaudit, here: Path) -> None:
    """By all checks there are: twenty lines above, services and lists in another order."""
    _baseline(isoaudit, here, TWO)
    (here / "compose.yaml").write_text(REORDERED)

    ended = isoaudit("scan", "compose.yaml", "--baseline", "known.json", "-f", "json")

    assert 0 == ended.code
    assert 0 == ended.report["summary"]["baseline"]["new"]
    assert 0 == ended.report["summary"]["baseline"]["resolved"]
    assert ended.report["summary"]["baseline"]["known"] > 20


def test_what_is_mended_is_counted(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """So that a team sees where it has come to; what was not audited is no success."""
    _baseline(isoaudit, here, OPEN, *house())
    (here / "compose.yaml").write_text(CLOSED)
    (here / "other.yaml").write_text(CLOSED.replace("web", "other"))

    mended = isoaudit("scan", "compose.yaml", "--baseline", "known.json", *house())
    other = isoaudit("scan", "compose:other.yaml", "--baseline", "known.json", *house())

    assert "baseline: 0 known, 0 new, 1 resolved" in mended.err
    assert "0 resolved; 1 target of it not in this run" in other.err


def test_a_saved_result_is_a_baseline_too(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Whatever was kept of an earlier run."""
    (here / "compose.yaml").write_text(OPEN)
    isoaudit("scan", "compose.yaml", "-o", "result.json", *house())

    ended = isoaudit("scan", "compose.yaml", "--baseline", "result.json", *house())

    assert 0 == ended.code


def test_a_baseline_file_is_made_to_be_committed(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """Of the same state it is the same file, one line a finding."""
    _baseline(isoaudit, here, OPEN, *house())
    first = (here / "known.json").read_text()
    _baseline(isoaudit, here, OPEN, *house())

    assert first == (here / "known.json").read_text()
    assert 1 == first.count("ACME-001")
    jsonschema.validate(json.loads(first), json.loads((SCHEMAS / "baseline-1.json").read_text()))


def test_what_is_waived_comes_back_when_its_waiver_ends(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """A baseline written meanwhile does not hold it."""
    content = "services:\n  web:\n    image: web\n    privileged: true"
    (here / "compose.yaml").write_text(f"{content} # isoaudit: ignore[ACME-001] it is needed here")
    isoaudit("scan", "compose.yaml", "-o", "baseline=known.json", *house())
    (here / "compose.yaml").write_text(content)

    assert 1 == isoaudit("scan", "compose.yaml", "--baseline", "known.json", *house()).code


def test_a_saved_result_keeps_what_is_known(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """The gate is applied again with it."""
    _baseline(isoaudit, here, OPEN, *house())
    isoaudit("scan", "compose.yaml", "--baseline", "known.json", "-o", "result.json", *house())

    again = isoaudit("report", "result.json", "-f", "json")

    assert json.loads((here / "result.json").read_text()) == again.report
    assert 0 == again.code


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"7", b"\xff", b"[" * 100_000, b'{"targets": []}']
)
def test_what_is_no_baseline_ends_with_2(
    isoaudit: Isoaudit, here: Path, house: House, content: bytes
) -> None:
    """A baseline that silently knew nothing would fail every run, or none."""
    (here / "compose.yaml").write_text(OPEN)
    (here / "known.json").write_bytes(content)

    ended = isoaudit("scan", "compose.yaml", "--baseline", "known.json", *house())

    assert (2, "") == (ended.code, ended.out)
    assert "known.json" in ended.err


def test_a_baseline_of_another_profile_is_told(
    isoaudit: Isoaudit, here: Path, house: House
) -> None:
    """What is new may then be new to the profile alone; the run goes on."""
    _baseline(isoaudit, here, OPEN, *house())
    other = house(profile=PROFILE.replace("The house", "Another house"))

    ended = isoaudit("scan", "compose.yaml", "--baseline", "known.json", *other)

    assert (0, True) == (ended.code, "known.json: a baseline of profile" in ended.err)


def test_a_baseline_of_other_checks_is_told(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """The profile is the same, and what it checks has changed."""
    _baseline(isoaudit, here, OPEN, *house())
    other = [*house("high")[:-1], house()[-1]]

    ended = isoaudit("scan", "compose.yaml", "--baseline", "known.json", *other)

    assert (0, True) == (ended.code, "another version of the checks" in ended.err)


def _stripped(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the targets of a report without what waivers and baselines add."""
    return [
        {
            **target,
            **{
                key: [{**one, "waiver": None, "baseline": None} for one in target[key]]
                for key in ("findings", "escape_paths")
            },
        }
        for target in report["targets"]
    ]


def test_waivers_and_baselines_change_nothing_else(isoaudit: Isoaudit, here: Path) -> None:
    """Facts, status, evidence, fingerprint and order stay to the letter, by every check."""
    _baseline(isoaudit, here, TWO)
    (here / "w.yaml").write_text(
        "waivers: [{check: '*', target: '*', reason: all of it is known, owner: me}]\n"
    )
    plain = isoaudit("scan", "compose.yaml", "-f", "json").report
    marked = isoaudit("scan", "compose.yaml", "-f", "json", "--baseline", "known.json",
                      "--waivers", "w.yaml").report  # fmt: skip

    assert _stripped(plain) == _stripped(marked)
    assert plain["targets"] == _stripped(plain)
    assert marked["targets"] != _stripped(marked)
    for key in ("targets", "by_status", "by_severity"):
        assert plain["summary"][key] == marked["summary"][key]
