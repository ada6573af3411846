"""`isoaudit profiles`: list them, show one in full."""

from __future__ import annotations

import click

from isoaudit.cli.prose import paragraph, parameters
from isoaudit.cli.screen import clean_block
from isoaudit.report.layout import count


@click.group()
def profiles() -> None:
    """List and show profiles."""


@profiles.command("list")
def list_profiles() -> None:
    """List the built-in profiles with what they select."""
    from tabulate import tabulate

    from isoaudit.rules.catalogue import load_catalogue
    from isoaudit.rules.gate import describe
    from isoaudit.rules.profile import load_profile, profile_names
    from isoaudit.rules.select import select

    catalogue = load_catalogue()
    rows = []
    for name in profile_names():
        selection = select([name], catalogue)
        rows.append(
            [name, len(selection.checks), load_profile(name).title, describe(selection.gate)]
        )
    headers = ["PROFILE", "CHECKS", "FOR", "GATE"]
    click.echo(tabulate(rows, headers=headers, tablefmt="plain", maxcolwidths=[None, None, 28, 30]))


@profiles.command("show")
@click.argument("name", metavar="NAME|FILE")
def show(name: str) -> None:
    """Show one profile: its checks, parameters and gate."""
    from isoaudit.rules.catalogue import load_catalogue
    from isoaudit.rules.gate import describe
    from isoaudit.rules.profile import load_profile
    from isoaudit.rules.select import select

    catalogue = load_catalogue()
    profile = load_profile(name)
    selection = select([name], catalogue)
    click.echo(clean_block(f"{profile.id}  {profile.title}\n\n{paragraph(profile.description)}\n"))
    click.echo(f"  extends  {', '.join(profile.extends) or '-'}")
    for wanted in selection.gate.wanted:
        answers = ", ".join(f"{name} {' '.join(words)}" for name, words in wanted.answers)
        click.echo(clean_block(f"  workload {answers}"))
    click.echo(f"  gate     {describe(selection.gate)}\n")
    for check in selection.checks:
        changed = catalogue[check.id].params != check.params
        mark = f"  ({parameters(check)})" if changed else ""
        click.echo(clean_block(f"  {check.id:<8} {check.severity.value:<9} {check.title}{mark}"))
    click.echo(f"\n{count(len(selection.checks), 'check')}")
