"""Facts of the domain as a whole: accelerator, kernel, CPUs, labels, launch security.

Source: libvirt's "Domain XML format" and its notes on UEFI and sVirt.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.domain_xml.cpu import read_cpu, read_cpu_tuning
from isoaudit.probes.domain_xml.memory import read_memory, read_memory_backing
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

QEMU_TYPES = frozenset({"qemu", "kvm", "hvf"})

_CONTAINERS = frozenset({"lxc", "openvz"})

_BINDING = {"sev": ("session",), "sev-snp": ("idBlock",), "tdx": ("mrOwner", "mrConfigId")}
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
    """Note accelerator, whose kernel it has, architecture, machine type and UUID."""
    kind = domain.get("type")
    if kind:
        writer.fact("vm.accelerator", "tcg" if kind == "qemu" else kind, domain, "type")
        shares = kind in _CONTAINERS or _text(domain, "os/type") == "exe"
        writer.fact("vm.kernel", "host" if shares else "guest", domain, "type")
    else:
        writer.missing("vm.accelerator", Reason.NOT_DECLARED, "the domain has no type")
    writer.fact("vmm.manager", "libvirt", domain, "", "whose document it is")
    if is_qemu(domain):
        writer.fact("vmm.name", "qemu", domain, "type")
    machine = domain.child("os/type")
    if machine and machine.get("arch"):
        writer.fact("vm.architecture", machine.get("arch"), machine, "arch")
    else:
        writer.missing("vm.architecture", Reason.NOT_DECLARED, "the host's architecture is taken")
    if machine and machine.get("machine"):
        writer.fact("vm.machine", machine.get("machine"), machine, "machine")
    elif is_qemu(domain) and is_x86(domain):
        writer.fact("vm.machine", "pc", machine or domain, "machine", LIBVIRT_DEFAULT)
    uuid = domain.child("uuid")
    if uuid and uuid.text:
        writer.fact("vm.uuid", uuid.text, uuid)


def _text(domain: Spot, path: str) -> str:
    spot = domain.child(path)
    return spot.text if spot else ""


def read_resources(domain: Spot, writer: Writer) -> None:
    """Note CPUs and memory, and how they are limited, bound and backed."""
    vcpus = domain.child("vcpu")
    if vcpus is None:
        writer.fact("vm.vcpus", 1, domain, "", LIBVIRT_DEFAULT)
    elif _NUMBER.fullmatch(vcpus.text):
        writer.fact("vm.vcpus", int(vcpus.text), vcpus)
    else:
        writer.missing("vm.vcpus", Reason.PARSE_ERROR, "vcpu is not a whole number")
    read_memory(domain, writer)
    read_cpu(domain, writer, is_qemu(domain) and is_x86(domain))
    read_cpu_tuning(domain, writer)
    if is_qemu(domain):
        read_memory_backing(domain, writer)


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
    if kind != "tdx":
        hashes = launch.get("kernelHashes") == "yes"
        writer.fact("vm.launch_security.kernel_hashes", hashes, launch, "kernelHashes")
    bound = next((s for n in _BINDING[kind] for s in launch.children(n) if s.text), None)
    bound = bound or launch.child("quoteGenerationService")
    writer.fact("vm.launch_security.bound", bound is not None, bound or launch)
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
            writer.fact("vm.seclabel.type", "none", label, "type")
            writer.fact("vm.seclabel.confined", False, label, "type")
            writer.fact("vm.seclabel.models", (), label, "type")
            return
    used = [label for label in labels if label.get("type", "dynamic") != "none"]
    confining = next((label for label in used if _confines(label)), None)
    if labels:
        chosen = confining or labels[0]
        writer.fact("vm.seclabel.type", chosen.get("type", "dynamic"), chosen, "type")
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
