"""Facts of the domain as a whole: accelerator, memory, boot, labels, launch security.

Source: libvirt's "Domain XML format" and its notes on UEFI, sVirt and QEMU passthrough.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason, Record
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer
from isoaudit.probes.vmm.argv import Monitor, monitors, options
from isoaudit.transports.libvirt_redaction import redact_arguments

QEMU_TYPES = frozenset({"qemu", "kvm", "hvf"})

_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
_PASSTHROUGH = ("commandline", "override", "capabilities", "deprecation")
_UNITS = {
    "b": 1, "bytes": 1, "": 1024, "kb": 1000, "k": 1024, "kib": 1024, "mb": 10**6, "m": 2**20,
    "mib": 2**20, "gb": 10**9, "g": 2**30, "gib": 2**30, "tb": 10**12, "t": 2**40, "tib": 2**40,
}  # fmt: skip
_NUMBER = re.compile(r"[0-9]{1,18}")
_X86 = frozenset({"x86_64", "i686"})


def is_qemu(domain: Spot) -> bool:
    """Say whether QEMU runs the domain, whatever accelerates it."""
    return domain.get("type") in QEMU_TYPES


def is_x86(domain: Spot) -> bool:
    """Say whether the guest is a PC; libvirt takes the host's architecture where none is named."""
    return domain.value("os/type", "arch", "x86_64") in _X86


def is_live(domain: Spot) -> bool:
    """Say whether the XML is that of a running domain: only those have an id."""
    return bool(domain.get("id"))


def read_identity(domain: Spot, writer: Writer) -> None:
    """Note accelerator, machine type and UUID."""
    kind = domain.get("type")
    if kind:
        writer.fact("vm.accelerator", "tcg" if kind == "qemu" else kind, domain, "type")
    else:
        writer.missing("vm.accelerator", Reason.NOT_DECLARED, "the domain has no type")
    writer.fact("vmm.manager", "libvirt", domain, "", "whose document it is")
    if is_qemu(domain):
        writer.fact("vmm.name", "qemu", domain, "type")
    machine = domain.child("os/type")
    if machine and machine.get("machine"):
        writer.fact("vm.machine", machine.get("machine"), machine, "machine")
    elif is_qemu(domain) and is_x86(domain):
        writer.fact("vm.machine", "pc", machine or domain, "machine", LIBVIRT_DEFAULT)
    uuid = domain.child("uuid")
    if uuid and uuid.text:
        writer.fact("vm.uuid", uuid.text, uuid)


def read_resources(domain: Spot, writer: Writer) -> None:
    """Note memory, CPUs, CPU model and whether pages may be shared with other guests."""
    memory = domain.child("memory")
    size = _bytes(memory) if memory else None
    if memory and size is not None:
        writer.fact("vm.memory.bytes", size, memory)
    else:
        writer.missing("vm.memory.bytes", Reason.PARSE_ERROR, "no memory size that can be read")
    vcpus = domain.child("vcpu")
    if vcpus is None:
        writer.fact("vm.vcpus", 1, domain, "", LIBVIRT_DEFAULT)
    elif _NUMBER.fullmatch(vcpus.text):
        writer.fact("vm.vcpus", int(vcpus.text), vcpus)
    else:
        writer.missing("vm.vcpus", Reason.PARSE_ERROR, "vcpu is not a whole number")
    _read_cpu_mode(domain, writer)
    if is_qemu(domain):
        _read_shared_pages(domain, writer)


def _bytes(memory: Spot) -> int | None:
    factor = _UNITS.get(memory.get("unit").lower())
    if factor is None or not _NUMBER.fullmatch(memory.text):
        return None
    return int(memory.text) * factor


def _read_cpu_mode(domain: Spot, writer: Writer) -> None:
    cpu = domain.child("cpu")
    if cpu is None:
        writer.fact("vm.cpu.mode", "default", domain, "", LIBVIRT_DEFAULT)
    elif cpu.get("mode"):
        writer.fact("vm.cpu.mode", cpu.get("mode"), cpu, "mode")
    else:
        mode = "custom" if cpu.child("model") else "default"
        writer.fact("vm.cpu.mode", mode, cpu, "mode", LIBVIRT_DEFAULT)


def _read_shared_pages(domain: Spot, writer: Writer) -> None:
    """Note whether KSM may merge pages; it never merges huge pages (mm/ksm.c)."""
    path = "vm.memory.shared_pages"
    if (refused := domain.child("memoryBacking/nosharepages")) is not None:
        writer.fact(path, False, refused)
        return
    huge = domain.child("memoryBacking/hugepages")
    if huge is not None and not any(page.get("nodeset") for page in huge.children("page")):
        writer.fact(path, False, huge, "", "huge pages are not merged")
        return
    writer.fact(path, True, domain, "", "libvirt's default: pages are offered for merging")


def read_launch_security(domain: Spot, writer: Writer) -> None:
    """Note the kind of confidential VM and whether its policy lets the host debug it."""
    launch = domain.child("launchSecurity")
    if launch is None or not launch.get("type"):
        writer.fact("vm.launch_security.type", "none", launch or domain, "", LIBVIRT_DEFAULT)
        return
    kind = launch.get("type")
    writer.fact("vm.launch_security.type", kind, launch, "type")
    if kind not in {"sev", "sev-snp", "tdx"}:
        return
    policy = launch.child("policy")
    path = "vm.launch_security.debug"
    if policy is None and kind == "tdx":
        writer.fact(path, False, launch, "", LIBVIRT_DEFAULT)
    elif policy is None or not re.fullmatch(r"(0[xX])?[0-9a-fA-F]{1,16}", policy.text):
        writer.missing(path, Reason.PARSE_ERROR, "no launch policy that can be read")
    else:
        writer.fact(path, _debuggable(kind, int(policy.text, 16)), policy)


def _debuggable(kind: str, policy: int) -> bool:
    """Read the debug bit: SEV bit 0 forbids, SEV-SNP bit 19 and TDX bit 0 allow (their ABIs)."""
    if kind == "sev":
        return not policy & 1
    return bool(policy & (1 << 19 if kind == "sev-snp" else 1))


def read_labels(domain: Spot, writer: Writer) -> None:
    """Note whether a security label confines the VMM, and by which models.

    Where nothing is said, the drivers of the host that starts the domain decide; a live document
    names the labels in force.
    """
    labels = list(domain.children("seclabel"))
    if not is_qemu(domain) and domain.get("type") != "lxc":
        return
    for label in labels:
        if label.get("type") == "none" and label.get("model", "none") in {"none", ""}:
            writer.fact("vm.seclabel.confined", False, label, "type")
            writer.fact("vm.seclabel.models", (), label, "type")
            return
    used = [label for label in labels if label.get("type", "dynamic") != "none"]
    confining = next((label for label in used if _confines(label)), None)
    if confining is not None:
        writer.fact("vm.seclabel.confined", True, confining, "model")
    elif is_live(domain) or any(_said_no(label) for label in labels):
        writer.fact("vm.seclabel.confined", False, labels[0] if labels else domain, "",
                    "no label of SELinux or AppArmor")  # fmt: skip
    else:
        for path in ("vm.seclabel.confined", "vm.seclabel.models"):
            writer.missing(path, Reason.OTHER_HOST, "the host that starts it picks the label",
                           "Scan the running domain on its host.")  # fmt: skip
        return
    models = sorted({label.get("model").lower() for label in used} - {""})
    writer.fact("vm.seclabel.models", models, labels[0] if labels else domain)


def _confines(label: Spot) -> bool:
    """Say whether this is a label of a model that confines, and not one that says unconfined."""
    text = label.child("label")
    words = text.text if text else ""
    unconfined = words == "unconfined" or ":unconfined_t:" in words
    return label.get("model").lower() in {"selinux", "apparmor"} and not unconfined


def _said_no(label: Spot) -> bool:
    """Say whether a label rules confinement out: none, or unconfined, for a confining model."""
    model = label.get("model").lower()
    return model in {"selinux", "apparmor"} and (
        label.get("type") == "none" or not _confines(label)
    )


def read_passthrough(domain: Spot, writer: Writer) -> None:
    """Note what reaches QEMU behind libvirt's back, and the monitors and gdb stubs in it."""
    spots = [s for name in _PASSTHROUGH for s in domain.children(_QEMU + name)]
    words = [arg.get("value") for s in spots for arg in s.children(_QEMU + "arg")]
    shown = redact_arguments(words)
    for spot in spots:
        variables = list(spot.children(_QEMU + "env"))
        shown += [f"env {variable.get('name')}" for variable in variables]
        if not spot.path.startswith("commandline"):
            shown.append(spot.path)
    where = spots[0] if spots else domain
    why = "" if spots else "none"
    writer.fact("vm.commandline_passthrough", shown, where, "", why)
    found = monitors(options(words), whole=False)
    stub = any(monitor.kind == "gdb" for monitor in found)
    writer.fact("vm.debug_stub", stub, where, "", why)
    writer.notes.part("monitor", [_monitor(one, where, writer.new()) for one in found])


def _monitor(monitor: Monitor, spot: Spot, writer: Writer) -> Record:
    writer.fact("monitor.kind", monitor.kind, spot)
    if monitor.backend in {"fd", ""}:
        writer.missing("monitor.backend", Reason.NOT_DECLARED, "its device is defined elsewhere",
                       "Scan the running VM on its host as root.")  # fmt: skip
    else:
        writer.fact("monitor.backend", monitor.backend, spot)
    writer.fact("monitor.address", monitor.address, spot)
    return writer.record()
