"""The generated pages and the README follow the code."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from isoaudit.cli.app import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
WRITER = runpy.run_path(str(ROOT / "tools" / "write_docs.py"))
PAGES = WRITER["PAGES"]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    """If not: `make docs`."""
    assert PAGES[name]() == (ROOT / "docs" / name).read_text("utf-8")


def test_the_readme_shows_the_comparison_of_its_page() -> None:
    """Of one run, and not half of another."""
    assert WRITER["readme"]() == (ROOT / "README.md").read_text("utf-8")


def test_the_readme_names_every_command() -> None:
    """What it does not name is not found."""
    readme = (ROOT / "README.md").read_text("utf-8")

    assert [] == [name for name in COMMANDS if f"isoaudit {name}" not in readme]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_links_lead_somewhere(page: Path) -> None:
    """Those to files of the checkout."""
    words = re.sub(r"`[^`]*`", "", page.read_text("utf-8"))  # code is no link
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", words)

    assert [] == [target for target in targets if not (page.parent / target).exists()]
