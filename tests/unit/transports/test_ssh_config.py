"""The user's ssh_config: what ssh(1) itself makes of the same file, and what is never done."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.ssh_place import Place, parse_place
from isoaudit.transports.ssh_settings import Settings, settings_of


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the user's file, in a home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    folder = tmp_path / ".ssh"
    folder.mkdir(mode=0o700)
    return folder / "config"


def _read(config: Path, text: str, address: str = "erp") -> Settings:
    config.write_text(text)
    config.chmod(0o600)
    return settings_of(parse_place(address))


FILES = {
    "first value counts": ("Host erp\n  Port 2222\n  User audit\nHost *\n  Port 1\n  User x\n"),
    "names and signs": ("host=erp\n HostName = %h.example.org # of ours\nUSER audit\n"),
    "quotes": 'Host "erp"\n  IdentityFile "~/a key"\n  User DOMAIN\\me\n',
    "negated": "Host * !erp\n  Port 1\nHost erp\n  Port 3\n",
    "match": "Match originalhost erp user audit\n Port 5\nMatch !host erp\n Port 6\nMatch all\n"
    " User u\n",
    "match by name": "Host erp\n HostName db.example\nMatch host *.example\n Port 7\n",
    "final": "Match final host erp\n  Port 8\nHost erp\n  User f\n",
    "keys gather": "Host erp\n IdentityFile ~/.ssh/%r-%h\nHost *\n IdentityFile %d/x\n User r\n",
    "known hosts": "Host erp\n UserKnownHostsFile ~/.ssh/a ~/.ssh/b\n HostKeyAlias fixed\n",
    "jump": "Host erp\n ProxyJump me@gate:2022,inner\n",
    "rivals": "Host erp\n ProxyJump none\n ProxyCommand nc %h %p\n",
    "only": "Host erp\n IdentitiesOnly yes\n ConnectTimeout 7\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_means_what_it_means_to_ssh(config: Path, name: str) -> None:
    """`ssh -G` is asked about the same file."""
    told = _read(config, FILES[name])
    said = _ssh(config, "erp")

    assert (told.place.host, told.place.user, str(told.place.port)) == (
        said["hostname"][0], said["user"][0], said["port"][0]
    )  # fmt: skip
    assert told.identities_only == (said["identitiesonly"][0] == "yes")
    assert told.connect_timeout == float(said["connecttimeout"][0].replace("none", "0"))
    jump = said.get("proxyjump", [""])[0].replace("none", "")
    assert [place.uri for place in told.jumps] == [parse_place(j).uri for j in jump.split(",") if j]
    home = str(config.parent.parent)
    if "identityfile" in FILES[name].lower():
        words = {"%d": home, "%h": told.place.host, "%r": told.place.user, "~": home}
        expected = "\n".join(said["identityfile"])
        for token, value in words.items():
            expected = expected.replace(token, value)
        assert list(told.keys) == expected.split("\n")
    if "UserKnownHostsFile" in FILES[name]:
        assert told.known_hosts[:2] == (f"{home}/.ssh/a", f"{home}/.ssh/b")
        assert (told.known_as, told.aliased) == ("fixed", True)


def _ssh(config: Path, host: str) -> dict[str, list[str]]:
    done = subprocess.run(
        ["ssh", "-F", str(config), "-G", host], capture_output=True, text=True, check=True
    )
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        found.setdefault(keyword, []).append(value)
    return found


def test_what_the_address_says_goes_first(config: Path) -> None:
    """As on the command line of ssh."""
    told = _read(config, "Host erp\n User a\n Port 1\n", "ssh://b@erp:2")

    assert Place("erp", "b", 2) == told.place


def test_included_files_stand_where_they_are_included(config: Path) -> None:
    """Relative to ~/.ssh, by pattern, and only in a block that holds."""
    (config.parent / "more.d").mkdir()
    (config.parent / "more.d" / "1").write_text("Host erp\n  Port 11\nHost other\n  User x\n")
    (config.parent / "skipped").write_text("User never\n")
    text = "Host other\n Include skipped\nHost *\n Include more.d/*\n User after\n Port 3\n"

    told = _read(config, text)

    assert ("after", 11) == (told.place.user, told.place.port)


def test_files_that_include_each_other_end(config: Path) -> None:
    """With a word, not with the memory of the machine."""
    with pytest.raises(Unreadable) as caught:
        _read(config, "Include config\n")

    assert Reason.LIMIT is caught.value.reason


def test_no_command_of_match_exec_is_run(config: Path, tmp_path: Path) -> None:
    """Its block is left out, and that is kept to be told."""
    trace = tmp_path / "ran"
    told = _read(
        config, f"Match originalhost erp exec 'touch {trace}'\n Port 9\nMatch all\n User u\n"
    )

    assert (22, "u") == (told.place.port, told.place.user)
    assert not trace.exists()
    assert (f"{config}:1 (Match exec)",) == told.left_out


def test_a_match_exec_for_another_host_is_not_told(config: Path) -> None:
    """What does not concern this host explains nothing."""
    told = _read(config, "Match originalhost web exec true\n Port 9\n")

    assert () == told.left_out


def test_a_proxy_command_is_refused(config: Path) -> None:
    """It would start a process; ProxyJump does the same without."""
    with pytest.raises(Unreadable) as caught:
        _read(config, "Host erp\n ProxyCommand touch /tmp/never\n")

    assert "ProxyCommand" in caught.value.cause
    assert "ProxyJump" in caught.value.remedy


def test_a_file_that_others_may_write_is_not_trusted(config: Path) -> None:
    """It could send us to another host with another list of keys."""
    config.write_text("Host *\n Port 1\n")
    config.chmod(0o666)

    with pytest.raises(Unreadable) as caught:
        settings_of(parse_place("erp"))

    assert Reason.PERMISSION_DENIED is caught.value.reason


@pytest.mark.parametrize("text", ['Host "erp\n', "Match nonsense\n", "Host erp\n Port x\n"])
def test_a_broken_file_is_told(config: Path, text: str) -> None:
    """Half a file could mean another host."""
    with pytest.raises(Unreadable) as caught:
        _read(config, text)

    assert Reason.PARSE_ERROR is caught.value.reason


def test_without_a_file_the_usual_holds(config: Path) -> None:
    """Port 22, this user, the usual keys and lists."""
    told = settings_of(parse_place("ERP.example"))

    assert 22 == told.place.port
    assert f"{config.parent}/id_ed25519" in told.keys
    assert f"{config.parent}/known_hosts" == told.known_hosts[0]
    assert not told.asked_keys
    assert os.path.isabs(told.known_hosts[-1])
