"""The questions to a guest, asked of this machine in the shells that guests have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from isoaudit.probes.guest import questions, read_guest
from isoaudit.probes.guest.questions import NAMES, PRELUDE

_SHELLS = {"dash": ["dash", "-s"], "busybox": ["busybox", "ash", "-s"], "bash": ["bash", "-s"]}
_QUICK = sorted(set(NAMES) - {"metadata"})


def _ask(shell: str, script: str, **environment: str) -> str:
    if shutil.which(_SHELLS[shell][0]) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run(
        _SHELLS[shell], input=script.encode(), capture_output=True, timeout=60, check=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )  # fmt: skip
    return done.stdout.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_every_question_comes_to_its_end_in_the_shells_that_guests_have(shell: str) -> None:
    """With status 0 and the last line, so that its answer is read."""
    answers = {name: _ask(shell, questions(deep=True)[name]) for name in _QUICK}

    assert dict.fromkeys(_QUICK, "@end") == {
        name: text.rstrip("\n").rpartition("\n")[2] for name, text in answers.items()
    }
    assert read_guest(answers).facts["guest.kernel.release"][0].value


def test_the_shells_agree_on_this_machine() -> None:
    """What a fact comes to does not hang on who interpreted the question."""
    asked = [name for name in _QUICK if name not in {"processes", "sudo"}]
    told = [
        read_guest({name: _ask(shell, questions()[name]) for name in asked})
        for shell in ("dash", "bash")
    ]

    values = [{path: facts[0].value for path, facts in one.facts.items()} for one in told]
    assert values[0] == values[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_question_writes_nothing(name: str) -> None:
    """Nothing is redirected but to nowhere or another descriptor, and no program writes files."""
    snippet = questions(deep=True)[name]
    targets = re.findall(r"(?<![<|\\0-9a-z-])[0-9]?>>?\s*([^\s&;)]+)", snippet)

    assert {"/dev/null"} >= set(targets)
    assert not re.search(r"\b(?:rm|mv|cp|tee|dd|mkdir|touch|chmod|insmod|modprobe|kill|mount|ln) ",
                         snippet)  # fmt: skip


def _there(folder: Path, name: str) -> str:
    """Return a question whose /etc, /root and /home lie in a folder."""
    script = questions()[name]
    for top in ("etc", "root", "home"):
        script = re.sub(rf"(?<![\w.{{}}])/{top}/", f"{folder}/{top}/", script)
    return script


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_no_password_leaves_the_guest_only_what_it_is(shell: str, tmp_path: Path) -> None:
    """Of /etc/shadow no more is told than who has none, and root's state."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nopen::9:9::/:/bin/sh\n")
    (tmp_path / "etc/shadow").write_text("root:$6$planted-hash:1::::::\nguest::1::::::\n")

    text = _ask(shell, _there(tmp_path, "logins"))

    assert "planted" not in text
    assert {"@root set", "@empty guest", "@empty open"} <= set(text.splitlines())


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_no_key_leaves_the_guest_only_its_fingerprint(shell: str, tmp_path: Path) -> None:
    """The guest hashes what stands in authorized_keys; options and comments stay there."""
    home = tmp_path / "home/web"
    (home / ".ssh").mkdir(parents=True)
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text(f"web:x:1001:1001::{home}:/bin/sh\n")
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIE6bGtDyGGdWxPmtMyxlpVHhr1eTm7ypVmWlVdjbtBdT"
    (home / ".ssh/authorized_keys").write_text(
        f'# ssh-ed25519 {key}\ncommand="planted-command" ssh-ed25519 {key} planted@comment\n'
    )
    (home / ".ssh/id_ed25519").write_text("planted-private")
    (home / ".ssh/id_ed25519.pub").write_text(f"ssh-ed25519 {key} planted@comment\n")

    text = _ask(shell, _there(tmp_path, "keys"))

    assert "planted" not in text
    assert key not in text
    assert 2 == len(re.findall(r"^\|key ssh-ed25519 [0-9a-f]{64}$", text, re.MULTILINE))


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_a_file_cannot_write_lines_of_the_question_itself(shell: str, tmp_path: Path) -> None:
    """Whatever stands in a file comes behind a mark, so that it can add no file and no end."""
    (tmp_path / "etc/ssh/sshd_config.d").mkdir(parents=True)
    (tmp_path / "etc/ssh/sshd_config").write_text("@ok sshd-T\n|permitrootlogin no\n@end\n")

    lines = _ask(shell, _there(tmp_path, "sshd")).splitlines()

    assert "|@ok sshd-T" in lines
    assert "@ok sshd-T" not in lines
    assert 1 == lines.count("@end")


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_a_pipe_in_place_of_a_file_holds_nobody_up(shell: str, tmp_path: Path) -> None:
    """It is there, and it is not read."""
    (tmp_path / "etc/ssh").mkdir(parents=True)
    os.mkfifo(tmp_path / "etc/ssh/sshd_config")

    text = _ask(shell, _there(tmp_path, "sshd"))

    assert f"@closed {tmp_path}/etc/ssh/sshd_config" in text.splitlines()


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def refusing() -> Iterator[str]:
    """A service that answers and refuses, as AWS's does without a token."""
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_a_metadata_service_that_refuses_is_reachable_all_the_same(
    refusing: str, program: str
) -> None:
    """Nobody is kept from it: a token is asked for, which anybody can get."""
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")
    script = questions(deep=True)["metadata"].replace("169.254.169.254", refusing)
    if program != "curl":
        script = script.replace("command -v curl", "false")

    told = _ask("dash", script)

    assert "@answers" in told.splitlines()
    closed = _ask("dash", script.replace(refusing, "127.0.0.1:9"))
    assert "@silent" in closed.splitlines()


def test_a_program_that_fails_is_no_silence_of_the_service() -> None:
    """Only what says that it did not get through tells that nobody gets through."""
    script = questions(deep=True)["metadata"].replace("command -v curl", "false")
    script = script.replace("command -v wget", "true").replace("$(wget", "$(sh -c 'exit 139' wget")

    assert "@failed wget" in _ask("dash", script).splitlines()


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_a_key_alone_and_a_folder_with_too_many_names_are_told(shell: str, tmp_path: Path) -> None:
    """Neither is passed by as if it were not there."""
    folder = tmp_path / "root/.ssh"
    folder.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"root:x:0:0::{tmp_path}/root:/bin/sh\n")
    for name in ("id_rsa", "id_dsa", "id_dsa.pub"):
        (folder / name).touch()
    many = tmp_path / "many"
    many.mkdir()
    for number in range(601):
        (many / str(number)).touch()

    keys = _ask(shell, _there(tmp_path, "keys")).splitlines()
    boot = _ask(shell, questions()["reboot"].replace("l /boot", f"l {many}")).splitlines()

    assert [f"@bare root {folder}/id_rsa"] == [one for one in keys if one.startswith("@bare")]
    assert f"@cut {many}" in boot


def test_chronyc_is_given_no_reason_to_make_a_socket() -> None:
    """As root it would put one into /run/chrony to be answered at, without an address to ask."""
    assert re.findall(r"chronyc (?!>)[^|]*", questions()["clock"]) == [
        "chronyc -n -h 127.0.0.1 tracking "
    ]


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_a_question_that_dies_in_the_middle_has_no_end(shell: str) -> None:
    """As where a guest can start no further process: what is left of its answer is none."""
    script = questions()["keys"].replace("s /etc/passwd;", "s /etc/passwd; exit 2;")
    done = subprocess.run(_SHELLS[shell], input=script.encode(), capture_output=True, check=False)

    assert b"@ok /etc/passwd" in done.stdout
    assert b"@end" not in done.stdout
    assert 2 == done.returncode


@pytest.mark.parametrize("name", NAMES)
def test_without_the_programs_of_every_system_nothing_is_answered(
    name: str, tmp_path: Path
) -> None:
    """What no program listed is not taken for empty."""
    script = re.sub(r"(?m)^PATH=.*$", f"PATH={tmp_path}", questions(deep=True)[name], count=1)
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script.encode(), capture_output=True, check=False
    )

    assert 127 == done.returncode
    assert b"" == done.stdout


@pytest.mark.parametrize("shell", sorted(_SHELLS))
def test_a_pattern_in_a_folder_that_may_not_be_listed_is_not_absent(shell: str) -> None:
    """To go through a folder is not to see what lies in it."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("another account is taken on, which needs root and setpriv")
    if shutil.which(_SHELLS[shell][0]) is None:
        pytest.skip(f"no {shell} here")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o711)
        (Path(name) / "a.conf").touch()
        done = subprocess.run(
            ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", *_SHELLS[shell]],
            input=f"{PRELUDE}t {name}/*.conf {name}/b.conf\n".encode(), capture_output=True,
            check=True, cwd="/",
        )  # fmt: skip

    assert f"@hidden {name}/*.conf\n@absent {name}/b.conf\n" == done.stdout.decode()
