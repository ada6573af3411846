"""Names the device models of a QEMU command line, in the words that domains have for them.

Sources: qemu(1), `qemu-system-x86_64 -device help` of 7.2, libvirt's "Domain XML format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isoaudit.probes.vmm.argv import is_on, properties, switches
from isoaudit.probes.vmm.defaults import (
    added_models,
    default_card,
    is_ahci,
    on_board,
    usb_controllers,
)
from isoaudit.probes.vmm.line import Line

_TRANSPORT = re.compile(r"(?<=.)-(?:pci|device|ccw)(?:-(?:non-)?transitional)?$")
_USB = re.compile(r"^(piix3|piix4|ich9|nec|vt82c686b)-usb-")
_DRIVERS = {
    "VGA": "vga", "secondary-vga": "vga", "isa-vga": "vga", "cirrus-vga": "cirrus",
    "isa-cirrus-vga": "cirrus", "qxl-vga": "qxl", "virtio-vga": "virtio-gpu",
    "virtio-vga-gl": "virtio-gpu-gl", "bochs-display": "bochs", "vhost-user-vga": "vhost-user-gpu",
    "AC97": "ac97", "ES1370": "es1370", "intel-hda": "ich6", "ich9-intel-hda": "ich9",
    "usb-kbd": "usb-keyboard", "usb-ccid": "ccid", "usb-ehci": "ehci",
    "ccid-card-emulated": "smartcard", "ccid-card-passthru": "smartcard",
    "isa-fdc": "floppy", "scsi-hd": "scsi-disk", "scsi-cd": "scsi-cdrom", "scsi-block": "scsi-disk",
    "scsi-generic": "scsi-disk", "nvme-ns": "nvme", "ich9-ahci": "ahci",
    "lsi": "lsilogic", "lsi53c895a": "lsilogic", "mptsas1068": "lsisas1068",
    "megasas": "lsisas1078", "pvscsi": "vmpvscsi", "vhost-user-fs": "virtio-fs",
    "vhost-vsock": "virtio-vsock", "vhost-user-vsock": "virtio-vsock",
    "vhost-user-blk": "virtio-blk", "vhost-user-scsi": "virtio-scsi",
    "vhost-user-rng": "virtio-rng", "virtio-input-host": "input-passthrough",
    "virtserialport": "virtio-serial", "virtconsole": "virtio-serial",
    "virtio-iommu": "iommu-virtio", "intel-iommu": "iommu-intel", "amd-iommu": "iommu-amd",
    "e1000-82540em": "e1000", "pvpanic-pci": "panic-pvpanic",
}  # fmt: skip
_NO_MODELS = frozenset({"vfio-pci", "vfio-pci-nohotplug", "usb-host", "pc-dimm", "loader",
                        "guest-loader", "i8042", "hub-port"})  # fmt: skip
"""What is none of QEMU's own: host devices, plain memory, files that are copied in."""

_CARDS = {"virtio": "virtio-net", "": ""}
_VIDEO = {"std": "vga", "vmware": "vmware-svga", "virtio": "virtio-gpu", "none": ""}
_BUSES = {"virtio": "virtio-blk", "floppy": "floppy", "sd": "sd-card", "scsi": "scsi"}
_USBDEVICES = {"tablet": "usb-tablet", "mouse": "usb-mouse", "keyboard": "usb-keyboard",
               "wacom-tablet": "usb-wacom-tablet", "braille": "usb-braille", "u2f-key": "u2f",
               "ccid": "ccid", "audio": "usb-audio"}  # fmt: skip


def device_models(line: Line) -> list[str]:
    """Return every emulated model once, sorted; of a whole command line QEMU's own as well."""
    names = {model(device, line) for device in line.devices()}
    names.update(_short_forms(line))
    names.update(_machine(line))
    if line.whole:
        names.update(on_board(line.machine), added_models(line))
    return sorted(names - {""})


def model(device: dict[str, str], line: Line) -> str:
    """Return the model of one -device by the name that domains give it, "" if it is none."""
    driver = device.get("driver", "")
    if driver in {"ide-hd", "ide-cd", "ide-drive"}:
        kind = "cdrom" if driver == "ide-cd" else "disk"
        return f"{'sata' if _on_ahci(device, line) else 'ide'}-{kind}"
    if driver.startswith("hda-"):
        return "hda-codec"
    driver = _USB.sub(r"\1-", driver) if driver not in _DRIVERS else driver
    driver = _TRANSPORT.sub("", driver) if driver.startswith(("virtio-", "vhost-")) else driver
    return "" if driver in _NO_MODELS else _DRIVERS.get(driver, driver)


def _on_ahci(device: dict[str, str], line: Line) -> bool:
    """Say whether an IDE drive hangs on an AHCI controller: a named one, or the board's."""
    owner = device.get("bus", "").rpartition(".")[0]
    if owner in {"", "ide"}:
        return is_ahci(line.machine)
    return line.device(owner).get("driver", "") in {"ahci", "ich9-ahci"}


def _short_forms(line: Line) -> Iterator[str]:
    """Yield the models that older options than -device stand for."""
    for name, value in line.found:
        if name in {"nic", "net"}:
            asked = properties(value, "type")
            yield card(asked.get("model", ""), line) if _is_card(name, asked) else ""
        elif name == "vga":
            yield _VIDEO.get(value, value)
        elif name == "usbdevice":
            yield _USBDEVICES.get(value.partition(":")[0], f"usb-{value.partition(':')[0]}")
        elif name in {"soundhw", "audio"}:
            yield from _sound(name, value)
        elif name == "virtfs":
            yield "virtio-9p"
        elif name in {"watchdog", "balloon"}:
            yield "virtio-balloon" if name == "balloon" else value
        else:
            yield from drive_models(name, value, line)


def _is_card(name: str, asked: dict[str, str]) -> bool:
    """Say whether -nic, or -net, is about a card: only the first is one with any back end."""
    kind = asked.get("type")
    return kind != "none" if name == "nic" else kind == "nic"


def card(asked: str, line: Line) -> str:
    """Return the network card that a short form asks for; QEMU picks one by the machine."""
    return _CARDS.get(asked, model({"driver": asked}, line)) or default_card(line.machine)


def _sound(name: str, value: str) -> Iterator[str]:
    asked = value.split(",") if name == "soundhw" else [properties(value).get("model", "")]
    words = {"hda": "ich6", "pcspk": "pcspk", "virtio": "virtio-sound"}
    for one in asked:
        yield words.get(one, one)


def drive_models(name: str, value: str, line: Line) -> Iterator[str]:
    """Yield the drive that an option stands for which needs no -device."""
    if name in {"fda", "fdb"}:
        yield "floppy"
    elif name in {"hda", "hdb", "hdc", "hdd", "cdrom", "drive"}:
        asked = properties(value) if name == "drive" else {}
        kind = "cdrom" if name == "cdrom" or asked.get("media") == "cdrom" else "disk"
        yield drive_model(asked.get("if", ""), kind, line)
    elif name == "sd":
        yield "sd-card"


def drive_model(interface: str, kind: str, line: Line) -> str:
    """Return the drive's model by `if=` of -drive; left out it is what the machine's drives are."""
    if interface in {"none", "pflash", "mtd"}:
        return ""
    if interface in {"", "ide"}:
        if line.machine.startswith("microvm") or (line.machine and not _has_ide(line.machine)):
            return "virtio-blk"
        return f"{'sata' if is_ahci(line.machine) else 'ide'}-{kind}"
    return _BUSES.get(interface, interface) + (f"-{kind}" if interface == "scsi" else "")


def _has_ide(machine: str) -> bool:
    return machine.startswith(("pc", "q35", "isapc", "none"))


def _machine(line: Line) -> Iterator[str]:
    """Yield what switches of the machine add: `-usb`, `usb=on`."""
    if line.has("usb", "usbdevice") or is_on(switches(line.found).get("usb")):
        yield from usb_controllers(line.machine)
