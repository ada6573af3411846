"""Runs work side by side, each piece under a deadline of its own.

A thread that is stuck in an engine which never answers cannot be ended from outside; it is left
behind as a daemon, which neither holds up the others nor the end of the process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def _in_a_new_thread(run: Callable[[], None]) -> None:
    threading.Thread(target=run, daemon=True).start()


class Task(Generic[_Result]):
    """One piece of work in a thread beside this one, started at once.

    `start` runs it there; without one it gets a thread of its own.
    """

    def __init__(
        self,
        work: Callable[[], _Result],
        start: Callable[[Callable[[], None]], None] = _in_a_new_thread,
    ) -> None:
        self._work = work
        self._started = time.monotonic()
        self._done = threading.Event()
        self._result: _Result | None = None
        self._error: BaseException | None = None
        start(self._run)

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
    threads = _Threads()
    try:
        for item in items:
            if len(running) >= max(1, jobs):
                yield running.popleft()
            running.append((item, Task(_bound(work, item), threads.start)))
        yield from running
    finally:
        threads.dismiss()


class _Threads:
    """Threads that do one piece of work after another; one that is stuck is given no more.

    Starting a thread costs more than reading a small sandbox.
    """

    def __init__(self) -> None:
        self._idle: SimpleQueue[SimpleQueue[Callable[[], None] | None]] = SimpleQueue()
        self._dismissed = False

    def start(self, run: Callable[[], None]) -> None:
        """Run something in an idle thread, or in a new one if none is idle."""
        if self._idle.empty():
            _in_a_new_thread(lambda: self._serve(run))
        else:
            self._idle.get().put(run)

    def dismiss(self) -> None:
        """Let the threads end, each after what it is at."""
        self._dismissed = True
        while not self._idle.empty():
            self._idle.get().put(None)

    def _serve(self, first: Callable[[], None]) -> None:
        todo: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        run: Callable[[], None] | None = first
        while run is not None:
            run()
            self._idle.put(todo)
            if self._dismissed:
                return
            run = todo.get()


def _bound(work: Callable[[_Item], _Result], item: _Item) -> Callable[[], _Result]:
    return lambda: work(item)
