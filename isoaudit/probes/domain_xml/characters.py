"""Facts of character devices: serial ports, consoles, channels, USB redirection, entropy."""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.model import Record
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_ROLES = ("serial", "parallel", "console", "channel", "redirdev")


def read_character_devices(domain: Spot, writer: Writer) -> None:
    """Note the part `character_device`.

    libvirt shows the first serial port a second time, as a console; it is one device.
    """
    serial = domain.child("devices/serial") is not None
    records: list[Record] = []
    for role in _ROLES:
        for device in domain.children(f"devices/{role}"):
            if role == "console" and serial and device.value("target", "type") in {"", "serial"}:
                continue
            records.append(_device(role, device, writer.new()))
    for number, rng in enumerate(domain.children("devices/rng")):
        records += [_rng(number, rng, b, writer.new()) for b in rng.children("backend")]
    writer.notes.part("character_device", records)


def _device(role: str, device: Spot, writer: Writer) -> Record:
    target = device.child("target")
    name = (target.get("name") or target.get("port")) if target else device.get("bus")
    writer.fact("character_device.role", role, device)
    writer.fact("character_device.name", name, target or device)
    _read_backend(device, device, writer)
    return writer.record()


def _rng(number: int, rng: Spot, backend: Spot, writer: Writer) -> Record:
    rate = rng.child("rate")
    limited = rate is not None and rate.get("bytes") not in {"", "0"}
    writer.fact("character_device.rate_limited", limited, rate or rng)
    writer.fact("character_device.role", "rng", backend)
    writer.fact("character_device.name", f"rng{number}", backend)
    if backend.get("model") == "egd":
        _read_backend(backend, backend, writer)
        return writer.record()
    writer.fact("character_device.backend", backend.get("model"), backend, "model")
    writer.fact("character_device.address", backend.text, backend)
    return writer.record()


def _read_backend(holder: Spot, device: Spot, writer: Writer) -> None:
    """Note the backend, where it leads, and for TCP whether it is encrypted."""
    kind = holder.get("type")
    writer.fact("character_device.backend", kind, device, "type")
    sources = list(holder.children("source"))
    spot, address = next(_addresses(kind, sources), (device, ""))
    writer.fact("character_device.address", address, spot)
    if kind != "tcp":
        return
    tls = next((s for s in sources if s.get("tls")), None)
    if tls is not None:
        writer.fact("character_device.tls", tls.get("tls") == "yes", tls, "tls")
    else:
        writer.fact("character_device.tls", False, device, "", LIBVIRT_DEFAULT)


def _addresses(kind: str, sources: list[Spot]) -> Iterator[tuple[Spot, str]]:
    """Yield candidates, a listening end before a connecting one."""
    for source in sorted(sources, key=lambda s: s.get("mode") != "bind"):
        text = source.get("host") if kind in {"tcp", "udp"} else source.get("path")
        if text or source.get("channel"):
            yield source, text or source.get("channel")
