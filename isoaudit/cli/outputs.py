"""Where a report goes: stdout, files, or both, each in its own format."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isoaudit.cli.options import write_whole
from isoaudit.cli.screen import wants_color
from isoaudit.errors import UsageError
from isoaudit.report.document import Report
from isoaudit.report.formats import FORMATS, format_for_suffix, load_renderer
from isoaudit.report.options import Options


@dataclass(frozen=True, slots=True)
class Output:
    """One report: its format, and the file it goes to; None is stdout."""

    form: str
    path: Path | None


def parse_outputs(form: str | None, outputs: Sequence[str]) -> list[Output]:
    """Return the outputs that -f and -o ask for; stdout stays empty unless one of them is "-".

    Raises UsageError for a format that cannot be told, or a folder that is not there: before
    anything is audited.
    """
    if not outputs:
        return [Output(_known(form or "table"), None)]
    parsed: list[Output] = []
    for text in outputs:
        name, equals, rest = text.partition("=")
        own = name if equals and name in FORMATS else None
        target = rest if own else text
        if target == "-":
            parsed.append(Output(own or _known(form or "table"), None))
            continue
        path = Path(target)
        if not path.parent.is_dir():
            raise UsageError(f"{path.parent}: no such folder", "Create it, or choose another.")
        parsed.append(Output(own or (_known(form) if form else format_for_suffix(str(path))), path))
    return parsed


def write_report(report: Report, outputs: Sequence[Output], *, color: str, verbosity: int) -> None:
    """Render a report to every output."""
    for output in outputs:
        render = load_renderer(output.form)
        if output.path is None:
            options = Options(color=wants_color(sys.stdout, color), verbosity=verbosity)
            render(report, sys.stdout, options)
            sys.stdout.flush()
            continue
        text = io.StringIO()
        render(report, text, Options(color=False, verbosity=verbosity))
        write_whole(output.path, text.getvalue().encode("utf-8", "surrogateescape"))


def _known(form: str) -> str:
    if form not in FORMATS:
        load_renderer(form)
    return form
