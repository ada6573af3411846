"""Reading a stranger's file, up to a limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isoaudit.documents import limits
from isoaudit.errors import DocumentError


def test_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    """A mark that some editors leave is no part of the text."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: \xc3\xa4\n")

    assert "a: ä\n" == limits.read_text(file, "a.yaml")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """33 MiB is more than is read, and says so."""
    file = tmp_path / "big.yaml"
    with file.open("wb") as stream:
        stream.truncate(33 * 2**20)

    with pytest.raises(DocumentError, match=r"^big\.yaml: larger than 32 MiB"):
        limits.read_text(file, "big.yaml")


def test_what_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    """Guessing an encoding could hide what a line says."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: b\nc: \xff\xfe\n")

    with pytest.raises(DocumentError, match=r"^a\.yaml:2: not UTF-8"):
        limits.read_text(file, "a.yaml")


def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    """Waiting for its writer could take for ever."""
    os.mkfifo(tmp_path / "a.yaml")

    with pytest.raises(DocumentError, match="not a regular file"):
        limits.read_text(tmp_path / "a.yaml", "a.yaml")


@pytest.mark.parametrize("name", ["gone.yaml", "."])
def test_what_cannot_be_opened_says_why(tmp_path: Path, name: str) -> None:
    """The error names what was asked for, in the caller's words."""
    with pytest.raises(DocumentError, match=r"^shown: "):
        limits.read_text(tmp_path / name, "shown")
