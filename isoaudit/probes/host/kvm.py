"""What KVM offers its guests, and how it is set.

Sources: kernel.org virt/kvm, admin-guide/kernel-parameters (kvm.*, kvm_intel.*, kvm_amd.*),
arch/x86/cpuinfo for the CPU's flags.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.host.identity import cpuinfo
from isoaudit.probes.host.kernel import base_version
from isoaudit.probes.host.kernel_fixes import kvm_vulnerable
from isoaudit.probes.host.sheet import Sheet, yes
from isoaudit.transports.base import Unreadable

_KVM = "/sys/module/kvm/parameters"
_NESTED_BY = ("kvm_intel", "kvm_amd", "kvm_hv", "kvm")
_SWITCHES = {
    "ignore_msrs": "ignore_msrs",
    "vmware_backdoor": "enable_vmware_backdoor",
    "mitigate_smt_rsb": "mitigate_smt_rsb",
}
_ENCRYPTION = {
    "sev": "/sys/module/kvm_amd/parameters/sev",
    "sev_es": "/sys/module/kvm_amd/parameters/sev_es",
    "sev_snp": "/sys/module/kvm_amd/parameters/sev_snp",
    "tdx": "/sys/module/kvm_intel/parameters/tdx",
}
_BORN_FIXED = (7, 2, 0)
"""From this release on every kernel has the listed fixes of KVM, whoever built it."""

_CPU_FLAGS = {"sev": "sev", "sev_es": "sev_es", "sev_snp": "sev_snp", "tdx_host_platform": "tdx"}


def note_kvm(sheet: Sheet) -> None:
    """Note whether KVM is there, its switches, and which guests' memory CPU and KVM encrypt."""
    _note_available(sheet)
    for name, parameter in _SWITCHES.items():
        sheet.switch(f"host.kvm.{name}", f"{_KVM}/{parameter}")
    sheet.note(
        "host.kvm.nx_huge_pages",
        f"{_KVM}/nx_huge_pages",
        str,
        without="KVM is not loaded, has no such switch, or this is no x86",
    )
    _note_encryption(sheet)
    _note_flaws(sheet)


def _note_available(sheet: Sheet) -> None:
    there = sheet.exists("/dev/kvm")
    if there is None:
        for fact in ("host.kvm.available", "host.kvm.nested"):
            sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, "/dev cannot be read")
        return
    source = "/dev/kvm" if there else "/dev/kvm absent"
    sheet.kernel.fact("host.kvm.available", there, source)
    if not there:
        sheet.kernel.fact("host.kvm.nested", False, source)
        return
    for module in _NESTED_BY:
        path = f"/sys/module/{module}/parameters/nested"
        if sheet.exists(path) is not False:
            sheet.note("host.kvm.nested", path, yes)
            return
    sheet.kernel.missing(
        "host.kvm.nested",
        Reason.NOT_SUPPORTED,
        f"no KVM module here has the parameter nested (looked at {', '.join(_NESTED_BY)})",
        "Ask a guest's kernel for vmx or svm in /proc/cpuinfo.",
    )


def _note_encryption(sheet: Sheet) -> None:
    """Note the kinds of encrypted guests that the CPU is made for, and those KVM offers."""
    able, offers = "host.cpu.memory_encryption", "host.kvm.memory_encryption"
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo(sheet), re.MULTILINE)
    except Unreadable as error:
        sheet.lacks(able, error)
    else:
        words = set(flags[1].split()) if flags else set()
        kinds = [kind for flag, kind in _CPU_FLAGS.items() if flag in words]
        sheet.kernel.fact(able, kinds, "/proc/cpuinfo flags")
    on: list[str] = []
    for kind, path in _ENCRYPTION.items():
        try:
            if yes(sheet.text(path)):
                on.append(kind)
        except Unreadable as error:
            if not sheet.absent(error, path):
                sheet.lacks(offers, error)
                return
        except ValueError:
            sheet.kernel.missing(offers, Reason.PARSE_ERROR, f"{path} is neither yes nor no")
            return
    sheet.kernel.fact(offers, on, "kvm_amd's sev, sev_es and sev_snp, kvm_intel's tdx")


def _note_flaws(sheet: Sheet) -> None:
    """Note which known flaws of nested virtualization the kernel has, as far as its version tells.

    After note_kernel, which says whether the release is upstream's.
    """
    fact = "host.kvm.known_vulnerable"
    release, upstream = sheet.known("host.kernel.release"), sheet.known("host.kernel.upstream")
    version = base_version(str(release)) if release is not None else None
    source = f"/proc/sys/kernel/osrelease {release}"
    flaws = kvm_vulnerable(version) if version is not None else None
    if version is not None and flaws is not None and (upstream or version >= _BORN_FIXED):
        sheet.kernel.fact(fact, flaws, source)
        return
    detail = f"{source}: a distribution's patches are not visible in its version"
    if upstream or version is None:
        detail = f"{source}: which releases of this branch have the fixes is not listed"
    remedy = "Compare the kernel with its distribution's security tracker, or switch nested off."
    sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, detail, remedy)
