"""Files that appear whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from isoaudit.errors import UsageError


def require_place(path: Path) -> None:
    """Raise UsageError where no file could be written, before any work is done for it."""
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder", "Create it, or choose another.")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder", "Name a file in it.")
    if not _is_special(path) and not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path.parent}: may not be written to", "Choose another folder.")


@contextmanager
def text_whole(path: Path, like: Path | None = None) -> Iterator[TextIO]:
    """Yield a stream of text that becomes the file once the block has ended without an error.

    It gets the owner and the rights of the file `like`, if that is there. Raises UsageError
    if it cannot be written.
    """
    with whole(path, like) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape")
        yield text
        text.flush()
        text.detach()


@contextmanager
def whole(path: Path, like: Path | None = None) -> Iterator[BinaryIO]:
    """Yield a stream that becomes the file once the block has ended without an error.

    It gets the owner and the rights of the file `like`, if that is there. Raises UsageError
    if it cannot be written.
    """
    try:
        if _is_special(path):
            # Replacing a device or pipe by a file would take it away from everybody.
            with path.open("wb") as stream:
                yield stream
            return
        # No name that a stranger could have foreseen and made a link of.
        temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
        try:
            with open(temporary, "xb", opener=_opener(like)) as stream:
                yield stream
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}", "Choose another place."
        ) from error


def _opener(like: Path | None) -> Callable[[str, int], int]:
    """Return what opens a new file with the owner and the rights of another one.

    They are given to what is open, before anything is written: by its name it could be another
    file by then, where a stranger owns the folder, and what was private would be open meanwhile.
    """
    try:
        was = os.stat(like) if like is not None else None
    except OSError:
        was = None

    def opened(path: str, flags: int) -> int:
        if was is None:
            return os.open(path, flags, 0o666)
        descriptor = os.open(path, flags, 0o600)
        if os.geteuid() == 0:
            os.fchown(descriptor, was.st_uid, was.st_gid)
        os.fchmod(descriptor, was.st_mode & 0o777)
        return descriptor

    return opened


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
