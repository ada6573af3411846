"""Facts of network cards: what they are tied to and what keeps them apart."""

from __future__ import annotations

from isoaudit.model import Record
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_SOURCE = ("network", "bridge", "dev", "path", "name", "portgroup", "switchid")


def read_interfaces(domain: Spot, writer: Writer) -> None:
    """Note the part `interface`, one record per network card."""
    spots = domain.children("devices/interface")
    writer.notes.part("interface", [_interface(spot, writer.new()) for spot in spots])


def _interface(interface: Spot, writer: Writer) -> Record:
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
    return writer.record()


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
