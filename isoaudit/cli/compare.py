"""`isoaudit compare`: two boundaries side by side on six dimensions, each read or measured."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isoaudit.cli.options import Seconds, addresses_of
from isoaudit.cli.screen import clean_block, say
from isoaudit.errors import NothingToAuditError, UsageError
from isoaudit.model import Kind, RunError, WallKind
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.audit.advising import Judged

EPILOG = """\b
What was not measured is called so. Nothing is started but with --measure, which starts throw-away
copies of both sides and removes them again: of a container its image, command and user without
mounts, devices and networks; of a VM that boots a kernel directly the VM without disks and cards.

\b
Examples:
  isoaudit compare docker:web libvirt:web-vm
  isoaudit compare docker:web libvirt:web-vm --guests guests.yaml --measure
  isoaudit compare compose.yaml#web docker:web --class "own, reviewed code"

\b
Exit codes: 0; 2 usage, 3 a side is not there, 4 a side could not be read."""


@click.command(epilog=EPILOG)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--measure", is_flag=True, help="Start throw-away copies and measure them.")
@click.option("--runs", type=click.IntRange(1, 20), default=3, show_default=True,
              help="Copies of each side with --measure.")  # fmt: skip
@click.option("--class", "workload", default="", metavar="NAME",
              help="The class of workload that the verdict is about; else all.")  # fmt: skip
@click.option("--guests", type=click.Path(path_type=Path), metavar="FILE",
              help="YAML that says where guests answer: guests: {NAME: ssh://…}.")  # fmt: skip
@click.option("-f", "--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How it is written.")  # fmt: skip
@click.option("--timeout", type=Seconds(0.1, 3600), default=30.0, show_default=True,
              metavar="SECONDS", help="Time each side may take.")  # fmt: skip
@click.option("--deep", is_flag=True, help="Read loaded seccomp filters too: stops each process "
              "for well under a millisecond.")  # fmt: skip
def compare(
    *,
    first: str,
    second: str,
    measure: bool,
    runs: int,
    workload: str,
    guests: Path | None,
    form: str,
    timeout: float,
    deep: bool,
) -> None:
    """Compare the walls of A and B: containers, VMs, or the files that declare them.

    On virtualization, compatibility, size, performance, security and replicability.
    """
    from isoaudit.advise.compare import classes, compared
    from isoaudit.audit.comparing.sides import side_of
    from isoaudit.cli.guests import guests_of

    known = guests_of(guests)
    judged = [_one(text, timeout, deep=deep, guests=known) for text in (first, second)]
    if measure:
        say(f"starting {runs} throw-away copies of each side, and removing them again")
    sides = [
        side_of(one, runs=runs if measure else 0, guest=_guest_of(one, known)) for one in judged
    ]
    if workload and workload not in classes(sides):
        raise UsageError(
            f"no class of workloads {workload!r}", f"There are: {'; '.join(classes(sides))}."
        )
    found = compared(*sides)
    if form == "json":
        click.echo(json.dumps(found.to_json(), indent=2))
        return
    from isoaudit.cli.comparison_page import page

    lines = page(found, workload, _blockers(judged[0]))
    click.echo(clean_block("\n".join(lines)), color=None)
    sys.stdout.flush()


def _one(text: str, timeout: float, *, deep: bool, guests: Mapping[str, Address]) -> Judged:
    """Return the one target at an address; raises UsageError for several or none."""
    from isoaudit.audit.advising import Judged, judged_at
    from isoaudit.audit.common import Limits

    word, name = _split(text)
    limits = Limits(1, timeout, deep, guests)
    found = list(judged_at(addresses_of((word,)), limits))
    judged = [one for one in found if isinstance(one, Judged)]
    if name:
        judged = [one for one in judged if one.result.target.name == name
                  or one.result.target.id.endswith(f"#{name}")]  # fmt: skip
    if len(judged) == 1:
        return judged[0]
    if not judged:
        errors = [one for one in found if isinstance(one, RunError) and one.asked]
        if errors:
            say(f"{text}: {errors[0].message}")
            raise click.exceptions.Exit(4)
        remedy = "Name a container, a VM or a file that declares one."
        raise NothingToAuditError(f"{text}: nothing there has a boundary", remedy)
    names = ", ".join(one.result.target.id for one in judged[:6])
    raise UsageError(f"{text} is {len(judged)} targets", f"Name one of them: {names}.")


def _split(text: str) -> tuple[str, str]:
    """Return a file and the target in it that `FILE#NAME` means; anything else as it is."""
    path, sharp, name = text.partition("#")
    if sharp and os.path.exists(path) and not os.path.exists(text):
        return path, name
    return text, ""


def _guest_of(judged: Judged, guests: Mapping[str, Address]) -> str:
    target = judged.result.target
    for name in (target.name, target.id):
        if name in guests and target.kind is Kind.VM:
            return guests[name].uri or guests[name].text
    return ""


def _blockers(judged: Judged) -> list[str]:
    """Return what stands in the way of a VM for the first side, if it is a container."""
    from isoaudit.advise.moves import blockers
    from isoaudit.assess import load_assessor

    if judged.result.target.kind is not Kind.CONTAINER:
        return ["The first is no container: nothing is moved."]
    found = blockers(judged.context, load_assessor().truths)
    return [
        f"{'' if one.is_known else 'not known: '}{one.text}"
        for one in found
        if WallKind.VM in one.walls
    ]
