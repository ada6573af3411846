"""Reading gzip files of this machine: text comes back, and nothing unpacks without end."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports.base import Files, Unreadable
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import Tape, record, replay


def put(root: Path, data: bytes) -> LocalFiles:
    (root / "file.gz").write_bytes(data)
    return LocalFiles(str(root))


def test_text_comes_back(tmp_path: Path) -> None:
    """Undecodable bytes come as escapes, as they do from a plain file."""
    files = put(tmp_path, gzip.compress(b"CONFIG_A=y\n\xff"))
    assert "CONFIG_A=y\n\\xff" == files.read_gzip("/file.gz")


def test_a_bomb_is_cut_at_the_limit(tmp_path: Path) -> None:
    """A small file that unpacks to a thousand times its size costs no more than the limit."""
    files = put(tmp_path, gzip.compress(b"\0" * 64_000_000))
    tracemalloc.start()
    text = files.read_gzip("/file.gz", 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 100_000 == len(text)
    assert peak < 2_000_000


@pytest.mark.parametrize(
    "data",
    [b"", b"plain text", gzip.compress(b"x" * 1000)[:-20], gzip.compress(b"x")[:4]],
    ids=["empty", "plain", "cut", "head alone"],
)
def test_what_is_broken_is_not_read_in_part(data: bytes, tmp_path: Path) -> None:
    """A file that is no gzip, or ends early, is a parse error and no shorter text."""
    with pytest.raises(Unreadable) as caught:
        put(tmp_path, data).read_gzip("/file.gz")
    assert Reason.PARSE_ERROR is caught.value.reason


def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    """A missing gzip file is as absent as any other."""
    with pytest.raises(Unreadable) as caught:
        LocalFiles(str(tmp_path)).read_gzip("/file.gz")
    assert caught.value.absent


def test_a_tape_holds_the_text(tmp_path: Path) -> None:
    """What was unpacked is played back without the file."""
    tape: Tape = {}
    files = record(put(tmp_path, gzip.compress(b"CONFIG_A=y\n")), tape)
    assert files.read_gzip("/file.gz", 64) == replay(tape, Files).read_gzip("/file.gz", 64)
