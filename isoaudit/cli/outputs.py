"""Where a report goes: stdout, files, or both, each in its own format."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from isoaudit.cli.files import require_place, text_whole
from isoaudit.cli.options import Reporting
from isoaudit.cli.screen import wants_color
from isoaudit.errors import UsageError
from isoaudit.report.document import Report
from isoaudit.report.formats import FORMATS, format_for_suffix, load_renderer
from isoaudit.report.options import Options
from isoaudit.rules.select import Gate

_FIXED = 6
"""Targets of which the smallest set of changes is worked out: a tenth of a second each."""


class Output(NamedTuple):
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
    alone = len(outputs) == 1
    parsed = [_parsed(form, text, alone=alone) for text in outputs]
    for output in parsed:
        if output.path is not None:
            require_place(output.path)
        if [other.path for other in parsed].count(output.path) > 1:
            raise UsageError(
                f"-o names {output.path or 'standard output'} twice", "One report fits in it."
            )
    return parsed


def fixes_wanted(outputs: Sequence[Output], verbosity: int) -> int:
    """Return for how many targets the changes are shown that close their ways out.

    The table shows them, unless it is one line per target.
    """
    return _FIXED if verbosity >= 0 and any(one.form == "table" for one in outputs) else 0


def write_report(
    report: Report,
    outputs: Sequence[Output],
    reporting: Reporting,
    gate: Gate,
    *,
    ways: bool,
) -> None:
    """Render a report to every output; `ways` says that its profile is about ways out."""
    options = Options(
        verbosity=reporting.verbosity,
        fail_on=gate.fail_on,
        fail_on_unknown=gate.fail_on_unknown,
        way_out=gate.way_out,
        ways=ways or gate.way_out is not None,
    )
    for output in outputs:
        render = load_renderer(output.form)
        if output.path is None:
            color = wants_color(sys.stdout, reporting.color)
            render(report, sys.stdout, replace(options, color=color))
            sys.stdout.flush()
            continue
        with text_whole(output.path) as stream:
            render(report, stream, options)


def _parsed(form: str | None, text: str, *, alone: bool) -> Output:
    """Return one output: its format from `F=`, else from -f, else from the suffix.

    Of several files -f cannot mean every one: there a suffix that names a format comes first.
    """
    name, equals, rest = text.partition("=")
    # `jsn=out` is a misspelt format; a file of that name is still `./jsn=out`.
    own = _known(name) if equals and name.isalnum() else None
    target = rest if own else text
    if not target:
        raise UsageError(f"-o {text!r} names no file", "Name one, or - for standard output.")
    if target == "-":
        return Output(own or _known(form or "table"), None)
    return Output(own or _of_file(form, target, alone=alone), Path(target))


def _of_file(form: str | None, target: str, *, alone: bool) -> str:
    if form and alone:
        return _known(form)
    try:
        return format_for_suffix(target)
    except UsageError:
        if form:
            return _known(form)
        raise


def _known(form: str) -> str:
    if form not in FORMATS:
        load_renderer(form)
    return form
