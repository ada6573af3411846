"""Paths as code hosts want them: from the top of the tree, and never out of it."""

from __future__ import annotations

import pytest

from isoaudit.model import Kind, Location, Target
from isoaudit.report.options import Options
from isoaudit.report.places import place_of


def _path(file: str, folder: str = "/src/repo/deploy", top: str = "/src/repo") -> str:
    target = Target("x", Kind.CONTAINER, "x", "", location=Location(file, 1))
    return place_of(target, None, Options(folder=folder, top=top)).path


@pytest.mark.parametrize(
    ("expected", "file"),
    [
        ("deploy/a.yaml", "a.yaml"),
        ("deploy/a.yaml", "./b/../a.yaml"),
        ("a.yaml", "../a.yaml"),
        ("deploy/a.yaml", "/src/repo/deploy/a.yaml"),
        ("outside/a.yaml", "../../a.yaml"),
        ("outside/a.yaml", "../../../../../a.yaml"),
        ("outside/etc/a.yaml", "/etc/a.yaml"),
        ("outside/repository/a.yaml", "/src/repository/a.yaml"),
        ("deploy/stdin", "stdin"),
        ("deploy", ""),
    ],
)
def test_a_path_starts_at_the_top_of_the_tree(expected: str, file: str) -> None:
    """Wherever isoaudit was started; what lies outside says so."""
    assert expected == _path(file)


@pytest.mark.parametrize(
    ("expected", "file"),
    [("a.yaml", "a.yaml"), ("outside/etc/a", "/etc/a"), ("outside/a", "../a"), ("a", "b/../a")],
)
def test_without_a_tree_a_path_is_still_relative(expected: str, file: str) -> None:
    """A report may be shown where nothing is known of the tree."""
    assert expected == _path(file, "", "")


@pytest.mark.parametrize("line", [None, 0, -1, 2**31])
def test_a_line_that_is_none_is_the_first(line: int | None) -> None:
    """A stranger's report may name any."""
    target = Target("x", Kind.CONTAINER, "x", "", location=Location("a", line, line))
    place = place_of(target, None, Options())

    assert (1, None) == (place.line, place.column)


def test_a_live_target_is_named_by_its_address() -> None:
    """Its place is no file."""
    place = place_of(Target("docker:web:1", Kind.CONTAINER, "web", ""), None, Options())

    assert ("docker/web:1", True, "docker/web%3A1") == (place.path, place.live, place.uri)
