"""Facts of the rarer devices and of what happens to a guest: sound, vsock, watchdog, SMBIOS, 3D.

Source: libvirt's "Domain XML format".
"""

from __future__ import annotations

from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_WITHOUT_OPENGL = frozenset({"", "no"})


def read_extras(domain: Spot, writer: Writer) -> None:
    """Note what every kind of hypervisor may have."""
    partition = domain.child("resource/partition")
    writer.fact("vm.resource_partition", partition.text if partition else "", partition or domain)
    crash = domain.child("on_crash")
    why = "" if crash else LIBVIRT_DEFAULT
    writer.fact("vm.crash_action", crash.text if crash else "destroy", crash or domain, "", why)


def read_qemu_extras(domain: Spot, writer: Writer) -> None:
    """Note what QEMU guests may have."""
    _read_audio(domain, writer)
    cards = list(domain.children("devices/smartcard"))
    modes = sorted({card.get("mode") for card in cards})
    writer.fact("vm.smartcards", modes, cards[0] if cards else domain)
    _read_vsock(domain, writer)
    dog = domain.child("devices/watchdog")
    action = dog.get("action", "reset") if dog else "none"
    writer.fact("vm.watchdog_action", action, dog or domain, "action" if dog else "")
    _read_smbios(domain, writer)
    genid = domain.child("genid")
    writer.fact("vm.generation_id", genid is not None, genid or domain)
    accelerated = _accelerated(domain)
    writer.fact("vm.accel_3d", accelerated is not None, accelerated or domain)
    nvram = domain.child("os/nvram")
    if nvram is not None and nvram.text:
        writer.fact("vm.nvram", nvram.text, nvram)


def _read_audio(domain: Spot, writer: Writer) -> None:
    backends = list(domain.children("devices/audio"))
    names = sorted({spot.get("type") for spot in backends} - {""})
    writer.fact("vm.audio_backends", names, backends[0] if backends else domain)


def _read_vsock(domain: Spot, writer: Writer) -> None:
    vsock = domain.child("devices/vsock")
    writer.fact("vm.vsock", vsock is not None, vsock or domain)
    cid = vsock.child("cid") if vsock else None
    number = cid.get("address") if cid else ""
    if cid and number.isascii() and number.isdecimal() and len(number) < 19:
        writer.fact("vm.vsock_cid", int(number), cid, "address")


def _read_smbios(domain: Spot, writer: Writer) -> None:
    smbios = domain.child("os/smbios")
    mode = smbios.get("mode") if smbios else ""
    writer.fact("vm.smbios_mode", mode or "emulate", smbios or domain, "",
                "" if mode else LIBVIRT_DEFAULT)  # fmt: skip
    names: set[str] = set()
    tables = list(domain.children("sysinfo"))
    for table in tables:
        for group in table.element.children:
            if group.name == "entry":
                names.add(group.get("name"))
            for entry in group.find_all("entry"):
                names.add(f"{group.name}.{entry.get('name')}".removesuffix("."))
    writer.fact("vm.sysinfo", sorted(names - {""}), tables[0] if tables else domain)


def _accelerated(domain: Spot) -> Spot | None:
    """Return what has the host draw for the guest, or None."""
    for model in domain.children("devices/video/model"):
        acceleration = model.child("acceleration")
        if acceleration is not None and acceleration.get("accel3d") == "yes":
            return acceleration
    for screen in domain.children("devices/graphics"):
        opengl = screen.child("gl")
        if screen.get("type") == "egl-headless":
            return screen
        if opengl is not None and opengl.get("enable") not in _WITHOUT_OPENGL:
            return opengl
    return None
