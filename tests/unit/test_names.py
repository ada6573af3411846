"""Test modules have names of their own: pytest imports them by these."""

from __future__ import annotations

from collections import Counter
from pathlib import Path


def test_no_two_test_modules_have_one_name() -> None:
    """Without packages, the second of a name would not be collected when both are asked for."""
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))

    assert [] == [name for name, count in names.items() if count > 1]
