"""Which engine and runtime a sandbox belongs to, and that names made up inside decide nothing."""

from __future__ import annotations

import re
from itertools import product

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from runtime_layouts import FOLDER, Layout, layout, layouts

from isoaudit.probes.kernel.first_process import in_reach
from isoaudit.probes.kernel.managers import family
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.probes.kernel.runtimes import Evidence, recognise
from isoaudit.resources import data_dir

LAYOUTS = layouts()
DRIFT = yaml.safe_load((data_dir("checks") / "container/DRIFT-001.yaml").read_text())["params"]
PLAIN = [one for one in LAYOUTS if one.expect.get("kernel") == "host"]
# A container whose shim has died is told from Kata's VMM by its program alone.
WATCHED = [one for one in PLAIN if one.evidence.parents or not one.expect.get("id", "").isalnum()]

PROGRAMS = (
    "runsc", "runsc-sandbox", "runsc-gofer", "exe", "qemu-system-x86_64", "qemu-kvm", "firecracker",
    "cloud-hypervisor", "virtiofsd", "containerd-shim-kata-v2", "containerd-shim-runsc-v1",
    "conmon", "gvisor", "kata-shim", "jailer", "bash",
)  # fmt: skip
NAMES = st.sampled_from(PROGRAMS)
WORDS = st.sampled_from([
    "boot", "gofer", "--type=renderer", "-contentproc", "-name", "sandbox-" + "ab" * 32,
    "/run/vc/vm/x", "--platform=kvm", "run", "forkstart", "",
])  # fmt: skip
GROUPS = st.sampled_from([
    "kata_" + "cd" * 32, "kata_overhead", "docker", "cd" * 32, "lxc", "firecracker", "x",
    f"libpod-{'cd' * 32}.scope", "machine-qemu\\x2d1\\x2dvm.scope", "syscont-cgroup-root",
    "default", "payload", "user@1000.service", f"docker-{'cd' * 32}.scope", "lxc.payload.c9",
])  # fmt: skip
TEXT = st.text(max_size=60)
ANYTHING = st.builds(
    Evidence,
    cgroup=TEXT | st.lists(GROUPS | TEXT, max_size=8).map(lambda path: "0::/" + "/".join(path)),
    comm=NAMES | TEXT,
    cmdline=st.lists(NAMES | WORDS | TEXT, max_size=5).map(tuple),
    exe=TEXT | NAMES.map(lambda name: f"/usr/bin/{name}"),
    parents=st.lists(
        st.tuples(NAMES | TEXT, st.lists(NAMES | WORDS | TEXT, max_size=4).map(tuple)), max_size=4
    ).map(tuple),
    user_namespace=st.booleans(),
    maps_root=st.none() | st.booleans(),
    owner_uid=st.none() | st.integers(),
    exe_on_host=st.none() | st.booleans(),
    exe_in_reach=st.none() | st.booleans(),
)


@pytest.mark.parametrize("one", LAYOUTS, ids=[one.name for one in LAYOUTS])
def test_documented_layout_is_recognised(one: Layout) -> None:
    """What an engine documents of its groups and processes is taken for that engine's."""
    seen = recognise(one.evidence)._asdict()
    assert one.expect == {field: seen[field] for field in one.expect}


def test_every_source_of_a_layout_is_named() -> None:
    """The README beside the layouts says where each of them is documented."""
    readme = (FOLDER.parent / "README.md").read_text()
    assert [] == sorted({one.source for one in LAYOUTS if f"`{one.source}`" not in readme})


@given(evidence=ANYTHING)
def test_no_text_makes_it_raise(evidence: Evidence) -> None:
    """Whatever strangers call their processes and groups, there is an answer in known words."""
    seen = recognise(evidence)
    assert seen.kernel in {"", "host", "sentry", "guest"}
    assert seen.role in {"workload", "sentry", "gofer", "vmm", "virtiofsd", "shim", "monitor"}
    assert bool(seen.evidence)


@given(
    plain=st.sampled_from([one for one in PLAIN if one.evidence.parents]),
    comm=NAMES | TEXT,
    cmdline=st.lists(NAMES | WORDS | TEXT, max_size=5).map(tuple),
    exe=TEXT | NAMES.map(lambda name: f"/usr/local/bin/{name}"),
    compared=st.sampled_from([(None, None), (False, False), (False, None)]),
    below=st.lists(GROUPS, max_size=4),
)
def test_what_is_named_inside_never_makes_another_kernel(  # noqa: PLR0917 - what one may forge
    plain: Layout, comm: str, cmdline: tuple[str, ...], exe: str,
    compared: tuple[bool | None, bool | None], below: list[str],
) -> None:  # fmt: skip
    """A plain container stays one, or at worst becomes unknown, whatever it calls its own."""
    forged = plain.evidence._replace(
        comm=comm,
        cmdline=cmdline,
        exe=exe,
        exe_on_host=compared[0],
        exe_in_reach=compared[1],
        cgroup="\n".join("/".join((line, *below)) for line in plain.evidence.cgroup.splitlines()),
    )
    assert recognise(forged).kernel in {"host", ""}


@pytest.mark.parametrize("plain", WATCHED, ids=[one.name for one in WATCHED])
def test_running_a_program_of_the_host_is_not_enough(plain: Layout) -> None:
    """Who has the host's runsc or QEMU in his mounts can start it as he likes."""
    for name, reach in product(PROGRAMS, (None, True)):
        forged = plain.evidence._replace(
            comm=name,
            cmdline=(name, "boot", "sandbox-" + "ab" * 32),
            exe=f"/usr/bin/{name}",
            exe_on_host=True,
            exe_in_reach=reach,
        )
        assert recognise(forged).kernel in {"host", ""}, name


@given(comm=NAMES, cmdline=st.lists(NAMES | WORDS, min_size=1, max_size=5).map(tuple))
def test_names_alone_do_not_even_leave_it_open(comm: str, cmdline: tuple[str, ...]) -> None:
    """Where the program can be read and is none of gVisor's, a name changes nothing."""
    plain = layout("docker: the name runsc stands for runc")
    seen = recognise(plain._replace(comm=comm, cmdline=cmdline))
    assert ("docker", "runc", "host", "workload") == (
        seen.engine, seen.runtime, seen.kernel, seen.role)  # fmt: skip


def test_arguments_of_ancestors_are_not_repeated() -> None:
    """They may hold secrets of whoever runs the engine."""
    plain = layout("podman: rootful, systemd")
    (comm, words), *_ = plain.parents
    secret = plain._replace(parents=((comm, (*words, "--env", "TOKEN=hunter2")),))
    assert "hunter2" not in str(recognise(secret))


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        ("runsc", "runsc"),
        ("runsc-kvm", "runsc"),
        ("gvisor", "runsc"),
        ("io.containerd.runsc.v1", "runsc"),
        ("/usr/local/bin/runsc", "runsc"),
        ("kata", "kata"),
        ("kata-qemu", "kata"),
        ("kata-runtime", "kata"),
        ("io.containerd.kata.v2", "kata"),
        ("io.containerd.run.kata.v2", "kata"),
        ("io.containerd.kata-fc.v2", "kata"),
        ("/opt/kata/bin/containerd-shim-kata-v2", "kata"),
        ("containerd-shim-runsc-v1", "runsc"),
        ("runc", "runc"),
        ("io.containerd.runc.v2", "runc"),
        ("sysbox-runc", "sysbox-runc"),
        ("my-gvisor", ""),
        ("sandboxed", ""),
        ("", ""),
    ],
)
def test_family_of_a_runtime(name: str, runtime: str) -> None:
    """Names that say gVisor or Kata by themselves are told from those that promise nothing."""
    assert runtime == family(name)
    # The check of drift has to mean the same names.
    assert (runtime == "runsc") == bool(re.search(DRIFT["sentry"], name))
    assert (runtime == "kata") == bool(re.search(DRIFT["guest"], name))


HOST = "1 0 254:0 / / rw - ext4 /dev/vda rw\n2 1 254:1 /opt /opt rw - ext4 /dev/vdb rw\n"


@pytest.mark.parametrize(
    ("own", "reach"),
    [
        ("9 8 0:99 / / ro - tmpfs runsc-root ro\n", False),
        ("9 8 0:50 / / rw - overlay overlay rw\n10 9 254:0 /etc/hosts /etc/hosts rw - ext4 x rw\n",
         False),
        ("9 8 0:50 / / rw - overlay overlay rw\n10 9 254:0 /usr /mnt rw - ext4 x rw\n", True),
        ("9 8 0:50 / / rw - overlay o rw\n10 9 254:0 /usr/local/bin/runsc /x rw - ext4 x rw\n",
         True),
        (HOST, True),
        ("9 8 0:50 / / rw - overlay overlay rw\n10 9 254:0 /us", None),
        ("", None),
    ],
    ids=["the Sentry's", "the Gofer's", "a folder above", "the file", "the host's", "cut", "none"],
)  # fmt: skip
def test_file_of_the_host_in_reach_of_a_process(own: str, reach: bool | None) -> None:
    """The Sentry gives up every mount of the host; what imitates it has to keep one."""
    assert reach is in_reach("/usr/local/bin/runsc", Table(own), Table(HOST))


def test_file_on_a_mount_of_its_own_is_found_by_that_mount() -> None:
    """What is mounted at /opt of the host is /opt of its own file system."""
    own = "9 8 0:99 / / ro - tmpfs r ro\n10 9 254:1 /opt/gvisor /x ro - ext4 /dev/vdb ro\n"
    assert in_reach("/opt/gvisor/runsc", Table(own), Table(HOST)) is True
