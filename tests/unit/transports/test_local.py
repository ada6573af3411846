"""Files of this machine that are no plain text: compressed ones, and variables of processes."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports import Unreadable
from isoaudit.transports.local import LocalFiles


def test_compressed_text_is_read(tmp_path: Path) -> None:
    """Undecodable bytes come escaped, as they do from plain files."""
    (tmp_path / "log.gz").write_bytes(gzip.compress("größer\n".encode() + b"\xff"))
    assert "größer\n\\xff" == LocalFiles(str(tmp_path)).read_gzip("/log.gz")


def test_no_more_is_unpacked_than_asked_for(tmp_path: Path) -> None:
    """A small file that unpacks to a huge one costs no memory."""
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"a" * 50_000_000))
    tracemalloc.start()
    text = LocalFiles(str(tmp_path)).read_gzip("/bomb.gz", 100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 100_000 == len(text)
    assert peak < 5_000_000


@pytest.mark.parametrize("data", [b"plain", b"\x1f\x8b\x08\x00broken"])
def test_what_is_not_compressed_is_a_parse_error(tmp_path: Path, data: bytes) -> None:
    """A file of another kind gives a reason, never text."""
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(Unreadable) as raised:
        LocalFiles(str(tmp_path)).read_gzip("/x.gz")
    assert Reason.PARSE_ERROR is raised.value.reason


def test_a_compressed_file_that_is_not_there_is_absent(tmp_path: Path) -> None:
    """As for plain files, absence is told from everything else."""
    with pytest.raises(Unreadable) as raised:
        LocalFiles(str(tmp_path)).read_gzip("/none.gz")
    assert raised.value.absent


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("Package: a", "Package: a\nVersion: 1"),
        ("Package: ab", "Package: ab\nVersion: 2\n more"),
        ("Package: c", "Package: c"),
        ("Version: 2", "Version: 2\n more"),
        ("Package", ""),
    ],
)
def test_one_paragraph_of_a_long_file(tmp_path: Path, first: str, expected: str) -> None:
    """From the line that is just the one asked for to the end of its paragraph."""
    text = "Package: a\nVersion: 1\n\nPackage: ab\nVersion: 2\n more\n\nPackage: c\n"
    (tmp_path / "status").write_text(text)
    found = LocalFiles(str(tmp_path)).read_paragraph("/status", first)
    assert expected == found.rstrip("\n")


@pytest.mark.parametrize(
    ("name", "expected"), [("PLANTED", True), ("EMPTY", True), ("PLANTE", False), ("x", False)]
)
def test_a_variable_of_another_process_is_found_by_its_whole_name(
    name: str, expected: bool
) -> None:
    """A real process is asked; what stands in values is no name."""
    environment = {"PLANTED": "x=1", "EMPTY": ""}
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=pipe, stdout=pipe, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()  # before that the kernel may not have its environment yet
        found = LocalFiles().has_variable(process.pid, name)
        process.stdin.close()
    assert expected is found


def test_variables_of_no_process_are_unreadable() -> None:
    """A process that is gone is no process without the variable."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(Unreadable):
        LocalFiles().has_variable(process.pid, "HOME")
    assert process.pid != os.getpid()
