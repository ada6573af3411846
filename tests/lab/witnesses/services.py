"""Sockets of the host that tell a word to whoever reaches them, and stay on this machine."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator

_PAUSE = 0.05
_LOOPBACK = ("127.0.0.1", 0)


@contextlib.contextmanager
def telling(word: str) -> Iterator[dict[str, str]]:
    """Tell `word` over a socket without a file, over TCP, and in datagrams to nobody.

    Yields the socket's `name` and the ports `port` and `datagram`, all of the loopback.
    """
    name = f"isolab-{word[:8]}-told"
    with contextlib.ExitStack() as stack:
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{name}")
        stream = stack.enter_context(socket.socket())
        stream.bind(_LOOPBACK)
        datagrams = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        datagrams.bind(_LOOPBACK)
        chosen = stack.enter_context(selectors.DefaultSelector())
        for listener in (abstract, stream):
            listener.listen()
            chosen.register(listener, selectors.EVENT_READ)
        ended = threading.Event()
        teller = threading.Thread(target=_tell, args=(word.encode(), chosen, datagrams, ended))
        teller.start()
        stack.callback(teller.join)
        stack.callback(ended.set)
        yield {
            "name": name,
            "port": str(stream.getsockname()[1]),
            "datagram": str(datagrams.getsockname()[1]),
        }


def _tell(
    word: bytes, chosen: selectors.BaseSelector, datagrams: socket.socket, ended: threading.Event
) -> None:
    """Answer whoever connects, and send a datagram to ourselves now and then."""
    while not ended.is_set():
        for key, _ in chosen.select(_PAUSE):
            asker, _ = key.fileobj.accept()  # type: ignore[union-attr]
            with asker, contextlib.suppress(OSError):
                asker.sendall(word)
        datagrams.sendto(word, datagrams.getsockname())
        with contextlib.suppress(BlockingIOError):
            datagrams.recv(64, socket.MSG_DONTWAIT)
