"""A virtual machine and its guest as one target: `--guests FILE`, with real SSH servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Isoaudit
from ssh_servers import Keys, Server, dropbear, make_keys, require

pytest.importorskip("libvirt")

VM = "libvirt+test:///default#test"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """A user with a key, in a home that is the test's own."""
    require("dropbear", "dropbearkey", "ssh-keygen", "unshare")
    made = make_keys(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return made


@pytest.fixture
def server(keys: Keys, tmp_path: Path) -> Iterator[Server]:
    """A dropbear that takes the user's key, and is known."""
    with dropbear(keys, tmp_path / "server") as running:
        yield running


def mapping(here: Path, **guests: str) -> str:
    """A file that says where guests are."""
    path = here / "guests.yaml"
    path.write_text(json.dumps({"guests": guests}))
    return str(path)


def scanned(isoaudit: Isoaudit, *words: str) -> dict[str, Any]:
    done = isoaudit("scan", *words, "-f", "json", "--report-only", "--timeout", "120")
    document: dict[str, Any] = json.loads(done.out)
    return document


def test_host_and_guest_are_one_target(isoaudit: Isoaudit, here: Path, server: Server) -> None:
    """What the hypervisor says and what the guest says stand side by side, each as its own word."""
    document = scanned(isoaudit, VM, "--guests", mapping(here, test=server.uri))

    (target,) = document["targets"]
    assert "libvirt" in target["facts"]["vm.memory.bytes"]["source"]
    assert "guest" == target["facts"]["guest.kernel.release"]["vantage"]
    assert "known_hosts" == target["facts"]["guest.connection.verified"]["value"]
    assert not document["errors"]


def test_a_guest_that_is_another_machine_is_told(
    isoaudit: Isoaudit, here: Path, server: Server
) -> None:
    """This machine answers in place of libvirt's made-up VM: it has more memory than that has."""
    document = scanned(isoaudit, VM, "--guests", mapping(here, test=server.uri))

    records = document["targets"][0]["facts"]["contradiction"]
    assert "memory" in {one["contradiction.what"]["value"] for one in records}


def test_a_guest_that_is_not_known_costs_its_word_only(
    isoaudit: Isoaudit, here: Path, keys: Keys, tmp_path: Path
) -> None:
    """Its key is in no known_hosts: refused in one line, with what the host shows kept."""
    with dropbear(keys, tmp_path / "stranger", known=False) as stranger:
        document = scanned(isoaudit, VM, "--guests", mapping(here, test=stranger.uri))

    (target,) = document["targets"]
    (error,) = document["errors"]
    assert "vm.memory.bytes" in target["facts"]
    assert not any(path.startswith("guest.") for path in target["facts"])
    assert (target["id"], "guest") == (error["target"], error["stage"])
    assert "SHA256:" in error["message"]


def test_a_guest_nobody_asked_says_how_to_ask(isoaudit: Isoaudit) -> None:
    """What only the guest knows is unknown, with the option that would settle it."""
    document = scanned(isoaudit, VM)

    missing = {one["path"]: one for one in document["targets"][0]["missing"]}
    assert "not_requested" == missing["guest"]["reason"]
    assert "--guests" in missing["guest"]["how_to_get"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("guests: {db: docker:x}", "no ssh:// address"),
        ("guests: {db: 'ssh://a:secret@b'}", "password"),
        ("guests: {db: 7}", "guests.db"),
        ("guest: {db: ssh://b}", "guest"),
        ("guests: {}", "guests"),
        ("[", "guests.yaml"),
    ],
)
def test_a_file_that_names_no_guests_is_one_line(
    isoaudit: Isoaudit, here: Path, text: str, told: str
) -> None:
    """With the place in it, exit code 2, and no password repeated."""
    (here / "guests.yaml").write_text(text)

    done = isoaudit("scan", VM, "--guests", "guests.yaml")

    assert 2 == done.code
    assert told in done.err
    assert "guests.yaml" in done.err
    assert "secret" not in done.err
    assert not done.out
