"""Formats are found by name and by suffix."""

from __future__ import annotations

import io

import pytest
from golden.report_samples import calm

from isoaudit.errors import UsageError
from isoaudit.report.formats import FORMATS, format_for_suffix, load_renderer
from isoaudit.report.options import Options


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders(name: str) -> None:
    """Each entry of the table leads to a renderer that writes something."""
    stream = io.StringIO()
    load_renderer(name)(calm(), stream, Options())
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("json", "out/result.json"),
        ("table", "RESULT.TXT"),
        ("sarif", "isoaudit.sarif"),
        ("sarif", "a.sarif.json"),
        ("junit", "junit.xml"),
        ("csv", "a.csv"),
        ("markdown", "a.MD"),
        ("gitlab", "out/gl-code-quality-report.json"),
        ("json", "my-gl-code-quality-report.json"),
    ],
)
def test_a_suffix_names_its_format(name: str, path: str) -> None:
    """The end of a file's name says which format is meant."""
    assert name == format_for_suffix(path)


def test_a_misspelt_format_gets_a_suggestion() -> None:
    """An unknown format is a usage error that says what was probably meant."""
    with pytest.raises(UsageError) as caught:
        load_renderer("jsn")
    assert f"Did you mean 'json'? Known: {', '.join(FORMATS)}." == caught.value.remedy


@pytest.mark.parametrize("path", ["result", "result.jsn", ".json", ".sarif.txt/x", "github"])
def test_an_unknown_suffix_is_refused(path: str) -> None:
    """A name without a known suffix asks for the format."""
    with pytest.raises(UsageError, match="which format is meant"):
        format_for_suffix(path)
