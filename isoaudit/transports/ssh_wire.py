"""The socket below an SSH connection, under a deadline and with a bound on what comes in.

paramiko waits without end in places, and reads a banner's line however long it is. Every byte of it
comes through here, so that nothing a server does lasts longer, or takes more, than it may.
"""

from __future__ import annotations

import errno
import math
import socket
import time
from typing import Any

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable

_MOST_AT_REST = 4 * 1_048_576
"""As much as may still be on its way when a flood is left: paramiko's window, and buffers."""


class Wire:
    """A socket for paramiko, or a channel through a jump host.

    `broken` says, once it is not None, by what limit it was ended: as OSError for paramiko, which
    loses on the way to the caller what was wrong.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._deadline = 0.0
        self._left = 0
        self._doing = ""
        self.broken: Unreadable | None = None

    def allow(self, doing: str, deadline: float, most_bytes: int) -> None:
        """Begin a stage: what is done, until when by time.monotonic(), with how much to read."""
        self._doing, self._deadline, self._left = doing, deadline, most_bytes

    def rest(self) -> None:
        """End a stage: until the next one there is no deadline."""
        self.allow("waiting to be asked", math.inf, _MOST_AT_REST)

    def recv(self, size: int) -> bytes:
        """Read as socket.recv does."""
        self._check()
        data: bytes = self._inner.recv(size)
        self._left -= len(data)
        return data

    def send(self, data: bytes) -> int:
        """Write as socket.send does."""
        self._check()
        sent: int = self._inner.send(data)
        return sent

    def settimeout(self, seconds: float | None) -> None:
        """Set how long one read or write waits before it is tried again."""
        self._inner.settimeout(seconds)

    def close(self) -> None:
        """Close the socket below."""
        self._inner.close()

    def getpeername(self) -> Any:
        """Return who is at the other end."""
        return self._inner.getpeername()

    @property
    def _closed(self) -> bool:
        """Whether it is closed; paramiko asks for this name."""
        return bool(getattr(self._inner, "_closed", True))

    def _check(self) -> None:
        """Raise OSError if the stage took too long or too much."""
        if self.broken is None and time.monotonic() > self._deadline:
            self.broken = Unreadable(Reason.TIMEOUT, f"no answer in time while {self._doing}")
        if self.broken is None and self._left < 0:
            self.broken = Unreadable(Reason.LIMIT, f"flooded while {self._doing}")
        if self.broken is not None:
            # NOTE: without a number paramiko's thread dies and tells nobody; that of a timeout it
            # would try again.
            raise OSError(errno.ECONNABORTED, self.broken.cause)


def dial(host: str, port: int, seconds: float) -> Wire:
    """Connect to a host within `seconds` over all of its addresses; raises Unreadable."""
    end = time.monotonic() + seconds
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = f"{host} has no address: {getattr(error, 'strerror', None) or error}".lower()
        raise Unreadable(
            Reason.UNREACHABLE, words, "See the name, or HostName in ssh_config."
        ) from None
    why = ""
    for family, kind, protocol, _, address in found:
        left = end - time.monotonic()
        if left <= 0:
            break
        one = socket.socket(family, kind, protocol)
        try:
            one.settimeout(left)
            one.connect(address)
            # Without it every small packet of a handshake waits for the one before to be confirmed.
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            one.close()
            why = (error.strerror or str(error)).lower()
        else:
            return Wire(one)
    reason = Reason.TIMEOUT if time.monotonic() >= end else Reason.UNREACHABLE
    why = f"no answer within {seconds:g} s" if reason is Reason.TIMEOUT else why
    raise Unreadable(reason, f"port {port} of {host}: {why}", "See that sshd listens there.")
