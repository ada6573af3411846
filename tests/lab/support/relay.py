"""A relay in front of an engine's socket that does something when a certain request passes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def relay(path: Path, upstream: Path, trigger: bytes, act: Callable[[], None]) -> Iterator[None]:
    """Serve `path`, passing all to `upstream`; before the first `trigger` passes, call `act`."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        once = _Once(trigger, act)
        threading.Thread(target=_serve, args=(server, upstream, once), daemon=True).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


class _Once:
    def __init__(self, trigger: bytes, act: Callable[[], None]) -> None:
        self._trigger, self._act = trigger, act
        self._lock, self._done = threading.Lock(), False

    def see(self, request: bytes) -> None:
        with self._lock:
            if not self._done and self._trigger in request:
                self._done = True
                self._act()


def _serve(server: socket.socket, upstream: Path, once: _Once) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(str(upstream))
        for args in ((client, engine, once.see), (engine, client, lambda data: None)):
            threading.Thread(target=_pump, args=args, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, see: Callable[[bytes], None]) -> None:
    """Pass bytes one way until either end closes; each direction closes what it reads from."""
    with source, contextlib.suppress(OSError):
        while data := source.recv(65536):
            see(data)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
