"""A document that is no report is refused with the place of what is wrong."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from golden.report_samples import machine
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.errors import UsageError
from isoaudit.report.json import render
from isoaudit.report.options import Options
from isoaudit.report.reading import read_report
from isoaudit.report.table import render as render_table


def document() -> dict[str, Any]:
    stream = io.StringIO()
    render(machine(), stream, Options())
    data: dict[str, Any] = json.loads(stream.getvalue())
    return data


TEXT = json.dumps(document())


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [path]
    below = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(deep for key, one in below for deep in places(one, (*path, key)))]


PLACES = [path for path in places(document()) if path]


def test_a_report_comes_back() -> None:
    """What was written is what is read."""
    report = read_report(document())
    assert (4, "sample-1", "0.1.0") == (len(report.results), report.checks_version, report.version)


def test_keys_of_later_versions_are_let_through() -> None:
    """A key that was added does not keep an older isoaudit from reading the rest."""
    data = document()
    data["targets"][0]["mood"] = {"low": 10}
    assert 4 == len(read_report(data).results)


@pytest.mark.parametrize("data", [None, [], {}, "x", {"schema_version": "1"}, {"targets": []}])
def test_another_document_is_refused(data: Any) -> None:
    """A document that is no report is a usage error."""
    with pytest.raises(UsageError, match=r"^not a report of isoaudit$"):
        read_report(data)


def test_another_version_is_refused() -> None:
    """A report of a later schema says which version it has, and which is read."""
    with pytest.raises(UsageError, match="schema version '2', where this isoaudit reads '1'"):
        read_report({**document(), "schema_version": "2"})


@pytest.mark.parametrize(
    ("cause", "path", "value"),
    [
        ("targets[0].findings[0].message is no text", ("targets", 0, "findings", 0, "message"), 3),
        ("run.seconds is no number", ("run", "seconds"), True),
        ("checks is no map", ("checks",), []),
        ("'shocking' is not a valid Severity",
         ("targets", 0, "findings", 0, "severity"), "shocking"),
        ("targets[1].facts.mount.mount.source has no 'vantage'",
         ("targets", 1, "facts", "mount", 0, "mount.source"), {"value": 1, "source": ""}),
        ("targets[1].facts.mount.mount.source.value[0] is no text",
         ("targets", 1, "facts", "mount", 0, "mount.source", "value"), [1]),
    ],
)  # fmt: skip
def test_the_place_is_named(cause: str, path: tuple[Any, ...], value: Any) -> None:
    """What does not fit is named with where it stands."""
    data = document()
    spot: Any = data
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    with pytest.raises(UsageError) as caught:
        read_report(data)
    assert f"not a report of isoaudit: {cause}" == caught.value.cause


@given(st.sampled_from(PLACES), st.sampled_from([None, True, -1, 1.5, "x", [], [1], {}, {"a": 1}]))
def test_a_damaged_report_is_shown_or_refused(path: tuple[Any, ...], value: Any) -> None:
    """Any one value replaced by any other ends in a page or in a usage error, never in a fault."""
    data = json.loads(TEXT)
    spot: Any = data
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    try:
        report = read_report(data)
    except UsageError:
        return
    render_table(report, io.StringIO(), Options(verbosity=1))


@given(st.sampled_from(PLACES))
def test_a_report_with_a_hole_is_shown_or_refused(path: tuple[Any, ...]) -> None:
    """Any one key or element left out ends in a page or in a usage error, never in a fault."""
    data = json.loads(TEXT)
    spot: Any = data
    for step in path[:-1]:
        spot = spot[step]
    del spot[path[-1]]
    try:
        report = read_report(data)
    except UsageError:
        return
    render_table(report, io.StringIO(), Options(verbosity=1))
