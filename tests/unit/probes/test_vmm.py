"""A VMM process as the kernel shows it: real ones of this machine, recorded ones, broken ones."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from vm_verdicts import verdicts

from isoaudit.probes.vmm.files import others_may_write
from isoaudit.probes.vmm.pid import QemuProcesses
from isoaudit.probes.vmm.process import vmm_facts
from isoaudit.transports import Unreadable
from isoaudit.transports.local import LocalFiles

UUID = "b1a4cf55-5c64-4b9a-9d0c-3f3f0d5faaaa"


@pytest.fixture
def stand_in() -> Iterator[int]:
    """A harmless process with a QEMU's command line."""
    script = "exec -a qemu-system-x86_64 tail -f /dev/null --pid=$PPID"
    with subprocess.Popen(["bash", "-c", script]) as p:
        yield p.pid
        p.kill()


def tree(root: Path, files: dict[str, str]) -> LocalFiles:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return LocalFiles(str(root))


def status(seccomp: str = "2", name: str = "qemu-system-x86") -> str:
    return (
        f"Name:\t{name}\nUid:\t1\t64055\t1\t1\nCapPrm:\t0000000000000002\n"
        f"CapEff:\t0000000000200000\nNoNewPrivs:\t1\nSeccomp:\t{seccomp}\n"
    )


def stat_line(flags: int = 0, start: int = 100) -> str:
    return f"7 (q (x) y) S 1 7 7 0 -1 {flags} " + "0 " * 12 + f"{start} 0 0\n"


def process(**extra: str) -> dict[str, str]:
    """The files of a process 7 with two threads."""
    words = ["/usr/bin/qemu-system-x86_64", "-nodefaults", "-accel", "kvm", "-sandbox", "on"]
    files = {
        "proc/7/status": status(),
        "proc/7/stat": stat_line(),
        "proc/7/cmdline": "\0".join(words) + "\0",
        "proc/7/task/7/status": status(),
        "proc/7/task/8/status": status(),
        "sys/kernel/security/lsm": "capability,apparmor",
        "proc/7/attr/current": "libvirt-u (enforce)\n",
    }
    return files | extra


def values(files: LocalFiles, pid: int = 7) -> dict[str, object]:
    return {path: facts[0].value for path, facts in vmm_facts(files, pid).facts.items()}


def test_process_is_read_from_its_status(tmp_path):
    """Ids, capabilities, filters and label are those of the process."""
    os.makedirs(tmp_path / "proc/7/ns")
    os.symlink("user:[4026531837]", tmp_path / "proc/7/ns/user")
    expected = {
        "vmm.pid": 7,
        "vmm.uid": 64055,
        "vmm.capabilities.effective": ("CAP_SYS_ADMIN",),
        "vmm.capabilities.permitted": ("CAP_DAC_OVERRIDE",),
        "vmm.no_new_privileges": True,
        "vmm.seccomp.mode": "filter",
        "vmm.seccomp.unfiltered_threads": 0,
        "vmm.lsm.label": "libvirt-u (enforce)",
        "vmm.user_namespace": "host",
        "vmm.name": "qemu",
        "vmm.sandbox.options": ("obsolete=deny",),
        "vm.accelerator": "kvm",
        "vm.debug_stub": False,
        "vm.devices": ("isa-fdc",),
    }
    seen = values(tree(tmp_path, process()))
    assert expected == {path: seen.get(path) for path in expected}


def test_threads_without_a_filter_are_counted(tmp_path):
    """One thread without a filter is one too many."""
    files = tree(tmp_path, process(**{"proc/7/task/8/status": status("0")}))
    assert 1 == values(files)["vmm.seccomp.unfiltered_threads"]


@pytest.mark.parametrize(("flags", "count"), [(0x4000, 0), (0x00200000, 0), (0, 1)])
def test_worker_of_the_kernel_is_left_out_by_its_flag(tmp_path, flags, count):
    """A thread that merely calls itself vhost is the VMM's own."""
    extra = {
        "proc/7/task/8/status": status("0", "vhost-7"),
        "proc/7/task/8/stat": stat_line(flags),
    }
    files = tree(tmp_path, process(**extra))
    assert count == values(files)["vmm.seccomp.unfiltered_threads"]


def test_kvm_is_proven_by_its_descriptor_alone(tmp_path):
    """A command line asks for KVM; that it runs on it, the kernel says."""
    files = tree(tmp_path, process())
    asked = vmm_facts(files, 7)
    os.makedirs(tmp_path / "proc/7/fd")
    os.symlink("anon_inode:kvm-vm", tmp_path / "proc/7/fd/9")
    proven = vmm_facts(files, 7)
    assert ({"VMM-016": "unknown"}, {"VMM-016": "pass"}, "kernel") == (
        verdicts(asked, "VMM-016"),
        verdicts(proven, "VMM-016"),
        proven.facts["vm.accelerator"][0].vantage.value,
    )


def test_accelerator_with_a_fallback_is_read_off_the_descriptors(tmp_path):
    """Where QEMU may have fallen back, an open KVM machine is the proof."""
    words = "qemu-system-x86_64\0-machine\0q35,accel=kvm:tcg\0"
    files = tree(tmp_path, process(**{"proc/7/cmdline": words}))
    os.makedirs(tmp_path / "proc/7/fd")
    before = values(files)["vm.accelerator"]
    os.symlink("anon_inode:kvm-vm", tmp_path / "proc/7/fd/9")
    assert ("tcg", "kvm") == (before, values(files)["vm.accelerator"])


def test_monitor_behind_a_foreign_descriptor_is_missing(tmp_path):
    """A descriptor that is no UNIX socket is not called harmless."""
    words = "qemu\0-chardev\0socket,id=m,fd=5\0-mon\0m\0"
    files = tree(tmp_path, process(**{"proc/7/cmdline": words, "proc/7/net/unix": "Num\n"}))
    os.makedirs(tmp_path / "proc/7/fd")
    os.symlink("socket:[99]", tmp_path / "proc/7/fd/5")
    (record,) = vmm_facts(files, 7).parts["monitor"][0].records
    assert {"monitor.backend", "monitor.address"} == set(record.missing)


def test_configuration_file_leaves_the_monitors_incomplete(tmp_path):
    """What -readconfig adds was not read, so that the list may fail a check and not pass it."""
    files = tree(tmp_path, process(**{"proc/7/cmdline": "qemu\0-readconfig\0/c\0"}))
    assert vmm_facts(files, 7).parts["monitor"][0].incomplete is not None


@pytest.mark.parametrize("name", ["firecracker", "cloud-hypervisor"])
def test_small_vmms_are_known_by_name(tmp_path, name):
    """Firecracker and cloud-hypervisor run on KVM only."""
    files = tree(tmp_path, process(**{"proc/7/cmdline": f"/bin/{name}\0--api-sock\0/s\0"}))
    seen = values(files)
    assert (name, "kvm", False) == (
        seen["vmm.name"],
        seen["vm.accelerator"],
        seen["vm.debug_stub"],
    )


def test_process_that_is_gone_is_missing_as_a_whole(tmp_path):
    """Nothing is said of a process that has ended, from either vantage."""
    found = vmm_facts(tree(tmp_path, {"proc/uptime": "1"}), 7)
    reasons = {entry.reason.value for entry in found.all_missing()}
    assert ({}, {"vanished"}, True) == (
        dict(found.facts),
        reasons,
        {"vmm", "monitor", "vm.debug_stub"} <= set(found.missing),
    )


def test_pid_of_another_process_meanwhile_is_not_believed(tmp_path):
    """If the start time changes while the process is read, nothing of it stands."""

    class Replaced(LocalFiles):
        asked = 0

        def read_text(self, path: str, limit: int = 1_048_576) -> str:
            if path == "/proc/7/stat":
                self.asked += 1
                return stat_line(start=100 + self.asked)
            return super().read_text(path, limit)

    tree(tmp_path, process())
    assert {} == dict(vmm_facts(Replaced(str(tmp_path)), 7).facts)


def test_missing_lines_of_status_are_missing_facts(tmp_path):
    """A kernel without seccomp says nothing of it, and nothing is assumed."""
    text = "Name:\tq\nUid:\t1\t1\t1\t1\n"
    files = tree(tmp_path, process(**{"proc/7/status": text, "proc/7/task/7/status": text}))
    assert {
        "vmm.capabilities.effective",
        "vmm.capabilities.permitted",
        "vmm.no_new_privileges",
        "vmm.seccomp.mode",
        "vmm.seccomp.unfiltered_threads",
        "vmm.user_namespace",
    } <= set(vmm_facts(files, 7).missing)


@pytest.mark.parametrize("first", ["firecracker", "qemufoo", "", "cloud-hypervisor"])
def test_kind_of_a_vmm_is_the_kernels_word(tmp_path, first):
    """QEMU that calls itself another program is read as QEMU: its monitor is not lost."""
    words = f"{first}\0-monitor\0tcp:0.0.0.0:4444\0"
    files = tree(tmp_path, process(**{"proc/7/cmdline": words}))
    os.symlink("/usr/bin/qemu-system-x86_64", tmp_path / "proc/7/exe")
    found = vmm_facts(files, 7)
    assert "qemu" == found.facts["vmm.name"][0].value
    assert 1 == len(found.parts["monitor"][0].records)


def test_command_line_of_no_vmm_leaves_the_machine_open(tmp_path):
    """Of words that cannot be read as a VMM's, nothing passes."""
    files = tree(tmp_path, process(**{"proc/7/cmdline": "strange\0-monitor\0none\0"}))
    assert {"monitor", "graphics", "vm.debug_stub"} <= set(vmm_facts(files, 7).missing)


def test_this_very_process_can_be_read():
    """Real /proc files are understood."""
    files = LocalFiles()
    found = vmm_facts(files, os.getpid())
    assert (os.getpid(), os.geteuid()) == (
        found.facts["vmm.pid"][0].value,
        found.facts["vmm.uid"][0].value,
    )


def qemu(pid: int, uuid: str) -> dict[str, str]:
    return {f"proc/{pid}/cmdline": f"/usr/bin/qemu-system-x86_64\0-uuid\0{uuid}\0"}


def test_pid_file_is_believed_with_the_uuid(tmp_path):
    """The pid file's process carries the domain's UUID."""
    files = tree(tmp_path, {"run/libvirt/qemu/vm.pid": "7\n", **qemu(7, UUID), **qemu(8, UUID)})
    assert 7 == QemuProcesses(files).find("vm", UUID)


@pytest.mark.parametrize("pid_file", ["8\n", "none\n", "999\n"])
def test_stale_pid_file_is_not_believed(tmp_path, pid_file):
    """A pid that was given to another process leads to a search for the right one."""
    files = tree(
        tmp_path, {"run/libvirt/qemu/vm.pid": pid_file, **qemu(7, UUID), **qemu(8, "other")}
    )
    assert 7 == QemuProcesses(files).find("vm", UUID)


@pytest.mark.parametrize("name", ["../../../etc/x", "", ".."])
def test_names_that_lead_elsewhere_are_not_followed(tmp_path, name):
    """A domain's name never becomes a path of its own."""
    files = tree(tmp_path, {**qemu(7, UUID), "etc/x.pid": "7"})
    assert 7 == QemuProcesses(files).find(name, UUID)


def test_two_claimants_prove_nothing(tmp_path):
    """Anybody can start a process with a domain's UUID on its command line."""
    files = tree(tmp_path, {**qemu(7, UUID), **qemu(8, UUID)})
    with pytest.raises(Unreadable, match="2 processes carry"):
        QemuProcesses(files).find("vm", UUID)


def test_uuid_in_another_programs_arguments_is_no_proof(tmp_path):
    """An editor that has the UUID on its command line is no VMM."""
    files = tree(tmp_path, {"proc/7/cmdline": f"vi\0-uuid\0{UUID}\0"})
    with pytest.raises(Unreadable, match="no process carries"):
        QemuProcesses(files).find("vm", UUID)


@pytest.mark.parametrize(("exe", "found"), [
    ("/usr/bin/qemu-system-x86_64", True), ("/nix/bin/.qemu-kvm-wrapped", True),
    ("/usr/bin/qemu-system-x86_64 (deleted)", True), ("/tmp/tail", False),
])  # fmt: skip
def test_process_that_only_calls_itself_qemu_is_no_proof(tmp_path, exe, found):
    """What it calls itself is anybody's to choose; the file it runs is the kernel's word."""
    files = tree(tmp_path, qemu(7, UUID))
    os.symlink(exe, tmp_path / "proc/7/exe")
    if found:
        assert 7 == QemuProcesses(files).find("vm", UUID)
        return
    with pytest.raises(Unreadable, match="no process carries"):
        QemuProcesses(files).find("vm", UUID)


def test_pid_that_was_found_once_is_looked_at_again(tmp_path):
    """Between listing and reading, a process may end and another one take its pid."""
    processes = QemuProcesses(tree(tmp_path, qemu(7, UUID)))
    assert 7 == processes.find("vm", UUID)
    (tmp_path / "proc/7/cmdline").write_text("qemu-system-x86_64\0-uuid\0other\0")
    with pytest.raises(Unreadable, match="has ended"):
        processes.find("vm", UUID)


class Rooted(LocalFiles):
    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.root = root


@pytest.fixture
def rooted(tmp_path) -> Rooted:
    """Files of a machine whose owner is whoever runs the tests, as root or not."""
    if os.geteuid() != 0:
        pytest.skip("files of root need root")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/kernel").write_text("")
    (tmp_path / "etc/kernel").chmod(0o644)
    return Rooted(str(tmp_path))


def test_file_of_root_in_folders_of_root_is_safe(rooted):
    """Nobody else may write anywhere on the way."""
    assert (False, "/etc/kernel") == others_may_write(rooted, "/etc/kernel")


@pytest.mark.parametrize(
    ("place", "mode", "owner", "expected"),
    [
        ("etc", 0o777, "0:0", True),
        ("etc", 0o1777, "0:0", False),
        ("etc/kernel", 0o666, "0:0", True),
        ("etc/kernel", 0o664, "0:0", False),
        ("etc/kernel", 0o664, "0:10", True),
        ("etc/kernel", 0o600, "1000:0", True),
    ],
)
def test_anybody_elses_right_on_the_way_counts(rooted, place, mode, owner, expected):
    """Owner, group and others count on every step; a sticky folder guards what is in it."""
    path = f"{rooted.root}/{place}"
    uid, gid = map(int, owner.split(":"))
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    assert expected is others_may_write(rooted, "/etc/kernel")[0]


def test_links_are_followed_through_the_folders_they_pass(rooted, tmp_path):
    """A link into a folder that others may write is no safer than that folder."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open/k").write_text("")
    os.symlink("../open/k", tmp_path / "etc/link")
    assert (True, "/open") == others_may_write(rooted, "/etc/link")


def test_links_in_a_circle_end(rooted, tmp_path):
    """The kernel gives up after forty links, and so does isoaudit."""
    os.symlink("b", tmp_path / "etc/a")
    os.symlink("a", tmp_path / "etc/b")
    with pytest.raises(Unreadable, match="too many"):
        others_may_write(rooted, "/etc/a")


def test_stand_in_under_a_vmms_name_is_read(stand_in):
    """A real process that calls itself QEMU is read from its real command line."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = vmm_facts(LocalFiles(), stand_in)
        if found.facts["vmm.name"][0].value == "qemu":
            break
    assert ("qemu", ()) == (
        found.facts["vmm.name"][0].value,
        found.facts["vmm.sandbox.options"][0].value,
    )
