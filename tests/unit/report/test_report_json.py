"""The JSON format: one schema, the same bytes for the same report, and back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from golden.report_samples import ALL, api, machine, runner
from hypothesis import given
from jsonschema import Draft202012Validator
from report_strategies import reports, results

from isoaudit.model import TargetResult
from isoaudit.report.document import Report
from isoaudit.report.encode import encode_target
from isoaudit.report.json import Head, Tail, render, write
from isoaudit.report.options import Options
from isoaudit.report.reading import read_report
from isoaudit.report.targets import target_json
from isoaudit.resources import data_dir

SCHEMA = json.loads((data_dir("reports") / "schemas" / "report-1.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def written(report: Report) -> str:
    stream = io.StringIO()
    render(report, stream, Options())
    return stream.getvalue()


def test_the_schema_is_one() -> None:
    """The published schema is itself valid."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ALL)
def test_samples_are_valid_by_the_schema(name: str) -> None:
    """Reports made by hand, the empty and the hostile one too, are what the schema says."""
    assert [] == list(VALIDATOR.iter_errors(json.loads(written(ALL[name]()))))


@given(reports)
def test_any_report_is_valid_by_the_schema(report: Report) -> None:
    """Whatever strings a target plants, the document keeps its shape."""
    assert [] == list(VALIDATOR.iter_errors(json.loads(written(report))))


@given(reports)
def test_a_report_survives_reading(report: Report) -> None:
    """Written, read and written again it is the same to the byte."""
    text = written(report)
    assert text == written(read_report(json.loads(text)))


@given(results)
def test_the_fast_encoder_agrees_with_the_plain_one(result: TargetResult) -> None:
    """A target encoded by hand reads exactly as json would have written it."""
    assert json.dumps(target_json(result)) == encode_target(result)


def test_the_text_is_ascii() -> None:
    """Nothing in a name can break the encoding of the file."""
    assert written(ALL["hostile"]()).isascii()


def test_a_target_is_a_line() -> None:
    """Each target stands in one line, so that line tools can work on it."""
    lines = written(machine()).split("\n")
    assert 4 == sum(line.startswith('{"id": ') for line in lines)


def test_targets_are_ordered_by_id() -> None:
    """The order does not depend on which target was ready first."""
    ids = [target["id"] for target in json.loads(written(machine()))["targets"]]
    assert ["docker:api", "docker:ci-runner", "host", "libvirt:erp-db"] == ids


def test_a_scalar_keeps_the_weaker_vantages() -> None:
    """What the engine said stands beside what the kernel shows."""
    seen = target_json(runner())["facts"]["container.privileged"]
    assert (False, "kernel", True, "engine") == (
        seen["value"],
        seen["vantage"],
        seen["also"][0]["value"],
        seen["also"][0]["vantage"],
    )


def test_a_part_is_a_list_of_records() -> None:
    """Mounts stand as records of facts, and a part without records is an empty list."""
    facts = target_json(runner())["facts"]
    assert [] == facts["device"]
    assert "/run/docker.sock" == facts["mount"][0]["mount.source"]["value"]


def test_the_end_is_asked_for_after_the_last_target() -> None:
    """Errors and sums are taken when all targets have been written, not before."""
    report = machine()
    seen: list[str] = []

    def targets() -> Iterator[str]:
        for result in (api(), runner()):
            seen.append(result.target.id)
            yield encode_target(result)

    def tail() -> Tail:
        seen.append("tail")
        return Tail(report.run, report.summary, report.errors)

    stream = io.StringIO()
    write(stream, Head(report.checks, "v"), targets(), tail)
    assert ["docker:api", "docker:ci-runner", "tail"] == seen
    assert [] == list(VALIDATOR.iter_errors(json.loads(stream.getvalue())))
