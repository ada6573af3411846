"""Devices handed to guests: the IOMMU and VFIO.

Sources: kernel.org driver-api/vfio, sysfs ABI sysfs-kernel-iommu_groups and sysfs-class-iommu,
module parameters.
"""

from __future__ import annotations

from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_NOIOMMU = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
_INTERRUPTS = "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"


def note_passthrough(sheet: Sheet) -> None:
    """Note how many IOMMU groups there are and by which units, and how VFIO is set and used."""
    groups = sheet.names("/sys/kernel/iommu_groups")
    if isinstance(groups, Unreadable):
        sheet.lacks("host.iommu.groups", groups)
    else:
        sheet.kernel.fact("host.iommu.groups", len(groups), "/sys/kernel/iommu_groups")
    units = sheet.names("/sys/class/iommu")
    if isinstance(units, Unreadable):
        sheet.lacks("host.iommu.units", units)
    else:
        sheet.kernel.fact("host.iommu.units", units, "/sys/class/iommu")
    _note_vfio(sheet)


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
            sheet.switch("host.vfio.unsafe_noiommu", _NOIOMMU)
    sheet.switch("host.vfio.unsafe_interrupts", _INTERRUPTS)
