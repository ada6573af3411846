"""Names the device models that a domain emulates, with those that libvirt adds by itself.

Source: libvirt's "Domain XML format"; what it adds on PCs was read off domains it had completed.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.probes.domain_xml.disks import disk_bus
from isoaudit.probes.domain_xml.domain import is_qemu, is_x86
from isoaudit.probes.domain_xml.spots import Spot, Writer

_DISK = {"virtio": "virtio-blk", "fdc": "floppy", "usb": "usb-storage", "sd": "sd-card",
         "scsi": "scsi-disk", "ide": "ide-disk", "sata": "sata-disk", "nvme": "nvme",
         "xen": "xen-disk"}  # fmt: skip
_CONTROLLER = {"ide": "ide", "sata": "ahci", "fdc": "floppy", "virtio-serial": "virtio-serial",
               "ccid": "ccid", "scsi": "scsi-controller", "usb": "usb-controller",
               "nvme": "nvme"}  # fmt: skip
_VIDEO = {"virtio": "virtio-gpu", "vmvga": "vmware-svga"}
_SOUND = {"usb": "usb-audio", "virtio": "virtio-sound"}
_BUILT_IN = frozenset({"pci-root", "pcie-root", "none"})
_VIRTIO = frozenset({"virtio", "virtio-transitional", "virtio-non-transitional"})
_FIXED = {
    "rng": "virtio-rng", "vsock": "virtio-vsock", "crypto": "virtio-crypto", "hub": "usb-hub",
    "redirdev": "usb-redir", "smartcard": "smartcard", "nvram": "spapr-nvram",
    "pstore": "acpi-erst",
}  # fmt: skip


def read_devices(domain: Spot, writer: Writer) -> None:
    """Note `vm.devices`: every emulated model once, sorted."""
    devices = domain.child("devices")
    if domain.get("type") == "lxc":
        return
    names: set[str] = set()
    machine = domain.value("os/type", "machine", "pc") if is_x86(domain) else ""
    if devices is not None:
        for spot in devices.element.children:
            names.update(_names(Spot(spot), machine))
    if is_qemu(domain):
        names.update(_implied(domain))
    writer.fact("vm.devices", sorted(names - {""}), devices or domain)


def _names(device: Spot, machine: str) -> Iterator[str]:
    """Yield the models of one element below `devices`; `machine` is "" off the PC."""
    kind, x86 = device.element.name, bool(machine)
    model = device.get("model")
    if kind in _FIXED:
        yield _FIXED[kind]
    elif kind == "disk":
        yield _disk(device)
    elif kind == "controller":
        yield _controller(device, machine)
    elif kind == "interface":
        yield _interface(device, x86)
    elif kind == "video":
        named = device.value("model", "type") or ("cirrus" if x86 else "")
        yield "" if named == "none" else _VIDEO.get(named, named)
    elif kind == "sound":
        yield _SOUND.get(model, model)
    elif kind == "input":
        yield _input(device, x86)
    elif kind == "hostdev":
        yield "vhost-scsi" if device.get("type") == "scsi_host" else ""
    elif kind == "filesystem":
        yield "virtio-fs" if device.value("driver", "type") == "virtiofs" else "virtio-9p"
    else:
        yield _other(kind, model, device, x86)


def _disk(disk: Spot) -> str:
    device = disk.get("device")
    if device == "floppy":
        return "floppy"
    bus = disk_bus(disk)
    name = _DISK.get(bus, bus)
    return name.replace("-disk", "-cdrom") if device == "cdrom" else name


def _controller(controller: Spot, machine: str) -> str:
    kind, model = controller.get("type"), controller.get("model")
    if model in _BUILT_IN:
        return ""
    if model in {"", "auto"} and machine:
        model = {"usb": _usb(machine), "scsi": "lsilogic"}.get(kind, "")
    if kind == "scsi" and model in _VIRTIO:
        return "virtio-scsi"
    if kind in {"usb", "scsi", "pci"} and model not in {"", "auto"}:
        return model
    return _CONTROLLER.get(kind, "")


def _usb(machine: str) -> str:
    """Return the USB controller that libvirt gives a PC without being asked."""
    return "qemu-xhci" if "q35" in machine else "piix3-uhci"


def _interface(interface: Spot, x86: bool) -> str:
    if interface.get("type") in {"hostdev", "vdpa"}:
        return ""
    model = interface.value("model", "type")
    if model in _VIRTIO:
        return "virtio-net"
    return model or ("rtl8139" if x86 else "")


def _input(device: Spot, x86: bool) -> str:
    kind, bus = device.get("type"), device.get("bus")
    if kind in {"passthrough", "evdev"}:
        return f"input-{kind}"
    if not bus:
        bus = "ps2" if x86 and kind in {"mouse", "keyboard"} else "usb"
    return f"{bus}-{kind}"


def _other(kind: str, model: str, device: Spot, x86: bool) -> str:
    """Return the model of the rarer devices, "" for what is none (emulator, graphics …)."""
    if kind in {"serial", "parallel"}:
        return device.value("target/model", "name") or ("isa-" + kind if x86 else "")
    if kind in {"console", "channel"}:
        return "virtio-serial" if device.value("target", "type") == "virtio" else ""
    if kind == "panic":
        return "pvpanic" if model in {"", "isa", "pvpanic"} else f"panic-{model}"
    named = {
        "memballoon": {"virtio": "virtio-balloon", "xen": "xen-balloon"}.get(model, ""),
        "watchdog": model,
        "tpm": model or ("tpm-tis" if x86 else "tpm"),
        "shmem": device.value("model", "type") or "ivshmem",
        "iommu": f"iommu-{model}",
        "memory": model if model in {"nvdimm", "virtio-pmem", "virtio-mem"} else "",
    }
    return named.get(kind, "")


def _implied(domain: Spot) -> Iterator[str]:
    """Yield what libvirt adds to a domain that does not speak of it."""
    if domain.child("devices/memballoon") is None:
        yield "virtio-balloon"
    if not is_x86(domain):
        return
    kinds = {c.get("type") for c in domain.children("devices/controller")}
    machine = domain.value("os/type", "machine", "pc")
    if "usb" not in kinds and machine.startswith(("pc", "q35")):
        yield _usb(machine)
    if domain.child("devices/graphics") is None:
        return
    yield from ("ps2-keyboard", "ps2-mouse")
    if domain.child("devices/video") is None:
        yield "cirrus"
