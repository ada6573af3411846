"""Which processes stand behind a boundary together, and which of them is the first."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_tapes import ID, write_process

from isoaudit.probes.kernel import Machine
from isoaudit.probes.kernel.census import Glimpse, container_folders
from isoaudit.probes.kernel.discovery import Discovery, Group
from isoaudit.transports.local import LocalFiles

OTHER = "cd" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a machine with its first process and isoaudit's own."""
    write_process(tmp_path, 1)
    write_process(tmp_path, 7)
    (tmp_path / "proc" / "self").symlink_to("7")
    return tmp_path


def found(root: Path) -> list[Group]:
    """Return the sandboxes of the machine."""
    return Discovery(Machine(LocalFiles(str(root)))).groups


def pids(root: Path) -> list[tuple[int, list[int]]]:
    """Return every sandbox's first process and all of them."""
    return [(group.main.pid, sorted(group.pids)) for group in found(root)]


def own(*kinds: str, number: int = 9) -> dict[str, str]:
    """Return links of namespaces of one's own."""
    return {kind: f"{kind}:[{number}]" for kind in kinds}


def test_processes_of_the_host_are_no_sandbox(root: Path) -> None:
    """Nor is one with a private mount table alone, as services have."""
    write_process(root, 20, namespaces=own("mnt"))
    assert [] == pids(root)


def test_a_container_is_known_by_its_id(root: Path) -> None:
    """Also where it shares every namespace with the host; the first process is the oldest."""
    write_process(root, 30, cgroup=f"0::/docker/{ID}\n", start=200)
    write_process(root, 31, cgroup=f"0::/docker/{ID}/below\n", start=100)
    write_process(root, 32, cgroup=f"0::/docker/{OTHER}\n", start=300)
    assert [(31, [30, 31]), (32, [32])] == pids(root)


def test_a_container_in_a_container_belongs_to_the_outer_one(root: Path) -> None:
    """The outermost id of the path names the sandbox."""
    write_process(root, 30, cgroup=f"0::/docker/{ID}\n")
    write_process(root, 31, cgroup=f"0::/docker/{ID}/docker/{OTHER}\n")
    assert [(30, [30, 31])] == pids(root)
    assert [(ID, f"/docker/{ID}"), (OTHER, f"/docker/{ID}/docker/{OTHER}")] == list(
        container_folders(f"0::/docker/{ID}/docker/{OTHER}/below\n").items()
    )


def test_same_id_in_another_place_is_another_sandbox(root: Path) -> None:
    """Who may write control groups names one for a container that is somebody else's."""
    write_process(root, 30, cgroup=f"0::/docker/{ID}\n")
    write_process(root, 31, cgroup=f"0::/system.slice/x.service/docker/{ID}\n")
    write_process(root, 32, cgroup=f"0::/docker/{ID}/{ID}\n")
    assert [(30, [30, 32]), (31, [31])] == pids(root)


def test_processes_that_share_a_namespace_of_their_own_belong_together(root: Path) -> None:
    """Though nothing else joins them: daemons lose their parents."""
    write_process(root, 40, namespaces=own("pid"), start=50)
    write_process(root, 41, namespaces=own("pid"))
    write_process(root, 42, namespaces=own("pid", number=10), start=60)
    assert [(40, [40, 41]), (42, [42])] == pids(root)


def test_children_belong_to_the_sandbox_of_their_parent(root: Path) -> None:
    """A sandbox made inside another one is a part of it."""
    write_process(root, 40, namespaces=own("user"), start=50)
    write_process(root, 41, namespaces=own("user", "pid", number=11), parent=40)
    assert [(40, [40, 41])] == pids(root)


def test_who_only_starts_it_is_outside(root: Path) -> None:
    """unshare --pid stays in the host's PID namespace and makes one for its children."""
    starter = write_process(root, 40, namespaces=own("user"), start=50)
    (starter / "ns" / "pid_for_children").symlink_to("pid:[9]")
    write_process(root, 41, namespaces=own("user", "pid"), parent=40)
    (group,) = found(root)
    assert (41, {41}, {40}) == (group.main.pid, group.pids, group.starters)


@pytest.mark.parametrize("hidden", ["net", "root", "uid", "status", "threads", "child", "closed"])
def test_who_has_more_than_its_child_is_no_starter(root: Path, hidden: str) -> None:
    """A sandbox in the host's PID namespace puts something harmless into one of its own."""
    top = write_process(root, 40, namespaces=own("user"), start=50)
    (top / "ns" / "pid_for_children").symlink_to("pid:[9]")
    weak = {
        "net": {"namespaces": own("user", "pid", "net")},
        "uid": {"uid": 7},
        "status": {"status": "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t4\n"},
        "child": {"namespaces": {**own("user"), "pid": "pid:[8]"}},
    }.get(hidden, {})
    plain = {"namespaces": own("user", "pid"), "parent": 40}
    child = write_process(root, 41, **{**plain, **weak})  # type: ignore[arg-type]
    if hidden == "root":
        (child / "root").unlink()
        (child / "root").symlink_to("/srv")
    if hidden == "threads":
        (top / "status").write_text((top / "status").read_text() + "Threads:\t2\n")
    if hidden == "closed":
        (top / "status").unlink()
    assert [(40, [40, 41])] == pids(root)


def test_a_network_and_a_mount_table_of_its_own_make_a_sandbox(root: Path) -> None:
    """A network namespace alone does not."""
    write_process(root, 40, namespaces=own("net", "mnt"))
    write_process(root, 41, namespaces=own("net", number=12))
    assert [(40, [40])] == pids(root)


def test_isoaudit_leaves_its_own_sandbox_out(root: Path) -> None:
    """Who asks is not who is asked about."""
    write_process(root, 50, cgroup=f"0::/docker/{ID}\n")
    (root / "proc" / "self").unlink()
    (root / "proc" / "self").symlink_to("50")
    assert [] == pids(root)


def test_kernel_threads_are_nobodys(root: Path) -> None:
    """A kernel thread has the initial namespaces and is passed by its flag."""
    folder = write_process(root, 60, namespaces=own("pid"))
    text = (folder / "stat").read_text().split(") S 0 ")
    (folder / "stat").write_text(f"{text[0]}) S 0 0 0 0 0 2129984 {'0 ' * 12}100 0\n")
    assert [] == pids(root)


def test_any_process_can_be_asked_about(root: Path) -> None:
    """One of a sandbox leads to it, one of the host's is alone, and one that is gone to none."""
    write_process(root, 40, namespaces=own("pid"), start=50)
    write_process(root, 41, namespaces=own("pid"))
    discovery = Discovery(Machine(LocalFiles(str(root))))
    inside, alone = discovery.around(41), discovery.around(1)
    assert inside is not None
    assert alone is not None
    assert (40, True) == (inside.main.pid, inside.bounded)
    assert ({1}, False) == (alone.pids, alone.bounded)
    assert None is discovery.around(999)


def test_ancestors_outside_are_named_nearest_first(root: Path) -> None:
    """Of a container these are its shim and whatever started that."""
    write_process(root, 70)
    write_process(root, 71, parent=70)
    write_process(root, 72, parent=71, cgroup=f"0::/docker/{ID}\n")
    discovery = Discovery(Machine(LocalFiles(str(root))))
    (group,) = discovery.groups
    parents: list[Glimpse] = discovery.parents(group)
    assert [71, 70] == [one.pid for one in parents]


def test_who_is_inside_is_no_starter(root: Path) -> None:
    """A process in a PID namespace of its own may make another one and stays to be judged."""
    first = write_process(root, 40, namespaces=own("user", "pid"), start=50)
    (first / "ns" / "pid_for_children").symlink_to("pid:[10]")
    write_process(root, 41, namespaces=own("user", "pid", number=10), parent=40)
    assert [(40, [40, 41])] == pids(root)
