"""Kernel, CPU, security modules, cgroups and passthrough of made-up hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, collect, reason, records, tree, value

from isoaudit.model import Reason
from isoaudit.probes.host.cpu import state
from isoaudit.probes.host.kernel import disabled_mitigations, is_upstream, relevant_words
from isoaudit.probes.host.kernel_fixes import FIXES, known_vulnerable, kvm_vulnerable
from isoaudit.probes.host.reboot import is_newer

RHEL = {
    "/proc/sys/kernel/osrelease": "5.14.0-427.13.1.el9_4.x86_64\n",
    "/etc/os-release": 'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPRETTY_NAME="RHEL"\n',
    "/sys/kernel/security/lsm": "lockdown,capability,landlock,yama,selinux,bpf\n",
    "/sys/fs/selinux/enforce": "1",
    "/sys/module/apparmor/parameters/enabled": None,
}


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("not_affected", "Not affected"),
        ("mitigated", "Mitigation: PTI"),
        ("mitigated", "Mitigation: Clear CPU buffers; SMT disabled"),
        ("mitigated", "KVM: Mitigation: VMX disabled"),
        ("mitigated", "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; BHI: BHI_DIS_S"),
        ("vulnerable", "Vulnerable"),
        ("vulnerable", "Vulnerable: Clear CPU buffers attempted, no microcode"),
        ("vulnerable", "Mitigation: Enhanced IBRS; PBRSB-eIBRS: SW sequence; BHI: Vulnerable"),
        ("vulnerable", "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable"),
        ("vulnerable", "KVM: Vulnerable"),
        ("vulnerable", "Processor vulnerable"),
        ("vulnerable", "Mitigation: safe RET, no microcode"),
        ("mitigated", "Mitigation: AVX disabled, no microcode"),
        ("vulnerable", "Mitigation: CSV2, but not BHB"),
        ("mitigated", "Mitigation: CSV2, BHB"),
        ("vulnerable", "Mitigation: Retpolines; IBPB: disabled; STIBP: disabled; RSB filling"),
        ("mitigated", "Mitigation: Retpolines; STIBP: disabled; BHI: Not affected"),
        ("vulnerable", "Vulnerable, KVM: Not affected"),
        ("mitigated", "Mitigation: untrained return thunk; SMT enabled with STIBP protection"),
        ("vulnerable", "Mitigation: untrained return thunk; SMT vulnerable"),
        ("unknown", "Mitigation: Clear CPU buffers; SMT Host state unknown"),
        ("unknown", "Unknown: Dependent on hypervisor status"),
        ("unknown", "Something new"),
    ],
)
def test_cpu_state(expected: str, text: str) -> None:
    """One open clause makes a CPU flaw vulnerable, whatever the sentence starts with."""
    assert expected == state(text)


def test_a_guests_view_of_the_cpu_is_marked(tmp_path: Path) -> None:
    """In a guest, each CPU record says that a hypervisor stands behind the text."""
    files = {
        "/proc/cpuinfo": "flags\t\t: fpu hypervisor lm\n",
        "/sys/devices/system/cpu/vulnerabilities/mds": "Not affected\n",
    }
    expected = {"name": "mds", "text": "Not affected", "state": "not_affected", "guest_view": True}
    assert [expected] == records(collect(tree(tmp_path, files)), "cpu_vulnerability")


@pytest.mark.parametrize(
    ("expected", "flags", "active"),
    [(True, "hypervisor", "1"), (True, "fpu", "1"), (False, "fpu", "0")],
)
def test_smt(expected: bool, flags: str, active: str, tmp_path: Path) -> None:
    """Sibling threads that share cores are seen from anywhere, their absence from a machine."""
    files = {
        "/proc/cpuinfo": f"flags\t\t: {flags}\n",
        "/sys/devices/system/cpu/smt/active": active,
    }
    assert expected == value(collect(tree(tmp_path, files)), "host.smt.active")


def test_a_guest_does_not_know_the_physical_cores(tmp_path: Path) -> None:
    """A guest without sibling threads may still share a core with a neighbour."""
    files = {
        "/proc/cpuinfo": "flags\t\t: hypervisor\n",
        "/sys/devices/system/cpu/smt/active": "0",
    }
    assert Reason.NOT_SUPPORTED == reason(collect(tree(tmp_path, files)), "host.smt.active")


def test_an_unreadable_vulnerability_leaves_the_part_incomplete(tmp_path: Path) -> None:
    """A file that may not be read leaves its state missing and the part incomplete."""
    path = "/sys/devices/system/cpu/vulnerabilities/mds"
    facts = collect(Locked(tree(tmp_path, {path: "Not affected\n"}), path))
    part = facts.parts["cpu_vulnerability"][0]
    assert part.incomplete is not None
    assert Reason.PERMISSION_DENIED is part.records[0].missing["cpu_vulnerability.state"].reason


@pytest.mark.parametrize(
    ("expected", "version"),
    [
        ([], (6, 8, 0)),
        (["CVE-2024-1086"], (6, 7, 2)),
        ([], (6, 7, 3)),
        (["CVE-2024-1086"], (6, 5, 13)),
        (["CVE-2023-0386", "CVE-2024-1086"], (6, 1, 8)),
        (["CVE-2022-0847", "CVE-2023-0386", "CVE-2024-1086"], (5, 15, 24)),
        (["CVE-2022-0492", "CVE-2024-1086"], (5, 4, 173)),
        (["CVE-2016-5195", "CVE-2022-0492", "CVE-2024-1086"], (4, 8, 2)),
    ],
)
def test_known_flaws_of_upstream_releases(
    expected: list[str], version: tuple[int, int, int]
) -> None:
    """A flaw reaches from its introduction to the fix of the branch, or of mainline."""
    assert expected == known_vulnerable(version)


def test_every_listed_fix_lies_within_its_range() -> None:
    """A stable fix comes after the flaw and before mainline's, and the row gives its source."""
    wrong = [f.cve for f in FIXES if not all(f.introduced < s < f.mainline for s in f.stable)]
    assert [] == wrong
    assert all(fix.source.startswith("commit ") for fix in FIXES)


@pytest.mark.parametrize(
    ("expected", "release", "distribution"),
    [
        (True, "6.7.2", "debian"),
        (True, "6.7", "arch"),
        (True, "6.18.0-custom", "debian"),
        (False, "6.1.0-18-amd64", "debian"),
        (False, "6.12.48+deb13-amd64", "debian"),
        (False, "5.15.0-91-generic", "ubuntu"),
        (False, "5.14.0-427.13.1.el9_4.x86_64", "rhel"),
        (False, "6.18.44-fc-v669", "debian"),
        (False, "6.6.14", "nixos"),
        (False, "5.15.133.1-microsoft-standard-WSL2", "ubuntu"),
    ],
)
def test_upstream(expected: bool, release: str, distribution: str) -> None:
    """Only a plain X.Y.Z counts as upstream's own; in doubt it does not."""
    assert expected == is_upstream(release, distribution)


def test_a_distribution_kernels_flaws_are_unknown(tmp_path: Path) -> None:
    """An old base version with a distribution's patches says nothing about its flaws."""
    facts = collect(tree(tmp_path))
    assert False is value(facts, "host.kernel.upstream")
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kernel.known_vulnerable")


def test_an_upstream_kernels_flaws_are_known(tmp_path: Path) -> None:
    """An upstream release is compared with upstream's fixes."""
    facts = collect(tree(tmp_path, {"/proc/sys/kernel/osrelease": "6.7.2\n"}))
    assert ("CVE-2024-1086",) == value(facts, "host.kernel.known_vulnerable")


def test_a_kernel_older_than_the_table_is_unknown(tmp_path: Path) -> None:
    """Branches whose fixes are not listed are not called vulnerable, and not safe."""
    facts = collect(tree(tmp_path, {"/proc/sys/kernel/osrelease": "3.16.85\n"}))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kernel.known_vulnerable")


def test_command_line_keeps_the_kernels_relevant_words() -> None:
    """Words for init, devices and consoles are left out."""
    line = "root=/dev/sda quiet mitigations=off intel_iommu=on lsm=yama token=x -- --auth lsm=a"
    assert ["mitigations=off", "intel_iommu=on", "lsm=yama"] == relevant_words(line)


def test_words_that_switch_mitigations_off() -> None:
    """Full, single and attack-vector switches count; what only tunes a mitigation does not."""
    off = [
        "mitigations=off",
        "mitigations=auto,no_guest_host",
        "nopti",
        "spectre_v2=off",
        "ssbd=force-off",
        "kvm-intel.vmentry_l1d_flush=never",
        "nosmep",
    ]
    on = ["mitigations=auto,nosmt", "spectre_v2=retpoline", "l1tf=full", "nosmt", "pti=on"]
    assert off == disabled_mitigations([*on, *off])


@pytest.mark.parametrize(
    ("expected", "name", "running"),
    [
        (True, "6.1.0-20-amd64", "6.1.0-18-amd64"),
        (False, "6.1.0-17-amd64", "6.1.0-18-amd64"),
        (False, "6.1.0-20-cloud-amd64", "6.1.0-18-amd64"),
        (True, "6.12.48+deb13-amd64", "6.12.41+deb13-amd64"),
        (True, "5.14.0-427.13.1.el9_4.x86_64", "5.14.0-362.8.1.el9_3.x86_64"),
        (False, "5.14.0-427.13.1.el9_4.x86_64+debug", "5.14.0-362.8.1.el9_3.x86_64"),
        (True, "6.7.5-arch1-1", "6.7.4-arch2-1"),
    ],
)
def test_newer_kernels(expected: bool, name: str, running: str) -> None:
    """A kernel of another flavour is no successor, whatever its number."""
    assert expected == is_newer(name, running)


def image(build: str) -> str:
    return "MZ\x00padding 6.1.0-18-amd64 (builder@host) " + build + "\x00rest"


@pytest.mark.parametrize(
    ("expected", "files"),
    [
        (True, {"/run/reboot-required": ""}),
        (True, {"/boot/vmlinuz-6.1.0-18-amd64": "", "/boot/vmlinuz-6.1.0-20-amd64": ""}),
        (True, {"/lib/modules/6.1.0-18-amd64/x": "", "/lib/modules/6.1.0-20-amd64/x": ""}),
        (False, {"/lib/modules/6.1.0-18-amd64/x": "", "/lib/modules/6.1.0-9-amd64/x": ""}),
        (
            False,
            {
                "/boot/vmlinuz-6.1.0-18-amd64": image(
                    "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"
                )
            },
        ),
        (
            True,
            {
                "/boot/vmlinuz-6.1.0-18-amd64": image(
                    "#1 SMP PREEMPT_DYNAMIC Debian 6.1.82-1 (2024-03-28)"
                )
            },
        ),
    ],
)
def test_reboot_required(expected: bool, files: dict[str, str | None], tmp_path: Path) -> None:
    """A flag file, a newer kernel or a rebuilt image of the same one wait for a reboot."""
    assert expected == value(collect(tree(tmp_path, files)), "host.kernel.reboot_required")


def test_a_kernel_from_elsewhere_cannot_be_compared(tmp_path: Path) -> None:
    """If the running kernel is not among the installed ones, no answer is given."""
    facts = collect(tree(tmp_path, {"/boot/vmlinuz-6.1.0-20-amd64": ""}))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kernel.reboot_required")


def test_debian_with_apparmor(tmp_path: Path) -> None:
    """AppArmor that is on counts as enforcing."""
    facts = collect(tree(tmp_path))
    assert ("apparmor", True) == (
        value(facts, "host.mac.module"),
        value(facts, "host.mac.enforcing"),
    )
    assert "integrity" == value(facts, "host.kernel.lockdown")


@pytest.mark.parametrize(("expected", "enforce"), [(True, "1"), (False, "0")])
def test_rhel_with_selinux(expected: bool, enforce: str, tmp_path: Path) -> None:
    """SELinux enforces, or is permissive."""
    facts = collect(tree(tmp_path, {**RHEL, "/sys/fs/selinux/enforce": enforce}))
    assert "selinux" == value(facts, "host.mac.module")
    assert expected == value(facts, "host.mac.enforcing")


def test_selinux_without_a_policy_does_not_enforce(tmp_path: Path) -> None:
    """SELinux in the module list without its file system has loaded no policy."""
    facts = collect(tree(tmp_path, {**RHEL, "/sys/fs/selinux/enforce": None}))
    assert ("selinux", False) == (
        value(facts, "host.mac.module"),
        value(facts, "host.mac.enforcing"),
    )


def test_modules_without_securityfs(tmp_path: Path) -> None:
    """Without securityfs the modules' own files tell, and lockdown stays unknown."""
    hidden = {"/sys/kernel/security/lsm": None, "/sys/kernel/security/lockdown": None}
    facts = collect(tree(tmp_path, hidden))
    assert "apparmor" == value(facts, "host.mac.module")
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kernel.lockdown")


def test_no_module_at_all(tmp_path: Path) -> None:
    """A list without a major module is proof that none controls access."""
    facts = collect(tree(tmp_path, {"/sys/kernel/security/lsm": "capability,landlock\n"}))
    assert ("none", False) == (value(facts, "host.mac.module"), value(facts, "host.mac.enforcing"))
    assert "none" == value(facts, "host.kernel.lockdown")


def test_cgroup_v1_release_agents(tmp_path: Path) -> None:
    """Every hierarchy's release agent is listed once, empty ones left out."""
    files = {
        "/proc/self/mountinfo": (
            "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
            "33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
            "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        ),
        "/sys/fs/cgroup/cpu/release_agent": "\n",
        "/sys/fs/cgroup/systemd/release_agent": "/lib/systemd/systemd-cgroups-agent\n",
    }
    facts = collect(tree(tmp_path, files))
    assert 1 == value(facts, "host.cgroup.version")
    assert ("/lib/systemd/systemd-cgroups-agent",) == value(facts, "host.cgroup.release_agents")


def test_a_hidden_release_agent_is_unknown(tmp_path: Path) -> None:
    """A version 1 hierarchy whose root is not mounted here leaves its agent unknown."""
    mount = "32 31 0:29 /x /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    facts = collect(tree(tmp_path, {"/proc/self/mountinfo": mount}))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.cgroup.release_agents")


def test_cgroup_v2_has_no_release_agent(tmp_path: Path) -> None:
    """The unified hierarchy alone is version 2, without agents."""
    facts = collect(tree(tmp_path))
    assert (2, ()) == (
        value(facts, "host.cgroup.version"),
        value(facts, "host.cgroup.release_agents"),
    )


def test_vm_host_with_vfio(tmp_path: Path) -> None:
    """A host that hands a device to a guest shows groups, a bound device and its switches."""
    files = {
        "/dev/kvm": "",
        "/sys/module/kvm_intel/parameters/nested": "Y\n",
        "/sys/module/kvm_intel/parameters/vmentry_l1d_flush": "cond\n",
        "/sys/kernel/iommu_groups/0/type": "DMA\n",
        "/sys/kernel/iommu_groups/1/type": "DMA\n",
        "/sys/class/vfio/1/name": "",
        "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "N\n",
        "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts": "Y\n",
    }
    expected = {
        "host.kvm.available": True,
        "host.kvm.nested": True,
        "host.cpu.l1d_flush": "cond",
        "host.iommu.groups": 2,
        "host.vfio.in_use": True,
        "host.vfio.unsafe_noiommu": False,
        "host.vfio.unsafe_interrupts": True,
    }
    facts = collect(tree(tmp_path, files))
    assert expected == {path: value(facts, path) for path in expected}


def test_a_noiommu_group_outlives_its_switch(tmp_path: Path) -> None:
    """A device bound without an IOMMU stays unsafe after the switch was set back."""
    files = {
        "/sys/class/vfio/noiommu-0/name": "",
        "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "N\n",
    }
    assert True is value(collect(tree(tmp_path, files)), "host.vfio.unsafe_noiommu")


def test_no_kvm_means_no_nesting(tmp_path: Path) -> None:
    """Without /dev/kvm there is neither KVM nor nesting, and VFIO is off where it is not there."""
    facts = collect(tree(tmp_path))
    paths = (
        "host.kvm.available",
        "host.kvm.nested",
        "host.vfio.in_use",
        "host.vfio.unsafe_noiommu",
    )
    assert [False] * 4 == [value(facts, path) for path in paths]


@pytest.mark.parametrize(
    ("expected", "vendor", "product"),
    [
        (True, "QEMU", "KVM Virtual Machine"),
        (True, "Amazon EC2", "m7g.large"),
        (False, "Amazon EC2", "m7g.metal"),
        (False, "HPE", "ProLiant RL300"),
    ],
)
def test_arm_hosts_are_told_by_dmi(
    expected: bool, vendor: str, product: str, tmp_path: Path
) -> None:
    """Where the CPU has no hypervisor flag, DMI tells a guest from a machine."""
    files = {
        "/proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd\n",
        "/sys/class/dmi/id/sys_vendor": vendor,
        "/sys/class/dmi/id/product_name": product,
    }
    assert expected == value(collect(tree(tmp_path, files)), "host.virtualized")


def test_arm_without_dmi_is_unknown(tmp_path: Path) -> None:
    """Without flag, device tree or DMI nobody knows."""
    facts = collect(tree(tmp_path, {"/proc/cpuinfo": "Features\t: fp\n"}))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.virtualized")


def test_architecture_of_an_old_kernel_is_read_off_its_release(tmp_path: Path) -> None:
    """Before Linux 6.1 the release's suffix stands in for /proc/sys/kernel/arch."""
    assert "x86_64" == value(collect(tree(tmp_path)), "host.architecture")


def test_no_user_namespaces_in_the_kernel(tmp_path: Path) -> None:
    """A kernel without user namespaces allows none of them."""
    assert 0 == value(collect(tree(tmp_path)), "host.sysctl.max_user_namespaces")


def test_a_broken_sysctl_is_a_parse_error(tmp_path: Path) -> None:
    """Text where a number is expected is never a number."""
    facts = collect(tree(tmp_path, {"/proc/sys/kernel/kptr_restrict": "many\n"}))
    assert Reason.PARSE_ERROR == reason(facts, "host.sysctl.kptr_restrict")


JANUSCAPE = ["CVE-2026-46113", "CVE-2026-53359"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((6, 12, 94), JANUSCAPE),
        ((6, 12, 95), []),
        ((7, 1, 2), JANUSCAPE),
        ((7, 1, 3), []),
        ((7, 2, 0), []),
        ((5, 15, 200), None),
        ((6, 17, 1), None),
    ],
)
def test_kvms_flaws_by_release(version: tuple[int, int, int], expected: list[str] | None) -> None:
    """A branch without a listed fix is not judged: it may never have had the flaw, or its fix."""
    assert expected == kvm_vulnerable(version)


@pytest.mark.parametrize(
    ("release", "distribution", "expected"),
    [
        ("6.12.94", "unheard-of", tuple(JANUSCAPE)),
        ("6.12.95", "unheard-of", ()),
        ("6.12.94-1-amd64", "debian", None),
        ("7.2.0-1-amd64", "debian", ()),
        ("5.15.3", "unheard-of", None),
    ],
)
def test_kvms_flaws_of_a_host(
    tmp_path: Path, release: str, distribution: str, expected: tuple[str, ...] | None
) -> None:
    """A distribution's patches do not show in its version; a kernel born fixed is."""
    files = {"/proc/sys/kernel/osrelease": release, "/etc/os-release": f"ID={distribution}\n"}
    facts = collect(tree(tmp_path, files))
    if expected is None:
        assert Reason.NOT_SUPPORTED == reason(facts, "host.kvm.known_vulnerable")
    else:
        assert expected == value(facts, "host.kvm.known_vulnerable")
