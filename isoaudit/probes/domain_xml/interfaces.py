"""Facts of network cards: what they are tied to and what keeps them apart."""

from __future__ import annotations

from isoaudit.model import Reason, Record
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_VIRTIO = frozenset({"virtio", "virtio-transitional", "virtio-non-transitional"})
_TAP = frozenset({"network", "bridge", "direct", "ethernet"})
_SOURCE = ("network", "bridge", "dev", "path", "name", "portgroup", "switchid")


def read_interfaces(domain: Spot, writer: Writer) -> None:
    """Note the part `interface`, one record per network card."""
    spots = list(domain.children("devices/interface"))
    kvm = domain.get("type") == "kvm"
    writer.notes.part("interface", [_interface(spot, writer.new(), kvm) for spot in spots])
    writer.fact("vm.networks", sorted({_place(spot) for spot in spots}), domain)


def _place(interface: Spot) -> str:
    """Return which network a card is on; VLANs of one bridge are different ones."""
    vlan = interface.child("vlan")
    tags = "".join(f" vlan {tag.get('id')}" for tag in vlan.children("tag")) if vlan else ""
    return f"{interface.get('type')}:{_source(interface)[1]}{tags}"


def _interface(interface: Spot, writer: Writer, kvm: bool) -> Record:
    writer.fact("interface.type", interface.get("type"), interface, "type")
    spot, source = _source(interface)
    writer.fact("interface.source", source, spot)
    model = interface.child("model")
    why = "" if model else "left to libvirt"
    writer.fact("interface.model", model.get("type") if model else "", model or interface, "", why)
    rules = interface.child("filterref")
    why = "" if rules else "none"
    writer.fact("interface.filter", rules.get("filter") if rules else "", rules or interface, "",
                why)  # fmt: skip
    port = interface.child("port")
    alone = port is not None and port.get("isolated") == "yes"
    why = "" if port else LIBVIRT_DEFAULT
    writer.fact("interface.isolated", alone, port or interface, "", why)
    mac = interface.child("mac")
    if mac is not None and mac.get("address"):
        writer.fact("interface.mac", mac.get("address").lower(), mac, "address")
    if interface.get("type") == "direct":
        mode = interface.value("source", "mode")
        writer.fact("interface.mode", mode or "vepa", interface.child("source") or interface,
                    "mode", "" if mode else LIBVIRT_DEFAULT)  # fmt: skip
    trust = interface.get("trustGuestRxFilters")
    writer.fact("interface.trust_guest_filters", trust == "yes", interface, "trustGuestRxFilters",
                "" if trust else LIBVIRT_DEFAULT)  # fmt: skip
    _read_limits(interface, writer)
    _read_queues(interface, writer, kvm)
    return writer.record()


def _read_limits(interface: Spot, writer: Writer) -> None:
    """Note VLAN tags and bandwidth."""
    vlan = interface.child("vlan")
    tags = [tag.get("id") for tag in vlan.children("tag")] if vlan else []
    writer.fact("interface.vlan", tags, vlan or interface)
    band = interface.child("bandwidth")
    ends = (band.child("inbound"), band.child("outbound")) if band else ()
    limited = any(end is not None and end.get("average") not in {"", "0"} for end in ends)
    writer.fact("interface.limited", limited, band or interface)


def _read_queues(interface: Spot, writer: Writer, kvm: bool) -> None:
    """Note queues, and whether the host's kernel moves the packets.

    libvirt takes vhost-net for a virtio card under KVM where the host has it, never without KVM
    unless asked for (qemuInterfaceOpenVhostNet in qemu_interface.c).
    """
    driver = interface.child("driver")
    queues = driver.get("queues") if driver else ""
    known = queues.isascii() and queues.isdecimal() and len(queues) < 6
    writer.fact("interface.queues", int(queues) if known else 1, driver or interface,
                "queues" if known else "", "" if known else LIBVIRT_DEFAULT)  # fmt: skip
    path, name = "interface.vhost", driver.get("name") if driver else ""
    if name:
        writer.fact(path, name == "vhost", driver or interface, "name")
    elif kvm and interface.value("model", "type") in _VIRTIO and interface.get("type") in _TAP:
        writer.missing(path, Reason.OTHER_HOST, "libvirt uses vhost-net where the host has it",
                       "Say <driver name='qemu'/> or <driver name='vhost'/>.")  # fmt: skip
    else:
        writer.fact(path, False, interface, "", "not a virtio card on a tap device under KVM")


def _source(interface: Spot) -> tuple[Spot, str]:
    """Return what the card is tied to: a network, bridge, device, socket, or address."""
    source = interface.child("source")
    if source is None:
        target = interface.child("target")
        tied = interface.get("type") == "ethernet" and target is not None
        return (target, target.get("dev")) if tied and target else (interface, "")
    kind = interface.get("type")
    first = kind if kind in _SOURCE else "dev"
    name = source.get(first) or next((source.get(n) for n in _SOURCE if source.get(n)), "")
    if name:
        return source, name
    address = source.child("address")
    if address is not None:
        return address, pci_address(address)
    if source.get("address") or source.get("port"):
        return source, f"{source.get('address')}:{source.get('port')}"
    return source, ""


def pci_address(address: Spot) -> str:
    """Return a PCI address as lspci writes it, `0000:03:00.0`, as far as it is in numbers."""
    parts = [_hex(address.get(n, "0")) for n in ("domain", "bus", "slot", "function")]
    return "{}:{}:{}.{}".format(*(p.zfill(w) for p, w in zip(parts, (4, 2, 2, 1), strict=True)))


def _hex(text: str) -> str:
    return text[2:].lower() if text[:2].lower() == "0x" else text
