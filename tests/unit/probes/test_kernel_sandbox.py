"""Processes, namespaces, groups and labels of a sandbox as the kernel shows them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from docker_tapes import ID, fields, records, value, write_process

from isoaudit.model import FactSet, Reason, Record, Vantage
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.transports.base import ProcessFiles
from isoaudit.transports.local import LocalFiles

KERNEL = Vantage.KERNEL
PID = 50
GROUP = f"0::/pods.slice/docker-{ID}.scope\n"
FOLDER = f"sys/fs/cgroup/pods.slice/docker-{ID}.scope"
OWN = "1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a machine with cgroup version 2 and a container of one process."""
    write_process(tmp_path, 1)
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/mountinfo").write_text(OWN)
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "cgroup.procs").write_text(f"{PID}\n")
    return tmp_path


def read(root: Path, asked: Asked | None = None) -> FactSet:
    """Return what the kernel shows of the container."""
    machine = Machine(LocalFiles(str(root)))
    return read_sandbox(machine, Sandbox(PID, ID), asked or Asked(container=ID))


def processes(root: Path) -> tuple[Record, ...]:
    """Return the records of its processes."""
    return records(read(root), "process", KERNEL)


def test_processes_below_the_group_count_too(root: Path) -> None:
    """A process in a group that the container made is found; those alike are one record."""
    write_process(root, PID, cgroup=GROUP)
    write_process(root, 60, cgroup=GROUP.replace("\n", "/system.slice\n"))
    below = root / FOLDER / "system.slice"
    below.mkdir()
    (below / "cgroup.procs").write_text("60\n")
    (process,) = processes(root)
    assert (PID, 2, True) == fields(process, "process.pid", "process.count", "process.main")


def test_process_in_a_group_named_to_be_overlooked_is_found(root: Path) -> None:
    """A group with the name of a kernel file hides no process."""
    write_process(root, PID, cgroup=GROUP)
    write_process(root, 60, cgroup=GROUP.replace("\n", "/memory.max\n"), uid=7)
    assert [PID, 60] == [fields(p, "process.pid")[0] for p in processes(root)]


def test_process_that_left_its_control_group_is_still_inside(root: Path) -> None:
    """Who may write control groups can leave his own; its PID namespace holds it."""
    inside = {"pid": "pid:[9]"}
    write_process(root, PID, cgroup=GROUP, namespaces=inside)
    write_process(root, 60, cgroup="0::/\n", namespaces=inside, uid=7)
    assert [PID, 60] == [fields(p, "process.pid")[0] for p in processes(root)]


def test_mounts_that_only_another_process_has_leave_the_part_open(root: Path) -> None:
    """The first process may unmount for itself alone what the others go on to use."""
    own = "20 0 0:100 / / rw - overlay overlay rw\n"
    write_process(root, PID, cgroup=GROUP, mounts=own, namespaces={"mnt": "mnt:[8]"})
    host = f"{own}21 20 0:1 /etc /x rw - ext4 /dev/vda rw\n"
    write_process(root, 60, cgroup=GROUP, mounts=host, namespaces={"mnt": "mnt:[9]"})
    (part,) = read(root).parts["mount"]
    assert part.incomplete is not None


def test_watcher_of_a_container_is_no_part_of_it(root: Path) -> None:
    """Conmon's group carries the container's id, it watches from the outside."""
    write_process(root, PID, cgroup=GROUP)
    write_process(root, 60, cgroup=f"0::/libpod-conmon-{ID}.scope\n", uid=7)
    assert 1 == len(processes(root))


def test_listed_process_that_ended_is_left_out(root: Path) -> None:
    """A process that is gone before it is read does not make the part incomplete."""
    write_process(root, PID, cgroup=GROUP)
    (root / FOLDER / "cgroup.procs").write_text(f"{PID}\n61\n")
    (part,) = read(root).parts["process"]
    assert (1, None) == (len(part.records), part.incomplete)


def test_process_without_its_first_thread_is_not_overlooked(root: Path) -> None:
    """Its other threads go on, though it looks like one that ended: what they may do is open."""
    write_process(root, PID, cgroup=GROUP)
    stat = write_process(root, 61, cgroup=GROUP) / "stat"
    (root / FOLDER / "cgroup.procs").write_text(f"{PID}\n61\n")
    stat.write_text(stat.read_text().replace(" S ", " Z "))
    (part,) = read(root).parts["process"]
    assert (1, None) == (len(part.records), part.incomplete)
    stat.write_text(f"61 (web) Z {'0 ' * 16}2 0 100 0\n")
    (part,) = read(root).parts["process"]
    assert part.incomplete is not None
    assert Reason.NOT_SUPPORTED is part.incomplete.reason


def test_pid_given_out_again_is_not_believed(root: Path) -> None:
    """If the start time changes while a process is read, it is another process."""
    write_process(root, PID, cgroup=GROUP)

    class Reused(LocalFiles):
        """Files of a machine that gives the pid out again before its status is read."""

        def read_process(
            self, pid: int, texts: Sequence[str], links: Sequence[str], limit: int = 65_536
        ) -> ProcessFiles:
            if pid == PID and "status" in texts:
                stat = root / "proc" / str(PID) / "stat"
                stat.write_text(stat.read_text().replace(" 100 ", " 999 "))
            return super().read_process(pid, texts, links, limit)

    seen = read_sandbox(Machine(Reused(str(root))), Sandbox(PID, ID), Asked(container=ID))
    assert {} == seen.parts
    assert Reason.VANISHED is seen.missing["process"][0].reason


@pytest.mark.parametrize(
    ("brought", "judged"),
    [
        ({}, False),
        ({"uid": 0}, True),
        ({"status": "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t3\n"}, True),
        ({"status": "NoNewPrivs:\t1\nSeccomp:\t0\nSeccomp_filters:\t0\n"}, True),
        ({"status": "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t4\n"}, False),
        ({"namespaces": {"user": "user:[7]", "pid": "pid:[9]", "net": "net:[9]"}}, False),
        ({"namespaces": {"user": "user:[7]", "pid": "pid:[1]", "net": "net:[9]"}}, True),
    ],
)
def test_who_enters_a_user_namespace_of_its_own_with_more_is_judged(
    root: Path, brought: dict[str, Any], judged: bool
) -> None:
    """What none of the sandbox could have handed down came in from outside, as by docker exec."""
    inside = {"pid": "pid:[9]", "net": "net:[9]"}
    write_process(root, PID, cgroup=GROUP, uid=1000, namespaces=inside)
    usual = {"uid": 1000, "namespaces": {**inside, "user": "user:[7]"}}
    write_process(root, 60, cgroup=GROUP, **{**usual, **brought})
    found = [fields(one, "process.pid")[0] for one in processes(root)]
    assert ([PID, 60] if judged else [PID]) == found
    assert judged != ("nested" in read(root).parts)


def test_user_namespace_with_its_own_root(root: Path) -> None:
    """Ids are translated by the map; a map without the host's root says so."""
    write_process(
        root,
        PID,
        cgroup=GROUP,
        namespaces={"user": "user:[7]"},
        uid=100000,
        uid_map="         0     100000      65536\n",
    )
    (process,) = processes(root)
    assert (0, 100000, "private", False, True) == fields(
        process,
        "process.uid",
        "process.host_uid",
        "process.user_namespace",
        "process.user_namespace_maps_root",
        "process.root_permitted",
    )


def test_unmapped_uid_is_missing_and_not_proven_harmless(root: Path) -> None:
    """An id outside the map has no inside value, and root stays possible."""
    write_process(root, PID, cgroup=GROUP, uid=5, uid_map="0 100000 65536\n")
    (process,) = processes(root)
    assert "process.uid" in process.missing
    assert (True,) == fields(process, "process.root_permitted")


def test_saved_root_id_counts(root: Path) -> None:
    """A process that may take root up again is not proven to run without it."""
    folder = write_process(root, PID, cgroup=GROUP, uid=1000)
    status = (folder / "status").read_text()
    (folder / "status").write_text(status.replace("Uid:\t1000\t1000\t1000", "Uid:\t1000\t1000\t0"))
    (process,) = processes(root)
    assert (1000, True) == fields(process, "process.uid", "process.root_permitted")


def test_namespace_with_a_stranger_in_it_is_shared(root: Path) -> None:
    """A namespace that a process outside the sandbox is in as well is shared."""
    write_process(root, PID, cgroup=GROUP, namespaces={"net": "net:[5]", "ipc": "ipc:[6]"})
    write_process(root, 70, namespaces={"net": "net:[5]"})
    (process,) = processes(root)
    assert ("shared", "private", "host") == fields(
        process, *(f"process.namespaces.{kind}" for kind in ("net", "ipc", "uts"))
    )


def test_kernel_without_a_kind_of_namespace_has_one_for_all(root: Path) -> None:
    """Where the kernel has no time namespaces, everyone is in the host's."""
    folder = write_process(root, PID, cgroup=GROUP)
    (folder / "ns/time").unlink()
    (process,) = processes(root)
    assert ("host",) == fields(process, "process.namespaces.time")


@pytest.mark.parametrize(
    ("lsm", "label", "confined", "kind"),
    [
        ("apparmor", "docker-default (enforce)\n", True, None),
        ("apparmor", "docker-default (complain)\n", False, None),
        ("apparmor", "unconfined\n", False, None),
        ("selinux", "system_u:system_r:container_t:s0:c1,c2\0", False, "container_t"),
    ],
)
def test_label_is_judged_by_the_active_module(
    root: Path, lsm: str, label: str, confined: bool, kind: str | None
) -> None:
    """Only enforce mode confines under AppArmor; SELinux gives a type."""
    folder = write_process(root, PID, cgroup=GROUP)
    (folder / "attr").mkdir()
    (folder / "attr/current").write_text(label)
    (root / "sys/kernel/security").mkdir(parents=True)
    (root / "sys/kernel/security/lsm").write_text(f"lockdown,capability,{lsm}")
    (process,) = processes(root)
    assert (label.strip("\n\0"), confined, kind) == fields(
        process, "process.lsm.label", "process.apparmor.confined", "process.selinux.type"
    )


def test_older_kernel_lacks_a_field(root: Path) -> None:
    """A key that the status does not have is missing, not zero."""
    write_process(root, PID, cgroup=GROUP, status="Seccomp:\t0\n")
    (process,) = processes(root)
    assert ("disabled", None) == fields(
        process, "process.seccomp.mode", "process.no_new_privileges"
    )
    assert {"process.no_new_privileges", "process.seccomp.filters"} <= set(process.missing)


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        ("0000000000000000", ()),
        ("0000000000200001", ("CAP_CHOWN", "CAP_SYS_ADMIN")),
        ("0000020000000000", ("CAP_41",)),
        ("none", None),
    ],
)
def test_capability_masks(mask: str, names: tuple[str, ...] | None) -> None:
    """A mask decodes to names in the kernel's order; a newer bit keeps its number."""
    assert names == decode_capabilities(mask)


def test_limit_of_a_group_above_holds(root: Path) -> None:
    """The least limit on the way up counts, and the fact names its file."""
    write_process(root, PID, cgroup=GROUP)
    (root / FOLDER / "memory.max").write_text("max\n")
    (root / FOLDER / "pids.max").write_text("300\n")
    (root / "sys/fs/cgroup/pods.slice/memory.max").write_text("1000\n")
    (root / "sys/fs/cgroup/pods.slice/pods").mkdir()
    (root / FOLDER / "cpu.max").write_text("50000 100000\n")
    seen = read(root)
    assert [1000, 300, True] == [
        value(seen, f"container.limits.{name}", KERNEL)
        for name in ("memory.bytes", "pids.count", "cpu.set")
    ]
    assert (
        "/sys/fs/cgroup/pods.slice/memory.max"
        == seen.facts["container.limits.memory.bytes"][0].source
    )


def test_limit_the_container_set_on_itself_does_not_count(root: Path) -> None:
    """A limit on a group below the container's own is no limit of the container."""
    write_process(root, PID, cgroup=GROUP.replace("\n", "/mine\n"))
    below = root / FOLDER / "mine"
    below.mkdir()
    (below / "cgroup.procs").write_text(f"{PID}\n")
    (below / "memory.max").write_text("1000\n")
    assert False is value(read(root), "container.limits.memory.set", KERNEL)


@pytest.mark.parametrize(
    ("mounted", "uid", "limited"),
    [
        ("rw", 0, False),
        ("ro", 0, True),
        ("rw", 7, True),
        ("elsewhere", 0, True),
    ],
)
def test_limit_that_a_sandbox_may_write_is_not_imposed(
    root: Path, mounted: str, uid: int, limited: bool
) -> None:
    """Without a name for its own group, what it may write itself is where its groups begin."""
    below = root / "sys/fs/cgroup/x.service/mine"
    below.mkdir(parents=True)
    (below / "memory.max").write_text("1000\n")
    for folder in (below, below.parent):
        (folder / "cgroup.events").touch()
    own = {"pid": "pid:[9]"}
    place = "/other" if mounted == "elsewhere" else "/x.service"
    options = "ro" if mounted == "ro" else "rw"
    mounts = f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 {place} /cg {options} - cgroup2 cgroup2 rw\n"
    uid += os.getuid()  # who owns what was just made
    write_process(root, 60, cgroup="0::/x.service/mine\n", namespaces=own, mounts=mounts, uid=uid)
    sandbox = Sandbox(60, "", frozenset({60}))
    seen = read_sandbox(Machine(LocalFiles(str(root))), sandbox, Asked())
    assert limited is value(seen, "container.limits.memory.set", KERNEL)
    assert value(seen, "container.cgroup.own", KERNEL)


def test_hierarchies_of_version_1(root: Path) -> None:
    """Under version 1 each controller has its own group, and no limit is a huge number."""
    own = OWN.splitlines()[0] + "\n"
    for number, name in enumerate(("memory", "pids", "cpu,cpuacct")):
        point = f"/sys/fs/cgroup/{name}"
        own += f"{number + 5} 1 0:{number + 9} / {point} rw - cgroup cgroup rw,{name}\n"
        (root / point[1:] / "docker" / ID).mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(own)
    write_process(
        root,
        PID,
        cgroup=f"3:pids:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n1:memory:/docker/{ID}\n",
    )
    base = root / "sys/fs/cgroup"
    (base / f"pids/docker/{ID}/cgroup.procs").write_text(f"{PID}\n")
    (base / f"pids/docker/{ID}/pids.max").write_text("64\n")
    (base / f"memory/docker/{ID}/memory.limit_in_bytes").write_text("9223372036854771712\n")
    (base / f"cpu,cpuacct/docker/{ID}/cpu.cfs_quota_us").write_text("-1\n")
    seen = read(root)
    assert [False, 64, False] == [
        value(seen, f"container.limits.{name}", KERNEL)
        for name in ("memory.set", "pids.count", "cpu.set")
    ]
    assert None is seen.parts["process"][0].incomplete
