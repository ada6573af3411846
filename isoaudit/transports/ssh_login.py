"""Begins an SSH session over a wire: the host's key verified first, then the user let in."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.host_keys import Shown, Vouched, ordered_algorithms, verify
from isoaudit.transports.known_hosts import Known, known_of
from isoaudit.transports.ssh_auth import bounded, log_in
from isoaudit.transports.ssh_settings import Settings
from isoaudit.transports.ssh_wire import Wire

if TYPE_CHECKING:
    import paramiko

MOST_HANDSHAKE = 1_048_576
"""Most bytes a server may send until a user is let in."""

_LOADING = threading.Lock()


class Session(NamedTuple):
    """A user who is let in: over what, to whom, and by what the host's key was verified."""

    transport: paramiko.Transport
    wire: Wire
    shown: Shown
    vouched: Vouched


def begin(wire: Wire, settings: Settings, deadline: float) -> Session:
    """Shake hands, verify the host's key and log in; raises Unreadable, with the wire closed."""
    known = known_of(
        settings.known_hosts, settings.known_as, settings.place.port, aliased=settings.aliased
    )
    wire.allow(f"shaking hands with {settings.place.host}", deadline, MOST_HANDSHAKE)
    transport = _transport(wire, known, deadline)
    try:
        shown = _shake_hands(transport, settings)
        vouched = verify(shown, known, _shown_name(settings), settings.revoked_keys)
        log_in(transport, settings)
    except BaseException as error:
        end(transport)
        if wire.broken is not None and isinstance(error, Unreadable):
            raise wire.broken from None
        raise
    return Session(transport, wire, shown, vouched)


def end(transport: paramiko.Transport) -> None:
    """Hang up, without waiting."""
    # A handshake's timer is a thread that keeps the whole process from ending until it fires.
    transport.packetizer.complete_handshake()
    transport.close()


def load() -> None:
    """Import paramiko and make it keep quiet: a report is all that is written."""
    with _LOADING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of algorithms that cryptography is about to drop
        import paramiko  # noqa: F401

    log = logging.getLogger("paramiko")
    log.propagate = False
    log.setLevel(logging.CRITICAL + 1)


def _shown_name(settings: Settings) -> str:
    if settings.aliased or settings.place.port == 22:
        return settings.known_as
    return f"[{settings.known_as}]:{settings.place.port}"


@cache
def _transport_class() -> type[paramiko.Transport]:
    import paramiko

    class Asking(paramiko.Transport):
        """Offers exactly the host key algorithms it is told.

        paramiko puts every kind of certificate behind the plain keys, where no server picks it.
        """

        asked_keys: Sequence[str] = ()

        @property
        def preferred_keys(self) -> Sequence[str]:
            return self.asked_keys or super().preferred_keys

    return Asking


def _transport(wire: Wire, known: Known, deadline: float) -> paramiko.Transport:
    transport = _transport_class()(wire)  # type: ignore[arg-type]  # as much of a socket as it needs
    # The wire's deadline comes first, which says what took so long.
    left = max(0.1, deadline - time.monotonic()) + 2
    transport.banner_timeout = left
    transport.handshake_timeout = left
    transport.auth_timeout = left
    transport.channel_timeout = left
    offered = transport.preferred_keys
    transport.asked_keys = ordered_algorithms(known, offered)  # type: ignore[attr-defined]
    return transport


def _shake_hands(transport: paramiko.Transport, settings: Settings) -> Shown:
    from paramiko import SSHException

    where = f"{settings.place.host}, port {settings.place.port}"
    try:
        transport.start_client()
        key = transport.get_remote_server_key()
    except (SSHException, OSError, EOFError, ValueError) as error:
        why = bounded(error) or "the connection was closed"
        words = f"{where}: no SSH session came about: {why}"
        raise Unreadable(
            Reason.UNREACHABLE, words, "See that an SSH server answers there."
        ) from None
    certificate = b"" if key.public_blob is None else bytes(key.public_blob.key_blob)
    blob = key.asbytes()
    name_length = int.from_bytes(blob[:4], "big")
    return Shown(blob[4 : 4 + name_length].decode("ascii", "replace"), blob, certificate)
