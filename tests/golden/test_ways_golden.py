"""Ways out in the formats for machines, whole, to the byte."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from golden.verdict_samples import verdicts

from isoaudit.model import Goal, Severity
from isoaudit.report.formats import FORMATS, load_renderer
from isoaudit.report.options import Options

FOR_MACHINES = [name for name in FORMATS if name not in {"table", "json"}]
STEPS = {
    name: {"title": title, "severity": "critical", "tags": ["escape"], "rationale": way,
           "remediation": {"any": remedy}, "references": {"attack": ["T1611"]}}
    for name, title, way, remedy in (
        ("ESC-001", "A privileged container", "Root inside opens the disk <device.path>.",
         'take "privileged" out'),
        ("ESC-204", "A socket of another", "It asks <neighbour.name>.", "remove the mount"),
    )
}  # fmt: skip
OPTIONS = Options(fail_on=Severity.CRITICAL, way_out=Goal.HOST_READ, ways=True)


@pytest.mark.parametrize("form", FOR_MACHINES)
def test_ways_out_stand_among_the_findings(golden: Callable[[str, str], None], form: str) -> None:
    """By the ids of their steps; one that is not ruled out is undecided."""
    stream = io.StringIO()
    report = verdicts()
    load_renderer(form)(replace(report, checks={**report.checks, **STEPS}), stream, OPTIONS)
    golden(f"{form}-verdicts", stream.getvalue())
