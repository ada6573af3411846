"""Limits of control groups in both versions, and of single processes, as the kernel shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isoaudit.model import Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel import cgroup
from isoaudit.probes.kernel.hierarchy import groups
from isoaudit.probes.kernel.limits import note_process_limits, note_realtime
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.transports import Unreadable
from isoaudit.transports.local import LocalFiles

NAME = "c" * 64
CONTROLLERS = ("memory", "pids", "cpu", "cpuset", "blkio")
V1_MOUNTS = "".join(
    f"{number} 1 0:{number} / /cg/{name} rw - cgroup cgroup rw,{name}\n"
    for number, name in enumerate(CONTROLLERS, 10)
)
V2_MOUNTS = "10 1 0:10 / /cg rw - cgroup2 cgroup2 rw\n"
V1_PATHS = "".join(f"{n}:{c}:/docker/{NAME}\n" for n, c in enumerate(CONTROLLERS, 1))
V2_PATHS = f"0::/docker/{NAME}/below\n"
UNLIMITED_V1 = "9223372036854771712"
LIMITS = """Limit                     Soft Limit           Hard Limit           Units     
Max core file size        0                    unlimited            bytes     
Max open files            1024                 20000                files     
Max locked memory         8388608              8388608              bytes     
Max nice priority         0                    0                    
Max realtime priority     0                    5                    
Max realtime timeout      unlimited            unlimited            us        
"""  # noqa: W291 - as the kernel pads it


def put(root: Path, files: dict[str, str]) -> LocalFiles:
    """Write files below the control group mount of a machine with four CPUs."""
    for name, text in {"../sys/devices/system/cpu/online": "0-3\n", **files}.items():
        path = root / "cg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return LocalFiles(str(root))


def noted(root: Path, files: dict[str, str], *, version: int) -> dict[str, Any]:
    """Return what is noted of the container's groups by path, for what is missing its reason."""
    mounts, paths = (V1_MOUNTS, V1_PATHS) if version == 1 else (V2_MOUNTS, V2_PATHS)
    notes = Notes(Vantage.KERNEL)
    cgroup.note_limits(notes, put(root, files), groups(paths, Table(mounts)), NAME)
    return plain(notes)


def plain(notes: Notes) -> dict[str, Any]:
    """Return the values noted by path without the common prefix, and reasons of what is missing."""
    record = notes.record()
    values: dict[str, Any] = {path: fact.value for path, fact in record.facts.items()}
    values |= {path: entry.reason for path, entry in record.missing.items()}
    return {path.removeprefix("container.limits."): value for path, value in values.items()}


def v1(controller: str, file: str, folder: str = f"docker/{NAME}") -> str:
    """Return where a file of a version 1 group lies below the mounts."""
    return f"{controller}/{folder}/{file}"


def test_version_1_limits_of_a_container(tmp_path: Path) -> None:
    """Every limit is read from its own hierarchy; swap is what memory and swap exceed memory by."""
    seen = noted(
        tmp_path,
        {
            v1("memory", "memory.limit_in_bytes"): "1000\n",
            v1("memory", "memory.memsw.limit_in_bytes"): "1500\n",
            v1("memory", "memory.oom_control"): "oom_kill_disable 1\nunder_oom 0\n",
            v1("pids", "pids.max"): "50\n",
            v1("cpu", "cpu.cfs_quota_us"): "50000\n",
            v1("cpu", "cpu.cfs_period_us"): "200000\n",
            v1("cpu", "cpu.rt_runtime_us"): "0\n",
            v1("cpuset", "cpuset.effective_cpus"): "1\n",
            v1("blkio", "blkio.throttle.write_bps_device"): "254:0 1048576\n",
        },
        version=1,
    )
    assert {
        "memory.set": True,
        "memory.bytes": 1000,
        "memory.oom_kill_disabled": True,
        "swap.set": True,
        "swap.bytes": 500,
        "pids.set": True,
        "pids.count": 50,
        "cpu.set": True,
        "cpu.millicores": 250,
        "cpu.realtime": False,
        "cpu.pinned": True,
        "block_io.set": True,
        "container.cgroup.own": True,
    } == seen


def test_version_1_without_limits(tmp_path: Path) -> None:
    """What the kernel writes for no limit is none, and an account it does not keep is none."""
    seen = noted(
        tmp_path,
        {
            v1("memory", "memory.limit_in_bytes"): UNLIMITED_V1,
            v1("memory", "memory.memsw.limit_in_bytes"): UNLIMITED_V1,
            v1("memory", "memory.oom_control"): "oom_kill_disable 0\n",
            v1("pids", "pids.max"): "max\n",
            v1("cpu", "cpu.cfs_quota_us"): "-1\n",
            v1("cpuset", "cpuset.effective_cpus"): "0-3\n",
            v1("blkio", "blkio.throttle.read_iops_device"): "254:0 0\n",
        },
        version=1,
    )
    assert {
        "memory.set": False,
        "memory.oom_kill_disabled": False,
        "swap.set": False,
        "pids.set": False,
        "cpu.set": False,
        "cpu.pinned": False,
        "block_io.set": False,
        "container.cgroup.own": True,
    } == seen


def test_version_2_limits_of_a_container(tmp_path: Path) -> None:
    """The limits are those of the container's folder, whatever group below it the process is in."""
    own = f"docker/{NAME}"
    seen = noted(
        tmp_path,
        {
            f"{own}/memory.max": "1000\n",
            f"{own}/memory.swap.max": "0\n",
            f"{own}/pids.max": "50\n",
            f"{own}/cpu.max": "150000 100000\n",
            f"{own}/cpuset.cpus.effective": "0-1,3\n",
            f"{own}/io.max": "8:0 rbps=max wbps=1048576 riops=max wiops=max\n",
            f"{own}/below/pids.max": "1\n",
        },
        version=2,
    )
    assert {
        "memory.set": True,
        "memory.bytes": 1000,
        "memory.oom_kill_disabled": False,
        "swap.set": True,
        "swap.bytes": 0,
        "pids.set": True,
        "pids.count": 50,
        "cpu.set": True,
        "cpu.millicores": 1500,
        "cpu.pinned": True,
        "block_io.set": True,
        "container.cgroup.own": True,
    } == seen


def test_version_2_without_limits(tmp_path: Path) -> None:
    """A group whose controllers are not switched on has no files, and no limits."""
    seen = noted(tmp_path, {"cpuset.cpus.effective": "0-3\n"}, version=2)
    limits = ("memory.set", "swap.set", "pids.set", "cpu.set", "cpu.pinned", "block_io.set")
    assert dict.fromkeys(limits, False) == {limit: seen[limit] for limit in limits}


def test_limit_of_a_group_above_counts(tmp_path: Path) -> None:
    """The lowest limit on the way up holds, of CPU time the lowest share."""
    seen = noted(
        tmp_path,
        {
            f"docker/{NAME}/cpu.max": "90000 100000\n",
            "docker/cpu.max": "100000 200000\n",
            "docker/memory.swap.max": "7\n",
            "docker/io.max": "8:0 riops=10\n",
            "docker/cpuset.cpus.effective": "2\n",
        },
        version=2,
    )
    assert (500, 7, True, True) == tuple(
        seen[path] for path in ("cpu.millicores", "swap.bytes", "block_io.set", "cpu.pinned")
    )


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("cpu.max", "cpu.set"),
        ("memory.swap.max", "swap"),
        ("cpuset.cpus.effective", "cpu.pinned"),
    ],
)
def test_what_is_no_number_is_missing(tmp_path: Path, file: str, path: str) -> None:
    """A file that cannot be understood gives no limit, and no absence of one."""
    seen = noted(tmp_path, {f"docker/{NAME}/{file}": "many\n"}, version=2)
    assert Reason.PARSE_ERROR is seen[path]


def test_denied_file_is_missing(tmp_path: Path) -> None:
    """What may not be read is not taken for no limit."""

    class Closed(LocalFiles):
        def read_text(self, path: str, limit: int = 1_048_576) -> str:
            raise Unreadable(Reason.PERMISSION_DENIED, path)

    notes = Notes(Vantage.KERNEL)
    cgroup.note_limits(notes, Closed(str(tmp_path)), groups(V2_PATHS, Table(V2_MOUNTS)), NAME)
    seen = plain(notes)
    assert {Reason.PERMISSION_DENIED} == {
        value for path, value in seen.items() if path not in _NEED_NO_FILE
    }


_NEED_NO_FILE = {"container.cgroup.own", "memory.oom_kill_disabled"}


def test_unmounted_hierarchies_leave_everything_missing() -> None:
    """Without a mounted hierarchy no limit is known, and no lack of one."""
    notes = Notes(Vantage.KERNEL)
    cgroup.note_limits(notes, LocalFiles("/nowhere"), {}, NAME)
    assert {Reason.NOT_SUPPORTED} == set(plain(notes).values())


@pytest.mark.parametrize(
    ("mounts", "paths"),
    [
        (V2_MOUNTS, "0::/\n"),
        (V1_MOUNTS, V1_PATHS.replace(f"2:pids:/docker/{NAME}", "2:pids:/")),
    ],
)
def test_process_in_a_root_group_has_none_of_its_own(
    tmp_path: Path, mounts: str, paths: str
) -> None:
    """One hierarchy in which it sits at the root is enough: nothing limits it there."""
    notes = Notes(Vantage.KERNEL)
    cgroup.note_limits(notes, put(tmp_path, {}), groups(paths, Table(mounts)), "")
    assert False is plain(notes)["container.cgroup.own"]


def test_hard_limits_of_a_process() -> None:
    """The hard limits count, unlimited is not set, and the score may be negative."""
    notes = Notes(Vantage.KERNEL)
    note_process_limits(notes, LIMITS, "-998\n")
    assert {
        "process.limits.open_files.set": True,
        "process.limits.open_files.count": 20000,
        "process.limits.locked_memory.set": True,
        "process.limits.locked_memory.bytes": 8388608,
        "process.limits.core.set": False,
        "process.oom_score_adj": -998,
    } == plain(notes)


def test_own_limits_are_read_as_the_kernel_writes_them() -> None:
    """The text of this very process is understood."""
    notes = Notes(Vantage.KERNEL)
    folder = Path("/proc/self")
    score = (folder / "oom_score_adj").read_text()
    note_process_limits(notes, (folder / "limits").read_text(), score)
    assert {} == notes.record().missing


def test_unreadable_limits_of_a_process_are_missing() -> None:
    """Neither what is closed nor what is malformed becomes a value."""
    closed = Unreadable(Reason.PERMISSION_DENIED, "closed")
    notes = Notes(Vantage.KERNEL)
    note_process_limits(notes, closed, closed)
    note_process_limits(notes, "Max open files            many many files\n", "nothing")
    reasons = plain(notes)
    assert {Reason.PERMISSION_DENIED, Reason.PARSE_ERROR} == set(reasons.values())


@pytest.mark.parametrize(
    ("budget", "limits", "expected"),
    [
        (None, [LIMITS], True),
        (None, [LIMITS.replace(" 5 ", " 0 ")], False),
        (None, [LIMITS.replace(" 5 ", " unlimited ")], True),
        (None, [LIMITS.replace(" 5 ", " 0 "), LIMITS], True),
        (None, ["", LIMITS.replace(" 5 ", " 0 ")], Reason.PARSE_ERROR),
        (None, [], Reason.VANISHED),
        (None, [Unreadable(Reason.PERMISSION_DENIED, "x"), LIMITS], True),
        (None, [Unreadable(Reason.PERMISSION_DENIED, "x")], Reason.PERMISSION_DENIED),
        ("0", [LIMITS], None),
        ("950000", [LIMITS], None),
    ],
)
def test_realtime_by_limits_where_no_budget_is_kept(
    tmp_path: Path, budget: str | None, limits: list[Any], expected: Any
) -> None:
    """The highest priority decides, an unread one leaves it open, a budget decides instead."""
    files = put(tmp_path, {v1("cpu", "cpu.rt_runtime_us"): budget} if budget else {})
    notes = Notes(Vantage.KERNEL)
    note_realtime(notes, files, groups(V1_PATHS, Table(V1_MOUNTS)), NAME, limits)
    assert expected == plain(notes).get("cpu.realtime")


@pytest.mark.parametrize(("budget", "expected"), [("0", False), ("950000", True)])
def test_realtime_by_budget(tmp_path: Path, budget: str, expected: bool) -> None:
    """A group with a budget may use it, one without may not."""
    seen = noted(tmp_path, {v1("cpu", "cpu.rt_runtime_us"): budget}, version=1)
    assert expected is seen["cpu.realtime"]


def test_own_limit_on_a_group_of_the_same_name_is_none(tmp_path: Path) -> None:
    """A container that makes a group called by its id within its own has limited nothing."""
    below = f"docker/{NAME}/{NAME}"
    files = put(tmp_path, {f"{below}/memory.max": "4096\n", f"docker/{NAME}/memory.max": "max\n"})
    notes = Notes(Vantage.KERNEL)
    found = groups(f"0::/{below}\n", Table(V2_MOUNTS))
    cgroup.note_limits(notes, files, found, NAME)
    assert False is notes.value("container.limits.memory.set")


def test_group_outside_our_cgroup_namespace_is_not_seen() -> None:
    """Its path leads above the root that is mounted here: nothing can be said of it."""
    assert {} == groups("0::/../docker-x.scope\n", Table(V2_MOUNTS))
