"""A guest over SSH: real dropbear daemons, as they should be and as nobody wants them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh_servers import Keys, Server, dropbear, free_port, make_key, make_keys, require

from isoaudit.model import Reason
from isoaudit.transports.base import GuestApi, Unreadable, failed
from isoaudit.transports.known_hosts import fingerprint
from isoaudit.transports.ssh import GuestConnection, connect
from isoaudit.transports.tape import Tape, record, replay

SECONDS = 10.0
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    require("dropbear", "dropbearkey", "ssh-keygen", "ssh-agent", "unshare")


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """A user with a key, in a home that is the test's own."""
    made = make_keys(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return made


@pytest.fixture
def server(keys: Keys, tmp_path: Path) -> Iterator[Server]:
    """A dropbear that takes the user's key, and is known."""
    with dropbear(keys, tmp_path / "server") as running:
        yield running


@contextlib.contextmanager
def _connected(uri: str, seconds: float = SECONDS) -> Iterator[GuestConnection]:
    guest = connect(uri, seconds)
    try:
        yield guest
    finally:
        guest.close()


def _refused(uri: str, seconds: float = SECONDS) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        connect(uri, seconds).close()
    assert "\n" not in caught.value.cause
    return caught.value


def test_a_guest_answers_and_says_who_it_is(keys: Keys, server: Server) -> None:
    """By one key, in one round trip, with how its own key was verified."""
    with _connected(server.uri) as guest:
        found = guest.ask({"user": "id -u", "kernel": "uname -s", "away": "exit 44"})
        told = guest.facts_of_session()

    assert ("12345\n", "Linux\n") == (found["user"], found["kernel"])
    assert failed(found["away"]).absent
    assert ("audit", "known_hosts") == (told["user"], told["verified"])
    assert (f"{keys.known_hosts}:1", "ssh-ed25519") == (told["known_hosts"], told["key_type"])
    assert told["fingerprint"].startswith("SHA256:")
    assert "dropbear" in told["server"]


def test_it_can_be_asked_again(server: Server) -> None:
    """Over the same connection, after a question that flooded."""
    with _connected(server.uri) as guest:
        first = guest.ask({"before": "echo 0", "flood": "yes", "after": "echo 1"})
        second = guest.ask({"again": "echo 2"})
        floods = guest.ask({str(number): "yes" for number in range(9)})

    assert ["before", "flood", "after"] == list(first)
    assert Reason.LIMIT is failed(first["flood"]).reason
    assert ("0\n", "1\n", "2\n") == (first["before"], first["after"], second["again"])
    assert {Reason.LIMIT} == {failed(answer).reason for answer in floods.values()}
    assert {} == guest.ask({})


def test_a_guest_waits_for_its_turn(server: Server) -> None:
    """The time to connect is not the time until it is asked, when others are asked before it."""
    with _connected(server.uri, 2) as guest:
        time.sleep(2.5)
        first = guest.ask({"a": "echo 1"})
        time.sleep(2.5)
        second = guest.ask({"a": "echo 2"})

    assert ("1\n", "2\n") == (first["a"], second["a"])


def test_a_server_that_hung_up_meanwhile_is_reached_again(keys: Keys, tmp_path: Path) -> None:
    """Who waits for its turn may find the connection ended: it logs in once more."""
    with dropbear(keys, tmp_path / "s", "-I", "1") as server, _connected(server.uri) as guest:
        first = guest.ask({"a": "echo 1"})
        time.sleep(3)
        second = guest.ask({"a": "echo 2"})

    assert ("1\n", "2\n") == (first["a"], second["a"])


def test_another_key_than_before_is_not_asked(keys: Keys, tmp_path: Path) -> None:
    """What answers on the second connection has to be who answered on the first."""
    with dropbear(keys, tmp_path / "s", "-I", "1") as server, _connected(server.uri) as guest:
        guest._facts["fingerprint"] = "SHA256:another"
        time.sleep(3)
        with pytest.raises(Unreadable, match="another key than before"):
            guest.ask({"a": "echo 2"})


def test_a_tape_plays_a_guest_back(server: Server) -> None:
    """Answers, failures and the session, without the guest."""
    tape: Tape = {}
    questions = {"a": "echo 1", "b": "exit 43"}
    with _connected(server.uri) as guest:
        taped: GuestApi = record(guest, tape, ("uri",))
        said, told = taped.ask(questions), taped.facts_of_session()

    again: GuestApi = replay(tape, GuestConnection)

    assert (server.uri, told) == (again.uri, again.facts_of_session())
    assert said == again.ask(questions)


def test_a_hashed_line_vouches_too(keys: Keys, server: Server) -> None:
    """And is told to be hashed."""
    subprocess.run(
        ["ssh-keygen", "-q", "-H", "-f", str(keys.known_hosts)], check=True, capture_output=True
    )
    with _connected(server.uri) as guest:
        assert "hashed" == guest.facts_of_session()["verified"]


def test_an_unknown_guest_is_refused(keys: Keys, tmp_path: Path) -> None:
    """With the fingerprint to compare; known_hosts stays as it was."""
    with dropbear(keys, tmp_path / "new", known=False) as server:
        error = _refused(server.uri)

    assert "not known" in error.cause
    assert "ssh-ed25519 SHA256:" in error.cause
    assert not keys.known_hosts.exists()


def test_a_changed_key_is_refused_with_both_fingerprints(keys: Keys, tmp_path: Path) -> None:
    """The one that is shown, and the one that was known."""
    import base64

    with dropbear(keys, tmp_path / "changed", known=False) as server:
        other = make_key(tmp_path / "other").with_suffix(".pub").read_text().split()[1]
        keys.known_hosts.write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 {other}\n")
        error = _refused(server.uri)

    for encoded in (other, server.encoded):
        assert fingerprint(base64.b64decode(encoded)) in error.cause


def test_a_revoked_key_is_refused(keys: Keys, server: Server) -> None:
    """Though a line before it knows the key."""
    with keys.known_hosts.open("a") as stream:
        stream.write(f"@revoked * {server.key_type} {server.encoded}\n")

    assert "revoked" in _refused(server.uri).cause


def test_what_ssh_config_asks_to_overlook_is_not_overlooked(keys: Keys, tmp_path: Path) -> None:
    """StrictHostKeyChecking no and an empty list of known hosts let nobody in."""
    keys.config.write_text("Host *\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n")
    with dropbear(keys, tmp_path / "s", known=False) as server:
        assert "not known" in _refused(server.uri).cause


def test_an_alias_of_ssh_config_is_followed(keys: Keys, server: Server) -> None:
    """Host name, user, port, key and list of known hosts, as ssh would have them."""
    moved = keys.key.rename(keys.home / "own_key")
    keys.known_hosts.rename(keys.home / "own_hosts")
    (keys.home / "own_hosts").write_text(f"fixed {server.key_type} {server.encoded}\n")
    keys.config.write_text(
        f"Host erp\n HostName 127.0.0.1\n Port {server.port}\n User audit\n"
        f" IdentityFile {moved}\n IdentitiesOnly yes\n UserKnownHostsFile ~/own_hosts\n"
        " HostKeyAlias fixed\n"
    )
    with _connected("ssh://erp") as guest:
        assert "12345\n" == guest.ask({"a": "id -u"})["a"]
        assert guest.facts_of_session()["known_hosts"] == f"{keys.home}/own_hosts:1"


def test_a_key_of_the_agent_lets_in(
    keys: Keys, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file may be gone, or its key be encrypted: the agent holds it."""
    path = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        subprocess.run(["ssh-add", "-q", str(keys.key)], check=True)
        _encrypt(keys.key)
        keys.config.write_text(f"IdentityFile {keys.key}\nIdentitiesOnly yes\n")
        with _connected(server.uri) as guest:
            assert "12345\n" == guest.ask({"a": "id -u"})["a"]
        keys.config.write_text("IdentityAgent none\n")
        assert "encrypted" in _refused(server.uri).cause
    finally:
        agent.terminate()
        agent.wait(10)


def _encrypt(key: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", str(key)],
        check=True, capture_output=True,
    )  # fmt: skip


def test_an_encrypted_key_asks_for_nothing(keys: Keys, server: Server) -> None:
    """It is told, with what would help, and no terminal is opened."""
    _encrypt(keys.key)
    keys.key.with_suffix(".pub").unlink()
    error = _refused(server.uri)

    assert "id_ed25519 is encrypted" in error.cause
    assert "ssh-add" in error.cause


def test_a_key_that_others_can_read_is_not_used(keys: Keys, server: Server) -> None:
    """As ssh would not."""
    keys.key.chmod(0o644)

    assert "may be read by others" in _refused(server.uri).cause


def test_a_key_that_is_not_taken_is_named(keys: Keys, server: Server) -> None:
    """By its fingerprint, and never by what is in it."""
    keys.key.unlink()
    make_key(keys.key.with_name("id_rsa"), "rsa")
    secret = keys.key.with_name("id_rsa").read_text().split("\n")[2]
    error = _refused(server.uri)

    assert Reason.PERMISSION_DENIED is error.reason
    assert "tried ssh-rsa SHA256:" in error.cause
    assert secret not in f"{error.cause}{error.remedy}"


def test_a_jump_host_leads_on(keys: Keys, server: Server, tmp_path: Path) -> None:
    """Through its channel, both host keys verified; what it does not reach is told."""
    with dropbear(keys, tmp_path / "inner", "-a") as inner:
        keys.config.write_text(
            f"Host 127.0.0.1\n Port {inner.port}\n User audit\n"
            f" ProxyJump audit@localhost:{server.port}\n"
            f"Host localhost\n HostKeyAlias gate\nHost gone\n HostName 127.0.0.1\n"
            f" Port {free_port()}\n ProxyJump localhost:{server.port}\nHost *\n User audit\n"
        )
        assert "hop 1 of 2" in _refused("ssh://127.0.0.1").cause
        with keys.known_hosts.open("a") as stream:
            stream.write(f"gate {server.key_type} {server.encoded}\n")

        with _connected("ssh://127.0.0.1") as guest:
            assert "12345\n" == guest.ask({"a": "id -u"})["a"]
            assert ["localhost"] == guest.facts_of_session()["jumps"]
        assert "jump host does not reach" in _refused("ssh://gone").cause


def test_a_jump_to_itself_is_none_and_a_circle_is_told(keys: Keys, server: Server) -> None:
    """`Host *` with a ProxyJump holds for the jump host too."""
    keys.config.write_text(f"Host *\n ProxyJump audit@127.0.0.1:{server.port}\n")
    with _connected(server.uri) as guest:
        assert [] == guest.facts_of_session()["jumps"]

    keys.config.write_text("Host a\n ProxyJump b\nHost b\n ProxyJump a\n")
    assert "back to itself" in _refused("ssh://a").cause


def test_a_guest_that_floods_is_cut_off(keys: Keys, tmp_path: Path) -> None:
    """Whatever command is asked for, it answers without end: no more is kept than may be.

    It is left at once, though it reads nothing of what is sent.
    """
    started = time.monotonic()
    with (
        dropbear(keys, tmp_path / "s", "-c", "yes", "-W", "1048576") as server,
        _connected(server.uri, 60) as guest,
        pytest.raises(Unreadable) as caught,
    ):
        guest.ask({"a": f"id # {'long ' * 100_000}"})

    assert Reason.LIMIT is caught.value.reason
    assert time.monotonic() - started < 30


def test_a_guest_that_hangs_is_left(keys: Keys, tmp_path: Path) -> None:
    """After the time it had."""
    started = time.monotonic()
    with (
        dropbear(keys, tmp_path / "s", "-c", "sleep 15") as server,
        _connected(server.uri, 2) as guest,
        pytest.raises(Unreadable) as caught,
    ):
        guest.ask({"a": "id"})

    assert Reason.TIMEOUT is caught.value.reason
    assert time.monotonic() - started < 6


def test_one_question_that_hangs_keeps_the_others_answers(server: Server) -> None:
    """Those before it are there; it and those behind it say why they are not."""
    with _connected(server.uri, 2) as guest:
        found = guest.ask({"before": "echo 1", "hangs": "sleep 15", "behind": "echo 2"})

    assert "1\n" == found["before"]
    assert [Reason.TIMEOUT] * 2 == [failed(found[n]).reason for n in ("hangs", "behind")]


def test_no_shell_is_told_with_what_the_account_says(keys: Keys, tmp_path: Path) -> None:
    """A forced command that is none of ours, and one that closes without a word."""
    with (
        dropbear(keys, tmp_path / "s", "-c", "echo This account is closed; exit 1") as server,
        _connected(server.uri) as guest,
        pytest.raises(Unreadable) as caught,
    ):
        guest.ask({"a": "id"})

    assert "This account is closed" in caught.value.cause
    assert Reason.NOT_SUPPORTED is caught.value.reason


def test_a_guest_that_dies_in_the_middle_leaves_what_it_said(server: Server) -> None:
    """The shell is killed by what it runs: answers with a closed frame stay."""
    with _connected(server.uri) as guest:
        found = guest.ask({"a": "echo 1", "kills": "kill -9 $$", "c": "echo 2"})

    assert "1\n" == found["a"]
    assert [Reason.UNREACHABLE] * 2 == [failed(found[n]).reason for n in ("kills", "c")]


def test_nobody_there_is_told(keys: Keys) -> None:
    """Refused at once; a name without an address too."""
    assert "connection refused" in _refused(f"ssh://127.0.0.1:{free_port()}").cause
    assert "no address" in _refused("ssh://no-such-host.invalid").cause
    assert os.environ["HOME"] == str(keys.home)


def test_several_guests_are_audited_beside_each_other(keys: Keys, tmp_path: Path) -> None:
    """Those that cannot be reached stop none of the others, and each has its line."""
    with (
        dropbear(keys, tmp_path / "a") as first,
        dropbear(keys, tmp_path / "b") as second,
        dropbear(keys, tmp_path / "c", known=False) as unknown,
        dropbear(keys, tmp_path / "d", "-s", "-G", "daemon") as closed,
        dropbear(keys, tmp_path / "e", "-c", "sleep 15") as hanging,
        dropbear(keys, tmp_path / "f", "-c", "yes") as flooding,
    ):
        away = [unknown.uri, f"ssh://127.0.0.1:{free_port()}", closed.uri, hanging.uri]
        away.append(flooding.uri)
        named = [first.uri, *away, second.uri]
        done = subprocess.run(
            [sys.executable, "-m", "isoaudit", "scan", *named, "-f", "json", "--timeout", "10"],
            capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        )  # fmt: skip
    report = json.loads(done.stdout)

    assert 4 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    assert sorted([first.uri, second.uri]) == [target["id"] for target in report["targets"]]
    assert [("vm", "running")] * 2 == [(t["kind"], t["state"]) for t in report["targets"]]
    told = {error["target"]: error["message"] for error in report["errors"]}
    assert sorted(away) == sorted(told), told
