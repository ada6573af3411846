"""What is looked for in files of this machine: a paragraph, a variable of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isoaudit.transports import Unreadable
from isoaudit.transports.local import LocalFiles


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
