"""Lets what was started be removed when isoaudit is told to end: signal(7), Python's signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)
_ENDED_BY = 128


@contextmanager
def cleared_up() -> Iterator[None]:
    """Turn signals that would end this process at once into SystemExit, so that `finally` runs.

    Python does so by itself for SIGINT only. Outside the main thread nothing is changed, since only
    it may; a signal that was ignored (nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in _TOLD_TO_END}
    for one, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(one, _end)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _end(number: int, _: FrameType | None) -> None:
    # NOTE: another one while things are removed would leave them: it is not heard any more.
    for one in _TOLD_TO_END:
        signal.signal(one, signal.SIG_IGN)
    raise SystemExit(_ENDED_BY + number)
