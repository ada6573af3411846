"""Files of one process through one handle, and device nodes that never lead out of its root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports import Unreadable
from isoaudit.transports.base import failed
from isoaudit.transports.local import LocalFiles

FILES = LocalFiles()


@pytest.fixture
def rooted(tmp_path: Path) -> Path:
    """Return the root of a made-up process 5 whose root directory is `tmp/inside`."""
    (tmp_path / "proc" / "5").mkdir(parents=True)
    (tmp_path / "inside" / "dev").mkdir(parents=True)
    (tmp_path / "proc" / "5" / "root").symlink_to(tmp_path / "inside")
    return tmp_path


def nodes(root: Path, most: int = 100) -> tuple[list[str], bool]:
    """Return the paths of the device nodes of process 5, and whether they are all."""
    found = LocalFiles(str(root)).device_nodes(5, "/dev", most)
    return [node["path"] for node in found["nodes"]], found["complete"]


def test_what_is_not_there_says_so() -> None:
    """A file that the kernel does not show is absence, beside those that were read."""
    read = FILES.read_process(os.getpid(), ("stat", "no-such"), ("root", "ns/none"))
    assert {"stat", "root"} == set(read["values"])
    assert failed(read["errors"]["no-such"]).absent
    assert failed(read["errors"]["ns/none"]).absent


def test_process_that_has_ended_is_absent() -> None:
    """Its folder is gone, so that nothing can be read of whoever has its pid next."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(Unreadable) as raised:
        FILES.read_process(child.pid, ("stat",), ())
    assert raised.value.absent


def test_descriptors_tell_their_mounts(tmp_path: Path) -> None:
    """Files have the number of a mount, pipes and sockets have none."""
    read, write = os.pipe()
    with (tmp_path / "log").open("w") as log:
        found = FILES.descriptors(os.getpid(), 10_000)
        number = str(log.fileno())
    os.close(read)
    os.close(write)
    assert str(tmp_path / "log") == found["links"][number]
    assert found["mounts"][number].isdecimal()
    assert str(read) not in found["mounts"]


def test_more_descriptors_than_are_looked_at() -> None:
    """The rest is said to be there."""
    assert not FILES.descriptors(os.getpid(), 1)["complete"]


def test_initial_user_namespace_has_nothing_above() -> None:
    """Nor does any that lies outside of what this process may see."""
    assert "" == FILES.namespace_parent(os.getpid(), "user")


def test_links_inside_lead_nowhere_outside(rooted: Path) -> None:
    """A /dev that is a link to the host's /dev resolves inside, where there is none."""
    (rooted / "inside" / "dev").rmdir()
    (rooted / "inside" / "dev").symlink_to("/dev")
    with pytest.raises(Unreadable):
        nodes(rooted)
    (rooted / "inside" / "dev").unlink()
    (rooted / "inside" / "dev").symlink_to("../../../../../../dev")
    with pytest.raises(Unreadable):
        nodes(rooted)


def test_links_below_the_folder_are_not_followed(rooted: Path) -> None:
    """A subfolder that is a link to the host's is no subfolder."""
    (rooted / "inside" / "dev" / "host").symlink_to("/dev")
    assert ([], True) == nodes(rooted)


def test_what_is_no_device_is_passed_by_and_never_opened(rooted: Path) -> None:
    """A FIFO would wait for its writer, a file may have no end."""
    os.mkfifo(rooted / "inside" / "dev" / "fifo")
    (rooted / "inside" / "dev" / "file").write_text("x")
    (rooted / "inside" / "dev" / "\x1b[31mred\n").write_text("x")
    assert ([], True) == nodes(rooted)


def test_a_folder_with_more_names_than_are_looked_at(rooted: Path) -> None:
    """It is not read to its end, and says so."""
    for number in range(20):
        (rooted / "inside" / "dev" / str(number)).write_text("")
    assert ([], False) == nodes(rooted, most=10)


@pytest.fixture
def node(rooted: Path) -> Iterator[Path]:
    """Make a device node, which takes a right that not everyone has."""
    path = rooted / "inside" / "dev" / "sub"
    path.mkdir()
    try:
        os.mknod(path / "disk", 0o60600, os.makedev(7, 3))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")
    yield path / "disk"


def test_nodes_are_looked_at_by_number(rooted: Path, node: Path) -> None:
    """Whatever they are called, and in subfolders too."""
    found = LocalFiles(str(rooted)).device_nodes(5, "/dev", 100)
    (one,) = found["nodes"]
    assert ("/dev/sub/disk", "block", 7, 3, 0o600) == (
        one["path"],
        one["type"],
        one["major"],
        one["minor"],
        one["mode"],
    )


def test_nodes_deep_below_are_found(rooted: Path, node: Path) -> None:
    """Those of USB are three folders deep, and who is inside may move one wherever he likes."""
    deep = node.parent / "a" / "b"
    deep.mkdir(parents=True)
    node.rename(deep / "disk")
    assert (["/dev/sub/a/b/disk"], True) == nodes(rooted)


def test_more_folders_than_are_looked_into(rooted: Path) -> None:
    """What lies below the others may be anything."""
    for number in range(600):
        (rooted / "inside" / "dev" / f"d{number}").mkdir()
    assert ([], False) == nodes(rooted, most=1000)


def test_denied_is_not_absent(rooted: Path) -> None:
    """Who may not look at a process's root knows nothing of its devices."""
    if os.geteuid() == 0:
        pytest.skip("root may look at every root")
    (rooted / "inside" / "dev").chmod(0)
    with pytest.raises(Unreadable) as raised:
        nodes(rooted)
    assert (Reason.PERMISSION_DENIED, False) == (raised.value.reason, raised.value.absent)
