"""Which engine and runtime a sandbox belongs to, and that names made up inside decide nothing."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from runtime_layouts import FOLDER, Layout, layout, layouts

from isoaudit.probes.kernel.managers import family
from isoaudit.probes.kernel.runtimes import Evidence, recognise
from isoaudit.resources import data_dir

LAYOUTS = layouts()
DRIFT = yaml.safe_load((data_dir("checks") / "container/DRIFT-001.yaml").read_text())["params"]
PLAIN = [one for one in LAYOUTS if one.expect.get("kernel") == "host"]
SHARING = [one for one in PLAIN if one.name.startswith(("sandboxes:", "systemd:", "lxc:"))]

NAMES = st.sampled_from([
    "runsc", "runsc-sandbox", "runsc-gofer", "exe", "qemu-system-x86_64", "qemu-kvm", "firecracker",
    "cloud-hypervisor", "virtiofsd", "containerd-shim-kata-v2", "containerd-shim-runsc-v1",
    "conmon", "gvisor", "kata-shim", "jailer", "bash",
])  # fmt: skip
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
    compared=st.sampled_from([None, False]),
    below=st.lists(GROUPS, max_size=4),
)
def test_what_is_named_inside_never_makes_another_kernel(  # noqa: PLR0917 - what one may forge
    plain: Layout, comm: str, cmdline: tuple[str, ...], exe: str, compared: bool | None,
    below: list[str],
) -> None:  # fmt: skip
    """A plain container stays one, or at worst becomes unknown, whatever it calls its own."""
    forged = plain.evidence._replace(
        comm=comm,
        cmdline=cmdline,
        exe=exe,
        exe_on_host=compared,
        cgroup="\n".join("/".join((line, *below)) for line in plain.evidence.cgroup.splitlines()),
    )
    assert recognise(forged).kernel in {"host", ""}


@given(
    plain=st.sampled_from(SHARING),
    comm=NAMES,
    cmdline=st.lists(NAMES | WORDS, max_size=5).map(tuple),
    exe=NAMES.map(lambda name: f"/usr/bin/{name}"),
)
def test_running_a_program_of_the_host_is_not_enough_where_all_of_them_are_in_reach(
    plain: Layout, comm: str, cmdline: tuple[str, ...], exe: str
) -> None:
    """What only has namespaces of its own can start the host's runsc or QEMU as it likes."""
    forged = plain.evidence._replace(comm=comm, cmdline=cmdline, exe=exe, exe_on_host=True)
    assert recognise(forged).kernel in {"host", ""}


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
