"""`isoaudit checks`: list them, show one in full, run their examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isoaudit.cli.screen import clean, clean_block
from isoaudit.errors import NothingToAuditError, UsageError
from isoaudit.report.layout import count

if TYPE_CHECKING:
    from isoaudit.rules.examples import ExampleResult


@click.group()
def checks() -> None:
    """List, show and test checks."""


@checks.command("list")
@click.option("-p", "--profile", "profiles", multiple=True, help="Only those of this profile.")
@click.option("--checks", "folders", multiple=True, type=click.Path(path_type=Path),
              help="A folder with checks of your own.")  # fmt: skip
@click.option(
    "--kind",
    type=click.Choice(["container", "vm", "host", "namespace"]),
    help="Only for this kind.",
)
@click.option("-f", "--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="For people, or for programs.")  # fmt: skip
def list_checks(
    profiles: tuple[str, ...], folders: tuple[Path, ...], kind: str | None, form: str
) -> None:
    """List the checks, worst severity first."""
    from isoaudit.rules.catalogue import load_catalogue
    from isoaudit.rules.select import select

    catalogue = load_catalogue(folders)
    chosen = select(profiles, catalogue).checks if profiles else tuple(catalogue.values())
    shown = [check for check in chosen if kind is None or kind in check.applies_to]
    shown.sort(key=lambda check: (check.severity.rank, check.id))
    if form == "json":
        rows = {
            check.id: {**check.about(), "applies_to": list(check.applies_to)} for check in shown
        }
        click.echo(json.dumps(rows, indent=2))
        return
    from tabulate import tabulate

    table = [[c.id, c.severity.value, " ".join(c.applies_to), c.title] for c in shown]
    click.echo(clean_block(tabulate(table, headers=["ID", "SEVERITY", "FOR", "TITLE"],
                                    tablefmt="plain", disable_numparse=True)))  # fmt: skip
    click.echo(f"\n{count(len(shown), 'check')}. One in full: isoaudit checks show ID")


@checks.command("show")
@click.argument("check_id", metavar="ID")
@click.option("--checks", "folders", multiple=True, type=click.Path(path_type=Path),
              help="A folder with checks of your own.")  # fmt: skip
def show(check_id: str, folders: tuple[Path, ...]) -> None:
    """Show one check in full: what it reads, why it matters, how to fix it."""
    from isoaudit.cli.prose import check_text
    from isoaudit.rules.catalogue import find_check, load_catalogue

    click.echo(check_text(find_check(load_catalogue(folders), check_id)))


@checks.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("-v", "--verbose", is_flag=True, help="Show the examples that hold, too.")
def test(paths: tuple[Path, ...], *, verbose: bool) -> None:
    """Run the examples inside check files and escape primitives: the built-in ones, or at PATH."""
    from isoaudit.errors import DefinitionError
    from isoaudit.resources import data_dir

    files = [file for path in paths or (data_dir("checks"),) for file in _existing(path)]
    if not files:
        raise NothingToAuditError("no check file is there", "Check files end in .yaml or .yml.")
    ran = failed = broken = 0
    for file in files:
        try:
            results = _run(file)
        except DefinitionError as error:
            click.echo(clean(error.cause), err=True)
            broken += 1
            continue
        for result in results:
            ran += 1
            failed += not result.ok
            if verbose or not result.ok:
                mark = "ok  " if result.ok else "FAIL"
                detail = "" if result.ok else f": expected {result.expected}, got {result.got}"
                click.echo(clean(f"{mark} {result.check} {result.name}{detail}"))
    sizes = f"{count(len(files), 'check')}, {count(ran, 'example')}"
    click.echo(f"{sizes}, {failed} wrong, {broken} not loaded")
    if broken:
        raise click.exceptions.Exit(2)
    if failed:
        raise click.exceptions.Exit(1)


def _run(file: Path) -> list[ExampleResult]:
    """Run the examples of a check, or of an escape primitive: what is in a folder `escape`."""
    from isoaudit.assess.examples import run_primitive_examples
    from isoaudit.rules.examples import run_examples
    from isoaudit.rules.folder import is_step
    from isoaudit.rules.load import load_check

    if is_step(file):
        return run_primitive_examples(file, str(file))
    return run_examples(load_check(file, str(file)))


def _existing(path: Path) -> list[Path]:
    from isoaudit.rules.folder import check_files

    if not path.exists():
        raise UsageError(
            f"{path}: no such file or folder", "Name a check file or a folder of them."
        )
    return check_files(path, steps=True)
