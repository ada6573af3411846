"""The baseline format: what failed or could not be decided, to fail on new findings only.

One line a finding, ordered, with no time in it: made to be committed and compared.
"""

from __future__ import annotations

import json
from typing import TextIO

from isoaudit.model import ways_of
from isoaudit.model.finding import IN_BASELINES
from isoaudit.report.document import Report
from isoaudit.report.options import Options

FORMAT = "1"


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write the fingerprints of a report's findings, but for those that are waived."""
    head = {
        "isoaudit_baseline": FORMAT,
        "checks_version": report.checks_version,
        "profiles": list(report.run.profiles),
    }
    rows = sorted(
        (result.target.id, one.check, one.kept_as, one.fingerprint)
        for result in report.results
        for one in (*result.findings, *(ways_of(result) if options.ways else ()))
        if one.status in IN_BASELINES and one.waiver is None
    )
    names = ("target", "check", "status", "fingerprint")
    lines = ",\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows)
    stream.write(f'{json.dumps(head)[:-1]},\n"findings": [\n{lines}\n]}}\n')
