"""`isoaudit harden`: the same configuration, hardened, in its own words."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isoaudit.cli.hardened import diff_of, tell
from isoaudit.errors import UsageError
from isoaudit.targets.address import parse

if TYPE_CHECKING:
    from isoaudit.audit.hardening import Hardened

EPILOG = """\b
Without -o or --in-place the hardened file goes to standard output.

\b
Examples:
  isoaudit harden compose.yaml --diff
  isoaudit harden compose.yaml --in-place --memory 512m --user 1000:1000
  isoaudit harden pod.yaml --take-away -o hardened.yaml
  isoaudit harden docker:web"""

_USER = re.compile(r"[0-9]{1,10}(:[0-9]{1,10})?")


@click.command(epilog=EPILOG)
@click.argument("target", metavar="TARGET")
@click.option("--diff", is_flag=True, help="Show what would change, as a unified diff.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the hardened file to FILE.")  # fmt: skip
@click.option("-i", "--in-place", is_flag=True, help="Write it over the file itself.")
@click.option("--take-away", is_flag=True,
              help="Change, too, what the file itself asks for: privileged, host namespaces, "
              "capabilities, mounts, devices.")  # fmt: skip
@click.option("--user", metavar="UID[:GID]", help="User to run as, where it is root now.")
@click.option("--memory", metavar="SIZE", help="Memory limit where there is none, as 512m.")
@click.option("--cpus", metavar="NUMBER", help="CPU limit where there is none, as 1.5.")
@click.option("-p", "--profile", "profiles", multiple=True, default=("default",),
              show_default=True, metavar="NAME|FILE", help="Which findings to end.")  # fmt: skip
def harden(
    target: str,
    diff: bool,
    output: Path | None,
    in_place: bool,
    take_away: bool,
    user: str | None,
    memory: str | None,
    cpus: str | None,
    profiles: tuple[str, ...],
) -> None:
    """Write TARGET hardened: a deployment file, with comments and order kept.

    Only what ends a finding is changed, and nothing that the file itself asks for, unless you say
    --take-away. For what runs (docker:NAME, libvirt:NAME) the change is printed as options.
    """
    address = parse(target)
    wished = _values(user, memory, cpus)
    if not address.is_file:
        from isoaudit.cli.harden_live import harden_live

        raise click.exceptions.Exit(harden_live(address, profiles, wished, take_away=take_away))
    hardened, path = _hardened(target, profiles, wished, take_away=take_away)
    _write(hardened, path, diff=diff, output=output, in_place=in_place)
    tell(hardened)


def _hardened(
    target: str, profiles: tuple[str, ...], values: dict[str, Any], *, take_away: bool
) -> tuple[Hardened, Path]:
    from isoaudit.audit.files import file_units
    from isoaudit.audit.hardening import harden as harden_file
    from isoaudit.cli.options import stdin_of
    from isoaudit.documents import limits
    from isoaudit.harden.plan import Wishes
    from isoaudit.rules.catalogue import load_catalogue
    from isoaudit.rules.fixes import load_fixes
    from isoaudit.rules.judge import Judge
    from isoaudit.rules.select import select

    addresses = [parse(target)]
    units, _ = file_units(addresses, stdin_of(addresses))
    if len(units) != 1 or not units[0].named:
        raise UsageError(f"{target}: harden takes one file", "Name the file itself.")
    unit = units[0]
    data = unit.data if unit.data is not None else limits.read_bytes(unit.path, unit.shown)
    text = limits.decode(data, unit.shown)
    checks = select(profiles, load_catalogue()).checks
    fixes = load_fixes(checks)
    return harden_file(unit, text, Judge(checks), fixes, Wishes(values, take_away)), unit.path


def _values(user: str | None, memory: str | None, cpus: str | None) -> dict[str, Any]:
    """Return what was said, by the placeholder in the checks' fixes; raises UsageError."""
    values: dict[str, Any] = {}
    if user is not None:
        if not _USER.fullmatch(user) or int(user.partition(":")[0]) == 0:
            raise UsageError(f"{user!r} is no user but root", "Give a number, as --user 1000:1000.")
        values["{user}"], values["{uid}"] = user, int(user.partition(":")[0])
    if memory is not None:
        if not re.fullmatch(r"[1-9][0-9]{0,12}([kKmMgG]i?)?", memory):
            raise UsageError(f"{memory!r} is no size", "Give a size, as --memory 512m.")
        values["{memory}"] = memory
    if cpus is not None:
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", cpus) or not float(cpus):
            raise UsageError(f"{cpus!r} is no number of CPUs", "Give a number, as --cpus 1.5.")
        values["{cpus}"] = cpus
    return values


def _write(
    hardened: Hardened, path: Path, *, diff: bool, output: Path | None, in_place: bool
) -> None:
    if diff:
        click.echo(diff_of(hardened, str(path)), nl=False)
        if output is None and not in_place:
            return
    if in_place and str(path) == "-":
        raise UsageError("standard input cannot be written over", "Leave --in-place out.")
    if in_place and path.is_symlink():
        raise UsageError(f"{path}: is a link, which would be replaced by a file",
                         f"Name the file that it leads to: {os.path.realpath(path)}")  # fmt: skip
    place = path if in_place else output
    if place is None:
        if not diff:
            click.echo(hardened.after, nl=False)
        return
    from isoaudit.cli.files import require_place, text_whole

    require_place(place)
    # NOTE: a new file is no more open than the one it was made of, which may hold secrets.
    with text_whole(place, place if place.exists() else path) as stream:
        stream.write(hardened.after)
