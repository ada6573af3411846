"""What was not seen: it makes no sandbox better isolated, and costs none its place in the list."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from docker_tapes import ID, only, records, value, write_process

from isoaudit.model import FactSet, Vantage
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.probes.kernel.census import Census
from isoaudit.probes.kernel.discovery import Discovery
from isoaudit.transports.local import LocalFiles

KERNEL = Vantage.KERNEL
PID = 50
OTHER = "b" * 64
OWN = {kind: f"{kind}:[9]" for kind in ("mnt", "pid")}
APART = {**OWN, "mnt": "mnt:[8]"}
BARE = (
    "1 0 0:100 / / ro - overlay overlay ro\n2 1 0:101 / /proc rw - proc proc rw\n"
    "3 1 0:102 / /sys ro - sysfs sysfs ro\n"
)
MASKED = BARE + "4 2 0:103 /null /proc/keys rw - devtmpfs udev rw\n"

# Its first thread ends, another one sleeps on.
DEAD_LEADER = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print(flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a machine on which nothing runs but init and the thread above all kernel threads."""
    write_process(tmp_path, 1)
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/mountinfo").write_text(
        "1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /proc rw - proc proc rw\n"
        "3 1 0:3 / /sys rw - sysfs sysfs rw\n"
    )
    (tmp_path / "proc/keys").touch()
    (tmp_path / "sys").mkdir()
    thread = write_process(tmp_path, 2)
    flags = " ".join(["0"] * 4 + [str(0x00200000)] + ["0"] * 12)
    (thread / "stat").write_text(f"2 (kthreadd) S 0 {flags} 2 0\n")
    return tmp_path


def read(root: Path) -> FactSet:
    """Return what the kernel shows of the container."""
    machine = Machine(LocalFiles(str(root)))
    return read_sandbox(machine, Sandbox(PID, ID), Asked(container=ID))


def group(name: str) -> str:
    """Return the control groups of a container."""
    return f"0::/docker/{name}\n"


def shared(seen: FactSet) -> object:
    """Return with whom its first process has a uid in common, None if that is not known."""
    return only(records(seen, "process", KERNEL)[0], "process").get("uid_shared_with")


def test_uid_of_nobody_else_is_nobodys(root: Path) -> None:
    """Where every sandbox was seen, that none has its uid is an answer."""
    write_process(root, PID, cgroup=group(ID), uid=7, namespaces=OWN)
    write_process(root, 60, cgroup=group(OTHER), uid=8, namespaces={"pid": "pid:[6]"})
    assert () == shared(read(root))


@pytest.mark.parametrize("hidden", ["status", "uid_map"])
def test_neighbour_that_cannot_be_read_may_share_its_uid(root: Path, hidden: str) -> None:
    """A neighbour whose file is broken is not one that shares nothing."""
    write_process(root, PID, cgroup=group(ID), uid=7, namespaces=OWN)
    other = write_process(root, 60, cgroup=group(OTHER), uid=8, namespaces={"pid": "pid:[6]"})
    (other / hidden).unlink()
    (other / hidden).mkdir()
    assert shared(read(root)) is None


def test_whose_files_are_mounted_is_no_proof_of_who_one_is(root: Path) -> None:
    """isoaudit in another container's network has its files, and goes on to list it."""
    (root / "proc/self/mountinfo").write_text(
        f"1 0 0:1 / / rw - overlay overlay rw\n"
        f"2 1 254:0 /docker/containers/{ID}/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
    )
    own = root / "proc/self"
    (own / "cgroup").write_text("0::/\n")
    (own / "ns").mkdir()
    (own / "ns/mnt").symlink_to("mnt:[5]")
    write_process(root, PID, cgroup=group(ID), namespaces=OWN)
    assert set() == Machine(LocalFiles(str(root))).own_ids
    (own / "ns/mnt").unlink()
    (own / "ns/mnt").symlink_to(OWN["mnt"])
    assert {ID} == Machine(LocalFiles(str(root))).own_ids


def test_one_pid_namespace_is_not_the_machine(root: Path) -> None:
    """Where no kernel thread shows there may be any number of other sandboxes."""
    assert Discovery(Machine(LocalFiles(str(root)))).unseen is None
    (root / "proc/2/stat").write_text(f"2 (bash) S 1 {'0 ' * 17}2 0\n")
    unseen = Discovery(Machine(LocalFiles(str(root)))).unseen
    assert unseen is not None
    assert "one PID namespace" in unseen.cause


def test_process_goes_on_without_its_first_thread() -> None:
    """Its other threads show its namespaces and control groups, which its own folder does not."""
    words = [sys.executable, "-c", DEAD_LEADER]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            stat = Path(f"/proc/{process.pid}/stat")
            until = time.monotonic() + 10
            while ") Z " not in stat.read_text() and time.monotonic() < until:
                time.sleep(0.01)
            assert ") Z " in stat.read_text()
            census = Census(LocalFiles())
            seen, own = (
                census.glimpse(process.pid),
                census.glimpse(int(Path("/proc/self").readlink().name)),
            )
            assert seen.problem is not None
            assert (own.links["mnt"], own.cgroup) == (seen.links["mnt"], seen.cgroup)
        finally:
            process.kill()


def test_masks_that_another_process_took_away_mask_nothing(root: Path) -> None:
    """The first process's own mounts are not the last word on hidden paths."""
    write_process(root, PID, cgroup=group(ID), namespaces=OWN, mounts=MASKED)
    assert "/proc/keys" in value(read(root), "container.masked_paths", KERNEL)
    write_process(root, 60, cgroup=group(ID), namespaces=APART, mounts=MASKED)
    assert "/proc/keys" in value(read(root), "container.masked_paths", KERNEL)
    write_process(root, 61, cgroup=group(ID), namespaces={**APART, "mnt": "mnt:[7]"}, mounts=BARE)
    assert "/proc/keys" not in value(read(root), "container.masked_paths", KERNEL)


def test_root_that_another_process_may_write_to_is_not_read_only(root: Path) -> None:
    """A second mount namespace in which the same root is writable decides."""
    write_process(root, PID, cgroup=group(ID), namespaces=OWN, mounts=BARE)
    assert value(read(root), "container.rootfs.read_only", KERNEL)
    mounts = BARE.replace("/ / ro", "/ / rw").replace("overlay ro", "overlay rw")
    write_process(root, 60, cgroup=group(ID), namespaces=APART, mounts=mounts)
    assert not value(read(root), "container.rootfs.read_only", KERNEL)


def test_mounts_that_cannot_be_read_leave_hidden_paths_open(root: Path) -> None:
    """Another mount namespace whose table is closed may show anything."""
    write_process(root, PID, cgroup=group(ID), namespaces=OWN, mounts=MASKED)
    other = write_process(root, 60, cgroup=group(ID), namespaces=APART)
    (other / "mountinfo").unlink()
    (other / "mountinfo").mkdir()
    seen = read(root)
    assert "container.masked_paths" not in seen.facts
    assert "container.masked_paths" in seen.missing


@pytest.mark.parametrize(
    ("kind", "path", "apart", "with_host"),
    [
        ("net", "process.namespaces.net", "private", "host"),
        ("mnt", "process.root_is_host", False, True),
    ],
)
def test_thread_that_stayed_with_the_host_is_a_record_of_its_own(
    root: Path, kind: str, path: str, apart: object, with_host: object
) -> None:
    """The first thread may leave a namespace alone, which /proc/PID shows; others go on in it."""
    own = {kind: f"{kind}:[9]" for kind in ("mnt", "net", "pid")}
    process = write_process(root, PID, cgroup=group(ID), namespaces=own, mounts=BARE)
    status = (process / "status").read_text() + "Threads:\t3\n"
    (process / "status").write_text(status)
    for thread, links in ((PID, own), (PID + 1, own), (PID + 2, {**own, kind: f"{kind}:[1]"})):
        folder = process / "task" / str(thread)
        (folder / "ns").mkdir(parents=True)
        (folder / "status").write_text(status)
        (folder / "mountinfo").write_text(BARE)
        for name in ("mnt", "net"):
            (folder / "ns" / name).symlink_to(links[name])
    found = [only(record, "process") for record in records(read(root), "process", KERNEL)]
    assert [apart, with_host] == [one[path.removeprefix("process.")] for one in found]


def test_thread_with_mounts_of_its_own_shows_them(root: Path) -> None:
    """What the first thread has unmounted for itself another one may still see."""
    process = write_process(root, PID, cgroup=group(ID), namespaces=OWN, mounts=MASKED)
    status = (process / "status").read_text() + "Threads:\t2\n"
    (process / "status").write_text(status)
    folder = process / "task" / "51"
    (folder / "ns").mkdir(parents=True)
    (folder / "status").write_text(status)
    (folder / "mountinfo").write_text(BARE)
    (folder / "ns/mnt").symlink_to(APART["mnt"])
    assert "/proc/keys" not in value(read(root), "container.masked_paths", KERNEL)
