"""VMMs found through /proc: by the file they run and what they were started with or hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from domain_documents import reason, rows, value
from vm_verdicts import verdicts
from vmm_trees import Tree

from isoaudit.errors import TargetError
from isoaudit.model import Kind, Target
from isoaudit.probes.vmm.probe import VmmProbe

UUID = "b1a4cf55-5c64-4b9a-9d0c-3f3f0d5faaaa"
_KVM = {"5": "anon_inode:kvm-vm"}
_JAIL = (
    "40 1 8:1 /srv/jailer/firecracker/db/root / rw - ext4 /dev/sda1 rw\n"
    "41 40 0:60 / /proc rw - proc proc rw\n"
)


def names(tree: Tree) -> list[str]:
    return [target.name for target in VmmProbe(tree.files()).find()]


@pytest.mark.parametrize(
    ("words", "exe", "held", "expected"),
    [
        (["qemu-system-x86_64", "-name", "guest=db,debug-threads=on"],
         "/usr/bin/qemu-system-x86_64", {}, ["db"]),
        (["/usr/libexec/qemu-kvm", "-m", "64"], "/usr/libexec/qemu-kvm", {}, ["qemu/7"]),
        (["/usr/bin/kvm", "-id", "100", "-name", "web"], "/usr/bin/qemu-system-x86_64", {},
         ["web"]),
        (["qemu-system-x86_64", "disk.img"], "/usr/bin/qemu-system-x86_64", {}, ["qemu/7"]),
        (["qemu-system-x86_64", "-device", "help"], "/usr/bin/qemu-system-x86_64", {}, []),
        (["qemu-system-x86_64", "--version"], "/usr/bin/qemu-system-x86_64", {}, []),
        (["firecracker", "--id", "db"], "/firecracker", {}, ["db"]),
        (["firecracker", "--id=db"], "/firecracker-v1.7.0-x86_64", {}, ["db"]),
        (["firecracker"], "/usr/bin/firecracker", {}, ["firecracker/7"]),
        (["cloud-hypervisor", "--api-socket", "/s"], "/usr/bin/cloud-hypervisor", {},
         ["cloud-hypervisor/7"]),
        (["cloud-hypervisor", "--help"], "/usr/bin/cloud-hypervisor", {}, []),
        (["crosvm", "run", "--name", "vm"], "/usr/bin/crosvm", {}, ["vm"]),
        (["crosvm", "version"], "/usr/bin/crosvm", {}, []),
        (["stratovirt", "-machine", "microvm", "-name", "s"], "/usr/bin/stratovirt", {}, ["s"]),
        (["containerd-shim-kata-v2", "-id", "x"], "/opt/kata/bin/containerd-shim-kata-v2", {}, []),
        (["containerd-shim-kata-v2"], "/opt/kata/runtime-rs/bin/containerd-shim-kata-v2", _KVM,
         ["dragonball/7"]),
        (["qemu-system-x86_64", "-m", "64"], "/usr/bin/tail", {}, []),
        (["jailer", "--id", "db"], "/usr/bin/jailer", {}, []),
        (["tail", "-f"], "/usr/bin/tail", _KVM, []),
    ],
)  # fmt: skip
def test_vmms_are_known_by_program_and_evidence(tmp_path, words, exe, held, expected):
    """Neither a name nor arguments alone make a VMM."""
    tree = Tree(tmp_path)
    tree.add(7, words, exe, held=held)
    assert expected == names(tree)


def test_machine_has_its_uuid_for_a_handle(tmp_path):
    """A target is the same from start to start, and found by its pid as well."""
    tree = Tree(tmp_path)
    tree.add(7, ["qemu-system-x86_64", "-name", "db", "-uuid", UUID], "/usr/bin/qemu-system-x86_64")
    (target,) = VmmProbe(tree.files()).find()
    assert ("vmm:db", Kind.VM, UUID, ("vmm:7",), "local") == (
        target.id, target.kind, target.handle, target.aliases, target.host)  # fmt: skip


def test_two_that_claim_one_uuid_are_two(tmp_path):
    """Nobody hides a machine behind another's UUID."""
    tree = Tree(tmp_path)
    for pid in (7, 8):
        tree.add(pid, ["qemu", "-name", "db", "-uuid", UUID], "/usr/bin/qemu-system-x86_64")
    found = VmmProbe(tree.files()).find()
    assert [("7", "db"), ("8", "db.2")] == [(t.handle, t.name) for t in found]


def test_forked_parts_of_a_vmm_are_no_vmms(tmp_path):
    """crosvm runs each device in a process of its own."""
    tree = Tree(tmp_path)
    tree.add(7, ["crosvm", "run"], "/usr/bin/crosvm")
    tree.add(8, ["crosvm", "run"], "/usr/bin/crosvm", parent=7)
    assert ["crosvm/7"] == names(tree)


def test_vmm_whose_program_is_closed_is_taken_by_its_words(tmp_path):
    """Without root /proc hides what others run, and not their command lines."""
    tree = Tree(tmp_path)
    tree.add(7, ["/usr/bin/qemu-system-x86_64", "-m", "64"], "")
    assert ["qemu/7"] == names(tree)


def test_hidden_processes_are_told(tmp_path):
    """Where /proc shows one PID namespace only, an empty list is no answer."""
    tree = Tree(tmp_path)
    tree.write("proc/2/stat", "2 (x) S 1 2 2 0 -1 0 " + "0 " * 12 + "2 0\n")
    probe = VmmProbe(tree.files())
    assert ([], True) == (list(probe.find()), probe.unseen() is not None)


def test_nothing_is_hidden_from_root(tmp_path):
    """All processes were looked at."""
    tree = Tree(tmp_path)
    probe = VmmProbe(tree.files())
    probe.find()
    assert probe.unseen() is None


def test_pid_leads_to_its_machine(tmp_path):
    """A machine with a name is found by its VMM's pid, and another pid is none."""
    tree = Tree(tmp_path)
    tree.add(7, ["firecracker", "--id", "db"], "/firecracker")
    probe = VmmProbe(tree.files())
    probe.find()
    located = probe.locate("7")
    assert ("vmm:db", None) == (located and located.id, probe.locate("1"))


def test_target_of_another_run_is_refused(tmp_path):
    """What was not found here is not read."""
    with pytest.raises(TargetError):
        VmmProbe(Tree(tmp_path).files()).collect(Target("vmm:x", Kind.VM, "x", "running"))


def firecracker(tmp_path: Path, *words: str, jailed: bool = False):
    tree = Tree(tmp_path)
    how = {
        "uid": 10001,
        "own": ("mnt", "pid", "net"),
        "mounts": _JAIL,
        "cgroup": "0::/firecracker/db\n",
    }
    tree.add(7, ["firecracker", "--id", "db", *words], "/firecracker", seccomp="2", held=_KVM,
             **(how if jailed else {}))  # fmt: skip
    probe = VmmProbe(tree.files())
    (target,) = probe.find()
    return probe.collect(target)


def test_jail_of_firecracker_is_recognised(tmp_path):
    """Root, mounts, uid and control group are the jailer's (docs/jailer.md)."""
    found = firecracker(tmp_path, jailed=True)
    ids = ("VMM-001", "VMM-002", "VMM-003", "VMM-005", "VMM-006", "VMM-008", "VMM-016")
    assert ("/srv/jailer/firecracker/db/root", {"pass"}) == (
        value(found, "vmm.root"), set(verdicts(found, *ids).values()))  # fmt: skip


def test_firecracker_started_by_hand_is_not_jailed(tmp_path):
    """A filter alone is no jail."""
    found = firecracker(tmp_path, "--no-seccomp")
    assert {"VMM-001": "fail", "VMM-005": "fail", "VMM-006": "fail", "VMM-016": "pass"} == verdicts(
        found, "VMM-001", "VMM-005", "VMM-006", "VMM-016"
    )


@pytest.mark.parametrize(
    ("words", "option"),
    [((), "default"), (("--no-seccomp",), "off"), (("--seccomp-filter", "/f"), "custom")],
)
def test_filters_of_firecracker_are_told(tmp_path, words, option):
    """What the command line makes of the built-in filters."""
    assert option == value(firecracker(tmp_path, *words), "vmm.seccomp.option")


def test_cloud_hypervisor_is_read_from_its_options(tmp_path):
    """Its devices, folders and filters stand on its command line (cloud-hypervisor --help)."""
    tree = Tree(tmp_path)
    words = [
        *("cloud-hypervisor", "--kernel", "/k", "--seccomp", "log", "--landlock"),
        *("--disk", "path=/a.img,readonly=on", "path=/dev/sda"),
        *("--net", "tap=tap0", "--fs", "tag=t,socket=/s", "--serial", "tty"),
        *("--device", "path=/sys/bus/pci/devices/0000:01:00.0/"),
    ]
    tree.add(7, words, "/usr/bin/cloud-hypervisor", held=_KVM)
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[0])
    assert ("log", True, [True, False], ["tap0"], ["t"], [("pci", "0000:01:00.0")]) == (
        value(found, "vmm.seccomp.option"),
        value(found, "vmm.landlock"),
        [row["read_only"] for row in rows(found, "disk")],
        [row["source"] for row in rows(found, "interface")],
        [row["target"] for row in rows(found, "share")],
        [(row["type"], row["address"]) for row in rows(found, "host_device")],
    )
    assert {"VMM-005": "fail", "VMM-023": "pass", "VMD-011": "fail"} == verdicts(
        found, "VMM-005", "VMM-023", "VMD-011"
    )


def test_kata_is_told_by_its_words(tmp_path):
    """Kata names its sandboxes and keeps their sockets below /run/vc."""
    tree = Tree(tmp_path)
    words = ["qemu-system-x86_64", "-name", "sandbox-0123", "-qmp", "unix:/run/vc/vm/0123/qmp.sock"]
    tree.add(7, words, "/opt/kata/bin/qemu-system-x86_64")
    probe = VmmProbe(tree.files())
    assert "kata" == value(probe.collect(probe.find()[0]), "vmm.manager")


def test_uid_in_common_with_another_machine_is_told(tmp_path):
    """Two machines of one user, without labels, are not kept apart."""
    tree = Tree(tmp_path)
    for pid, name in ((7, "a"), (8, "b")):
        tree.add(pid, ["qemu", "-name", name], "/usr/bin/qemu-system-x86_64", uid=64055)
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[0])
    assert (("b",), {"VMM-008": "fail"}) == (
        value(found, "vmm.uid_shared_with"), verdicts(found, "VMM-008"))  # fmt: skip


def test_program_that_was_replaced_is_told(tmp_path):
    """After an upgrade the old program goes on running."""
    tree = Tree(tmp_path)
    tree.add(7, ["qemu", "-m", "64"], "/usr/bin/qemu-system-x86_64 (deleted)")
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[0])
    assert {"VMM-018": "fail", "VMM-007": "unknown"} == verdicts(found, "VMM-018", "VMM-007")


def test_command_line_without_end_passes_nothing(tmp_path):
    """Options that stand behind a megabyte of others are not taken for absent."""
    tree = Tree(tmp_path)
    words = ["qemu", *["-S"] * 400_000, "-nic", "user"]
    tree.add(7, words, "/usr/bin/qemu-system-x86_64", held=_KVM)
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[0])
    assert {"VMM-021": "unknown", "VMM-016": "unknown"} == verdicts(found, "VMM-021", "VMM-016")


def test_pid_that_another_process_has_by_now_is_not_believed(tmp_path):
    """What was listed and what is read must be one process."""
    tree = Tree(tmp_path)
    tree.add(7, ["qemu", "-name", "db", "-m", "64"], "/usr/bin/qemu-system-x86_64")
    probe = VmmProbe(tree.files())
    (target,) = probe.find()
    stat = tmp_path / "proc/7/stat"
    stat.write_text(stat.read_text().replace(" 7 0\n", " 99 0\n"))
    found = probe.collect(target)
    assert "vmm.uid" not in found.facts
    assert {"vanished"} == {reason(found, "vmm"), reason(found, "boot_file")}


def test_boot_file_far_down_a_command_line_is_told(tmp_path):
    """A machine with many disks has a long command line, and a kernel at its end."""
    disks = [word for n in range(800) for word in ("-drive", f"file=/img/{n},format=raw")]
    tree = Tree(tmp_path)
    tree.add(7, ["qemu", "-name", "db", *disks, "-kernel", "/k"], "/usr/bin/qemu-system-x86_64")
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[0])
    assert "/k" in [row["path"] for row in rows(found, "boot_file")]


def test_no_two_machines_have_one_name(tmp_path):
    """Whatever machines call themselves, each is a target of its own."""
    tree = Tree(tmp_path)
    for pid, name in ((7, "db"), (8, "db.2"), (9, "db"), (10, "db")):
        tree.add(pid, ["qemu", "-name", name], "/usr/bin/qemu-system-x86_64")
    assert ["db", "db.2", "db.3", "db.4"] == names(tree)
