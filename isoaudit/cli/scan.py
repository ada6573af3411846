"""`isoaudit scan`: audit, report, and let the gate decide the exit code."""

from __future__ import annotations

import os
from pathlib import Path

import click

from isoaudit.cli.comparing import Comparing, comparing
from isoaudit.cli.configured import configured, read_then, refuse_no_gate
from isoaudit.cli.options import (
    Accepting,
    Reporting,
    accepting,
    addresses_of,
    collecting,
    reporting,
    stdin_of,
)
from isoaudit.cli.screen import say

EPILOG = """\b
TARGET is one of
  host                           this machine: kernel, CPU, engines
  docker:NAME  podman:NAME       a container, running or not; NAME may hold *
  proc:PID  proc:NAME            a sandbox of this machine, whoever made it
  vmm:PID  vmm:NAME              a virtual machine, by the process that runs it
  docker+URI#NAME                the same at another endpoint (unix, ssh, tcp)
  libvirt:NAME  libvirt+URI#NAME a virtual machine, running or not
  ssh://[USER@]HOST[:PORT]       a guest, asked from inside by a key of yours
  FILE or FOLDER                 compose, Kubernetes, libvirt XML, scripts, evidence
  -                              a deployment file on standard input
  -- docker run …                a line that starts a container, as it is
Without TARGET: this host and everything found on it.

\b
Examples:
  isoaudit scan docker:web libvirt:db
  isoaudit scan compose.yaml --fail-on high
  isoaudit scan . -o json=result.json -o table=-
  helm template chart/ | isoaudit scan -
  isoaudit scan -- docker run --privileged -v /:/host alpine"""


@click.command(epilog=EPILOG)
@collecting
@click.option(
    "-p",
    "--profile",
    "profiles",
    multiple=True,
    default=("default",),
    show_default=True,
    metavar="NAME|FILE",
    help="Which checks, and which gate.",
)
@click.option(
    "--checks",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Checks of your own, beside the built-in ones.",
)
@accepting
@comparing
@configured
@reporting
def scan(
    targets: tuple[str, ...],
    jobs: int,
    timeout: float,
    deep: bool,
    guests: Path | None,
    profiles: tuple[str, ...],
    folders: tuple[Path, ...],
    accepting: Accepting,
    comparing: Comparing,
    reporting: Reporting,
) -> None:
    """Audit containers, virtual machines, this host, or deployment files."""
    from isoaudit.audit import Request
    from isoaudit.audit.common import Limits
    from isoaudit.cli.guests import guests_of
    from isoaudit.cli.outputs import fixes_wanted, parse_outputs
    from isoaudit.cli.reviewing import review_of
    from isoaudit.cli.running import run_scan
    from isoaudit.documents.standing import as_it_stood
    from isoaudit.rules.catalogue import load_catalogue
    from isoaudit.rules.select import overriding, select

    chosen = parse_outputs(reporting.form, reporting.outputs)
    catalogue = load_catalogue(folders)
    with as_it_stood(read_then("profiles")):
        selection = select(profiles, catalogue)
    if reporting.fail_on is None:
        refuse_no_gate(selection.gate, profiles)
    gate = overriding(
        selection.gate,
        reporting.fail_on,
        unknown=reporting.fail_on_unknown,
        min_score=reporting.min_score,
    )
    review = review_of(accepting, selection, catalogue)
    if not targets and not os.environ.get("CI"):
        say("auditing this host; for files: isoaudit scan .")
    addresses = addresses_of(targets)
    limits = Limits(jobs, timeout, deep, guests_of(guests))
    beside = comparing.of(addresses)
    request = Request(addresses, selection.checks, limits, stdin_of(addresses), review, *beside,
                      wanted=gate.wanted,
                      fixes=fixes_wanted(chosen, reporting.verbosity))  # fmt: skip
    raise click.exceptions.Exit(run_scan(request, selection, gate, chosen, reporting))
