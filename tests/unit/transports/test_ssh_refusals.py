"""Servers that no dropbear can be made to be: silent, endless, asking for passwords, lying."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from ssh_servers import Keys, listening, make_keys, require, scripted

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable, failed
from isoaudit.transports.ssh import connect

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """A user with a key, in a home that is the test's own."""
    require("ssh-keygen")
    made = make_keys(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return made


def _refused(uri: str, seconds: float = 10) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        connect(uri, seconds).close()
    assert "\n" not in caught.value.cause
    return caught.value


def _endless(data: bytes) -> Callable[[socket.socket], None]:
    def serve(one: socket.socket) -> None:
        while True:
            one.sendall(data)

    return serve


def _silent(one: socket.socket) -> None:
    while one.recv(4096):
        pass


def _trickling(one: socket.socket) -> None:
    while True:
        one.sendall(b"x")
        time.sleep(0.05)


STRANGE: dict[str, tuple[Callable[[socket.socket], None], Reason]] = {
    "a line without end": (_endless(b"x" * 65_536), Reason.LIMIT),
    "lines without end": (_endless(b"hello\r\n" * 4096), Reason.UNREACHABLE),
    "nothing at all": (_silent, Reason.TIMEOUT),
    "a letter now and then": (_trickling, Reason.TIMEOUT),
    "a web server": (lambda one: one.sendall(b"HTTP/1.1 400 \r\n\r\n"), Reason.UNREACHABLE),
    "goodbye": (lambda one: None, Reason.UNREACHABLE),
    "a banner and a flood": (
        _endless(b"SSH-2.0-x\r\n" + b"\xff" * 65_536),
        Reason.UNREACHABLE,
    ),
    "a banner and nothing": (
        lambda one: (one.sendall(b"SSH-2.0-x\r\n"), _silent(one))[1],
        Reason.TIMEOUT,
    ),
    "escape sequences": (
        lambda one: one.sendall(b"\x1b]0;owned\x07\x1b[2J\r\n" * 200),
        Reason.UNREACHABLE,
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_ssh_server_ends_in_one_line(
    keys: Keys, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the time it has, with little memory, and nothing is written to a terminal."""
    serve, reason = STRANGE[name]
    before = threading.active_count()
    started = time.monotonic()
    with listening(serve) as port:
        error = _refused(f"ssh://audit@127.0.0.1:{port}", 3)

    assert reason is error.reason, error.cause
    assert time.monotonic() - started < 5
    assert len(error.cause) < 300
    assert ("", "") == capfd.readouterr()
    assert str(keys.home)
    _await(lambda: threading.active_count() <= before + 1)


def _await(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end, threading.enumerate()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        ("password", "by password only; isoaudit asks for no password"),
        ("password,keyboard-interactive", "by password, keyboard-interactive only"),
        ("publickey,password", "wants publickey, password as well"),
        ("publickey", "takes no key for audit: tried ssh-ed25519 SHA256:"),
    ],
)
def test_a_server_that_wants_a_password_gets_a_line(keys: Keys, ways: str, words: str) -> None:
    """And no prompt: nothing is read from a terminal."""
    answer = None if ways == "publickey" else (lambda channel: None)
    with scripted(keys, answer, ways) as uri:
        error = _refused(uri)

    assert words in error.cause
    assert Reason.PERMISSION_DENIED is error.reason


def test_a_user_without_any_key_learns_what_is_wanted(keys: Keys) -> None:
    """The server is asked what it would take."""
    keys.key.unlink()
    with scripted(keys, None, "password") as uri:
        assert "by password only" in _refused(uri).cause
    with scripted(keys, None, "publickey") as uri:
        assert "no key for audit" in _refused(uri).cause


def test_a_forged_frame_is_found(keys: Keys) -> None:
    """A guest that reads the script knows its word, and still cannot answer twice."""

    def lie(channel: paramiko.Channel) -> None:
        script = b""
        while b"exit 0\n}" not in script:
            script += channel.recv(65_536)
        word = script.split(b"isoaudit_word=")[1].split(b"\n")[0]
        frame = b"\n%s begin 0\n\x1b[31mred\n%s end 0 0\n" % (word, word)
        channel.sendall(frame * 2 + b"\n%s done\n" % word)

    with scripted(keys, lie) as uri:
        guest = connect(uri, 10)
        with contextlib.closing(guest):
            found = guest.ask({"a": "id", "b": "id"})

    assert "\x1b[31mred" == found["a"]
    assert Reason.PARSE_ERROR is failed(found["b"]).reason


def test_noise_on_standard_error_neither_blocks_nor_fills(keys: Keys) -> None:
    """A flood of it ends with the time that the guest has."""

    def scream(channel: paramiko.Channel) -> None:
        while True:
            channel.sendall_stderr(b"no " * 10_000)

    with scripted(keys, scream) as uri:
        guest = connect(uri, 2)
        with contextlib.closing(guest), pytest.raises(Unreadable) as caught:
            guest.ask({"a": "id"})

    assert caught.value.reason in {Reason.TIMEOUT, Reason.LIMIT}


def test_a_server_that_takes_no_command_is_told(keys: Keys) -> None:
    """One line, with where to look."""

    def never(channel: paramiko.Channel) -> None:
        raise EOFError

    with scripted(keys, never) as uri:
        guest = connect(uri, 5)
        with contextlib.closing(guest), pytest.raises(Unreadable) as caught:
            guest.ask({"a": "id"})

    # By whether it hung up before or after it said that it would run something.
    assert re.search("no POSIX shell|runs no command", caught.value.cause)


def test_paramiko_writes_no_line_of_its_own(
    keys: Keys, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither of errors nor of threads that end in one."""
    with caplog.at_level(logging.DEBUG), scripted(keys, None, "password") as uri:
        _refused(uri)

    assert ("", "") == capfd.readouterr()
    assert not [r for r in caplog.records if "audit" in r.getMessage()]


def test_a_server_that_went_silent_does_not_keep_the_process(keys: Keys) -> None:
    """paramiko's timer of a handshake is a thread that would hold it for seconds more."""
    words = "import sys; from isoaudit.transports.ssh import connect\n"
    words += "try: connect(sys.argv[1], 1)\nexcept Exception as e: print(e)"
    started = time.monotonic()
    with listening(lambda one: (one.sendall(b"SSH-2.0-x\r\n"), _silent(one))[1]) as port:
        done = subprocess.run(
            [sys.executable, "-c", words, f"ssh://audit@127.0.0.1:{port}"],
            capture_output=True, text=True, cwd=ROOT, timeout=30, check=True,
        )  # fmt: skip

    assert "no answer in time while shaking hands" in done.stdout
    assert "" == done.stderr
    assert time.monotonic() - started < 4
    assert str(keys.home)


def test_what_was_answered_stays_though_the_rest_cannot_be_asked_again(keys: Keys) -> None:
    """A guest that floods is asked again for what came after it: it may take no second command."""
    asked: list[bytes] = []

    def flood_once(channel: paramiko.Channel) -> None:
        script = b""
        while b"exit 0\n}" not in script:
            script += channel.recv(65_536)
        asked.append(script)
        if len(asked) > 1:
            return
        word = script.split(b"isoaudit_word=")[1].split(b"\n")[0]
        channel.sendall(b"\n%s begin 0\none\n%s end 0 0\n\n%s begin 1\n" % (word, word, word))
        while True:
            channel.sendall(b"x" * 65_536)

    with scripted(keys, flood_once) as uri:
        guest = connect(uri, 10)
        with contextlib.closing(guest):
            found = guest.ask({"a": "id", "b": "yes", "c": "id"})

    assert 2 == len(asked)
    assert "one" == found["a"]
    assert Reason.LIMIT is failed(found["b"]).reason
    assert Reason.LIMIT is failed(found["c"]).reason
