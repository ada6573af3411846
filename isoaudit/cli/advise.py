"""`isoaudit advise`: which wall a workload needs, which one it has, and what lies between."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isoaudit.cli.advise_candidates import (
    candidate_sections,
    candidates_of,
    every_name,
    names_said,
)
from isoaudit.cli.advise_workload import Asked, about_workload
from isoaudit.cli.comparing import ground_named
from isoaudit.cli.options import Seconds, addresses_of, stdin_of
from isoaudit.cli.screen import say
from isoaudit.errors import NothingToAuditError, UsageError
from isoaudit.model import RunError

if TYPE_CHECKING:
    from isoaudit.advise.advice import Advised
    from isoaudit.advise.candidates import Candidate
    from isoaudit.audit.advising import Judged
    from isoaudit.cli.advice_page import Section

EPILOG = """\b
Without options on the workload the advice is for code from elsewhere with internal data, alone on
its host; what was assumed is said.

\b
Examples:
  isoaudit advise docker:web
  isoaudit advise docker:web --data sensitive --tenancy teams
  isoaudit advise compose.yaml --class ai-agent-sandbox --on host.json
  isoaudit advise libvirt:db --why
  isoaudit advise compose.yaml --only web --candidates runc,runsc,kata
  isoaudit advise docker:web --data sensitive -f decision > decision.md
  isoaudit advise compose.yaml --only web --simulate cap_drop=ALL --simulate user=10001

\b
Exit codes: 0, or 1 if a workload was described and the wall is not enough for it, or not proven
to be; 3 nothing to advise on, 4 something could not be read."""


@click.command(epilog=EPILOG)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@about_workload
@click.option("--only", metavar="NAME", help="Of several targets those of this name or id; "
              "it may hold *.")  # fmt: skip
@click.option("--why", is_flag=True, help="The score line by line: what gives, caps and widens it.")
@click.option("--simulate", "simulated", multiple=True, metavar="NAME=VALUE",
              help="What TARGET would come to with an option of its engine, or a fact, as told: "
              '"cap_drop=ALL", "host.ksm.running=false". Nothing is changed.')  # fmt: skip
@click.option(
    "--candidates",
    "named",
    metavar="NAME,…",
    help="What other ways to run it would come to here, of runc, userns, runsc, kata and "
    "vm: wall, ways out left, what breaks, what it costs by the literature.",
)
@click.option("-f", "--format", "form", type=click.Choice(["table", "json", "decision"]),
              default="table", show_default=True,
              help="How the advice is written; decision is a record of one, in Markdown, of one "
              "target.")  # fmt: skip
@click.option("--on", type=click.Path(path_type=Path), metavar="BUNDLE",
              help="Judge files for the host whose evidence this is.")  # fmt: skip
@click.option("--timeout", type=Seconds(0.1, 3600), default=30.0, show_default=True,
              metavar="SECONDS", help="Time each target may take.")  # fmt: skip
@click.option("--deep", is_flag=True, help="Read loaded seccomp filters too: stops each process "
              "for well under a millisecond.")  # fmt: skip
def advise(
    targets: tuple[str, ...],
    asked: Asked,
    only: str | None,
    why: bool,
    simulated: tuple[str, ...],
    named: str | None,
    form: str,
    on: Path | None,
    timeout: float,
    deep: bool,
) -> None:
    """Say which isolation TARGET's workload needs, which it has, and what stands between.

    TARGET is what `isoaudit scan` takes: a container, a VM, a file, evidence.
    """
    from isoaudit.advise.advice import advise as advise_on

    workload = asked.workload()
    if simulated and form != "table":
        raise UsageError("--simulate is told in the table only", f"Leave -f {form} away.")
    names = names_said(named)
    if form == "decision" and named is None:
        names = every_name()
    judged, errors = judged_targets(targets, only, on, timeout, deep=deep)
    advised = [
        advise_on(one.context, one.result.assessment, workload, one.assessor)
        for one in judged
        if one.result.assessment is not None
    ]
    others = [candidates_of(one, workload, names) for one in judged]
    if form == "json":
        from isoaudit.cli.advice_json import write

        write(advised, errors, sys.stdout, others if names else ())
    elif form == "decision":
        _record(judged, advised, others)
    else:
        sections = [candidate_sections(several) if names else [] for several in others]
        further = [
            [*_further(judged[n], simulated), *several] for n, several in enumerate(sections)
        ]
        _write(advised, further, why=why)
    _say(errors)
    raise click.exceptions.Exit(_exit_code(advised, errors, asked))


def judged_targets(
    targets: Sequence[str], only: str | None, on: Path | None, timeout: float, *, deep: bool
) -> tuple[list[Judged], list[RunError]]:
    """Return the targets with a boundary, and what could not be read.

    Raises NothingToAuditError if there is neither, and UsageError if `only` names none.
    """
    from isoaudit.audit.advising import Judged, judged_at
    from isoaudit.audit.common import Limits

    addresses = addresses_of(targets)
    ground = ground_named(on) if on is not None else None
    found = list(judged_at(addresses, Limits(1, timeout, deep), stdin_of(addresses), ground))
    errors = list(dict.fromkeys(one for one in found if isinstance(one, RunError)))
    judged = [one for one in found if isinstance(one, Judged)]
    if only is not None and judged:
        judged = _chosen(judged, only)
    if not judged and not any(error.asked for error in errors):
        raise NothingToAuditError(
            "nothing there has a boundary to advise on",
            "Name a container, a VM or a file that declares one: isoaudit advise docker:NAME",
        )
    return judged, errors


def _chosen(judged: Sequence[Judged], only: str) -> list[Judged]:
    chosen = [
        one
        for one in judged
        if fnmatchcase(one.context.target.id, only) or fnmatchcase(one.context.target.name, only)
    ]
    if not chosen:
        names = ", ".join(one.context.target.name for one in judged[:12])
        raise UsageError(f"no target there is called {only!r}", f"There are: {names}")
    return chosen


def _further(one: Judged, simulated: Sequence[str]) -> list[Section]:
    """Return the changes that close what is open, or what was asked for comes to."""
    from isoaudit.advise.fixes import smallest_set
    from isoaudit.advise.simulate import simulate
    from isoaudit.cli.advise_fixes import fix_sections, simulated_section

    assessment, assessor = one.result.assessment, one.assessor
    if assessment is None:
        return []
    if simulated:
        return [simulated_section(simulate(one.context, assessment, assessor, simulated))]
    return fix_sections(smallest_set(one.context, assessment, assessor))


def _write(advised: Sequence[Advised], further: Sequence[Sequence[Section]], *, why: bool) -> None:
    from isoaudit.cli.advice_page import page

    pages = (page(one, why=why, further=more) for one, more in zip(advised, further, strict=True))
    if advised:
        click.echo("\n\n".join("\n".join(lines) for lines in pages))


def _record(
    judged: Sequence[Judged], advised: Sequence[Advised], others: Sequence[Sequence[Candidate]]
) -> None:
    """Write the decision record of the one target there is; raises UsageError for several."""
    from datetime import UTC, datetime

    from isoaudit.advise.decision import decision
    from isoaudit.cli.decision_markdown import record

    if len(advised) > 1:
        names = ", ".join(one.target.name for one in advised[:12])
        raise UsageError(
            f"a decision is about one target, not {len(advised)}",
            f"Choose one with --only: {names}",
        )
    for one, about, found in zip(judged, advised, others, strict=True):
        today = datetime.now(UTC).date()
        click.echo(record(decision(one.context, about, found, today)), nl=False)


def _say(errors: Iterable[RunError]) -> None:
    for error in errors:
        say(f"{error.target}: {error.message}")
        if error.how_to_get:
            say(f"  {error.how_to_get}")


def _exit_code(advised: Sequence[Advised], errors: Iterable[RunError], asked: Asked) -> int:
    """Return 1 if a workload was described and a wall is not proven to be enough, and say so."""
    short = [one for one in advised if not one.enough.value]
    if asked.is_said and short:
        for one in short:
            state = "not enough" if one.enough.value is False else "not proven to be enough"
            say(f"exit 1  {one.target.id}: {state} for the workload asked for")
        return 1
    return 4 if any(error.asked for error in errors) else 0
