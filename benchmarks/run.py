"""Runs the benchmarks: `python benchmarks/run.py [NAME]... [--write]`, names as in `_BENCHMARKS`.

Every figure is a ratio to a floor that was measured in the same run, ours and the floor in turn:
on a shared machine seconds mean little.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import assessment
import checkov
import containers
import domains
import files
import guests
import sandboxes
import startup
from measure import Broken, Row

_BENCHMARKS: dict[str, Callable[[int], Iterator[Row]]] = {
    "startup": startup.rows,
    "files": files.rows,
    "assessment": assessment.rows,
    "checkov": checkov.rows,
    "containers": containers.rows,
    "sandboxes": sandboxes.rows,
    "domains": domains.rows,
    "guests": guests.rows,
}
_PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_HEAD = """\
# Benchmarks

Written by `make bench` (`benchmarks/run.py --write`). Whole processes; medians of {runs} runs or
more, isoaudit and the floor in turn. A *floor* is what it costs to get the same evidence when
nothing is judged. Read the ratios: the machine is shared, its seconds say little. Memory is that of
the largest process.

{machine}

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_BENCHMARKS))
    parser.add_argument("--runs", type=int, default=7, help="runs of each, at least 5")
    parser.add_argument("--write", action="store_true", help=f"write {_PAGE.name}")
    options = parser.parse_args()
    if unknown := set(options.names) - set(_BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    runs = max(5, options.runs)
    page = _HEAD.format(runs=runs, machine=_machine()) + _COLUMNS
    print(page, end="", flush=True)
    for name in options.names or _BENCHMARKS:
        for line in _lines(name, runs):
            page += line
            print(line, end="", flush=True)
    if options.write:
        _PAGE.write_text(page)


_COLUMNS = """\
| work | isoaudit | floor | ratio | aim | memory | floor is |
|---|---|---|---|---|---|---|
"""


def _lines(name: str, runs: int) -> Iterator[str]:
    """Yield the rows of one benchmark; one that fails says so and stops no other."""
    try:
        for row in _BENCHMARKS[name](runs):
            yield _line(row)
    except Broken as error:
        print(f"{name}, not measured: {error}", file=sys.stderr, flush=True)


def _line(row: Row) -> str:
    aim = f"≤ {row.aim:g}" if row.aim else "-"
    verdict = " **missed**" if row.aim and row.ratio > row.aim else ""
    ratio = "noise" if math.isnan(row.ratio) else f"{row.ratio:.2f}"
    memory = f"{row.ours.megabytes:.0f} MB ({row.floor.megabytes:.0f})"
    return (
        f"| {row.work} | {_milliseconds(row.of(row.ours))} {row.unit} "
        f"| {_milliseconds(row.of(row.floor))} | {ratio}{verdict} | {aim} | {memory} "
        f"| {row.floor_name} |\n"
    )


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2f} ms"


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    names = ("isoaudit", "click", "PyYAML", "cel-expr-python", "docker", "paramiko")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    date = time.strftime("%Y-%m-%d", time.gmtime())
    cpus = len(os.sched_getaffinity(0))
    return (
        f"{date}, {cpus} CPUs {model}, Linux {platform.release()}, "
        f"Python {sys.version.split()[0]}; {versions}."
    )


if __name__ == "__main__":
    main()
