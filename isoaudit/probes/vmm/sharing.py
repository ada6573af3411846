"""What a QEMU command line lets through on purpose: folders, host devices, shared memory, vsock.

Source: qemu(1); docs/system/devices of QEMU for vfio, ivshmem and vhost-user.
"""

from __future__ import annotations

from isoaudit.model import Record
from isoaudit.probes.vmm.argv import is_on, properties
from isoaudit.probes.vmm.line import Line, Origin

_MODES = {"mapped-xattr": "mapped", "mapped-file": "mapped", "none": "passthrough"}
_SHM = "/dev/shm/"  # noqa: S108 - where the kernel has POSIX shared memory


def shares(line: Line, origin: Origin) -> list[Record]:
    """Return one record of the part `share` per folder that the guest may mount."""
    folders = line.by_id("fsdev", "backend")
    records = []
    for device in line.devices():
        driver = device.get("driver", "")
        if driver.startswith("virtio-9p"):
            folder = folders.get(device.get("fsdev", ""))
            records.append(_folder(origin, "-device", folder, device.get("mount_tag", "")))
        elif driver.startswith("vhost-user-fs"):
            records.append(_virtiofs(origin, device.get("tag", "")))
    for _, value in line.all("virtfs"):
        asked = properties(value, "backend")
        records.append(_folder(origin, "-virtfs", asked, asked.get("mount_tag", "")))
    return records


def _folder(origin: Origin, option: str, folder: dict[str, str] | None, tag: str) -> Record:
    """Return the record of a 9p share. A proxy's folder is known to its helper alone."""
    jotter = origin.record(option)
    jotter.fact("share.target", tag)
    jotter.fact("share.driver", "9p")
    if folder is None or folder.get("backend") == "proxy":
        for field in ("source", "access_mode", "read_only"):
            jotter.missing(f"share.{field}", "its folder is not on this command line")
        return jotter.record()
    asked = folder.get("security_model", "none")
    jotter.fact("share.source", folder.get("path", ""))
    jotter.fact("share.access_mode", _MODES.get(asked, asked))
    jotter.fact("share.read_only", is_on(folder.get("readonly")))
    return jotter.record()


def _virtiofs(origin: Origin, tag: str) -> Record:
    """Return the record of a virtiofs share: which folder, its daemon's command line says."""
    jotter = origin.record("-device")
    jotter.fact("share.target", tag)
    jotter.fact("share.driver", "virtiofs")
    jotter.fact("share.access_mode", "passthrough", "the only one virtiofs has")
    for field in ("source", "read_only"):
        jotter.missing(f"share.{field}", "its daemon's command line says it",
                       "Look at the options of its virtiofsd.")  # fmt: skip
    return jotter.record()


def host_devices(line: Line, origin: Origin) -> list[Record]:
    """Return one record of the part `host_device` per device that is handed in."""
    found = []
    for device in line.devices():
        driver = device.get("driver", "")
        if driver.startswith("vfio-"):
            found.append(_vfio(device))
        elif driver == "usb-host":
            found.append(("usb", _usb(device)))
        elif driver.startswith("vhost-scsi"):
            found.append(("scsi_host", device.get("wwpn", "")))
        elif driver.startswith("virtio-input-host"):
            found.append(("misc", device.get("evdev", "")))
    for _, value in line.all("usbdevice"):
        if value.startswith("host:"):
            found.append(("usb", value.removeprefix("host:")))
    return [_host_device(origin, kind, address) for kind, address in found]


def _vfio(device: dict[str, str]) -> tuple[str, str]:
    """Return kind and address; sysfsdev of a mediated device ends in its UUID."""
    name = device.get("sysfsdev", "").rpartition("/")[2]
    if name and name.count("-") == 4:
        return "mdev", name
    address = device.get("host", name)
    return "pci", f"0000:{address}" if address.count(":") == 1 else address


def _usb(device: dict[str, str]) -> str:
    if "vendorid" in device:
        parts = (device["vendorid"], device.get("productid", ""))
        return ":".join(part.removeprefix("0x") for part in parts)
    if "hostdevice" in device:
        return device["hostdevice"]
    return f"{device.get('hostbus', '')}.{device.get('hostaddr') or device.get('hostport', '')}"


def _host_device(origin: Origin, kind: str, address: str) -> Record:
    jotter = origin.record("-device")
    jotter.fact("host_device.type", kind)
    jotter.fact("host_device.address", address)
    return jotter.record()


def shared_memory(line: Line, origin: Origin) -> list[Record]:
    """Return one record of the part `shared_memory` per ivshmem device."""
    backends, sockets = line.by_id("object", "qom-type"), line.by_id("chardev", "backend")
    records = []
    for device in line.devices():
        if not device.get("driver", "").startswith("ivshmem"):
            continue
        memory = backends.get(device.get("memdev", ""), {})
        server = sockets.get(device.get("chardev", ""), {})
        path = memory.get("mem-path", "").removeprefix(_SHM)
        name = path or server.get("path") or device.get("memdev") or device.get("chardev", "")
        jotter = origin.record("-device")
        jotter.fact("shared_memory.name", name)
        records.append(jotter.record())
    return records
