"""`isoaudit report`: a saved JSON result in another format, with the gate applied again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from isoaudit.cli.options import Reporting, reporting
from isoaudit.cli.screen import say
from isoaudit.errors import DocumentError, UsageError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-p",
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME|FILE",
    help="Take the gate of this profile; else the one it was scanned with.",
)
@reporting
def report(
    file: Path,
    profiles: tuple[str, ...],
    reporting: Reporting,
) -> None:
    """Show a result that `isoaudit scan -f json` wrote, in another format."""
    from isoaudit.cli.outputs import parse_outputs, write_report
    from isoaudit.cli.reviewing import review_lines, stale_waivers
    from isoaudit.cli.running import verdict_in
    from isoaudit.cli.verdict import ending, explain_exit
    from isoaudit.documents import limits
    from isoaudit.report.reading import read_report
    from isoaudit.rules.gate import GateCount, count, count_walls, count_ways
    from isoaudit.rules.select import gate_of, of_saved, overriding

    chosen = parse_outputs(reporting.form, reporting.outputs)
    try:
        saved = read_report(json.loads(limits.read_text(file, str(file), limits.OWN_BYTES)))
    except (DocumentError, ValueError, RecursionError) as error:
        cause = error.cause if isinstance(error, DocumentError) else f"{file}: not JSON"
        raise UsageError(
            cause, "Name a file that `isoaudit scan -f json -o FILE` wrote."
        ) from error
    held = saved.run.gate if not profiles else None
    try:
        own = of_saved(held) if held else gate_of(profiles or saved.run.profiles)
    except ValueError as error:
        raise UsageError(f"{file}: {error}", "Name the gate: --fail-on SEVERITY.") from error
    strict = reporting.strict_waivers or bool(held and held["strict_waivers"])
    gate = overriding(
        own, reporting.fail_on, unknown=reporting.fail_on_unknown, min_score=reporting.min_score
    )
    counts: dict[str, GateCount] = {}
    for result in saved.results:
        known = counts.get(result.target.id, GateCount())
        declared = bool(result.target.dialect)
        walls = count_walls(result.target.id, verdict_in(result), gate)
        found = count(result.findings, gate, declared=declared) + walls + count_ways(result, gate)
        counts[result.target.id] = known + found
    stale = stale_waivers(saved.waivers) if strict else ""
    end = ending(counts, saved.errors, gate, report_only=reporting.report_only, stale=stale)
    summary = saved.summary._replace(gate_passed=end.passed, gate_reasons=end.reasons)
    shown = replace(saved, summary=summary)
    write_report(shown, chosen, reporting, gate, ways=own.way_out is not None)
    for line in [*explain_exit(end, gate), *review_lines(summary, saved.waivers)]:
        say(line)
    raise click.exceptions.Exit(end.code)
