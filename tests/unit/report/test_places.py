"""Paths as code hosts want them: from the top of the tree, and never out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isoaudit.model import Finding, Kind, Location, Outcome, Severity, Status, Target
from isoaudit.report.places import Place, place_of

_TARGET = Target("x", Kind.CONTAINER, "x", "")


def _place(target: Target) -> Place:
    return place_of(target, Finding(Outcome("X", Severity.LOW, Status.FAIL, "")))


@pytest.mark.parametrize(
    ("expected", "file"),
    [
        ("a.yaml", "a.yaml"),
        ("deploy/a.yaml", "./deploy/b/../a.yaml"),
        ("outside/a.yaml", "../../a.yaml"),
        ("outside/etc/a.yaml", "/etc/a.yaml"),
        ("outside/a.yaml", "//../a.yaml"),
        ("stdin", "stdin"),
        ("unnamed", ""),
        ("unnamed", "."),
    ],
)
def test_a_path_stays_in_the_tree(expected: str, file: str) -> None:
    """Never absolute, never with `..`; what lies outside says so."""
    assert expected == _place(replace(_TARGET, location=Location(file, 1))).path


@pytest.mark.parametrize("line", [None, 0, -1, 2**31])
def test_a_line_that_is_none_is_the_first(line: int | None) -> None:
    """A stranger's report may name any."""
    place = _place(replace(_TARGET, location=Location("a", line, line)))

    assert (1, None) == (place.line, place.column)


def test_a_live_target_is_named_by_its_address() -> None:
    """Its place is no file."""
    place = _place(replace(_TARGET, id="docker:web:1"))

    assert ("docker/web:1", True, "docker/web%3A1") == (place.path, place.live, place.uri)
