"""A real guest over SSH: another kernel, busybox, dropbear, nothing installed for it."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator

import pytest
from support.command import scan
from support.ssh_guest import ALIAS, SshGuest

from isoaudit.transports.base import failed
from isoaudit.transports.ssh import GuestConnection, connect

pytestmark = pytest.mark.lab_guest


@pytest.fixture
def connection(ssh_guest: SshGuest, monkeypatch: pytest.MonkeyPatch) -> Iterator[GuestConnection]:
    """A session in the guest, as its user's files say."""
    monkeypatch.setenv("HOME", str(ssh_guest.home))
    with contextlib.closing(connect(f"ssh://{ALIAS}", 30)) as guest:
        yield guest


def test_the_guests_own_kernel_answers(connection: GuestConnection) -> None:
    """By the shell of busybox; what is not there and what fails is told apart."""
    found = connection.ask(
        {
            "kernel": "uname -r",
            "shell": "readlink /proc/$$/exe",
            "network": "ls /sys/bus/virtio/drivers/virtio_net",
            "absent": "[ -e /etc/os-release ] || exit 44",
            "no program": "systemctl status",
            "long": "yes",
            "last": "cat /proc/sys/kernel/osrelease",
        }
    )

    assert found["kernel"] == found["last"] != f"{platform.release()}\n"
    assert "/bin/busybox\n" == found["shell"]
    assert "virtio" in found["network"]
    assert failed(found["absent"]).absent
    assert "tool_absent" == failed(found["no program"]).reason
    assert "limit" == failed(found["long"]).reason


def test_its_key_was_verified_by_the_line_that_knows_it(
    connection: GuestConnection, ssh_guest: SshGuest
) -> None:
    """Under the alias that ssh_config gives it."""
    told = connection.facts_of_session()

    assert ("root", "127.0.0.1", ssh_guest.port) == (told["user"], told["host"], told["port"])
    assert "known_hosts" == told["verified"]
    assert told["known_hosts"].endswith("known_hosts:1")


def test_a_guest_is_a_target(ssh_guest: SshGuest) -> None:
    """Named by its address, judged as a virtual machine, and known to be not this host's."""
    run = scan(f"ssh://{ALIAS}", HOME=str(ssh_guest.home))

    (target,) = run.report["targets"]
    assert run.exit in {0, 1}, run.said
    assert [] == run.report["errors"]
    assert (f"ssh://{ALIAS}", "vm", "running") == (target["id"], target["kind"], target["state"])
    assert target["host"] is None


def test_a_key_that_changed_is_refused_and_others_are_audited(ssh_guest: SshGuest) -> None:
    """With both fingerprints, in one line, and never taken over."""
    known = ssh_guest.ssh / "other_known_hosts"
    other = "AAAAC3NzaC1lZDI1NTE5AAAAIJ7ZhHvdqqjOtkGVHqyZBDxBlEcqHLRHcUNnA1KxyAg5"
    known.write_text(f"isolab-guest ssh-ed25519 {other}\n")
    config = ssh_guest.ssh / "config"
    said = config.read_text()
    changed = said.replace(ALIAS, "changed").replace("UserKnownHostsFile", "#")
    config.write_text(f"{said}{changed} UserKnownHostsFile {known}\n")
    run = scan("ssh://changed", f"ssh://{ALIAS}", HOME=str(ssh_guest.home))
    config.write_text(said)
    (error,) = run.report["errors"]

    assert 4 == run.exit, run.said
    assert "ssh://changed" == error["target"]
    assert 2 == error["message"].count("SHA256:")
    assert [f"ssh://{ALIAS}"] == [target["id"] for target in run.report["targets"]]
    assert known.read_text().count("\n") == 1
