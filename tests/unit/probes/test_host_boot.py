"""How made-up hosts were started and what they offer guests: lockdown, cgroups, KVM, firmware."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, built_with, collect, reason, tree, value

from isoaudit.model import Reason

AMD = {"/proc/cpuinfo": "flags\t\t: fpu svm sev sev_es sev_snp\n", "/dev/kvm": ""}
INTEL = {"/proc/cpuinfo": "flags\t\t: fpu vmx tdx_host_platform\n", "/dev/kvm": ""}
NO_SECURITYFS: dict[str, str | None] = {
    "/sys/kernel/security/lsm": None,
    "/sys/kernel/security/lockdown": None,
}
FORCED = "SECURITY_LOCKDOWN_LSM=y SECURITY_LOCKDOWN_LSM_EARLY=y LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y"


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        ("integrity", FORCED),
        ("confidentiality", FORCED.replace("INTEGRITY", "CONFIDENTIALITY")),
        ("none", "SECURITY_LOCKDOWN_LSM=n"),
    ],
)
def test_lockdown_from_the_options(expected: str, options: str, tmp_path: Path) -> None:
    """Where securityfs is not mounted, what was built in can only have been raised."""
    built_with(tmp_path, options)
    assert expected == value(collect(tree(tmp_path, NO_SECURITYFS)), "host.kernel.lockdown")


@pytest.mark.parametrize(
    "options",
    [
        "SECURITY_LOCKDOWN_LSM=y SECURITY_LOCKDOWN_LSM_EARLY=y LOCK_DOWN_KERNEL_FORCE_NONE=y",
        FORCED.replace("LSM_EARLY=y", "LSM_EARLY=n"),
        "LOCK_DOWN_KERNEL=y",
    ],
)
def test_lockdown_that_the_options_do_not_decide(options: str, tmp_path: Path) -> None:
    """Raised at boot or not, started or not, or of another kind: then nobody knows."""
    built_with(tmp_path, options)
    facts = collect(tree(tmp_path, NO_SECURITYFS))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.kernel.lockdown")


def test_securityfs_outranks_the_options(tmp_path: Path) -> None:
    """What is shown now counts."""
    built_with(tmp_path, FORCED)
    files = {"/sys/kernel/security/lockdown": "none integrity [confidentiality]\n"}
    assert "confidentiality" == value(collect(tree(tmp_path, dict(files))), "host.kernel.lockdown")


@pytest.mark.parametrize(
    ("expected", "mounts", "files"),
    [
        (
            ("cpu", "memory", "pids"),
            "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            {"/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n"},
        ),
        (
            ("cpu", "pids"),
            "30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
            {"/proc/cgroups": "#subsys h n e\ncpu 1 1 1\nmemory 0 1 0\npids 2 1 1\n"},
        ),
    ],
)
def test_controllers(
    expected: tuple[str, ...], mounts: str, files: dict[str, str], tmp_path: Path
) -> None:
    """Those in use: of version 2 as its root lists them, of version 1 unless switched off."""
    facts = collect(tree(tmp_path, {"/proc/self/mountinfo": mounts, **files}))
    assert expected == value(facts, "host.cgroup.controllers")


def kvm_amd(**on: str) -> dict[str, str | None]:
    return {f"/sys/module/kvm_amd/parameters/{name}": f"{text}\n" for name, text in on.items()}


@pytest.mark.parametrize(
    ("able", "offered", "files"),
    [
        (("sev", "sev_es", "sev_snp"), ("sev", "sev_es"),
         {**AMD, **kvm_amd(sev="Y", sev_es="Y", sev_snp="N")}),
        (("sev", "sev_es", "sev_snp"), ("sev",), {**AMD, **kvm_amd(sev="1", sev_es="0")}),
        (("tdx",), (), INTEL),
        (("tdx",), ("tdx",), {**INTEL, "/sys/module/kvm_intel/parameters/tdx": "Y\n"}),
        ((), (), {}),
    ],
)  # fmt: skip
def test_memory_encryption(
    able: tuple[str, ...],
    offered: tuple[str, ...],
    files: dict[str, str | None],
    tmp_path: Path,
) -> None:
    """What the CPU is made for and what KVM offers are two things."""
    facts = collect(tree(tmp_path, files))
    assert able == value(facts, "host.cpu.memory_encryption")
    assert offered == value(facts, "host.kvm.memory_encryption")


def test_switches_of_kvm(tmp_path: Path) -> None:
    """They are read where KVM is, and off where it is not."""
    kvm = "/sys/module/kvm/parameters"
    files = {f"{kvm}/ignore_msrs": "Y\n", f"{kvm}/nx_huge_pages": "never\n"}
    there, without = tmp_path / "there", tmp_path / "without"
    there.mkdir()
    without.mkdir()
    facts = collect(tree(there, dict(files)))
    assert True is value(facts, "host.kvm.ignore_msrs")
    assert "never" == value(facts, "host.kvm.nx_huge_pages")
    assert False is value(collect(tree(without)), "host.kvm.ignore_msrs")
    refused = collect(Locked(tree(there), kvm))
    assert Reason.PERMISSION_DENIED == reason(refused, "host.kvm.ignore_msrs")


EFI = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


@pytest.mark.parametrize(("expected", "byte"), [(True, "\1"), (False, "\0")])
def test_secure_boot(expected: bool, byte: str, tmp_path: Path) -> None:
    """The value is the fifth byte, behind the attributes."""
    facts = collect(tree(tmp_path, {EFI: f"\6\0\0\0{byte}"}))
    assert (True, expected) == (
        value(facts, "host.firmware.efi"),
        value(facts, "host.firmware.secure_boot"),
    )


@pytest.mark.parametrize(
    ("expected", "files"),
    [
        (Reason.PARSE_ERROR, {EFI: "\6\0\0\0"}),
        (Reason.PARSE_ERROR, {EFI: "\6\0\0\0\1\1"}),
        (Reason.NOT_SUPPORTED, {"/sys/firmware/efi/runtime": ""}),
        (Reason.NOT_SUPPORTED, {}),
    ],
)
def test_secure_boot_that_does_not_show(
    expected: Reason, files: dict[str, str | None], tmp_path: Path
) -> None:
    """A broken variable, efivarfs not mounted, no UEFI: never off, never on."""
    assert expected == reason(collect(tree(tmp_path, files)), "host.firmware.secure_boot")


DMI = "/sys/class/dmi/id"


@pytest.mark.parametrize(
    ("expected", "files"),
    [
        ("aws", {f"{DMI}/sys_vendor": "Amazon EC2\n"}),
        ("gcp", {f"{DMI}/product_name": "Google Compute Engine\n"}),
        (
            "azure",
            {
                f"{DMI}/sys_vendor": "Microsoft Corporation\n",
                f"{DMI}/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77\n",
            },
        ),
        ("none", {f"{DMI}/sys_vendor": "Microsoft Corporation\n"}),
        ("none", {f"{DMI}/sys_vendor": "Dell Inc.\n"}),
        ("none", {}),
    ],
)
def test_whose_cloud(expected: str, files: dict[str, str | None], tmp_path: Path) -> None:
    """Providers name themselves in DMI; Hyper-V alone is not Azure."""
    assert expected == value(collect(tree(tmp_path, files)), "host.cloud.provider")


def test_a_guest_without_dmi_may_be_anyones(tmp_path: Path) -> None:
    """Where a guest shows no DMI, it is not called nobody's."""
    facts = collect(tree(tmp_path, {"/proc/cpuinfo": "flags\t\t: hypervisor\n"}))
    assert Reason.NOT_SUPPORTED == reason(facts, "host.cloud.provider")
