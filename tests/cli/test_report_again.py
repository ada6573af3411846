"""`isoaudit report`: a saved result once more, in another format and through a gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import OPEN, UNDECIDED, House, Isoaudit


def _saved(isoaudit: Isoaudit, here: Path, house: House, content: str) -> None:
    (here / "compose.yaml").write_text(content)
    isoaudit("scan", "compose.yaml", "-o", "result.json", *house())


def test_nothing_is_lost_on_the_way(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Read and written again, it is the same document."""
    _saved(isoaudit, here, house, OPEN)

    again = isoaudit("report", "result.json", "-f", "json").report

    assert json.loads((here / "result.json").read_text()) == again


def test_the_table_is_that_of_the_scan(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """What is seen does not depend on when it is shown."""
    (here / "compose.yaml").write_text(OPEN)
    scanned = isoaudit("scan", "compose.yaml", *house(), "-o", "table=-", "-o", "result.json")

    assert scanned.out == isoaudit("report", "result.json").out


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (OPEN, (), 1),
        (OPEN, ("--fail-on", "never"), 0),
        (OPEN, ("--report-only",), 0),
        (OPEN, ("-p", "strict"), 1),
        (UNDECIDED, (), 0),
        (UNDECIDED, ("--fail-on-unknown",), 4),
        (UNDECIDED, ("-p", "strict"), 4),
        ("services: [\n", (), 4),
    ],
)
def test_the_gate_is_applied_again(
    *,
    isoaudit: Isoaudit,
    here: Path,
    house: House,
    content: str,
    options: tuple[str, ...],
    code: int,
) -> None:
    """That of the profile it was scanned with, unless options say otherwise."""
    _saved(isoaudit, here, house, content)

    assert code == isoaudit("report", "result.json", *options).code


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"not JSON", b"\xff\xfe", b'{"schema_version": "1"}',
     b'{"schema_version": "2", "targets": []}', b"[" * 100_000, b'{"schema_version": NaN}'],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_what_is_no_result_ends_with_2(isoaudit: Isoaudit, here: Path, content: bytes) -> None:
    """Whatever it is, the file is named in one clear line."""
    (here / "result.json").write_bytes(content)

    ended = isoaudit("report", "result.json")

    assert (2, "") == (ended.code, ended.out)
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--fail-on", "high"), 1), (("--fail-on", "never"), 0), (("--fail-on", "critical"), 0)],
)
def test_the_gate_that_held_in_the_run_holds_again(
    isoaudit: Isoaudit, here: Path, house: House, options: tuple[str, ...], code: int
) -> None:
    """What an option decided is in the document."""
    (here / "compose.yaml").write_text(OPEN)
    scanned = isoaudit("scan", ".", "-o", "result.json", *house("high"), *options)

    assert (code, code) == (scanned.code, isoaudit("report", "result.json").code)


def test_strict_waivers_hold_again(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """Stale waivers that failed the run fail it when it is shown again."""
    (here / "compose.yaml").write_text(f"# isoaudit: ignore[ACME-001] no\n{OPEN}")
    words = ("--strict-waivers", "--fail-on", "never")
    scanned = isoaudit("scan", ".", "-o", "result.json", *house("high"), *words)

    assert (1, 1) == (scanned.code, isoaudit("report", "result.json").code)


def test_a_gate_that_there_is_not_is_an_error(isoaudit: Isoaudit, here: Path, house: House) -> None:
    """A document may be anybody's."""
    _saved(isoaudit, here, house, OPEN)
    saved = json.loads((here / "result.json").read_text())
    saved["run"]["gate"] = {"fail_on": "x", "fail_on_unknown": False, "strict_waivers": False}
    (here / "result.json").write_text(json.dumps(saved))

    assert 2 == isoaudit("report", "result.json").code
