"""Who the host is: node name, distribution, architecture, and whether it is itself a guest.

Sources: os-release(5), proc_sys_kernel(5), kernel.org x86/cpuinfo (the `hypervisor` flag is CPUID
leaf 1, ECX bit 31), sysfs ABI dmi and hypervisor-xen.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_OS_FILES = ("/etc/os-release", "/usr/lib/os-release")
_OS_FACTS = {
    "host.os.id": "ID",
    "host.os.version": "VERSION_ID",
    "host.os.pretty_name": "PRETTY_NAME",
}
_ARCHITECTURE = re.compile(r"[.\-_](x86_64|amd64|aarch64|arm64|s390x|ppc64le|riscv64)(?:[.\-+]|$)")
_SAME = {"amd64": "x86_64", "arm64": "aarch64"}
_DMI_GUEST = re.compile(
    r"QEMU|KVM|VMware|VirtualBox|innotek|Xen|Bochs|Parallels|BHYVE|Virtual Machine|OpenStack"
    r"|Google Compute Engine|Alibaba Cloud ECS|Firecracker|Apple Virtualization",
    re.IGNORECASE,
)
_CPUINFO_LIMIT = 16_384  # the first processor is enough, and there may be hundreds


def note_identity(sheet: Sheet) -> None:
    """Note name, distribution, architecture and whether the host is a guest."""
    sheet.note("host.name", "/proc/sys/kernel/hostname", str)
    _note_os(sheet)
    _note_architecture(sheet)
    _note_virtualized(sheet)


def os_release(sheet: Sheet) -> tuple[str, dict[str, str]]:
    """Return the file that names the distribution, and what it says; raises Unreadable."""
    try:
        return _OS_FILES[0], _assignments(sheet.text(_OS_FILES[0]))
    except Unreadable as error:
        if not error.absent:
            raise
    return _OS_FILES[1], _assignments(sheet.text(_OS_FILES[1]))


def architecture(sheet: Sheet) -> tuple[str, str]:
    """Return the machine architecture and its source; raises Unreadable."""
    path = "/proc/sys/kernel/arch"
    try:
        return sheet.text(path), path
    except Unreadable as unknown:
        if not unknown.absent:
            raise
        release = sheet.text("/proc/sys/kernel/osrelease")
        found = _ARCHITECTURE.search(release)
        if found is None:
            raise
        return _SAME.get(found[1], found[1]), f"/proc/sys/kernel/osrelease {release}"


def cpuinfo(sheet: Sheet) -> str:
    """Return the start of /proc/cpuinfo, the first processor's lines; raises Unreadable."""
    return sheet.text("/proc/cpuinfo", _CPUINFO_LIMIT)


def _assignments(text: str) -> dict[str, str]:
    """Return NAME=value lines in shell syntax, without quotes."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            quote = value[:1]
            quoted = quote in {'"', "'"} and value.endswith(quote) and len(value) > 1
            values[name] = value[1:-1] if quoted else value
    return values


def _note_os(sheet: Sheet) -> None:
    try:
        file, values = os_release(sheet)
    except Unreadable as error:
        for fact in _OS_FACTS:
            sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
        return
    for fact, key in _OS_FACTS.items():
        if key in values:
            sheet.declared.fact(fact, values[key], f"{file} {key}")
        else:
            sheet.declared.missing(fact, Reason.NOT_DECLARED, f"{file} has no {key}")


def _note_architecture(sheet: Sheet) -> None:
    try:
        value, source = architecture(sheet)
    except Unreadable as error:
        sheet.lacks("host.architecture", error, "kernels before 6.1 do not show it")
        return
    sheet.kernel.fact("host.architecture", value, source)


def _note_virtualized(sheet: Sheet) -> None:
    fact = "host.virtualized"
    try:
        lines = cpuinfo(sheet).splitlines()
    except Unreadable as error:
        sheet.lacks(fact, error)
        return
    flags = next((line for line in lines if re.match(r"flags\s*:", line)), None)
    if flags is not None:
        there = "hypervisor" in flags.partition(":")[2].split()
        sheet.kernel.fact(fact, there, f"/proc/cpuinfo flags: hypervisor {_word(there)}")
        return
    _note_virtualized_elsewhere(sheet)


def _note_virtualized_elsewhere(sheet: Sheet) -> None:
    """Decide from Xen's folder, the device tree and DMI, where the CPU has no flag for it."""
    fact = "host.virtualized"
    for path in ("/sys/hypervisor/type", "/proc/device-tree/hypervisor/compatible"):
        try:
            sheet.kernel.fact(fact, True, f"{path}: {sheet.text(path)[:40]}")
        except Unreadable:
            continue
        return
    seen: list[str] = []
    for name in ("sys_vendor", "product_name"):
        try:
            seen.append(sheet.text(f"/sys/class/dmi/id/{name}"))
        except Unreadable as error:
            sheet.lacks(fact, error, "neither a CPU flag, a device tree nor DMI tells")
            return
    vendor, product = seen
    cloud = vendor == "Amazon EC2" and ".metal" not in product
    guest = cloud or bool(_DMI_GUEST.search(f"{vendor} {product}"))
    sheet.kernel.fact(fact, guest, f"/sys/class/dmi/id: {vendor} {product}")


def _word(there: bool) -> str:
    return "present" if there else "absent"
