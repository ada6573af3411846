"""A process beside this one, which judges what this one collects meanwhile.

CEL and Python share one lock, so threads cannot do both at once. The process is forked before the
first thread, inherits the compiled checks, and ends when its pipe does.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_WAITING = 64
"""Items on their way at most: enough to keep both sides busy, and memory flat."""

_REMEMBERED = 128
"""Items after which both sides forget what was sent, so that memory does not grow with them."""


class AsideDiedError(Exception):
    """The process beside this one ended before it had answered."""


class Aside(Generic[_Item, _Result]):
    """Does `work` on items in a forked process, in order. Make it before the first thread."""

    def __init__(self, work: Callable[[_Item], _Result]) -> None:
        ours, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            ours.close()
            _serve(theirs, work)
        theirs.close()
        self._channel = ours
        self._stream = ours.makefile("rwb")
        self._pickler = pickle.Pickler(self._stream, pickle.HIGHEST_PROTOCOL)
        self._sent = 0
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def results(
        self, items: Iterable[_Item], lost: Callable[[_Item], _Result]
    ) -> Iterator[_Result]:
        """Yield a result for every item; `lost` makes it for one whose work died with its process.

        The iterator must be exhausted or closed: that is what ends the process.
        """
        threading.Thread(target=self._receive, daemon=True).start()
        waiting: deque[_Item] = deque()
        try:
            for item in items:
                self._send(item)
                waiting.append(item)
                while waiting and (len(waiting) > _WAITING or not self._answers.empty()):
                    yield self._next(waiting, lost)
            while waiting:
                yield self._next(waiting, lost)
        finally:
            self.close()

    def close(self) -> None:
        """End the process."""
        if self._pid:
            self._send(_END)
            os.waitpid(self._pid, 0)
            self._pid = 0
            self._channel.close()

    def _send(self, item: Any) -> None:
        """Send an item; what an earlier one shares with it is the same object there, too."""
        try:
            if self._sent % _REMEMBERED == _REMEMBERED - 1:
                self._pickler.dump(_FORGET)
                self._pickler.clear_memo()
            self._pickler.dump(item)
            self._sent += 1
            self._stream.flush()
        except (BrokenPipeError, ConnectionResetError):
            return  # the reader sees the same end, and every waiting item is told lost

    def _receive(self) -> None:
        try:
            while True:
                self._answers.put(pickle.load(self._stream))  # noqa: S301 - our own fork's words
        except Exception:
            # The end, a broken pipe, or an answer that cannot be read: there will be no other, and
            # neither side may go on waiting for the other to read.
            with suppress(OSError):
                self._channel.shutdown(socket.SHUT_RDWR)
            self._answers.put(AsideDiedError())

    def _next(self, waiting: deque[_Item], lost: Callable[[_Item], _Result]) -> _Result:
        answer = self._answers.get()
        if isinstance(answer, AsideDiedError):
            self._answers.put(answer)  # for the next one that waits
            return lost(waiting.popleft())
        waiting.popleft()
        result: _Result = answer
        return result


_END = ("the end",)
_FORGET = ("what was sent before",)


def _serve(channel: socket.socket, work: Callable[[Any], Any]) -> None:
    """Answer items until the end; never returns, and flushes nothing of the parent's."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and hangs up
        with channel.makefile("rwb") as stream:
            reader = pickle.Unpickler(stream)  # noqa: S301 - our own parent's words
            while (item := reader.load()) != _END:
                if item == _FORGET:
                    reader = pickle.Unpickler(stream)  # noqa: S301 - as above
                    continue
                pickle.dump(work(item), stream, pickle.HIGHEST_PROTOCOL)
                stream.flush()
        status = 0
    except EOFError:
        status = 0
    finally:
        os._exit(status)
