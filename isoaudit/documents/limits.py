"""How much of a stranger's file is read at most, and reading it up to there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from isoaudit.errors import DocumentError

MAX_BYTES = 32 * 1024 * 1024
"""Largest file read: a hundred times the largest rendered chart seen in public collections."""

OWN_BYTES = 16 * MAX_BYTES
"""Largest result or bundle of isoaudit's own read back: some ten thousand targets."""

MAX_DEPTH = 100
"""Deepest nesting read. Kubernetes objects stay under 20; at some 20,000 libyaml's composer, which
recurses in C, takes the process down."""

MAX_NODES = 200_000
"""Most values built from one document, aliases expanded: what an alias bomb runs into."""


def read_text(path: Path, shown: str, most: int = MAX_BYTES) -> str:
    """Return the text of a regular file as UTF-8; `shown` is what errors call it.

    Raises DocumentError for anything that is not a readable, regular UTF-8 file of `most` bytes.
    """
    return decode(read_bytes(path, shown, most), shown, most)


def is_below(path: str, folder: str) -> bool:
    """Say whether a path without links lies in a folder, or is it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def read_bytes(path: Path, shown: str, most: int = MAX_BYTES, inside: str = "") -> bytes:
    """Return the content of a regular file, at most one byte more than `most` of it.

    Raises DocumentError for what cannot be read, or turned out to lie outside the folder `inside`
    once it was opened. A FIFO or device is opened without waiting and never read: it could block
    or never end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise DocumentError(f"{shown}: {_reason(error)}", "Name a file you may read.") from error
    # NOTE: looked at before a stream is made of it: Python makes none of a folder, and says so in
    # an error of its own.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DocumentError(f"{shown}: not a regular file", "Name a file or a folder.")
    # NOTE: asked of the kernel once it is open: a link may have been put there meanwhile.
    if inside and not is_below(os.readlink(f"/proc/self/fd/{descriptor}"), inside):
        os.close(descriptor)
        raise DocumentError(f"{shown}: lies outside of what may be read for this file")
    with os.fdopen(descriptor, "rb") as stream:
        try:
            return stream.read(most + 1)
        except OSError as error:
            raise DocumentError(f"{shown}: {_reason(error)}", "Read it by other means.") from error


def decode(data: bytes, shown: str, most: int = MAX_BYTES) -> str:
    """Return `data` as text; raises DocumentError if it is too large or not UTF-8."""
    if len(data) > most:
        raise DocumentError(
            f"{shown}: larger than {most // 2**20} MiB, not read",
            "Split the file, or name only the parts that declare workloads.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{shown}:{line}: not UTF-8 text", "Save the file as UTF-8, or leave it out."
        ) from error


def _reason(error: OSError) -> str:
    """Return the system's own words for an error, without the path it repeats."""
    return (error.strerror or str(error)).lower()
