"""Runs work side by side, each piece under a deadline of its own.

A thread that is stuck in an engine which never answers cannot be ended from outside; it is left
behind as a daemon, which neither holds up the others nor the end of the process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Task(Generic[_Result]):
    """One piece of work in a thread of its own, started at once."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work
        self._started = time.monotonic()
        self._done = threading.Event()
        self._result: _Result | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def result(self, seconds: float) -> _Result:
        """Return the result, or raise what the work raised.

        Raises TimeoutError when more than `seconds` have passed since the start.
        """
        left = self._started + seconds - time.monotonic()
        if not self._done.wait(max(0.0, left)):
            raise TimeoutError(f"no answer within {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set whenever no error was

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # carried to whoever asks for the result
            self._error = error
        self._done.set()


def side_by_side(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, jobs: int
) -> Iterator[tuple[_Item, Task[_Result]]]:
    """Yield every item with its task, in order, at most `jobs` of them unfinished at a time."""
    running: deque[tuple[_Item, Task[_Result]]] = deque()
    for item in items:
        if len(running) >= max(1, jobs):
            yield running.popleft()
        running.append((item, Task(_bound(work, item))))
    yield from running


def _bound(work: Callable[[_Item], _Result], item: _Item) -> Callable[[], _Result]:
    return lambda: work(item)
