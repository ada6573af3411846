"""The probe of a VMware .vmx file.

Source: VMware's virtual machine settings as Workstation, Fusion and ESXi write them. What a key
that is not there comes to, VMware settles by version and guest: it is left open, but for devices,
which are there only if their `present` says so. Its own paravirtual devices have names of their
own here: QEMU's imitations of them are other code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Location, Record, Target, Value
from isoaudit.probes.listening import exposure
from isoaudit.probes.vmm_files.sheet import VmSheet, amount, clean, declared_vm, medium, row

_LINE = re.compile(r'\s*([A-Za-z0-9_.:-]{1,200})\s*=\s*(?:"([^"]*)"|([^"\s#]\S*))\s*(?:#.*)?')
_NUMBER = re.compile(r"[0-9]{1,12}")
_DRIVE = re.compile(r"((?:scsi|ide|sata|nvme)[0-9]{1,2}:[0-9]{1,3}|floppy[0-9])\.present")
_CARD = re.compile(r"(ethernet[0-9]{1,2})\.present")
_SHARE = re.compile(r"(sharedfolder[0-9]{1,2})\.present")
_PORT = re.compile(r"((serial|parallel)[0-9])\.present")
_PASSED = re.compile(r"(pcipassthru[0-9]{1,2})\.present")
_CONTROLLER = re.compile(r"((?:scsi|sata|nvme)[0-9]{1,2})\.present")
_SWITCHES = {
    "usb.present": "usb-controller", "ehci.present": "ehci", "usb_xhci.present": "qemu-xhci",
    "vmci0.present": "vmci",
}  # fmt: skip
_CONTROLLERS = {"pvscsi": "vmware-pvscsi", "lsisas1068": "lsisas1068", "buslogic": "buslogic",
                "lsilogic": "lsilogic"}  # fmt: skip
_CARDS = {"vlance": "pcnet", "vmxnet": "vmxnet", "vmxnet3": "vmware-vmxnet3", "e1000": "e1000",
          "e1000e": "e1000e"}  # fmt: skip
_NETWORKS = {"bridged": "bridge", "nat": "network", "hostonly": "network", "custom": "network",
             "pvn": "network"}  # fmt: skip
_MOST_LINES = 20_000
_MIB = 2**20


class Setting(NamedTuple):
    """One value, with where it stands."""

    value: str
    location: Location

    @property
    def is_on(self) -> bool:
        """Whether a switch is on."""
        return self.value.lower() in {"true", "1", "yes", "on"}


class VmxProbe:
    """Reads one VM from a file's text; raises DocumentError if it is none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._settings = dict(_settings(text, shown))
        if not {"config.version", "virtualhw.version"} & set(self._settings):
            raise DocumentError(f"{shown}: no VMware configuration: it has no virtualHW.version",
                                "Name a .vmx file.")  # fmt: skip
        self._anchor = next(iter(self._settings.values()))

    def find(self) -> Sequence[Target]:
        """Return the VM as the file's only target."""
        return (declared_vm("vmx", self._shown, self._text("displayname"), self._anchor),)

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares; raises DocumentError where it is malformed."""
        sheet = VmSheet(self._anchor)
        sheet.default("vmm.name", "vmware", "whose file this is")
        sheet.default("vmm.manager", "", "VMware reads it itself")
        self._note_size(sheet)
        self._note_trust(sheet)
        sheet.part("disk", map(self._disk, self._present(_DRIVE)))
        sheet.part("interface", map(self._card, self._present(_CARD)))
        sheet.part("share", map(self._share, self._present(_SHARE)))
        sheet.part("character_device", map(self._port, self._present(_PORT)))
        sheet.part("host_device", map(self._passed, self._present(_PASSED)))
        sheet.part("graphics", self._screens())
        sheet.default("vm.devices", tuple(sorted(self._models())), "as their .present says")
        sheet.more("vm.devices", "VMware adds a screen, a keyboard and more by itself")
        return sheet.factset()

    def _text(self, key: str) -> str:
        found = self._settings.get(key)
        return found.value if found else ""

    def _on(self, key: str) -> Setting | None:
        found = self._settings.get(key)
        return found if found and found.is_on else None

    def _present(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, Setting]]:
        """Yield the names of devices that are there, each with the setting that says so."""
        for key, setting in self._settings.items():
            if (match := pattern.fullmatch(key)) and setting.is_on:
                yield match[1], setting

    def _note_size(self, sheet: VmSheet) -> None:
        for path, key, unit in (("vm.memory.bytes", "memsize", _MIB), ("vm.vcpus", "numvcpus", 1)):
            found = self._settings.get(key)
            if found is None:
                sheet.unknown(path, f"no {key}")
            elif not _NUMBER.fullmatch(found.value):
                raise DocumentError(f"{found.location}: {key} must be a whole number")
            else:
                sheet.say(path, amount(found, int(found.value), unit), found)

    def _note_trust(self, sheet: VmSheet) -> None:
        secure = self._settings.get("uefi.secureboot.enabled")
        firmware = self._settings.get("firmware")
        is_uefi = firmware is not None and firmware.value.lower() == "efi"
        if secure is not None or not is_uefi:
            on = is_uefi and secure is not None and secure.is_on
            sheet.say("vm.secure_boot", on, secure or firmware or self._anchor)
        else:
            sheet.unknown("vm.secure_boot", "no uefi.secureBoot.enabled")
        chip = self._on("vtpm.present")
        sheet.say("vm.tpm", "emulated" if chip else "none", chip or self._anchor)
        stubs = (self._on(f"debugstub.listen.guest{bits}") for bits in (32, 64))
        stub = next((one for one in stubs if one), None)
        sheet.say("vm.debug_stub", stub is not None, stub or self._anchor)
        if uuid := self._settings.get("uuid.bios"):
            sheet.say("vm.uuid", uuid.value, uuid)

    def _disk(self, drive: tuple[str, Setting]) -> Record:
        name, there = drive
        bus = "fdc" if name.startswith("floppy") else name.rstrip("0123456789:")
        kind = self._text(f"{name}.devicetype").lower()
        key = f"{name}.filename"
        device = "floppy" if bus == "fdc" else "cdrom" if "cdrom" in kind else "disk"
        fields: dict[str, Value] = {
            "disk.target": name,
            "disk.device": device,
            "disk.bus": bus,
            "disk.read_only": device == "cdrom",
            "disk.raw_scsi": "passthru" in kind or kind == "atapi-cdrom",
        }
        source = self._text(key)
        image = self._settings.get(key, there)
        if source.lower() == "auto detect" or kind in {"cdrom-raw", "atapi-cdrom"}:
            why = dict.fromkeys(("disk.source_type", "disk.whole_host_disk"), "a drive of the host")
            return row(image, fields, why)
        return medium(image, fields, source)

    def _card(self, card: tuple[str, Setting]) -> Record:
        name, there = card
        kind = self._text(f"{name}.connectiontype").lower() or "bridged"
        asked = self._text(f"{name}.virtualdev").lower()
        fields: dict[str, Value] = {
            "interface.type": _NETWORKS.get(kind, kind),
            "interface.source": self._text(f"{name}.networkname")
            or self._text(f"{name}.vnet")
            or kind,
        }
        unread = {} if asked else {"interface.model": "left to VMware"}
        if asked:
            fields["interface.model"] = _CARDS.get(asked, asked)
        return row(self._settings.get(f"{name}.connectiontype", there), fields, unread)

    def _share(self, share: tuple[str, Setting]) -> Record:
        name, there = share
        told: dict[str, Value] = {
            "share.source": self._text(f"{name}.hostpath"),
            "share.target": self._text(f"{name}.guestname"),
            "share.driver": "hgfs",
            "share.read_only": self._on(f"{name}.writeaccess") is None,
        }
        return row(self._settings.get(f"{name}.hostpath", there), told)

    def _port(self, port: tuple[str, Setting]) -> Record:
        name, there = port
        kind = self._text(f"{name}.filetype").lower()
        place = self._text(f"{name}.filename")
        backend = {"pipe": "unix", "device": "dev", "network": "tcp", "file": "file"}.get(
            kind, kind
        )
        told: dict[str, Value] = {
            "character_device.role": name.rstrip("0123456789"),
            "character_device.name": name[-1],
            "character_device.backend": backend,
            "character_device.address": str(clean(place)).rpartition("//")[2]
            if backend == "tcp"
            else place,
        }
        if backend == "tcp":
            told["character_device.tls"] = place.startswith(("telnets:", "ssl:", "tcp+ssl:"))
        return row(there, told)

    def _passed(self, device: tuple[str, Setting]) -> Record:
        name, there = device
        address = self._text(f"{name}.id") or self._text(f"{name}.deviceid")
        return row(there, {"host_device.type": "pci", "host_device.address": address})

    def _screens(self) -> Iterator[Record]:
        there = self._on("remotedisplay.vnc.enabled")
        if there is None:
            return
        listen = self._text("remotedisplay.vnc.ip") or "0.0.0.0"  # noqa: S104 - VMware's default
        stored = bool(
            self._text("remotedisplay.vnc.key") or self._text("remotedisplay.vnc.password")
        )
        yield row(
            there,
            {
                "graphics.type": "vnc",
                "graphics.listen": listen,
                "graphics.exposure": exposure(listen),
                "graphics.password_set": stored,
                "graphics.password_in_configuration": stored,
                "graphics.tls_required": False,
            },
        )

    def _models(self) -> set[str]:
        names = {model for key, model in _SWITCHES.items() if self._on(key)}
        for name, _ in self._present(_CONTROLLER):
            asked = self._text(f"{name}.virtualdev").lower()
            plain = {"sata": "ahci", "nvme": "nvme"}.get(name.rstrip("0123456789"), "")
            names.add(_CONTROLLERS.get(asked, asked) or plain)
        for name, _ in self._present(_CARD):
            asked = self._text(f"{name}.virtualdev").lower()
            names.add(_CARDS.get(asked, asked))
        for name, _ in self._present(_DRIVE):
            kind = "cdrom" if "cdrom" in self._text(f"{name}.devicetype").lower() else "disk"
            bus = name.rstrip("0123456789:")
            names.add("floppy" if bus == "floppy" else "nvme" if bus == "nvme" else f"{bus}-{kind}")
        if self._on("sound.present"):
            names.add({"hdaudio": "hda-codec", "sb16": "sb16"}.get(
                self._text("sound.virtualdev").lower(), "es1371"))  # fmt: skip
        names |= {f"isa-{port[0].rstrip('0123456789')}" for port in self._present(_PORT)}
        return names - {""}


def _settings(text: str, file: str) -> Iterator[tuple[str, Setting]]:
    """Yield the settings by lower-case key; raises DocumentError for other lines and for two."""
    seen: dict[str, int] = {}
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        where = Location(file, number, 1)
        match = _LINE.fullmatch(line) if len(line) < 10_000 else None
        if match is None or len(seen) >= _MOST_LINES:
            raise DocumentError(
                f"{where}: no setting of VMware", "Correct the file and scan again."
            )
        key = match[1].lower()
        if key in seen:
            raise DocumentError(f"{where}: key {key!r} stands twice (first in line {seen[key]})",
                                "Remove one of them.")  # fmt: skip
        seen[key] = number
        yield key, Setting(match[2] if match[2] is not None else match[3], where)
