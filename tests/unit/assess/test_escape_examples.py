"""Every example that stands inside an escape primitive comes to what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.assess.definitions import primitive_files
from isoaudit.assess.examples import run_primitive_examples

FILES = [pytest.param(Path(path), shown, id=Path(shown).stem) for path, shown in primitive_files()]


@pytest.mark.parametrize(("path", "shown"), FILES)
def test_every_example_comes_out(path: Path, shown: str) -> None:
    """A primitive is open, possible, inert or closed where its own examples say so."""
    results = run_primitive_examples(path, shown)

    assert results
    assert [one for one in results if not one.ok] == []
