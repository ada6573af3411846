"""Whether this VM is one, which one, and what its hypervisor gives it.

Sources: systemd-detect-virt(1) for how it is told (DMI strings, the CPU's hypervisor flag,
/sys/hypervisor, the container variable), machine-id(5), QEMU's document on vmgenid, sysfs ABI
hwrng, vsock(7), AMD's and Intel's guest documents in kernel.org virt/coco and arch/x86/tdx.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.guest.answers import MORE_RIGHTS, Pages
from isoaudit.probes.guest.notes import Guest, integer
from isoaudit.transports.base import Unreadable

_DMI = "/sys/class/dmi/id"
_DMI_FILES = ("sys_vendor", "product_name", "product_version", "board_vendor", "bios_vendor")
_VENDORS = (
    ("vmware", r"VMware"),
    ("virtualbox", r"VirtualBox|innotek"),
    ("hyperv", r"Microsoft Corporation.*Virtual Machine"),
    ("xen", r"\bXen\b"),
    ("parallels", r"Parallels"),
    ("bhyve", r"BHYVE"),
    ("apple", r"Apple Virtualization"),
)
_KVM_NAMES = r"\bKVM\b|Google Compute Engine|Amazon EC2|Alibaba Cloud ECS|OpenStack|Firecracker"
_TCG = re.compile(r"^model name\s*:\s*QEMU TCG CPU", re.MULTILINE)
_FLAGS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.MULTILINE)
_CONTAINED = re.compile(r"docker|kubepods|libpod|lxc|containerd|machine\.slice/.*\.scope/payload")
_CLOCK = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
_NEVER_IN_CONTAINERS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")
_VSOCK = {
    "/sys/module/vmw_vsock_virtio_transport": "virtio",
    "/sys/module/hv_sock": "hyperv",
    "/sys/module/vmw_vsock_vmci_transport": "vmci",
}
_FEATURES = re.compile(r"Memory Encryption Features active: (.*)")


def note_machine(guest: Guest) -> None:
    """Note the hypervisor, identity, size, randomness, sockets to the host and encryption."""
    with guest.missing_if_unreadable("guest.virtualization"):
        _note_virtualization(guest)
    _note_cpu(guest)
    _note_identity(guest)
    _note_entropy(guest)
    _note_vsock(guest)
    with guest.missing_if_unreadable("guest.memory_encryption"):
        _note_encryption(guest)


def cpuinfo(guest: Guest) -> str:
    """Return the first processor's lines of /proc/cpuinfo; raises Unreadable."""
    return guest.pages("kernel").file("/proc/cpuinfo").text()


def _note_virtualization(guest: Guest) -> None:
    """Note what runs the guest: a container is told first, for it may stand in any machine."""
    seen, fact = guest.pages("virtualization"), "guest.virtualization"
    inside = _container(seen)
    if inside:
        guest.notes.fact(fact, "container", inside)
        return
    words = " / ".join(_first(seen, f"{_DMI}/{name}") for name in _DMI_FILES)
    source = f"{_DMI}: {words.strip(' /')[:200]}"
    kind = next((name for name, look in _VENDORS if re.search(look, words)), "")
    if not kind and (seen.is_there("/proc/xen") or _first(seen, "/sys/hypervisor/type") == "xen"):
        kind, source = "xen", "/sys/hypervisor/type, /proc/xen"
    if kind:
        guest.notes.fact(fact, kind, source)
        return
    cpu = cpuinfo(guest)
    if _TCG.search(cpu):
        guest.notes.fact(fact, "qemu-tcg", "/proc/cpuinfo model name: QEMU TCG CPU")
    elif "kvm-clock" in _first(seen, _CLOCK).split():
        guest.notes.fact(fact, "kvm", f"{_CLOCK}: kvm-clock")
    elif re.search(_KVM_NAMES, words):
        guest.notes.fact(fact, "kvm", source)
    elif re.search(r"QEMU|Bochs", words):
        guest.notes.fact(fact, "qemu", f"{source}; neither kvm-clock nor a CPU of TCG's")
    else:
        _note_unnamed(guest, seen, cpu)


def _note_unnamed(guest: Guest, seen: Pages, cpu: str) -> None:
    """Note the answer where nothing names the hypervisor: the CPU's flag, on x86, tells if any."""
    fact, tree = "guest.virtualization", "/proc/device-tree/hypervisor/compatible"
    if seen.is_there(tree):
        guest.notes.fact(fact, "other", tree)
        return
    flags = re.search(r"^flags\s*:(.*)$", cpu, re.MULTILINE)
    if flags is None:
        guest.unknown(fact, "neither DMI, a device tree nor a CPU flag tells")
    elif "hypervisor" in flags[1].split():
        guest.notes.fact(fact, "other", "/proc/cpuinfo flags: hypervisor")
    else:
        guest.notes.fact(fact, "none", "/proc/cpuinfo flags: no hypervisor")


def _container(seen: Pages) -> str:
    """Return what shows that the questions were answered inside a container, or ""."""
    if seen.marked("container"):
        return "the variable container is set"
    for path in _NEVER_IN_CONTAINERS:
        if seen.is_there(path):
            return path
    groups = seen.files.get("/proc/1/cgroup")
    found = next((line for line in groups.lines if _CONTAINED.search(line)), "") if groups else ""
    return f"/proc/1/cgroup: {found[:120]}" if found else ""


def _first(seen: Pages, path: str) -> str:
    """Return a file's first line, "" where there is none."""
    page = seen.files.get(path)
    return page.lines[0].strip() if page is not None and page.lines else ""


def _note_cpu(guest: Guest) -> None:
    paths = ("guest.cpu.virtualization", "guest.entropy.cpu")
    with guest.missing_if_unreadable(*paths):
        found = _FLAGS.search(cpuinfo(guest))
        if found is None:
            raise Unreadable(Reason.NOT_SUPPORTED, "/proc/cpuinfo has no line of flags")
        flags = set(found[1].split())
        source = "/proc/cpuinfo flags"
        guest.notes.fact(paths[0], bool(flags & {"vmx", "svm"}), source)
        guest.notes.fact(paths[1], bool(flags & {"rdrand", "rdseed", "rng"}), source)


def _note_identity(guest: Guest) -> None:
    try:
        seen = guest.pages("identity")
    except Unreadable as error:
        guest.lacks(("guest.uuid", "guest.machine_id", "guest.macs", "guest.memory.bytes",
                     "guest.cpus"), error)  # fmt: skip
        return
    uuid, machine = "/sys/class/dmi/id/product_uuid", "/etc/machine-id"
    with guest.missing_if_unreadable("guest.uuid"):
        guest.notes.fact("guest.uuid", seen.file(uuid).text().strip().lower()[:64], uuid)
    with guest.missing_if_unreadable("guest.machine_id"):
        text = seen.file(machine).text().strip()
        if not re.fullmatch(r"[0-9a-f]{24}", text):
            raise Unreadable(Reason.TOOL_ABSENT, "the guest has no sha256sum, or an empty id")
        guest.notes.fact("guest.machine_id", text, f"{machine}, the start of its SHA-256")
    with guest.missing_if_unreadable("guest.macs"):
        seen.file("devices")
        found = [
            page.lines[0].strip().lower()[:32]
            for path, page in seen.files.items()
            if path.startswith("/sys/class/net/") and page.lines
        ]
        guest.notes.fact("guest.macs", sorted(found)[:64], "/sys/class/net/*/address of devices")
    with guest.missing_if_unreadable("guest.memory.bytes"):
        total = re.match(r"MemTotal:\s+(\d{1,15}) kB", seen.file("/proc/meminfo").text())
        if total is None:
            raise Unreadable(Reason.PARSE_ERROR, "/proc/meminfo does not begin with MemTotal")
        guest.notes.fact("guest.memory.bytes", int(total[1]) * 1024, "/proc/meminfo MemTotal")
    with guest.missing_if_unreadable("guest.cpus"):
        path = "/sys/devices/system/cpu/present"
        guest.notes.fact("guest.cpus", _counted(seen.file(path).text()), path)


def _counted(text: str) -> int:
    """Return how many CPUs `0-3,8` are; raises Unreadable."""
    count = 0
    for piece in text.strip().split(","):
        first, _, last = piece.partition("-")
        count += integer(last or first) - integer(first) + 1
    return count


def _note_entropy(guest: Guest) -> None:
    paths = ("guest.entropy.hardware", "guest.entropy.generation_id")
    with guest.missing_if_unreadable(*paths):
        seen = guest.pages("entropy")
        current = "/sys/class/misc/hw_random/rng_current"
        with guest.missing_if_unreadable(paths[0]):
            if seen.is_there(current) is False:
                guest.notes.fact(paths[0], "none", f"{current} absent")
            else:
                name = seen.file(current).text().strip()
                guest.notes.fact(paths[0], name[:64] or "none", current)
        with guest.missing_if_unreadable(paths[1]):
            lines = [line for line in seen.file("generation").text().splitlines() if line]
            if not lines and seen.is_there("/sys/bus/acpi/devices") is not True:
                raise Unreadable(Reason.NOT_SUPPORTED, "this guest has no ACPI to look through")
            source = lines[0][:120] if lines else "/sys/bus/acpi/devices: no VM_Gen_Counter"
            guest.notes.fact(paths[1], bool(lines), source)


def _note_vsock(guest: Guest) -> None:
    paths = ("guest.vsock.present", "guest.vsock.listeners")
    with guest.missing_if_unreadable(*paths):
        seen = guest.pages("vsock")
        known = [seen.is_there(path) for path in _VSOCK]
        bound = [path for path in _VSOCK if seen.is_there(path)]
        built_in = _has_vsock_device(guest)
        if not bound and (None in known or built_in is None):
            raise Unreadable(Reason.NOT_SUPPORTED, "the guest does not show its devices")
        there = bool(bound) or bool(built_in)
        source = ", ".join(bound) or "virtio devices"
        guest.notes.fact(paths[0], there, source if there else "no transport for it in the guest")
        if not there:
            guest.notes.fact(paths[1], [], "no vsock")
            return
        if not seen.marked("complete"):
            guest.unknown(paths[1], "vsock_diag is not loaded in the guest, or ss not installed",
                          "In the guest: modprobe vsock_diag; ss -l --vsock")  # fmt: skip
            return
        lines = [line.split() for one in seen.blocks for line in one.lines]
        ends = [words[4] for words in lines if len(words) > 4 and words[0].startswith("v_")]
        guest.notes.fact(paths[1], sorted(set(ends))[:64], "ss -l --vsock")


def _has_vsock_device(guest: Guest) -> bool | None:
    """Say whether a virtio device of type 19, a vsock, is there; None if that is not known."""
    try:
        seen = guest.pages("drivers")
    except Unreadable:
        return None
    kinds = [
        page.lines[0].strip()
        for path, page in seen.files.items()
        if path.startswith("/sys/bus/virtio/devices/") and page.lines
    ]
    return "0x0013" in kinds if kinds or seen.is_there("/sys/bus/virtio/drivers") else None


def _note_encryption(guest: Guest) -> None:
    """Note what encrypts the guest's memory against the host, as the guest sees it."""
    seen, fact = guest.pages("confidential"), "guest.memory_encryption"
    lines = seen.file("messages").lines
    for line in lines:
        found = _FEATURES.search(line)
        kind = _sev(found[1]) if found else "tdx" if "tdx: Guest detected" in line else ""
        if kind:
            guest.notes.fact(fact, kind, f"dmesg: {line[:120]}")
            return
    if any(seen.is_there(path) for path in ("/dev/tdx_guest", "/dev/tdx-guest")):
        guest.notes.fact(fact, "tdx", "/dev/tdx_guest")
    elif seen.is_there("/dev/sev-guest"):
        guest.notes.fact(fact, "sev-snp", "/dev/sev-guest")
    elif any("Linux version" in line for line in lines):
        guest.notes.fact(fact, "none", "dmesg from the boot on names no memory encryption")
    else:
        raise Unreadable(
            Reason.PERMISSION_DENIED, "the kernel's first messages are not to be seen", MORE_RIGHTS
        )


def _sev(features: str) -> str:
    """Return the strongest of AMD's kinds, or "" for SME, with which a host encrypts its own."""
    words = features.replace("AMD", "").split()
    if "TDX" in features:
        return "tdx"
    return (
        {"SEV-SNP": "sev-snp", "SEV-ES": "sev-es", "SEV": "sev"}.get(words[-1], "") if words else ""
    )
