"""Facts of what crosses the wall on purpose: shared folders, host devices, shared memory."""

from __future__ import annotations

from isoaudit.model import Record
from isoaudit.probes.domain_xml.domain import is_qemu
from isoaudit.probes.domain_xml.interfaces import pci_address
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_SHARE_SOURCE = ("dir", "file", "dev", "socket", "name", "volume")


def read_shares(domain: Spot, writer: Writer) -> None:
    """Note the part `share`: folders of the host shown to the guest."""
    qemu = is_qemu(domain)
    spots = domain.children("devices/filesystem")
    writer.notes.part("share", [_share(spot, writer.new(), qemu) for spot in spots])


def _share(share: Spot, writer: Writer, qemu: bool) -> Record:
    source = share.child("source")
    found = next((n for n in _SHARE_SOURCE if source and source.get(n)), "")
    writer.fact("share.source", source.get(found) if source else "", source or share, found)
    writer.fact("share.target", share.value("target", "dir"), share.child("target") or share, "dir")
    driver = share.child("driver")
    kind = driver.get("type") if driver else ""
    if kind in {"", "path", "handle"}:
        # NOTE: `path` and `handle` are backends of 9p; LXC binds the folder without any driver.
        kind = "9p" if qemu else "bind"
        writer.fact("share.driver", kind, driver or share, "", LIBVIRT_DEFAULT)
    else:
        writer.fact("share.driver", kind, driver or share, "type")
    mode = share.get("accessmode")
    why = "" if mode else LIBVIRT_DEFAULT
    writer.fact("share.access_mode", mode or "passthrough", share, "accessmode", why)
    read_only = share.child("readonly")
    writer.fact("share.read_only", read_only is not None, read_only or share)
    if kind == "virtiofs":
        _read_daemon(share, writer)
    return writer.record()


def _read_daemon(share: Spot, writer: Writer) -> None:
    """Note how virtiofsd is confined and what it lets the guest do, where libvirt starts it."""
    binary = share.child("binary")
    where = binary or share
    if not share.value("source", "socket"):
        sandbox = share.value("binary/sandbox", "mode")
        why = "" if sandbox else "virtiofsd's default"
        writer.fact("share.sandbox", sandbox or "namespace", where, "", why)
        xattr = binary.get("xattr") if binary else ""
        writer.fact("share.xattr", xattr == "on", where, "xattr", "" if xattr else LIBVIRT_DEFAULT)
    mapped = share.child("idmap")
    writer.fact("share.id_mapped", mapped is not None, mapped or share)


def read_host_devices(domain: Spot, writer: Writer) -> None:
    """Note the part `host_device`: PCI, USB, SCSI and mediated devices, NICs and input too."""
    records: list[Record] = []
    for device in domain.children("devices/hostdev"):
        capability = device.get("mode") == "capabilities"
        source = device.child("source")
        address = _capability(source) if capability else _address(device.get("type"), source)
        records.append(_host_device(device, device.get("type"), address, writer.new()))
    for card in domain.children("devices/interface"):
        place = card.child("source/address")
        if card.get("type") == "hostdev" and place is not None:
            records.append(_host_device(card, "pci", pci_address(place), writer.new()))
    for device in domain.children("devices/input"):
        if device.get("type") in {"passthrough", "evdev"}:
            node = device.value("source", "evdev") or device.value("source", "dev")
            records.append(_host_device(device, "misc", node, writer.new()))
    writer.notes.part("host_device", records)


def _host_device(device: Spot, kind: str, address: str, writer: Writer) -> Record:
    writer.fact("host_device.type", kind, device, "type")
    writer.fact("host_device.address", address, device.child("source") or device)
    return writer.record()


def _capability(source: Spot | None) -> str:
    """Return the node that LXC passes in."""
    nodes = (source.child(name) for name in ("block", "char", "interface")) if source else ()
    return next((node.text for node in nodes if node), "")


def _address(kind: str, source: Spot | None) -> str:
    """Return the device's address in the form its tools use, "" if it has none."""
    if source is None:
        return ""
    place = source.child("address")
    if kind == "usb":
        return _usb_address(source, place)
    if kind == "scsi":
        adapter = source.value("adapter", "name") or source.get("name")
        unit = [place.get(n, "0") for n in ("bus", "target", "unit")] if place else []
        return ":".join([adapter, *unit])
    if place is None:
        return source.get("wwpn")
    return place.get("uuid") or pci_address(place)


def _usb_address(source: Spot, place: Spot | None) -> str:
    if source.child("vendor"):
        names = (source.value("vendor", "id"), source.value("product", "id"))
        return ":".join(name.removeprefix("0x") for name in names)
    return f"{place.get('bus')}.{place.get('device') or place.get('port')}" if place else ""


def read_shared_memory(domain: Spot, writer: Writer) -> None:
    """Note the part `shared_memory`."""
    records = []
    for memory in domain.children("devices/shmem"):
        one = writer.new()
        one.fact("shared_memory.name", memory.get("name"), memory, "name")
        model = memory.value("model", "type")
        one.fact("shared_memory.model", model or "ivshmem", memory.child("model") or memory)
        records.append(one.record())
    writer.notes.part("shared_memory", records)
