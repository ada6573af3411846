"""The table with verdicts as people see it, whole."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from golden.verdict_samples import HOSTILE, verdicts

from isoaudit.report.options import Options
from isoaudit.report.table import render

SUFFIX = {-1: "-quiet", 0: "", 1: "-verbose"}


@pytest.mark.parametrize("verbosity", SUFFIX)
def test_verdicts_look_as_recorded(golden: Callable[[str, str], None], verbosity: int) -> None:
    """Verdict first, the ways out in plain words, what closes them, what is not known."""
    stream = io.StringIO()
    render(verdicts(), stream, Options(verbosity=verbosity))
    text = stream.getvalue()
    golden(f"table-verdicts{SUFFIX[verbosity]}", text)

    assert max(map(len, text.splitlines())) <= 80
    assert HOSTILE not in text
    assert "\x1b" not in text
    assert not any(line.startswith("EXIT") for line in text.splitlines())
