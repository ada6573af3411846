"""The table format as people see it, whole."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from golden.report_samples import ALL

from isoaudit.report.options import Options
from isoaudit.report.table import render

CASES = [(name, 0) for name in ALL] + [("machine", 1), ("files", 1), ("machine", -1), ("files", -1)]
SUFFIX = {-1: "-quiet", 0: "", 1: "-verbose"}


@pytest.mark.parametrize(("name", "verbosity"), CASES)
def test_the_table_looks_as_recorded(
    golden: Callable[[str, str], None], name: str, verbosity: int
) -> None:
    """A report made by hand gives the recorded page, to the byte."""
    stream = io.StringIO()
    render(ALL[name](), stream, Options(verbosity=verbosity))
    golden(f"table-{name}{SUFFIX[verbosity]}", stream.getvalue())
