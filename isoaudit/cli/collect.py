"""`isoaudit collect`: evidence only, to be judged elsewhere with `isoaudit scan FILE`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from isoaudit.cli.files import require_place, whole
from isoaudit.cli.options import addresses_of, collecting, stdin_of
from isoaudit.cli.screen import say
from isoaudit.errors import NothingToAuditError
from isoaudit.report.layout import count


@click.command()
@collecting
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The evidence bundle; compressed if its name ends in .gz.")  # fmt: skip
def collect(
    targets: tuple[str, ...],
    jobs: int,
    timeout: float,
    deep: bool,
    guests: Path | None,
    output: Path,
) -> None:
    """Collect evidence without judging it, for instance as root on a host without a network.

    Values of environment variables and whatever else looks like a secret are not in it. Judge it
    anywhere with `isoaudit scan FILE`.
    """
    from isoaudit import bundle
    from isoaudit.audit import Request
    from isoaudit.audit import collect as collect_evidence
    from isoaudit.audit.common import Limits
    from isoaudit.cli.guests import guests_of
    from isoaudit.cli.running import utc

    require_place(output)
    addresses = addresses_of(targets)
    limits = Limits(jobs, timeout, deep, guests_of(guests))
    request = Request(addresses, (), limits, stdin_of(addresses))
    with whole(output) as stream:
        writer = bundle.Writer(stream, utc(time.time()), compress=output.suffix == ".gz")
        around = collect_evidence(request, writer.add)
        lost = [error for error in around.errors if error.asked]
        if not writer.count and not lost:
            raise NothingToAuditError("nothing to collect was found", "See: isoaudit doctor")
        writer.close(around.host, around.engines, around.errors)
    say(f"{count(writer.count, 'target')} in {output}; to judge: isoaudit scan {output}")
    for error in around.errors:
        say(f"{error.target}: {error.message}. {error.how_to_get}")
    raise click.exceptions.Exit(4 if lost else 0)
