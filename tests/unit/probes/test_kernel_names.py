"""Names that a sandbox takes in the control groups it may write: they hide nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_tapes import ID, fields, records, write_process

from isoaudit.model import Target, Vantage
from isoaudit.probes.kernel import Asked, Machine, Sandbox, read_sandbox
from isoaudit.probes.proc import ProcProbe
from isoaudit.transports.local import LocalFiles

OTHER = "cd" * 32
HELD = {"pid": "pid:[9]"}
USERS = "/user.slice/user-7.slice/user@7.service"
MONITOR = f"libpod-conmon-{ID}.scope"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a machine with its first process and isoaudit's own."""
    write_process(tmp_path, 1)
    write_process(tmp_path, 7)
    (tmp_path / "proc" / "self").symlink_to("7")
    return tmp_path


def group(path: str) -> str:
    """Return what /proc/PID/cgroup says of a process in a group."""
    return f"0::{path}\n"


def listed(root: Path) -> list[Target]:
    """Return the sandboxes that /proc shows."""
    return list(ProcProbe(LocalFiles(str(root))).find())


def pids(root: Path, pid: int, name: str) -> list[int]:
    """Return the processes that are judged of a container that an engine names."""
    seen = read_sandbox(Machine(LocalFiles(str(root))), Sandbox(pid, name), Asked(container=name))
    found = records(seen, "process", Vantage.KERNEL)
    return [fields(record, "process.pid")[0] for record in found]


@pytest.mark.parametrize("above", ["/docker/" + OTHER, "/system.slice/x.service/docker"])
def test_group_of_the_same_name_elsewhere_joins_no_container(root: Path, above: str) -> None:
    """What an engine's target has is what lies where the engine's own process does."""
    write_process(root, 30, cgroup=group(f"/docker/{ID}"), namespaces=HELD)
    write_process(root, 31, cgroup=group(f"{above}/{ID}"), uid=7)
    assert [30] == pids(root, 30, ID)


def test_process_that_takes_its_own_name_elsewhere_stays_inside(root: Path) -> None:
    """The container's PID namespace holds it whatever place its group is in."""
    write_process(root, 30, cgroup=group(f"/docker/{ID}"), namespaces=HELD)
    write_process(root, 31, cgroup=group(f"/x/{ID}"), namespaces=HELD, uid=7)
    assert [30, 31] == pids(root, 30, ID)


def test_container_in_a_container_is_told_where_it_is(root: Path) -> None:
    """An engine inside a container is asked for its own, whose groups are below."""
    write_process(root, 30, cgroup=group(f"/docker/{OTHER}"))
    write_process(root, 31, cgroup=group(f"/docker/{OTHER}/docker/{ID}"))
    write_process(root, 32, cgroup=group(f"/docker/{OTHER}/docker/{ID}/below"), uid=7)
    assert [31, 32] == pids(root, 31, ID)


def test_of_two_with_one_name_neither_is_the_engines(root: Path) -> None:
    """A sandbox that takes the id of a running container is listed by its pid, as is that one."""
    write_process(root, 30, cgroup=group(f"/docker/{ID}"), namespaces=HELD)
    assert [ID] == [one.handle for one in listed(root)]
    write_process(root, 31, cgroup=group(f"/x/docker/{ID}"), start=200)
    assert ["30", "31"] == [one.handle for one in listed(root)]
    assert 2 == len({one.id for one in listed(root)})


def test_own_name_hides_nobody_else(root: Path) -> None:
    """Who takes the id of the container that isoaudit runs in is not isoaudit."""
    (root / "proc/7/cgroup").write_text(group(f"/docker/{ID}"))
    write_process(root, 31, cgroup=group(f"/x/docker/{ID}"))
    assert ["31"] == [one.aliases[0].removeprefix("proc:") for one in listed(root)]


@pytest.mark.parametrize(
    ("place", "own", "count"),
    [
        (f"{USERS}/user.slice/{MONITOR}", ("user", "mnt"), 0),
        (f"{USERS}/app.slice/x.service/{MONITOR}", ("user", "mnt"), 1),
        (f"/system.slice/x.service/{MONITOR}", ("user", "mnt"), 1),
        (f"/system.slice/docker-{OTHER}.scope/{MONITOR}", ("user", "mnt"), 1),
        (f"{USERS}/user.slice/{MONITOR}", ("user", "net"), 1),
        (f"{USERS}/user.slice/{MONITOR}", ("user", "pid"), 1),
        ("/lxc.monitor.x", ("net", "mnt"), 1),
    ],
)
def test_monitor_is_in_a_group_of_the_systems_and_with_the_host(
    root: Path, place: str, own: tuple[str, ...], count: int
) -> None:
    """Podman's monitor without root is none of the sandboxes; who is only called so is one."""
    write_process(root, 40, cgroup=group(place), namespaces={k: f"{k}:[9]" for k in own})
    assert count == len(listed(root))
