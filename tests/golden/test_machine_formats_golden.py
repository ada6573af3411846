"""The formats for machines, whole, to the byte."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from golden.machine_samples import evil, waived
from golden.report_samples import ALL

from isoaudit.model import Severity
from isoaudit.report.formats import FORMATS, load_renderer
from isoaudit.report.options import Options

FOR_MACHINES = [name for name in FORMATS if name not in {"table", "json", "baseline"}]
SAMPLES = {**ALL, "waived": waived, "evil": evil}
OPTIONS = Options(fail_on=Severity.CRITICAL)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("form", FOR_MACHINES)
def test_a_format_looks_as_recorded(
    golden: Callable[[str, str], None], form: str, sample: str
) -> None:
    """A report made by hand gives the recorded text, and gives it twice."""
    texts = []
    for _ in range(2):
        stream = io.StringIO()
        load_renderer(form)(SAMPLES[sample](), stream, OPTIONS)
        texts.append(stream.getvalue())

    assert texts[0] == texts[1]
    golden(f"{form}-{sample}", texts[0])
