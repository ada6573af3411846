"""`isoaudit doctor`: what can be seen from here, what cannot, and what would change that."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import click

from isoaudit import __version__
from isoaudit.cli.options import Seconds
from isoaudit.cli.screen import clean_block
from isoaudit.errors import IsoauditError
from isoaudit.report.layout import count
from isoaudit.targets.address import Address


@dataclass(frozen=True, slots=True)
class _Row:
    what: str
    seen: str
    detail: str
    remedy: str = ""


@click.command()
@click.option("--timeout", type=Seconds(0.1, 3600), default=5.0, show_default=True,
              metavar="SECONDS", help="Time each engine may take to answer.")  # fmt: skip
def doctor(timeout: float) -> None:
    """Say what isoaudit can see from here, what it cannot, and what would change that.

    Nothing is audited, and it always ends with 0.
    """
    from isoaudit.targets.address import KERNEL
    from isoaudit.targets.discover import discover

    rows = [_python(), _rights(), _library("CEL", "cel_expr_python", "pip install isoaudit"),
            _library("paramiko", "paramiko", "pip install isoaudit"),
            _library("libvirt-python", "libvirt", "pip install 'isoaudit[vm]'")]  # fmt: skip
    live = [address for address in discover() if address.scheme != "host"]
    rows += _engines(live, timeout)
    if all(address.scheme in KERNEL for address in live):
        rows.append(_Row("engines", "none", "no socket of docker, podman or libvirt was found",
                         "Start one, or set DOCKER_HOST or CONTAINER_HOST."))  # fmt: skip
    click.echo(f"isoaudit {__version__}\n")
    for row in rows:
        click.echo(clean_block(f"{row.seen:<5} {row.what}: {row.detail}"))
        if row.remedy:
            click.echo(clean_block(f"      {row.remedy}"))


def _python() -> _Row:
    version = ".".join(str(number) for number in sys.version_info[:3])
    return _Row("python", "ok", f"{version} on {os.uname().machine}, Linux {os.uname().release}")


def _rights() -> _Row:
    if os.geteuid() == 0:
        return _Row("rights", "ok", "root: everything this kernel shows is in reach")
    try:
        os.readlink("/proc/1/ns/pid")
    except OSError:
        return _Row(
            "rights",
            "part",
            "no root: namespaces and processes of others stay dark, and so unknown",
            f"sudo {sys.argv[0]} scan",
        )
    return _Row("rights", "ok", "not root, but the namespaces of pid 1 are in reach")


def _library(name: str, module: str, remedy: str) -> _Row:
    from importlib.util import find_spec

    if find_spec(module) is None:
        return _Row(name, "no", "not installed", remedy)
    return _Row(name, "ok", "installed")


_LISTS = {"proc": "sandboxes in /proc", "vmm": "VMMs in /proc"}


def _engines(addresses: list[Address], timeout: float) -> list[_Row]:
    """Connect to every endpoint at once and count what it lists."""
    from isoaudit.audit.workers import side_by_side
    from isoaudit.probes.table import Effort, open_live

    def ask(address: Address) -> int:
        source = open_live(address.scheme, address.uri, Effort(timeout))
        try:
            return len(source.probe.find())
        finally:
            source.close()

    rows: list[_Row] = []
    for address, task in list(side_by_side(ask, addresses, jobs=len(addresses))):
        name = f"{address.scheme} at {address.uri}" if address.uri else _LISTS[address.scheme]
        try:
            rows.append(_Row(name, "ok", f"answers, {count(task.result(timeout), 'target')}"))
        except IsoauditError as error:
            rows.append(_Row(name, "no", error.cause, error.remedy))
        except TimeoutError as error:
            rows.append(_Row(name, "no", str(error), "See why it does not answer."))
    return rows
