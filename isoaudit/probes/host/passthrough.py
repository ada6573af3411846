"""Hardware virtualization and devices handed to guests: KVM, IOMMU, VFIO.

Sources: kernel.org driver-api/vfio, sysfs-kernel-iommu_groups, virt/kvm, module parameters.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet, yes
from isoaudit.transports.base import Unreadable

_NOIOMMU = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
_INTERRUPTS = "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
_NESTED_BY = ("kvm_intel", "kvm_amd", "kvm_hv", "kvm")


def note_passthrough(sheet: Sheet) -> None:
    """Note what KVM offers, how many IOMMU groups there are, and how VFIO is set and used."""
    _note_kvm(sheet)
    groups = sheet.names("/sys/kernel/iommu_groups")
    if isinstance(groups, Unreadable):
        sheet.lacks("host.iommu.groups", groups)
    else:
        sheet.kernel.fact("host.iommu.groups", len(groups), "/sys/kernel/iommu_groups")
    _note_vfio(sheet)


def _note_kvm(sheet: Sheet) -> None:
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


def _note_vfio(sheet: Sheet) -> None:
    # NOTE: a folder per group or device that is bound to any vfio driver, PCI or mediated.
    bound: list[str] = []
    for folder in ("/sys/class/vfio", "/sys/class/vfio-dev"):
        names = sheet.names(folder)
        if isinstance(names, Unreadable):
            for fact in ("host.vfio.in_use", "host.vfio.unsafe_noiommu"):
                sheet.lacks(fact, names)
            break
        bound += names
    else:
        source = f"/sys/class/vfio: {', '.join(bound) or 'none'}"
        sheet.kernel.fact("host.vfio.in_use", bool(bound), source)
        if any(name.startswith("noiommu-") for name in bound):
            sheet.kernel.fact("host.vfio.unsafe_noiommu", True, source)
        else:
            _note_switch(sheet, "host.vfio.unsafe_noiommu", _NOIOMMU)
    _note_switch(sheet, "host.vfio.unsafe_interrupts", _INTERRUPTS)


def _note_switch(sheet: Sheet, fact: str, path: str) -> None:
    """Note a module's switch: off where the module, or the switch in it, provably is not there."""
    module = path.partition("/parameters/")[0]
    if sheet.exists(module) is False:
        sheet.kernel.fact(fact, False, f"{module} absent")
        return
    sheet.note(fact, path, yes, if_absent=False)
