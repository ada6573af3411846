"""Facts of how a domain boots: the files it starts from, secure boot, its TPM."""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_ENROLLED = re.compile(r"/(?:OVMF|AAVMF)_VARS[^/]*\.(?:ms|secboot)\.(?:fd|qcow2)$")
"""Variable stores that distributions ship with Microsoft's keys enrolled, by their names."""

_PATH = "vm.secure_boot"
_HOW = "Add <feature enabled='yes' name='enrolled-keys'/> to <firmware>, or scan the live domain."


def read_boot_files(domain: Spot, writer: Writer) -> None:
    """Note emulator, firmware, kernel, initrd and device tree, as far as they are named."""
    records = []
    for role, path, attribute in (
        ("emulator", "devices/emulator", ""),
        ("loader", "os/loader", ""),
        ("nvram_template", "os/nvram", "template"),
        ("kernel", "os/kernel", ""),
        ("initrd", "os/initrd", ""),
        ("dtb", "os/dtb", ""),
    ):
        spot = domain.child(path)
        file = (spot.get(attribute) if attribute else spot.text) if spot else ""
        if spot is None or not file:
            continue
        one = writer.new()
        one.fact("boot_file.role", role, spot)
        one.fact("boot_file.path", file, spot, attribute)
        if role == "loader":
            _read_loader(spot, one)
        records.append(one.record())
    writer.notes.part("boot_file", records)


def _read_loader(loader: Spot, writer: Writer) -> None:
    """Note whether the image stays as it is: QEMU copies a ROM, and writes to flash if it may."""
    path = "boot_file.read_only"
    if loader.get("type", "rom") == "rom":
        writer.fact(path, True, loader, "type", "loaded as a ROM")
    elif loader.get("readonly"):
        writer.fact(path, loader.get("readonly") == "yes", loader, "readonly")
    else:
        writer.fact(path, False, loader, "readonly", LIBVIRT_DEFAULT)


def read_secure_boot(domain: Spot, writer: Writer) -> None:
    """Note whether the firmware refuses unsigned boot code: it is able to, and has keys."""
    loader = domain.child("os/loader")
    flash = loader is not None and loader.get("type") == "pflash"
    if not flash and domain.value("os", "firmware") != "efi":
        writer.fact(_PATH, False, loader or domain, "", "no UEFI with protected variables")
        return
    features = {f.get("name"): f for f in domain.children("os/firmware/feature")}
    able, keys = features.get("secure-boot"), features.get("enrolled-keys")
    for feature in (able, keys):
        if feature is not None and feature.get("enabled") == "no":
            writer.fact(_PATH, False, feature, "enabled")
            return
    secure = loader is not None and loader.get("secure") == "yes"
    if keys is not None and (able is not None or secure):
        writer.fact(_PATH, True, keys, "enabled")
        return
    template = domain.child("os/nvram")
    shipped = template is not None and _ENROLLED.search(template.get("template"))
    if template is not None and shipped and (secure or able is not None):
        writer.fact(_PATH, True, template, "template", "shipped with keys enrolled")
    elif able is not None or secure or loader is None:
        writer.missing(_PATH, Reason.NOT_DECLARED, "whether keys are enrolled is not said", _HOW)
    else:
        writer.fact(_PATH, False, loader, "secure", LIBVIRT_DEFAULT)


def read_tpm(domain: Spot, writer: Writer) -> None:
    """Note whether there is a TPM and whether it is the host's."""
    backends = list(domain.children("devices/tpm/backend"))
    for backend in backends:
        if backend.get("type") == "passthrough":
            writer.fact("vm.tpm", "passthrough", backend, "type")
            return
    if backends:
        first = backends[0]
        writer.fact("vm.tpm", "emulated", first, "type")
        if first.get("version"):
            writer.fact("vm.tpm_version", first.get("version"), first, "version")
        secret = first.child("encryption")
        writer.fact("vm.tpm_encrypted", secret is not None, secret or first)
    else:
        writer.fact("vm.tpm", "none", domain, "", "no tpm")
