"""The host's files from inside a container: below its root, wherever its links lead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports import Unreadable
from isoaudit.transports.host_root import HostFiles, host_files
from isoaudit.transports.local import LocalFiles


@pytest.fixture
def host(tmp_path: Path) -> HostFiles:
    """Give a host whose root is a folder with files, links, and links that lead out."""
    (tmp_path / "etc" / "docker").mkdir(parents=True)
    (tmp_path / "etc" / "docker" / "daemon.json").write_text("{}")
    (tmp_path / "etc" / "real").write_text("host's")
    (tmp_path / "etc" / "absolute").symlink_to("/etc/real")
    (tmp_path / "etc" / "above").symlink_to("../../../../etc/real")
    (tmp_path / "lib").symlink_to("/etc/docker")
    (tmp_path / "etc" / "image").symlink_to(sys.executable)
    return HostFiles(str(tmp_path))


@pytest.mark.parametrize("path", ["/etc/real", "/etc/absolute", "/etc/above"])
def test_a_link_leads_to_the_hosts_file(host: HostFiles, path: str) -> None:
    """An absolute one too, which around isoaudit would lead into the image."""
    assert "host's" == host.read_text(path)
    assert ("file", 6) == (host.stat(path)["type"], host.stat(path)["size"])


def test_a_folder_behind_a_link_is_listed(host: HostFiles) -> None:
    """As /lib, which is a link to /usr/lib on most hosts."""
    assert ["daemon.json"] == host.list_names("/lib")
    assert "{}" == host.read_text("/lib/daemon.json")
    assert "/etc/docker" == host.read_link("/lib")


def test_what_only_the_image_has_is_absent(host: HostFiles) -> None:
    """A file around isoaudit is nobody's evidence."""
    for path in ("/etc/image", sys.executable, "/etc/passwd"):
        with pytest.raises(Unreadable) as caught:
            host.read_text(path)
        assert caught.value.absent


def test_what_is_no_file_is_not_waited_for(host: HostFiles, tmp_path: Path) -> None:
    """A FIFO of the host must not hold anybody up."""
    os.mkfifo(tmp_path / "etc" / "pipe")

    with pytest.raises(Unreadable) as caught:
        host.read_text("/etc/pipe")
    assert Reason.NOT_SUPPORTED is caught.value.reason


def test_the_kernels_files_are_the_hosts(host: HostFiles, tmp_path: Path) -> None:
    """Of /proc and /sys an engine hides some; the host's own are below its root as well."""
    (tmp_path / "proc" / "1").mkdir(parents=True)
    (tmp_path / "proc" / "1" / "mountinfo").write_text("host's table")
    (tmp_path / "proc" / "self").symlink_to("7")
    (tmp_path / "proc" / "7").mkdir()
    (tmp_path / "proc" / "7" / "mountinfo").write_text("own table")
    (tmp_path / "sys").mkdir()

    assert "7" == host.read_link("/proc/self")
    assert [] == host.list_names("/sys")
    assert "own table" == host.read_text("/proc/self/mountinfo")
    assert "host's table" == HostFiles(str(tmp_path), "1").read_text("/proc/self/mountinfo")


def test_a_root_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root that is there anyway is none of another host."""
    monkeypatch.setenv("ISOAUDIT_HOST_ROOT", str(tmp_path))
    (tmp_path / "x").write_text("mounted")

    assert "mounted" == host_files().read_text("/x")
    monkeypatch.setenv("ISOAUDIT_HOST_ROOT", "/.")
    assert LocalFiles is type(host_files())


def test_a_named_root_that_is_not_there_is_no_evidence(
    isoaudit_absent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image's own files must never take its place."""
    monkeypatch.setenv("ISOAUDIT_HOST_ROOT", isoaudit_absent)

    with pytest.raises(Unreadable, match=f"ISOAUDIT_HOST_ROOT={isoaudit_absent}: No such file"):
        host_files()


@pytest.fixture
def isoaudit_absent(tmp_path: Path) -> str:
    return str(tmp_path / "host")


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of one's own take root")
def test_other_mounts_do_not_stand_for_the_hosts(tmp_path: Path) -> None:
    """With another /etc mounted over it, as in an image, what process 1 sees is still read."""
    (tmp_path / "passwd").write_text("the image's")
    program = (
        "from isoaudit.transports.host_root import host_files\n"
        'path = "/etc/passwd"\n'
        "print(type(host_files()).__name__, open(path).read())\n"
        "print(host_files().read_text(path))"
    )
    # The outer shell is process 1 of a PID namespace of its own, and stays; the inner one mounts.
    inner = f"mount --bind {tmp_path} /etc && exec {sys.executable} -c '{program}'"
    ended = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c",
         'unshare --mount sh -c "$1"; exit $?', "sh", inner],
        cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "Operation not permitted" in ended.stderr:
        pytest.skip("no namespaces may be made here")

    expected = f"HostFiles the image's\n{Path('/etc/passwd').read_text()}\n"
    assert (expected, "") == (ended.stdout, ended.stderr)
