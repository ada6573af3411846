"""The JSON format: the report document, written as results come, one target per line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from isoaudit import __version__
from isoaudit.model import RunError, WaiverUse
from isoaudit.report.document import SCHEMA_VERSION, Report, RunInfo, Summary, ordered_errors
from isoaudit.report.encode import encode_target
from isoaudit.report.options import Options

__all__ = ["Head", "Tail", "encode_target", "render", "write"]


class Head(NamedTuple):
    """What is known before the first target is audited."""

    checks: Mapping[str, Mapping[str, Any]]
    checks_version: str = ""
    version: str = __version__
    model_version: str = ""


class Tail(NamedTuple):
    """What is known once the last target has been audited."""

    run: RunInfo
    summary: Summary
    errors: Sequence[RunError] = ()
    waivers: Sequence[WaiverUse] = ()


def write(stream: TextIO, head: Head, targets: Iterable[str], tail: Callable[[], Tail]) -> None:
    """Write a document from encoded targets as they come; `tail` is asked after the last one."""
    tool = {"name": "isoaudit", "version": head.version, "checks_version": head.checks_version,
            "model_version": head.model_version}  # fmt: skip
    stream.write("{" + _member("schema_version", SCHEMA_VERSION))
    stream.write(",\n" + _member("tool", tool))
    stream.write(',\n"checks": {' + _rows(_member(i, a) for i, a in sorted(head.checks.items())))
    stream.write('},\n"targets": [')
    separator = "\n"
    for target in targets:
        stream.write(separator + target)
        separator = ",\n"
    end = tail()
    stream.write("],\n" + _member("run", end.run.to_json()))
    stream.write(",\n" + _member("summary", end.summary.to_json()))
    waivers = _rows(json.dumps(one.to_json()) for one in end.waivers)
    stream.write(f',\n"waivers": [{waivers}]')
    stream.write(
        ',\n"errors": [' + _rows(json.dumps(one.to_json()) for one in ordered_errors(end.errors))
    )
    stream.write("]}\n")


def render(report: Report, stream: TextIO, options: Options) -> None:
    """Write a whole report, its targets ordered by id; `options` change nothing here."""
    ordered = sorted(report.results, key=lambda result: result.target.id)
    write(
        stream,
        Head(report.checks, report.checks_version, report.version, report.model_version),
        map(encode_target, ordered),
        lambda: Tail(report.run, report.summary, report.errors, report.waivers),
    )


def _member(key: str, value: Any) -> str:
    return f"{json.dumps(key)}: {json.dumps(value)}"


def _rows(rows: Iterable[str]) -> str:
    """Return rows one per line, with a comma between them."""
    text = ",\n".join(rows)
    return "\n" + text if text else ""
