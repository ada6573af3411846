"""`isoaudit compare`: two boundaries side by side on six dimensions, each read or measured."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isoaudit.cli.files import require_place, text_whole
from isoaudit.cli.options import Seconds, addresses_of
from isoaudit.cli.screen import clean_block, say
from isoaudit.errors import NothingToAuditError, UsageError
from isoaudit.model import Kind, RunError
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.advise.compare import Comparison, Side
    from isoaudit.audit.advising import Judged

EPILOG = """\b
What was not measured is called so. Nothing is started but with --measure, which starts throw-away
copies of both sides, says so, and removes them again, also after a failure: of a container its
image, command, user, runtime and limits without variables, mounts, devices and networks; of a VM
that boots a kernel directly the VM without disks and cards. The originals are not touched.

\b
Examples:
  isoaudit compare docker:web libvirt:web-vm
  isoaudit compare docker:web libvirt:web-vm --guests guests.yaml --measure
  isoaudit compare compose.yaml#web docker:web --class "own, reviewed code"
  isoaudit compare evidence.json#web libvirt:web-vm -o comparison.md

\b
Exit codes: 0; 2 usage, 3 a side is not there, 4 a side could not be read."""

_FORMS = ("table", "json", "markdown")
_SUFFIXES = {".json": "json", ".md": "markdown"}


@click.command(epilog=EPILOG)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--measure", is_flag=True, help="Start throw-away copies and measure them.")
@click.option("--runs", type=click.IntRange(1, 20), default=3, show_default=True,
              help="Copies of each side with --measure.")  # fmt: skip
@click.option("--class", "workload", default="", metavar="NAME",
              help="The class of workload that the verdict is about, or a part of its name; "
              "else all.")  # fmt: skip
@click.option("--guests", type=click.Path(path_type=Path), metavar="FILE",
              help="YAML that says where guests answer: guests: {NAME: ssh://…}.")  # fmt: skip
@click.option("-f", "--format", "form", type=click.Choice(_FORMS),
              help="How it is written; else by the name of -o, else table.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Where to; else standard output.")  # fmt: skip
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
    form: str | None,
    output: Path | None,
    timeout: float,
    deep: bool,
) -> None:
    """Compare the walls of A and B: containers, VMs, or the files that declare them.

    On virtualization, compatibility, size, performance, security and replicability.
    """
    from isoaudit.advise.compare_verdict import compared
    from isoaudit.audit.comparing.sides import side_of
    from isoaudit.cli.guests import guests_of

    if output is not None:
        require_place(output)
    workload = _class_named(workload)
    known = guests_of(guests)
    judged = [_one(text, timeout, deep=deep, guests=known) for text in (first, second)]
    if measure:
        say(f"isoaudit starts {runs} throw-away copies of each side, and removes them again")
    a, b = (
        side_of(one, runs=runs if measure else 0, guest=_guest_of(one, known)) for one in judged
    )
    _write(compared(a, b, workload, _host_of((a, b))), form, output)


def _write(found: Comparison, form: str | None, output: Path | None) -> None:
    """Write a comparison to a file or to standard output."""
    form = form or (_SUFFIXES.get(output.suffix, "table") if output is not None else "table")
    if form == "json":
        from isoaudit.cli.comparison_json import document

        text = json.dumps(document(found), indent=2) + "\n"
    elif form == "markdown":
        from isoaudit.cli.comparison_markdown import markdown

        text = clean_block(markdown(found))
    else:
        from isoaudit.cli.comparison_page import page

        text = clean_block("\n".join(page(found)) + "\n")
    if output is None:
        click.echo(text, nl=False, color=None)
        sys.stdout.flush()
        return
    with text_whole(output) as stream:
        stream.write(text)


def _class_named(word: str) -> str:
    """Return the class of workloads that a word names; raises UsageError for none, or several."""
    from isoaudit.advise.rules import load_rules

    if not word:
        return ""
    names = [one.name for one in load_rules().classes]
    found = [name for name in names if word.casefold() in name.casefold()]
    if word in names or len(found) == 1:
        return word if word in names else found[0]
    what = "several classes have" if found else "no class of workloads has"
    raise UsageError(f"{what} {word!r} in the name", f"There are: {'; '.join(found or names)}.")


def _host_of(sides: Sequence[Side]) -> str:
    """Return the machine on which both run in words, "" if they run on none that was seen."""
    from isoaudit.advise.compare_rows import value_of

    hosts = {side.result.target.host for side in sides if side.result.target.host}
    if len(hosts) != 1:
        return ""
    side = next(one for one in sides if one.result.target.host)
    system, kernel = (
        value_of(side, path) for path in ("host.os.pretty_name", "host.kernel.release")
    )
    told = ", ".join(str(one) for one in (system, f"Linux {kernel}" if kernel else "") if one)
    return f"{hosts.pop()}: {told}" if told else str(hosts.pop())


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
