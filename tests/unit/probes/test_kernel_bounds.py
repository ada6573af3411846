"""What a sandbox may make as large as it likes: it costs a bounded share of time and memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from docker_tapes import ID, fields, records, write_process

from isoaudit.model import FactSet, Reason, Vantage
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.transports.local import LocalFiles

GROUP = f"0::/docker/{ID}\n"
ROOT = "1 0 0:100 / / rw - overlay overlay rw\n"
PID = 50


def machine(root: Path) -> Machine:
    """Return a machine with its first process, and the host's file system at `/`."""
    write_process(root, 1)
    (root / "proc/self").mkdir()
    (root / "proc/self/mountinfo").write_text("1 0 0:1 / / rw - ext4 /dev/vda rw\n")
    return Machine(LocalFiles(str(root)))


def read(one: Machine) -> FactSet:
    """Return what the kernel shows of the container."""
    return read_sandbox(one, Sandbox(PID, ID), Asked(container=ID))


def test_kinds_of_processes_beyond_the_bound_are_not_made_records_of(tmp_path: Path) -> None:
    """The first process's comes first, the rest are counted and said to be cut off."""
    one = machine(tmp_path)
    write_process(tmp_path, PID, cgroup=GROUP)
    for number in range(600):
        write_process(tmp_path, 100 + number, cgroup=GROUP, uid=1 + number)
    (part,) = read(one).parts["process"]
    pids = [fields(record, "process.pid")[0] for record in part.records]
    assert [PID, *range(100, 611)] == pids
    assert part.incomplete is not None
    assert Reason.LIMIT is part.incomplete.reason


def test_many_binds_beside_each_other_are_read_in_time(tmp_path: Path) -> None:
    """Whether the sandbox may replace a source itself is not asked of every pair of mounts."""
    one = machine(tmp_path)
    binds = "".join(f"{n} 1 0:1 /srv/{n} /m/{n} rw - ext4 /dev/vda rw\n" for n in range(2, 9000))
    write_process(tmp_path, PID, cgroup=GROUP, mounts=ROOT + binds)
    start = time.process_time()
    assert 8999 == len(records(read(one), "mount", Vantage.KERNEL))
    assert time.process_time() - start < 10


@pytest.mark.parametrize(("options", "beside"), [("rw", True), ("ro", False)])
def test_source_below_another_writable_mount_may_be_replaced(
    tmp_path: Path, options: str, beside: bool
) -> None:
    """But not one below a read-only mount, or one that came along with the mount above it."""
    one = machine(tmp_path)
    for name in "bc":
        (tmp_path / "srv" / name).mkdir(parents=True)
    mounts = (
        f"2 1 0:1 /srv /a {options} - ext4 x rw\n3 2 0:1 /srv/b /a/b rw - ext4 x rw\n"
        "4 1 0:1 /srv/c /c rw - ext4 x rw\n"
    )
    write_process(tmp_path, PID, cgroup=GROUP, mounts=ROOT + mounts)
    found = records(read(one), "mount", Vantage.KERNEL)
    told = dict(fields(record, "mount.destination", "mount.source_writers") for record in found)
    assert (False, beside) == tuple("this container" in told[place] for place in ("/a/b", "/c"))


def test_tables_that_are_kept_are_bounded_by_their_lines(tmp_path: Path) -> None:
    """A few large ones are as many as hundreds of small ones, which are kept."""
    one = machine(tmp_path)

    def table(number: int, lines: int) -> str:
        return "".join(f"{n} 1 0:{n} / /{number}/{n} rw - tmpfs t rw\n" for n in range(lines))

    first = one.layout(table(0, 3))[0]
    for number in range(1, 400):
        one.layout(table(number, 3))
    assert first is one.layout(table(0, 3))[0]
    for number in range(4):
        one.layout(table(number, 20_000))
    assert first is not one.layout(table(0, 3))[0]
