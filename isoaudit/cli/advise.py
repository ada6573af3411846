"""`isoaudit advise`: which wall a workload needs, which one it has, and what lies between."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isoaudit.cli.advise_workload import Asked, about_workload
from isoaudit.cli.comparing import ground_named
from isoaudit.cli.options import Seconds, addresses_of, stdin_of
from isoaudit.cli.screen import say
from isoaudit.errors import NothingToAuditError, UsageError
from isoaudit.model import RunError

if TYPE_CHECKING:
    from isoaudit.advise.advice import Advised
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
@click.option("-f", "--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How the advice is written.")  # fmt: skip
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
    form: str,
    on: Path | None,
    timeout: float,
    deep: bool,
) -> None:
    """Say which isolation TARGET's workload needs, which it has, and what stands between.

    TARGET is what `isoaudit scan` takes: a container, a VM, a file, evidence.
    """
    from isoaudit.advise.advice import advise as advise_on
    from isoaudit.assess import load_assessor

    workload = asked.workload()
    if simulated and form == "json":
        raise UsageError("--simulate is told in the table only", "Leave -f json away.")
    judged, errors = judged_targets(targets, only, on, timeout, deep=deep)
    assessor = load_assessor()
    advised = [
        advise_on(one.context, one.result.assessment, workload, assessor)
        for one in judged
        if one.result.assessment is not None
    ]
    further = [_further(one, simulated) for one in judged] if form == "table" else []
    _write(advised, further, errors, form, why=why)
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
    from isoaudit.assess import load_assessor
    from isoaudit.cli.advise_fixes import fix_sections, simulated_section

    assessment, assessor = one.result.assessment, load_assessor()
    if assessment is None:
        return []
    if simulated:
        return [simulated_section(simulate(one.context, assessment, assessor, simulated))]
    return fix_sections(smallest_set(one.context, assessment, assessor))


def _write(
    advised: Sequence[Advised],
    further: Sequence[Sequence[Section]],
    errors: Iterable[RunError],
    form: str,
    *,
    why: bool,
) -> None:
    if form == "json":
        from isoaudit.cli.advice_json import write

        write(advised, list(errors), sys.stdout)
    elif advised:
        from isoaudit.cli.advice_page import page

        pages = (
            page(one, why=why, further=more) for one, more in zip(advised, further, strict=True)
        )
        click.echo("\n\n".join("\n".join(lines) for lines in pages))
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
