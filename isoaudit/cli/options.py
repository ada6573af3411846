"""Options that several commands share, and what they come to."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from isoaudit.cli.run_lines import split_line
from isoaudit.errors import NothingToAuditError, UsageError
from isoaudit.report.formats import FORMATS
from isoaudit.targets.address import Address, parse

_Command = TypeVar("_Command", bound=Callable[..., Any])

MAX_STDIN = 32 * 1024 * 1024 + 1


class Seconds(click.FloatRange):
    """A span of time; unlike a float, always a number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as a float; fails for `nan`, which is within every range."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


def collecting(command: _Command) -> _Command:
    """Add the arguments and options of everything that reads targets."""
    for decorate in reversed(
        [
            click.argument("targets", nargs=-1, metavar="[TARGET]..."),
            click.option("-j", "--jobs", type=click.IntRange(1, 256), default=_default_jobs(),
                         show_default="number of CPUs", help="Targets read at a time."),
            click.option("--timeout", type=Seconds(0.1, 3600), default=30.0,
                         show_default=True, metavar="SECONDS", help="Time each target may take."),
            click.option("--deep", is_flag=True,
                         help="Read loaded seccomp filters too: stops each process for well under "
                         "a millisecond. Asks guests what leaves a line in a log."),
            click.option("--guests", type=click.Path(path_type=Path), metavar="FILE",
                         help="YAML that says where the guests of VMs answer over SSH: "
                         "guests: {NAME: ssh://USER@HOST}."),
        ]
    ):  # fmt: skip
        command = decorate(command)
    return command


class FailOn(click.ParamType[str]):
    """What --fail-on takes; its words are loaded when one is given."""

    name = "word"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word, or complain of it."""
        from difflib import get_close_matches

        from isoaudit.rules.select import fail_on_words

        known = fail_on_words()
        if value in known:
            return value
        close = get_close_matches(value, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"one of {', '.join(known)}"
        return self.fail(f"{value!r} is no gate; {hint}", param, ctx)


class Reporting(NamedTuple):
    """How a report is to be written, and what is to fail because of it."""

    form: str | None
    outputs: tuple[str, ...]
    fail_on: str | None
    fail_on_unknown: bool
    min_score: int | None
    report_only: bool
    strict_waivers: bool
    color: str
    verbosity: int


def reporting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of everything that reports; they reach the command as one `Reporting`."""

    @wraps(command)
    def packed(*args: Any, quiet: bool, verbose: bool, **kwargs: Any) -> Any:
        own = {name: kwargs.pop(name) for name in _REPORTING}
        verbosity = 1 if verbose else -1 if quiet else 0
        return command(*args, reporting=Reporting(**own, verbosity=verbosity), **kwargs)

    decorated: Callable[..., Any] = packed
    for decorate in reversed(
        [
            click.option("-f", "--format", "form", metavar="FORMAT",
                         help=f"{_formats()}; table if not given."),
            click.option("-o", "--output", "outputs", multiple=True, metavar="[FORMAT=]FILE",
                         help="Write to FILE, or stdout for -; may be repeated."),
            click.option("--fail-on", type=FailOn(), metavar="WORD",
                         help="critical, high, medium, low or info: findings as severe fail the "
                         "run, and open ways out if the profile gates these. way-out: open ways "
                         "to the host alone do; way-out:GOAL those to GOAL or worse. never."),
            click.option("--min-score", type=click.IntRange(0, 100), metavar="N",
                         help="Fail if the low end of a target's escape score is under N."),
            click.option("--fail-on-unknown", is_flag=True,
                         help="Fail, too, if a check that gates could not be decided."),
            click.option("--report-only", is_flag=True,
                         help="Report, but never fail because of it."),
            click.option("--strict-waivers", is_flag=True,
                         help="Fail if a waiver has expired, covers nothing or cannot be read."),
            click.option("-q", "--quiet", is_flag=True, help="One line per target."),
            click.option("-v", "--verbose", is_flag=True, help="Every finding, in full."),
            click.option("--color", type=click.Choice(["auto", "always", "never"]),
                         default="auto", show_default=True, help="Colours in the table."),
        ]
    ):  # fmt: skip
        decorated = decorate(decorated)
    return decorated


_REPORTING = ("form", "outputs", "fail_on", "fail_on_unknown", "min_score", "report_only",
              "strict_waivers", "color")  # fmt: skip


class Accepting(NamedTuple):
    """What people know of findings already: waivers that count, and a baseline."""

    waivers: tuple[Path, ...] = ()
    no_inline_waivers: bool = False
    accept_labels: bool = False
    baseline: Path | None = None


def accepting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options about waivers and the baseline; they arrive as one `Accepting`."""

    @wraps(command)
    def packed(*args: Any, **kwargs: Any) -> Any:
        own = {name: kwargs.pop(name) for name in _ACCEPTING}
        return command(*args, accepting=Accepting(**own), **kwargs)

    decorated: Callable[..., Any] = packed
    for decorate in reversed(
        [
            click.option("--waivers", multiple=True, type=click.Path(path_type=Path),
                         metavar="FILE", help="YAML with findings that are accepted, each with a "
                         "reason and an owner; may be repeated."),
            click.option("--no-inline-waivers", is_flag=True,
                         help="Let no comment, annotation or label in a file waive anything."),
            click.option("--accept-labels", is_flag=True,
                         help="Let labels that live containers were given waive, too."),
            click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE",
                         help="Fail on findings only that are not in FILE, written earlier with "
                         "-o baseline=FILE or -o json=FILE."),
        ]
    ):  # fmt: skip
        decorated = decorate(decorated)
    return decorated


_ACCEPTING = ("waivers", "no_inline_waivers", "accept_labels", "baseline")


def addresses_of(targets: Sequence[str]) -> list[Address]:
    """Return the addresses that were named, or those of everything found here.

    Raises UsageError for a word that is no address, and in CI, where what happens to run on the
    machine is no answer, if none was named.
    """
    targets, line = split_line(targets)
    if targets or line is not None:
        named = [parse(target) for target in dict.fromkeys(targets)]
        return [*named, line] if line is not None else named
    if os.environ.get("CI"):
        raise UsageError(
            "CI is set, and no TARGET is named",
            "Name what is to be audited: isoaudit scan . (or host, docker:NAME, FILE …)",
        )
    from isoaudit.targets.discover import discover

    return discover()


def stdin_of(addresses: Sequence[Address]) -> bytes | None:
    """Return standard input if an address asks for it."""
    if not any(address.is_file and address.name == "-" for address in addresses):
        return None
    data = sys.stdin.buffer.read(MAX_STDIN) if sys.stdin else b""
    if not data.strip():
        raise NothingToAuditError("standard input is empty", "Pipe a deployment file into it.")
    return data


def _formats() -> str:
    """Return the names of the formats, as `a, b or c`."""
    *most, last = FORMATS
    return f"{', '.join(most)} or {last}"


def _default_jobs() -> int:
    return len(os.sched_getaffinity(0))
