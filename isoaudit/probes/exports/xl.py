"""The probe of a configuration of Xen's xl.

Source: xl.cfg(5), xl-disk-configuration(5), xl-network-configuration(5) of Xen 4.17. A guest of
type hvm has devices emulated by QEMU; pv and pvh guests have Xen's own, and no emulator at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Record, Target, Value
from isoaudit.probes.exports import xl_syntax
from isoaudit.probes.listening import exposure
from isoaudit.probes.vmm_files.sheet import VmSheet, amount, clean, declared_vm, medium, row
from isoaudit.transports.libvirt_redaction import redact_arguments

_NUMBER = re.compile(r"[0-9]{1,12}")
_TRUE = frozenset({"1", "yes", "true", "on"})
_BUS = {"xvd": "xen", "hd": "ide", "sd": "scsi", "vd": "virtio"}
_BOOT = {"kernel": "kernel", "ramdisk": "initrd", "device_model_override": "emulator",
         "bios_path_override": "loader"}  # fmt: skip
_FORMATS = frozenset({"raw", "qcow", "qcow2", "qed", "vhd"})
_MIB = 2**20


class XlProbe:
    """Reads one guest from a file's text; raises DocumentError if it is none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._settings = xl_syntax.read(text, shown)
        if "name" not in self._settings:
            raise DocumentError(f"{shown}: no configuration of xl: it has no name",
                                "Name a file that `xl create` reads.")  # fmt: skip
        self._anchor = self._settings["name"]

    def find(self) -> Sequence[Target]:
        """Return the guest as the file's only target."""
        return (declared_vm("xl", self._shown, self._anchor.text, self._anchor),)

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares; raises DocumentError where it is malformed."""
        sheet = VmSheet(self._anchor)
        sheet.default("vmm.name", "xen", "whose file this is")
        sheet.default("vmm.manager", "", "xl reads it itself")
        sheet.default("vm.accelerator", "xen", "xl starts nothing else")
        self._note_size(sheet)
        self._note_machine(sheet)
        sheet.part("disk", [self._disk(text) for text in self._list("disk")])
        sheet.part("interface", [self._card(text) for text in self._list("vif")])
        sheet.part("share", [self._share(text) for text in self._list("p9")])
        sheet.part("host_device", self._passed())
        sheet.part("character_device", self._ports())
        sheet.part("graphics", self._screens())
        sheet.part("boot_file", self._boot_files())
        return sheet.factset()

    def _text(self, key: str) -> str:
        found = self._settings.get(key)
        return found.text if found else ""

    def _on(self, key: str) -> bool:
        return self._text(key).lower() in _TRUE

    def _list(self, key: str) -> tuple[str, ...]:
        found = self._settings.get(key)
        return tuple(text for text in found.texts if text) if found else ()

    def _place(self, key: str) -> xl_syntax.Value:
        return self._settings.get(key, self._anchor)

    @property
    def _is_hvm(self) -> bool:
        return self._text("type") == "hvm" or self._text("builder") == "hvm"

    def _note_size(self, sheet: VmSheet) -> None:
        for path, key, unit in (("vm.memory.bytes", "memory", _MIB), ("vm.vcpus", "vcpus", 1)):
            found = self._settings.get(key)
            if found is None and key == "vcpus":
                sheet.default(path, 1, "xl's default")
            elif found is None:
                sheet.unknown(path, f"no {key}")
            elif not _NUMBER.fullmatch(found.text):
                raise DocumentError(f"{found.location}: {key} must be a whole number")
            else:
                sheet.say(path, amount(found, int(found.text), unit), found)

    def _note_machine(self, sheet: VmSheet) -> None:
        arguments = [*self._list("device_model_args"), *self._list("device_model_args_hvm"),
                     *self._list("device_model_args_pv")]  # fmt: skip
        place = self._place("device_model_args")
        sheet.say("vm.commandline_passthrough", tuple(redact_arguments(arguments)), place)
        sheet.default("vm.devices", tuple(sorted(self._models())), "as far as they are named")
        if self._is_hvm:
            sheet.more("vm.devices", "QEMU adds the devices of its machine by itself")
        uuid = self._settings.get("uuid")
        if uuid:
            sheet.say("vm.uuid", uuid.text, uuid)

    def _models(self) -> set[str]:
        own = {"disk": "xen-disk", "vif": "xen-net", "p9": "xen-9p"}
        names = {name for key, name in own.items() if self._list(key)}
        if not self._is_hvm:
            return names
        for text in self._list("vif"):
            asked = _words(text)
            if asked.get("type", "ioemu") == "ioemu":
                names.add(asked.get("model", "rtl8139"))
        for text in self._list("disk"):
            bus = _bus(_disk_words(text).get("vdev", ""))
            names.add({"ide": "ide-disk", "scsi": "lsilogic"}.get(bus, ""))
        names |= {f"usb-{one.partition(':')[0]}" for one in self._list("usbdevice")}
        names |= set(self._text("soundhw").split(","))
        video = self._text("vga") or ("stdvga" if self._on("stdvga") else "cirrus")
        names.add({"stdvga": "vga", "none": ""}.get(video, video))
        if self._on("usb"):
            names.add("usb-controller")
        return names - {""}

    def _disk(self, text: str) -> Record:
        asked = _disk_words(text)
        name = asked.get("vdev", "")
        kind = "cdrom" if "cdrom" in asked else "disk"
        fields: dict[str, Value] = {
            "disk.target": name,
            "disk.device": kind,
            "disk.bus": _bus(name),
            "disk.read_only": kind == "cdrom" or asked.get("access", "w") in {"r", "ro"},
            "disk.format": asked.get("format", "raw"),
            "disk.raw_scsi": False,
        }
        return medium(self._place("disk"), fields, asked.get("target", ""))

    def _card(self, text: str) -> Record:
        asked = _words(text)
        fields: dict[str, Value] = {
            "interface.type": "bridge",
            "interface.source": asked.get("bridge", "") or "xl's default bridge",
            "interface.model": asked.get("model", "rtl8139" if self._is_hvm else "netfront"),
        }
        return row(self._place("vif"), fields)

    def _share(self, text: str) -> Record:
        asked = _words(text)
        model = asked.get("security_model", "none")
        fields: dict[str, Value] = {
            "share.source": asked.get("path", ""),
            "share.target": asked.get("tag", ""),
            "share.driver": "9p",
            "share.read_only": False,
            "share.access_mode": "passthrough" if model == "none" else model,
        }
        return row(self._place("p9"), fields)

    def _passed(self) -> Iterator[Record]:
        for text in self._list("pci"):
            address = text.partition(",")[0]
            yield row(
                self._place("pci"), {"host_device.type": "pci", "host_device.address": address}
            )
        for key in ("usbdev", "usbdevice"):
            for text in self._list(key):
                asked = _words(text)
                if text.startswith("host:") or "hostbus" in asked:
                    address = text.removeprefix("host:")
                    told = {"host_device.type": "usb", "host_device.address": address}
                    yield row(self._place(key), dict(told))

    def _ports(self) -> Iterator[Record]:
        for number, text in enumerate(self._list("serial")):
            scheme, _, rest = text.partition(":")
            backend = {"telnet": "tcp"}.get(scheme, scheme)
            told: dict[str, Value] = {
                "character_device.role": "serial",
                "character_device.name": str(number),
                "character_device.backend": "dev" if backend.startswith("/dev/") else backend,
                "character_device.address": clean(rest.partition(",")[0] or text),
            }
            yield row(self._place("serial"), told)

    def _screens(self) -> Iterator[Record]:
        for text in self._list("vfb"):
            asked = _words(text)
            if asked.get("type", "vnc") == "vnc" and asked.get("vnc", "1") in _TRUE:
                yield _screen(self._place("vfb"), "vnc", asked.get("vnclisten", ""),
                              "vncpasswd" in asked)  # fmt: skip
        # NOTE: xl.cfg(5): of a guest with an emulator VNC is on unless it is switched off.
        if self._is_hvm and self._text("vnc") != "0":
            password = bool(self._text("vncpasswd"))
            yield _screen(self._place("vnc"), "vnc", self._text("vnclisten"), password)
        if self._on("spice"):
            password = bool(self._text("spicepasswd")) and not self._on("spicedisable_ticketing")
            listen = self._text("spicehost") or "0.0.0.0"  # noqa: S104 - QEMU's default
            yield _screen(self._place("spice"), "spice", listen, password)

    def _boot_files(self) -> Iterator[Record]:
        for key, role in _BOOT.items():
            if path := self._text(key):
                yield row(self._place(key), {"boot_file.role": role, "boot_file.path": path})


def _screen(place: xl_syntax.Value, kind: str, listen: str, password: bool) -> Record:
    """Return the record of a screen; a display behind the address, as `:1`, is not part of it."""
    address = listen.rpartition(":")[0] if listen.count(":") == 1 else listen
    address = address or "127.0.0.1"
    told: dict[str, Value] = {
        "graphics.type": kind,
        "graphics.listen": address,
        "graphics.exposure": exposure(address),
        "graphics.password_set": password,
        "graphics.password_in_configuration": password,
        "graphics.tls_required": False,
    }
    return row(place, told)


def _words(text: str) -> dict[str, str]:
    """Return `a=b, c` as a dict, a bare word as a switch."""
    items = (item.strip().partition("=") for item in text.split(","))
    return {name.strip(): value.strip() if equals else "1" for name, equals, value in items if name}


def _disk_words(text: str) -> dict[str, str]:
    """Return a disk's properties; those without a name are target, format, vdev and access.

    A target that is named is the last, and holds the rest; old texts begin with a scheme.
    """
    asked: dict[str, str] = {}
    bare: list[str] = []
    left = text
    while left:
        item, _, left = left.partition(",")
        item = item.strip()
        name, equals, value = item.partition("=")
        if name.strip() == "target" and equals:
            rest = f"{value},{left}" if left else value
            asked["target"] = rest.strip()
            break
        if equals:
            asked[name.strip()] = value.strip()
        elif item in {"cdrom", "devtype=cdrom"}:
            asked["cdrom"] = "1"
        else:
            bare.append(item)
    if asked.get("devtype") == "cdrom":
        asked["cdrom"] = "1"
    asked = _positional(bare, asked)
    target = asked.get("target", "")
    scheme, colon, rest = target.partition(":")
    if colon and scheme in {"phy", "file", "tap", "tap2", "aio", "raw", "qcow", "qcow2", "vhd"}:
        asked.setdefault("format", scheme if scheme in _FORMATS else "raw")
        asked["target"] = f"/dev/{rest}" if scheme == "phy" and rest[:1] not in {"/", ""} else rest
    return asked


def _positional(bare: list[str], asked: dict[str, str]) -> dict[str, str]:
    """Return the properties with the nameless ones in their places.

    With a scheme before the target the format is left out: `phy:/dev/x,xvda,w`.
    """
    places = ["target", "format", "vdev", "access"]
    if len(bare) > 1 and bare[1] and bare[1] not in _FORMATS:
        places.remove("format")
    found = {name: value for name, value in zip(places, bare, strict=False) if value}
    name, colon, kind = found.get("vdev", "").partition(":")
    if colon:
        found["vdev"] = name
        if kind == "cdrom":
            found["cdrom"] = "1"
    return {**found, **asked}


def _bus(name: str) -> str:
    match = re.match(r"xvd|[hsv]d", name)
    return _BUS[match[0]] if match else ""
