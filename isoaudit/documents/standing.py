"""Files that count as they stood at a revision, in place of what they say today.

A waiver file, a baseline or a profile that a project's own settings name is part of what is judged:
where a change is judged, the change may not have the word in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from isoaudit.documents import limits

ReadThen = Callable[[Path, str], bytes | None]
"""Returns what a file held, None for a file that the revision has no say in; raises DocumentError
for one that was not there. The second word is what errors call it."""

_read_then: ContextVar[ReadThen | None] = ContextVar("read_then", default=None)


@contextmanager
def as_it_stood(read: ReadThen | None) -> Iterator[None]:
    """Let `read_text` return meanwhile what a revision held; None is for today's files."""
    token = _read_then.set(read)
    try:
        yield
    finally:
        _read_then.reset(token)


def read_text(path: Path, shown: str, most: int = limits.MAX_BYTES) -> str:
    """Return the text of a file that settings may have named; raises DocumentError."""
    read = _read_then.get()
    data = read(path, shown) if read is not None else None
    return limits.read_text(path, shown, most) if data is None else limits.decode(data, shown, most)
