"""The probe of an OVF descriptor, as VirtualBox, VMware and others export their VMs.

Source: DMTF DSP0243 (OVF 1.1 and 2.x), CIM_ResourceAllocationSettingData for the resource types,
VirtualBox's settings (`vbox:Machine`), which its exports hold too. The hypervisor that imports it
settles what the descriptor leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from isoaudit.documents import xml
from isoaudit.documents.xml import Element
from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import FactSet, Kind, Record, Target, Value
from isoaudit.probes.listening import exposure
from isoaudit.probes.vmm_files.sheet import VmSheet, amount, row

_CPU, _MEMORY, _CARD = "3", "4", "10"
_DRIVES = {"14": "floppy", "15": "cdrom", "16": "cdrom", "17": "disk"}
_CONTROLLERS = {"5": "ide", "6": "lsilogic", "20": "ahci", "23": "usb-controller", "35": "es1371"}
_MODELS = {
    "piix3": "piix3-ide", "piix4": "piix4-ide", "ich6": "ide", "ahci": "ahci", "e1000": "e1000",
    "e1000e": "e1000e", "pcnet32": "pcnet", "vmxnet": "vmxnet", "vmxnet3": "vmware-vmxnet3",
    "virtualscsi": "vmware-pvscsi", "lsilogic": "lsilogic", "lsilogicsas": "lsisas1068",
    "buslogic": "buslogic", "virtio": "virtio-net", "virtio-net": "virtio-net",
    "vmware.usb.ehci": "ehci", "vmware.usb.xhci": "qemu-xhci", "vmware.sata.ahci": "ahci",
    "vmware.nvme.controller": "nvme", "ensoniq1371": "es1371", "hdaudio": "hda-codec",
}  # fmt: skip
_POWER = re.compile(r"byte(?:\s*\*\s*(2|10)\s*\^\s*([0-9]{1,2}))?")
_WORDS = {"kilobytes": 2**10, "megabytes": 2**20, "gigabytes": 2**30}
_NUMBER = re.compile(r"[0-9]{1,15}")


class OvfProbe:
    """Reads the virtual systems of a descriptor's text; raises DocumentError if it has none."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._root = xml.load(text, shown)
        systems = list(_systems(self._root)) if _local(self._root) == "Envelope" else []
        if not systems:
            raise DocumentError(f"{self._root.location}: no OVF descriptor with a virtual system",
                                "Name the .ovf file of an export.")  # fmt: skip
        self._systems: dict[str, Element] = {}
        for number, one in enumerate(systems):
            self._systems[_identity(one, number, self._systems)] = one

    def find(self) -> Sequence[Target]:
        """Return one target per virtual system, in the file's order."""
        alone = len(self._systems) == 1
        return [
            Target(
                id=f"ovf:{self._shown}" if alone else f"ovf:{self._shown}#{name}",
                kind=Kind.VM,
                name=name,
                state="declared",
                handle=name,
                dialect="ovf",
                location=system.location,
            )
            for name, system in self._systems.items()
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares of one system; raises DocumentError or TargetError."""
        system = self._systems.get(target.handle)
        if system is None:
            raise TargetError(f"{self._shown}: no virtual system {target.handle!r} in it")
        sheet = VmSheet(system)
        sheet.default("vmm.manager", "", "whoever imports it decides")
        if name := _hypervisor(system):
            sheet.default("vmm.name", name, "its VirtualSystemType")
        items = list(_items(system))
        _note_size(items, sheet)
        owners = _owners(items)
        models = {_model(item) for item in items} | {_drive_model(item, owners) for item in items}
        sheet.default("vm.devices", tuple(sorted(models - {""})), "the items of its hardware")
        sheet.more("vm.devices", "the hypervisor that imports it adds devices by itself")
        sheet.part("disk", [_disk(item, owners) for item in items
                            if _text(item, "ResourceType") in _DRIVES])  # fmt: skip
        sheet.part("interface", [_card(item) for item in items
                                 if _text(item, "ResourceType") == _CARD])  # fmt: skip
        _note_virtualbox(system, sheet)
        return sheet.factset()


def _local(element: Element) -> str:
    return element.name.rpartition("}")[2]


def _below(element: Element, *names: str) -> Iterator[Element]:
    """Yield the elements of a path of local names."""
    for child in element.children:
        if _local(child) == names[0]:
            if len(names) > 1:
                yield from _below(child, *names[1:])
            else:
                yield child


def _text(element: Element, name: str) -> str:
    found = next(_below(element, name), None)
    return found.text.strip() if found else ""


def _attribute(element: Element, name: str) -> str:
    """Return an attribute by its local name: most of OVF's are of its namespace."""
    for key, value in element.attributes.items():
        if key.rpartition("}")[2] == name:
            return value
    return ""


def _systems(element: Element) -> Iterator[Element]:
    yield from _below(element, "VirtualSystem")
    for collection in _below(element, "VirtualSystemCollection"):
        yield from _systems(collection)


def _identity(system: Element, number: int, taken: Mapping[str, Element]) -> str:
    """Return the system's name, with its number where it is not the first: no other may have it."""
    name = _attribute(system, "id")[:200] or _text(system, "Name")[:200] or "system"
    name = name if not number else f"{name}-{number + 1}"
    while name in taken:
        name = f"{name}-{number + 1}"
    return name


def _hypervisor(system: Element) -> str:
    kinds = [_text(one, "VirtualSystemType") for one in
             _below(system, "VirtualHardwareSection", "System")]  # fmt: skip
    kind = kinds[0].lower() if kinds else ""
    return "vmware" if kind.startswith("vmx-") else "virtualbox" if "virtualbox" in kind else ""


def _items(system: Element) -> Iterator[Element]:
    for section in _below(system, "VirtualHardwareSection"):
        for child in section.children:
            if _local(child) in {"Item", "StorageItem", "EthernetPortItem"}:
                yield child


def _note_size(items: list[Element], sheet: VmSheet) -> None:
    for path, kind in (("vm.memory.bytes", _MEMORY), ("vm.vcpus", _CPU)):
        item = next((one for one in items if _text(one, "ResourceType") == kind), None)
        if item is None:
            sheet.unknown(path, "no item for it")
            continue
        quantity = _text(item, "VirtualQuantity")
        if not _NUMBER.fullmatch(quantity):
            raise DocumentError(f"{item.location}: VirtualQuantity must be a whole number")
        unit = _unit(_text(item, "AllocationUnits")) if kind == _MEMORY else 1
        if unit is None:
            sheet.unknown(path, "its AllocationUnits are not known")
        else:
            sheet.say(path, amount(item, int(quantity), unit), item)


def _unit(text: str) -> int | None:
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    match = _POWER.fullmatch(word)
    if match is None:
        return None
    return int(match[1]) ** int(match[2]) if match[1] else 1


def _model(item: Element) -> str:
    """Return the model of a controller or card, "" for what is none or is not told."""
    kind = _text(item, "ResourceType")
    asked = _text(item, "ResourceSubType").lower()
    if kind in {*_CONTROLLERS, _CARD}:
        return _MODELS.get(asked, asked) or _CONTROLLERS.get(kind, "")
    return _MODELS.get(asked, "") if kind == "1" else ""


def _owners(items: list[Element]) -> dict[str, str]:
    """Return the buses of controllers by the names that drives know them by, of two the first."""
    buses = {"5": "ide", "6": "scsi", "20": "sata"}
    found: dict[str, str] = {}
    for item in items:
        if name := _text(item, "InstanceID"):
            found.setdefault(name, buses.get(_text(item, "ResourceType"), ""))
    return found


def _bus(item: Element, owners: Mapping[str, str]) -> str:
    """Return the bus of the controller that a drive hangs on."""
    return owners.get(_text(item, "Parent"), "")


def _drive_model(item: Element, owners: Mapping[str, str]) -> str:
    kind = _DRIVES.get(_text(item, "ResourceType"), "")
    if kind in {"floppy", ""}:
        return kind
    bus = _bus(item, owners)
    return f"{bus}-{kind}" if bus else ""


def _disk(item: Element, owners: Mapping[str, str]) -> Record:
    """Return the record of a drive; its image goes where whoever imports it keeps images."""
    kind = _DRIVES[_text(item, "ResourceType")]
    fields: dict[str, Value] = {
        "disk.target": _text(item, "ElementName") or _text(item, "InstanceID"),
        "disk.device": kind,
        "disk.read_only": kind == "cdrom",
        "disk.whole_host_disk": False,
    }
    place = "who imports it decides where the image lies"
    unread = dict.fromkeys(("disk.source_type", "disk.source"), place)
    bus = "fdc" if kind == "floppy" else _bus(item, owners)
    if bus:
        fields["disk.bus"] = bus
    else:
        unread["disk.bus"] = "no controller of the descriptor owns it"
    return row(item, fields, unread)


def _card(item: Element) -> Record:
    network = _text(item, "Connection")
    kind = {"nat": "user", "bridged": "bridge"}.get(network.lower(), "network")
    fields: dict[str, Value] = {"interface.type": kind, "interface.source": network}
    unread = {}
    if model := _model(item):
        fields["interface.model"] = model
    else:
        unread["interface.model"] = "left to who imports it"
    return row(item, fields, unread)


def _note_virtualbox(system: Element, sheet: VmSheet) -> None:
    """Note what VirtualBox adds of its own: shared folders, its remote screen, passthrough."""
    machine = next(_below(system, "Machine"), None)
    if machine is None:
        for path in ("share", "graphics"):
            sheet.beyond(path, "a descriptor does not tell")
        return
    hardware = next(_below(machine, "Hardware"), machine)
    folders = _below(hardware, "SharedFolders", "SharedFolder")
    sheet.part("share", [_share(one) for one in folders])
    screens = [_screen(one) for one in _below(hardware, "RemoteDisplay")
               if _attribute(one, "enabled") == "true"]  # fmt: skip
    sheet.part("graphics", screens)


def _share(folder: Element) -> Record:
    told: dict[str, Value] = {
        "share.source": _attribute(folder, "hostPath"),
        "share.target": _attribute(folder, "name"),
        "share.driver": "vboxsf",
        "share.read_only": _attribute(folder, "writable") != "true",
    }
    return row(folder, told)


def _screen(display: Element) -> Record:
    """Return the record of the remote screen, which listens on every address unless told."""
    properties = {_attribute(one, "name"): _attribute(one, "value")
                  for one in _below(display, "VRDEProperties", "Property")}  # fmt: skip
    listen = properties.get("TCP/Address", "") or "0.0.0.0"  # noqa: S104 - VirtualBox's default
    authentication = _attribute(display, "authType").lower() or "null"
    told: dict[str, Value] = {
        "graphics.type": "rdp",
        "graphics.listen": listen,
        "graphics.exposure": exposure(listen),
        "graphics.password_set": authentication != "null",
        "graphics.password_in_configuration": "VNCPassword" in properties,
        "graphics.tls_required": properties.get("Security/Method", "").upper() == "TLS",
    }
    return row(display, told)
