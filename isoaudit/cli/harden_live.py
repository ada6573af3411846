"""`isoaudit harden` of what runs: the change as options, as a compose service, or as a diff."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from isoaudit.cli.screen import clean, say
from isoaudit.report.layout import count
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.audit.hardening_live import Advice


def harden_live(
    address: Address, profiles: tuple[str, ...], values: dict[str, Any], *, take_away: bool
) -> int:
    """Print what would harden the containers or domains at an address; return the exit code."""
    from isoaudit.audit.hardening_live import advise_live, harden_domain
    from isoaudit.cli.hardened import diff_of, tell
    from isoaudit.harden.plan import Wishes
    from isoaudit.rules.catalogue import load_catalogue
    from isoaudit.rules.fixes import load_fixes
    from isoaudit.rules.select import select

    checks = select(profiles, load_catalogue()).checks
    fixes, wishes = load_fixes(checks), Wishes(values, take_away)
    if address.scheme == "libvirt":
        for name, hardened in harden_domain(address, checks, fixes, wishes):
            click.echo(diff_of(hardened, f"{name}.xml"), nl=False)
            say(f"to make it so: virsh edit {quote(clean(name))}; it holds from the next start on")
            tell(hardened)
        return 0
    for advice in advise_live(address, checks, fixes, wishes):
        _show(advice, "podman" if address.scheme == "podman" else "docker")
    return 0


def _show(advice: Advice, engine: str) -> None:
    click.echo(f"# {clean(advice.target)}")
    if advice.put_in:
        options = " ".join(
            quote(clean(word)) for one in advice.put_in for word in (one.flag, one.value) if word
        )
        click.echo(f"{engine} run {options} …")
    for one in advice.take_out:
        click.echo(f"# without: {clean(one)}")
    if advice.edits:
        click.echo("# the same for a compose service:")
        click.echo(_as_compose(advice), nl=False)
    asking = count(len(advice.ended), "finding")
    say(f"{advice.target}: {asking} ask for this; scan it when it is started anew")
    checks = list(dict.fromkeys(finding.check for finding in advice.left))
    if checks:
        say(f"  stay: {', '.join(checks)}")
        say("  --take-away also takes out what it was told to have; see: isoaudit scan -v")


def _as_compose(advice: Advice) -> str:
    from isoaudit.documents.yaml import as_text
    from isoaudit.harden.edits import apply

    service: dict[str, Any] = {}
    for edit in advice.edits:
        apply(service, edit)
    return as_text(service)
