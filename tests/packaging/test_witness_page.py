"""docs/witnesses.md follows the rows it was recorded from, and the ways out there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
_LINE = re.compile(
    r"\| (\d+) \| (\S+) \| `([^`]*)`[^|]*\| `([^`]*)` \| ([^|]+) \| (\w+) \| (.*) \|"
)
_AGREE = {("crossed", "open"), ("refused", "closed"), ("refused", "inert")}


@pytest.fixture(scope="module", name="lines")
def lines_of_the_page() -> list[tuple[str, ...]]:
    """Every row of the page: number, way out, options, act, the kernel, isoaudit, by what."""
    text = (ROOT / "docs" / "witnesses.md").read_text("utf-8")
    return [match.groups() for match in map(_LINE.match, text.splitlines()) if match]


def _groups() -> list[dict[str, object]]:
    groups: list[dict[str, object]] = yaml.safe_load(
        (ROOT / "tests/lab/witnesses.yaml").read_text()
    )
    return groups


def test_it_names_only_ways_out_that_there_are(lines: list[tuple[str, ...]]) -> None:
    """Each is a file of checks/escape."""
    named = {way for _, way, *_ in lines}
    assert set() == named - {path.stem for path in (ROOT / "checks" / "escape").glob("*.yaml")}


def test_it_holds_every_row(lines: list[tuple[str, ...]]) -> None:
    """If not: ISOAUDIT_RECORD=1 pytest tests/lab/test_witnesses.py."""
    rows = [
        (
            group["way"],
            row["with"] or "(nothing)",
            row.get("act", group["act"]),
            f"refused: {row['refused']}" if "refused" in row else "crossed",
        )
        for group in _groups()
        for row in group["rows"]  # type: ignore[attr-defined]
    ]
    assert rows == [tuple(line[1:5]) for line in lines]


def test_thirty_rows_agree_both_ways(lines: list[tuple[str, ...]]) -> None:
    """Crossed and open, refused and closed; what cannot be known does not count."""
    known = [line for line in lines if not line[6].startswith("cannot know: ")]
    agreeing = [line for line in known if (line[4].partition(":")[0], line[5]) in _AGREE]
    crossed = [line for line in agreeing if line[4] == "crossed"]
    assert ([], True) == ([line for line in known if line not in agreeing], len(crossed) >= 30)
    assert len(agreeing) - len(crossed) >= len(crossed)


def test_its_head_counts_what_it_holds(lines: list[tuple[str, ...]]) -> None:
    """The number of rows that agree is the one of the table."""
    text = (ROOT / "docs" / "witnesses.md").read_text("utf-8")
    known = [line for line in lines if not line[6].startswith("cannot know: ")]
    assert f"\n{len(known)} rows agree" in text
