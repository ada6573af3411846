"""A guest over SSH: one script in one round trip, through jump hosts if the user's files say so.

Nothing is written there, nothing but the script is run, nothing is forwarded, and no key leaves.
Sources: RFC 4251 to 4254, ssh_config(5); paramiko does the protocol.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from isoaudit.model import Reason
from isoaudit.transports.base import Failure, GuestSession, Unreadable
from isoaudit.transports.guest_frame import (
    MOST_OUTPUT,
    Output,
    answers,
    behind_flood,
    compose,
    has_frames,
    new_word,
)
from isoaudit.transports.known_hosts import fingerprint
from isoaudit.transports.ssh_login import MOST_HANDSHAKE, Session, begin, end, load
from isoaudit.transports.ssh_place import Place, parse_place
from isoaudit.transports.ssh_settings import Settings, settings_of
from isoaudit.transports.ssh_wire import Wire, dial

if TYPE_CHECKING:
    import paramiko

_MOST_HOPS = 8
_OVERHEAD = 4 * 1_048_576
"""What may come in beside the answers: paramiko's window, which is read ahead, and packets."""

_SHARE = 0.9
"""How much of the time for a target is used here, so that what was answered is still handed on."""

_MOST_ROUNDS = 4
"""How often a guest is asked what a flood kept from being answered, the first time included."""

_TICK, _LONG_TICK = 0.01, 0.2
"""Seconds until it is looked again whether more can be sent, and until the clock is looked at."""

_MOST_NOISE = 4096


class GuestConnection:
    """A logged-in session. `seconds` is the time one round of questions may take."""

    def __init__(self, uri: str, sessions: list[Session], facts: GuestSession, seconds: float):
        self.uri = uri
        self._sessions = sessions
        self._facts = facts
        self._seconds = seconds

    def facts_of_session(self) -> GuestSession:
        """Return who answers, and how that was verified."""
        return self._facts

    def ask(self, questions: Mapping[str, str]) -> dict[str, str | Failure]:
        """Return the output of each question, or why there is none; raises Unreadable if none ran.

        See `GuestApi.ask` for what a question is.
        """
        found: dict[str, str | Failure] = {}
        left = dict(questions)
        deadline = time.monotonic() + self._seconds * _SHARE
        for _ in range(_MOST_ROUNDS):
            if not left:
                break
            try:
                answered = self._round(left, deadline)
            except Unreadable:
                if not found:
                    raise
                break  # what was answered before the flood counts, and its reason for the rest
            found |= answered
            # What a flood kept from being asked is asked again without it, while there is time.
            left = {name: left[name] for name in behind_flood(left, answered)}
        return {name: found[name] for name in questions}

    def _round(self, questions: Mapping[str, str], deadline: float) -> dict[str, str | Failure]:
        word = new_word()
        channel = self._open(deadline)
        output, noise = self._exchange(channel, compose(word, list(questions.values())), deadline)
        self.rest()
        if not has_frames(word, output):
            raise _no_shell(self._facts["host"], output, noise)
        return answers(word, questions, output)

    def rest(self) -> None:
        """Let the connection wait for its next questions, however long others take."""
        for session in self._sessions:
            session.wire.rest()

    def close(self) -> None:
        """Hang up, on the guest first and on the jump hosts after it."""
        for session in reversed(self._sessions):
            end(session.transport)

    def _open(self, deadline: float) -> paramiko.Channel:
        """Start a shell, over a new connection if the server has ended the one there was.

        A server may hang up on who waits, and dropbear does where a word of paramiko's on what it
        has read crosses the end of a channel.
        """
        try:
            return self._shell(deadline)
        except Unreadable:
            if self._broken() is not None or self._sessions[-1].transport.is_active():
                raise
        self._reach_again(deadline)
        return self._shell(deadline)

    def _shell(self, deadline: float) -> paramiko.Channel:
        from paramiko import SSHException

        self._allow(deadline)
        try:
            left = max(0.1, deadline - time.monotonic())
            channel = self._sessions[-1].transport.open_session(timeout=left)
            channel.settimeout(max(0.1, deadline - time.monotonic()))
            channel.exec_command("sh -s")
        except (SSHException, OSError, EOFError) as error:
            raise self._broken() or Unreadable(
                Reason.UNREACHABLE,
                f"{self._facts['host']} runs no command for {self._facts['user']}: {error}"[:300],
                "See ForceCommand and MaxSessions in its sshd_config.",
            ) from None
        return channel

    def _allow(self, deadline: float) -> None:
        # A little later than here: it is for what paramiko would wait for without end.
        late = deadline + self._seconds * (1 - _SHARE) / 2
        for session in self._sessions:
            session.wire.allow("being asked", late, MOST_OUTPUT + _OVERHEAD)

    def _reach_again(self, deadline: float) -> None:
        """Log in once more, to the same server; raises Unreadable."""
        self.close()
        again = connect(self.uri, max(0.1, deadline - time.monotonic()))
        if again._facts["fingerprint"] != self._facts["fingerprint"]:
            again.close()
            words = f"{self._facts['host']} answers with another key than before"
            raise Unreadable(Reason.UNREACHABLE, words)
        self._sessions = again._sessions

    def _exchange(
        self, channel: paramiko.Channel, script: bytes, deadline: float
    ) -> tuple[Output, bytes]:
        """Send a script while reading: a command forced on the account may never take it in."""
        taken, noise = bytearray(), bytearray()
        ended: Failure | None = None
        while ended is None:
            script = _send_some(channel, script)
            channel.settimeout(_TICK if script else _LONG_TICK)
            said, data = _next(channel)
            noise = (noise + said)[:_MOST_NOISE]
            if data == b"":
                broken = self._broken()
                if broken is not None:
                    ended = (broken.reason.value, broken.cause, broken.remedy, False)
                break
            taken += data or b""
            if len(taken) > MOST_OUTPUT:
                words = f"the guest answered with more than {MOST_OUTPUT} bytes"
                ended = (Reason.LIMIT.value, words, "", False)
            elif time.monotonic() > deadline:
                words = f"the guest came to no end within {self._seconds * _SHARE:g} s"
                ended = (Reason.TIMEOUT.value, words, "Give it longer with --timeout.", False)
        with contextlib.suppress(OSError, EOFError):
            channel.close()
        return Output(bytes(taken), ended), bytes(noise)

    def _broken(self) -> Unreadable | None:
        """Return by which limit the way to the guest was ended, if by one."""
        return next((s.wire.broken for s in self._sessions if s.wire.broken is not None), None)


def _send_some(channel: paramiko.Channel, script: bytes) -> bytes:
    """Send as much as the other side takes now, and return what is left of it."""
    try:
        while script and channel.send_ready():
            script = script[channel.send(script) :]
            if not script:
                channel.shutdown_write()
    except (OSError, EOFError):
        return b""  # closed: what it said until then is still to be read
    return script


def _next(channel: paramiko.Channel) -> tuple[bytes, bytes | None]:
    """Return what came on standard error, and on output: None for nothing yet, b"" for the end."""
    noise = b""
    try:
        if channel.recv_stderr_ready():
            noise = channel.recv_stderr(65_536)
        return noise, channel.recv(65_536)
    except TimeoutError:
        return noise, None
    except (OSError, EOFError):  # reading answers the other side, which may be gone
        return noise, b""


def connect(uri: str, seconds: float) -> GuestConnection:
    """Reach a guest within `seconds` and log in there; raises Unreadable in one line."""
    deadline = time.monotonic() + seconds * _SHARE
    try:
        named = parse_place(uri)
    except ValueError as error:
        raise Unreadable(Reason.PARSE_ERROR, f"an address of a guest: {error}") from None
    route = _route(named)
    load()
    sessions: list[Session] = []
    try:
        for settings in route:
            wire = _next_wire(sessions, settings, deadline)
            sessions.append(begin(wire, settings, deadline))
    except Unreadable as error:
        for session in reversed(sessions):
            end(session.transport)
        raise _with_notes(error, route, len(sessions)) from None
    guest = GuestConnection(named.uri, sessions, _facts(sessions, route), seconds)
    guest.rest()
    return guest


def _route(named: Place, met: tuple[Place, ...] = ()) -> list[Settings]:
    """Return every host on the way, the nearest first; raises Unreadable for one without end."""
    settings = settings_of(named)
    if settings.place in met or len(met) > _MOST_HOPS:
        words = f"ProxyJump in ssh_config leads from {named.host} back to itself"
        raise Unreadable(Reason.PARSE_ERROR, words, "Give the jump host ProxyJump none.")
    if not settings.jumps:
        return [settings]
    first, *others = settings.jumps
    if not others and settings_of(first).place == settings.place:
        return [settings]  # as with `Host *`: nobody jumps to himself
    between = [settings_of(one) for one in others]
    return [*_route(first, (*met, settings.place)), *between, settings]


def _next_wire(sessions: list[Session], settings: Settings, deadline: float) -> Wire:
    """Return a wire to the next host: over TCP, or through the last one reached."""
    left = max(0.1, deadline - time.monotonic())
    host, port = settings.place.host, settings.place.port
    if not sessions:
        return dial(host, port, min(left, settings.connect_timeout or left))
    from paramiko import SSHException

    for session in sessions:
        session.wire.allow(f"jumping to {host}", deadline, MOST_HANDSHAKE * 2)
    last = sessions[-1]
    try:
        channel = last.transport.open_channel(
            "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=left
        )
    except (SSHException, OSError, EOFError) as error:
        words = f"the jump host does not reach port {port} of {host}: {error}"[:300]
        how = "See AllowTcpForwarding in its sshd_config, and that the guest answers there."
        raise last.wire.broken or Unreadable(Reason.UNREACHABLE, words, how) from None
    return Wire(channel)


def _facts(sessions: list[Session], route: list[Settings]) -> GuestSession:
    last, settings = sessions[-1], route[-1]
    return GuestSession(
        user=settings.place.user,
        host=settings.place.host,
        port=settings.place.port,
        key_type=last.shown.key_type,
        fingerprint=fingerprint(last.shown.blob),
        verified=last.vouched.how,
        known_hosts=last.vouched.place,
        jumps=[one.place.host for one in route[:-1]],
        server=last.transport.remote_version[:128],
    )


def _with_notes(error: Unreadable, route: list[Settings], reached: int) -> Unreadable:
    """Return the error with who it is about, where jump hosts are on the way, and what was left
    out of the files that may be why."""
    cause = error.cause
    if len(route) > 1:
        cause = f"{cause} (hop {reached + 1} of {len(route)})"
    notes = [note for settings in route for note in settings.left_out]
    if notes:
        cause = f"{cause}; left out of ssh_config: {', '.join(dict.fromkeys(notes))}"
    return Unreadable(error.reason, cause, error.remedy)


def _no_shell(host: str, output: Output, noise: bytes) -> Unreadable:
    """Return why a guest answered no question at all."""
    said = (noise or output.data[-_MOST_NOISE:]).decode("utf-8", "backslashreplace").strip()
    line = said.partition("\n")[0][:100]
    if output.ended is not None:
        reason, cause, remedy, _ = output.ended
        return Unreadable(Reason(reason), f"{host}: {cause}, without one answer", remedy)
    words = f"{host} runs no POSIX shell for this account" + (f": {line}" if line else "")
    how = "A forced command, a restricted shell or an appliance: let this key run `sh -s`."
    return Unreadable(Reason.NOT_SUPPORTED, words, how)
