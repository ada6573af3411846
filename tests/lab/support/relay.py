"""A relay in front of an engine's socket that does something when a certain request passes.

Or when its answer does: then what the engine said is no longer true by the time it is heard.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def relay(
    path: Path, upstream: Path, trigger: bytes, act: Callable[[], None], *, answered: bool = False
) -> Iterator[None]:
    """Serve `path`, passing all to `upstream`; before the first `trigger` passes, call `act`.

    With `answered` it is called once the engine has answered that, before the answer passes.
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        once = _Once(act)
        serve = (server, upstream, lambda: _Talk(trigger, once, answered))
        threading.Thread(target=_serve, args=serve, daemon=True).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


class _Once:
    def __init__(self, act: Callable[[], None]) -> None:
        self._act, self._lock, self._done = act, threading.Lock(), False

    def __call__(self) -> None:
        with self._lock:
            if not self._done:
                self._done = True
                self._act()


class _Talk:
    """What passes over one connection: requests and answers in turn."""

    def __init__(self, trigger: bytes, once: _Once, answered: bool) -> None:
        self._trigger, self._once, self._answered = trigger, once, answered
        self._asked = False

    def see(self, request: bytes) -> None:
        self._asked = self._asked or self._trigger in request
        if self._asked and not self._answered:
            self._once()

    def hear(self, _answer: bytes) -> None:
        if self._asked:
            self._once()


def _serve(server: socket.socket, upstream: Path, talk: Callable[[], _Talk]) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(str(upstream))
        heard = talk()
        for args in ((client, engine, heard.see), (engine, client, heard.hear)):
            threading.Thread(target=_pump, args=args, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, see: Callable[[bytes], None]) -> None:
    """Pass bytes one way until either end closes; each direction closes what it reads from."""
    with source, contextlib.suppress(OSError):
        while data := source.recv(65536):
            see(data)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
