"""Walls: each stands by every one of its facts, and by nothing less."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from isoaudit.assess import load_assessor
from isoaudit.assess.definitions import definitions
from isoaudit.assess.wall import Walls
from isoaudit.facts.vocabulary import root
from isoaudit.model import Kind, Wall, WallKind
from isoaudit.rules.examples import context_of

CONTAINER: dict[str, Any] = {
    "container.kernel": "host",
    "container.seccomp.profile": "default",
    "container.borrowed_namespaces": [],
    "container.limits.memory.set": True,
    "container.limits.pids.set": True,
    "host.mac.enforcing": True,
    "mount": [],
    "device": [],
    "process": [
        {
            "process.name": "app",
            "process.root_permitted": False,
            "process.capabilities.bounding": [],
            "process.capabilities.effective": [],
            "process.no_new_privileges": True,
            "process.seccomp.mode": "filter",
            "process.apparmor.confined": True,
            "process.user_namespace": "host",
            "process.user_namespace_maps_root": True,
            **{f"process.namespaces.{one}": "private" for one in ("mnt", "pid", "net", "ipc",
                                                                  "uts")},
        }
    ],
}  # fmt: skip

VM: dict[str, Any] = {
    "vm.kernel": "guest",
    "vm.accelerator": "kvm",
    "vm.machine": "pc-q35-9.0",
    "vm.devices": ["virtio-net", "virtio-blk", "pcie-root-port", "isa-serial"],
    "vm.cpu.nested": False,
    "vm.seclabel.confined": True,
    "host_device": [],
    "host.mac.enforcing": True,
    "vmm.name": "qemu",
    "vmm.manager": "libvirt",
    "vmm.uid": 64055,
    "vmm.uid_shared_with": ["other"],
    "vmm.root_permitted": False,
    "vmm.root_is_host": True,
    "vmm.namespaces.mnt": "private",
    "vmm.landlock": False,
    "vmm.seccomp.unfiltered_threads": 0,
    "vmm.lsm.label": "libvirt-0a81f5b2 (enforce)",
    "vm.launch_security.type": "none",
    "vm.launch_security.debug": False,
    "vm.launch_security.bound": True,
}

MICROVM: dict[str, Any] = VM | {
    "vmm.name": "firecracker",
    "vmm.manager": "",
    "vm.devices": ["virtio-net", "virtio-blk", "isa-serial", "ps2-keyboard"],
    "vm.seclabel.confined": False,
    "vmm.lsm.label": "",
    "vmm.root_is_host": False,
}


def wall(kind: Kind, facts: dict[str, Any], example: dict[str, Any] | None = None) -> Wall:
    """Return the wall of a target with these facts, ways out aside."""
    walls = Walls(definitions(), load_assessor().truths)
    return walls.of(context_of(kind, facts, example))


def with_process(path: str, value: Any) -> dict[str, Any]:
    """Return the hardened container with one field of its process changed, or taken out."""
    facts = copy.deepcopy(CONTAINER)
    facts["process"][0][path] = value
    if value is None:
        del facts["process"][0][path]
    return facts


def without(facts: dict[str, Any], path: str) -> dict[str, Any]:
    """Return facts without one."""
    return {name: value for name, value in facts.items() if name != path}


def test_a_hardened_container_is_proven_fact_by_fact() -> None:
    """The host's kernel answers it, and all that a setting can take from it is taken."""
    found = wall(Kind.CONTAINER, CONTAINER)

    assert (WallKind.HARDENED, WallKind.HARDENED) == (found.proven, found.possible)
    assert found.missing == ()
    assert found.lacks == (
        "root inside is root of the host, no user namespace stands between them",
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("process.root_permitted", True),
        ("process.capabilities.bounding", ["CAP_CHOWN"]),
        ("process.capabilities.effective", ["CAP_NET_RAW"]),
        ("process.no_new_privileges", False),
        ("process.seccomp.mode", "disabled"),
        ("process.apparmor.confined", False),
        ("process.namespaces.mnt", "host"),
        ("process.namespaces.pid", "host"),
        ("process.namespaces.net", "host"),
        ("process.namespaces.ipc", "host"),
        ("process.namespaces.uts", "host"),
    ],
)
def test_each_right_of_a_process_takes_the_hardened_wall_away(path: str, value: Any) -> None:
    """One is enough: the wall is as good as what is missing in it."""
    facts = with_process(path, value)
    if path == "process.apparmor.confined":
        facts["process"][0]["process.selinux.type"] = ""
    found = wall(Kind.CONTAINER, facts)

    assert (WallKind.SHARED_KERNEL, WallKind.SHARED_KERNEL) == (found.proven, found.possible)
    assert len(found.lacks) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("container.borrowed_namespaces", ["net:other"]),
        ("container.limits.memory.set", False),
        ("container.limits.pids.set", False),
        ("host.mac.enforcing", False),
        ("mount", [{"mount.kind": "bind", "mount.managed": False, "mount.read_only": False,
                    "mount.source": "/srv/data"}]),
        ("mount", [{"mount.kind": "bind", "mount.managed": False, "mount.read_only": True,
                    "mount.source": "/etc"}]),
        ("mount", [{"mount.kind": "bind", "mount.managed": False, "mount.read_only": True,
                    "mount.source": "/run/docker.sock"}]),
        ("device", [{"device.path": "/dev/fuse"}]),
    ],
)  # fmt: skip
def test_each_thing_of_the_host_takes_the_hardened_wall_away(path: str, value: Any) -> None:
    """What it may take up, what it is shown, what it shares."""
    found = wall(Kind.CONTAINER, CONTAINER | {path: value})

    assert (WallKind.SHARED_KERNEL, WallKind.SHARED_KERNEL) == (found.proven, found.possible)
    assert len(found.lacks) == 1


@pytest.mark.parametrize("path", sorted(set(CONTAINER) - {"container.kernel", "process"}
                                         - {"container.seccomp.profile"}))  # fmt: skip
def test_what_was_not_read_leaves_the_hardened_wall_possible(path: str) -> None:
    """Missing evidence proves nothing, and says what would."""
    found = wall(Kind.CONTAINER, without(CONTAINER, path))

    assert (WallKind.SHARED_KERNEL, WallKind.HARDENED) == (found.proven, found.possible)
    selinux = {"process"} if path == "host.mac.enforcing" else set()
    assert {root(one.path) for one in found.missing} == {root(path)} | selinux


@pytest.mark.parametrize("path", sorted(set(CONTAINER["process"][0]) - {
    "process.name", "process.user_namespace", "process.user_namespace_maps_root"}))  # fmt: skip
def test_a_field_of_a_process_that_was_not_read_leaves_it_possible(path: str) -> None:
    """Of any process."""
    found = wall(Kind.CONTAINER, with_process(path, None))

    assert (WallKind.SHARED_KERNEL, WallKind.HARDENED) == (found.proven, found.possible)


def test_every_process_counts() -> None:
    """A helper with more rights is as much inside as the first process."""
    facts = copy.deepcopy(CONTAINER)
    facts["process"].append({**facts["process"][0], "process.no_new_privileges": False})

    assert wall(Kind.CONTAINER, facts).possible is WallKind.SHARED_KERNEL


def test_a_part_that_was_cut_off_proves_nothing() -> None:
    """There may be one more process, of which nothing is known."""
    found = wall(Kind.CONTAINER, CONTAINER, {"incomplete": ["process"]})

    assert (WallKind.SHARED_KERNEL, WallKind.HARDENED) == (found.proven, found.possible)


def test_no_process_at_all_proves_nothing() -> None:
    """What holds of every one of none is no evidence."""
    found = wall(Kind.CONTAINER, CONTAINER | {"process": []})

    assert found.proven is WallKind.SHARED_KERNEL


def test_a_weaker_word_never_proves_a_wall() -> None:
    """The engine says that memory is limited; the kernel was there and was not asked."""
    found = wall(Kind.CONTAINER, CONTAINER, {"weak": ["container.limits.memory.set"]})

    assert (WallKind.SHARED_KERNEL, WallKind.HARDENED) == (found.proven, found.possible)


@pytest.mark.parametrize("root_inside", [False, True])
def test_a_user_namespace_is_the_next_wall(root_inside: bool) -> None:
    """Root inside is nobody outside, so that it may be root there."""
    facts = with_process("process.user_namespace", "private")
    facts["process"][0] |= {"process.user_namespace_maps_root": False,
                            "process.root_permitted": root_inside}  # fmt: skip
    found = wall(Kind.CONTAINER, facts)

    assert (WallKind.USER_NAMESPACE, WallKind.USER_NAMESPACE) == (found.proven, found.possible)
    assert found.lacks == ("the host's kernel answers its system calls itself",)


def test_a_custom_filter_is_held_to_what_it_lets_through() -> None:
    """One that lets mounts through is no tighter than the engine's."""
    tight = {f"process.seccomp.allows.{name}": False for name in (
        "mount", "user_namespace", "bpf", "module", "kexec", "setns", "open_by_handle", "raw_io",
        "perf", "keyring", "userfaultfd")}  # fmt: skip
    facts = copy.deepcopy(CONTAINER) | {"container.seccomp.profile": "custom"}
    facts["process"][0] |= tight

    assert wall(Kind.CONTAINER, facts).proven is WallKind.HARDENED
    facts["process"][0]["process.seccomp.allows.mount"] = True
    assert wall(Kind.CONTAINER, facts).possible is WallKind.SHARED_KERNEL


def test_a_sentry_is_a_wall_whatever_the_container_may_do_inside() -> None:
    """What it may do there, it may do to the Sentry."""
    sentry = {"container.kernel": "sentry", "sentry.seccomp.mode": "filter"}

    assert wall(Kind.CONTAINER, sentry).proven is WallKind.USER_KERNEL
    unread = wall(Kind.CONTAINER, without(sentry, "sentry.seccomp.mode"))
    assert (WallKind.SHARED_KERNEL, WallKind.USER_KERNEL) == (unread.proven, unread.possible)
    assert wall(Kind.CONTAINER, sentry | {"container.kernel": "host"}).possible.tier < 4


def test_a_containers_guest_kernel_may_be_a_microvm() -> None:
    """That KVM runs it, its VMM shows and not the container."""
    found = wall(Kind.CONTAINER, {"container.kernel": "guest"})

    assert (WallKind.SHARED_KERNEL, WallKind.MICROVM) == (found.proven, found.possible)
    assert "vm.accelerator" in {one.path for one in found.missing}


def test_a_confined_vm_on_virtio_is_proven() -> None:
    """And beyond it there is no wall."""
    found = wall(Kind.VM, VM)

    assert (WallKind.VM, WallKind.VM, ()) == (found.proven, found.possible, found.lacks)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("vm.devices", ["virtio-net", "rtl8139"]),
        ("vm.devices", ["virtio-9p"]),
        ("vm.cpu.nested", True),
        ("host_device", [{"host_device.type": "pci"}]),
        ("vmm.root_permitted", True),
        ("vmm.seccomp.unfiltered_threads", 1),
        ("vmm.lsm.label", "unconfined"),
        ("host.mac.enforcing", False),
        ("vm.seclabel.confined", False),
    ],
)
def test_a_wide_or_unconfined_vm_is_no_more_than_another_kernel(path: str, value: Any) -> None:
    """Hardware virtualization is proven, and nothing beyond it."""
    found = wall(Kind.VM, VM | {path: value})

    assert (WallKind.USER_KERNEL, WallKind.USER_KERNEL) == (found.proven, found.possible)
    assert found.lacks


@pytest.mark.parametrize(
    "path",
    ["vm.devices", "vm.cpu.nested", "host_device", "vmm.lsm.label", "vmm.root_permitted",
     "vmm.seccomp.unfiltered_threads"],
)  # fmt: skip
def test_what_was_not_read_of_a_vm_leaves_its_wall_possible(path: str) -> None:
    """It is then what hardware virtualization alone makes it."""
    found = wall(Kind.VM, without(VM, path))

    assert (WallKind.USER_KERNEL, WallKind.VM) == (found.proven, found.possible)


def test_a_vms_own_uid_and_mounts_come_to_what_a_label_does() -> None:
    """Where no security module is active."""
    facts = VM | {"vmm.lsm.label": "", "vmm.uid_shared_with": [], "vmm.root_is_host": False}

    assert wall(Kind.VM, facts).proven is WallKind.VM


def test_a_jailed_small_vmm_is_a_microvm() -> None:
    """It needs no label, since its jail holds it; its uid is another's, so that it is no VM."""
    found = wall(Kind.VM, MICROVM)

    assert (WallKind.MICROVM, WallKind.MICROVM) == (found.proven, found.possible)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("vmm.name", "qemu"),
        ("vm.devices", ["virtio-net", "virtio-gpu"]),
        ("vmm.root_is_host", True),
        ("vmm.root_permitted", True),
        ("vmm.seccomp.unfiltered_threads", 2),
    ],
)
def test_a_microvm_that_lacks_one_thing_is_another_kernel_and_no_more(
    path: str, value: Any
) -> None:
    """Firecracker without its jailer is a bare process of the host."""
    assert wall(Kind.VM, MICROVM | {path: value}).possible is WallKind.USER_KERNEL


def test_emulation_is_no_boundary() -> None:
    """However well the VMM is confined: TCG is not made to hold."""
    found = wall(Kind.VM, VM | {"vm.accelerator": "tcg"})

    assert (WallKind.SHARED_KERNEL, WallKind.SHARED_KERNEL) == (found.proven, found.possible)
    assert found.lacks == ("no hardware virtualization: emulation is no boundary",)


def test_a_domain_on_the_hosts_kernel_is_a_container() -> None:
    """libvirt calls it a domain all the same."""
    found = wall(Kind.VM, VM | {"vm.kernel": "host", "vm.accelerator": "lxc"})

    assert found.proven is WallKind.SHARED_KERNEL
    assert found.possible.tier <= WallKind.USER_NAMESPACE.tier


@pytest.mark.parametrize(
    ("changed", "additions"),
    [
        ({}, ()),
        ({"vm.launch_security.type": "sev"}, ()),
        ({"vm.launch_security.type": "sev-snp"}, ("confidential",)),
        ({"vm.launch_security.type": "tdx", "vm.launch_security.debug": True}, ()),
        ({"vm.launch_security.type": "tdx", "vm.launch_security.bound": False}, ()),
    ],
)
def test_confidential_is_an_addition_that_is_proven_too(
    changed: dict[str, Any], additions: tuple[str, ...]
) -> None:
    """And nothing ever proves that a host is for one alone."""
    assert wall(Kind.VM, VM | changed).additions == additions


def test_every_requirement_is_of_a_wall_and_says_whence_it_comes() -> None:
    """None stands about unused, none is without a source."""
    document = definitions().documents["walls"]
    used = {name for one in document["walls"] for form in one["forms"] for name in form["needs"]}
    used |= {name for one in document["additions"] for name in one["needs"]}

    assert used == {one["id"] for one in document["requirements"]}
    assert all(one["source"] for one in document["requirements"])
    assert [one["wall"] for one in document["walls"]] == [kind.value for kind in WallKind]
