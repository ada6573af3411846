"""What QEMU adds to a virtual machine by itself: the devices nobody asked for.

Sources: qemu(1) on -nodefaults, system/vl.c (`default_driverlist`); what each machine type then
has was read off `info qtree` of QEMU 7.2.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.probes.vmm.argv import properties
from isoaudit.probes.vmm.line import Line


class Board(NamedTuple):
    """What a machine type has: added unless told otherwise, and what is on its board always."""

    floppy: str = ""
    cdrom: str = ""
    video: str = ""
    card: str = ""
    serial: str = ""
    parallel: str = ""
    fixed: tuple[str, ...] = ()


_BOARDS = {
    "isapc": Board("floppy", "ide-cdrom", "cirrus", "ne2k_isa", "isa-serial", "isa-parallel",
                   ("isa-fdc",)),
    "microvm": Board(serial="isa-serial"),
    "q35": Board("", "sata-cdrom", "vga", "e1000e", "isa-serial", "isa-parallel"),
    "pc-q35": Board("", "sata-cdrom", "vga", "e1000e", "isa-serial", "isa-parallel"),
    "pc": Board("floppy", "ide-cdrom", "vga", "e1000", "isa-serial", "isa-parallel", ("isa-fdc",)),
    "none": Board(),
    "virt": Board(card="virtio-net"),
}  # fmt: skip

_REPLACES = {
    "serial": {"isa-serial"},
    "parallel": {"isa-parallel"},
    "floppy": {"isa-fdc", "floppy"},
    "cdrom": {"ide-cd", "ide-hd", "ide-drive", "scsi-cd", "scsi-hd"},
    "video": {"VGA", "isa-vga", "cirrus-vga", "isa-cirrus-vga", "vmware-svga", "qxl-vga",
              "virtio-vga", "virtio-vga-gl", "ati-vga", "vhost-user-vga"},
}  # fmt: skip
"""Devices whose mention keeps QEMU from adding its own (`default_driverlist`)."""

_OPTIONS = {"serial": ("serial",), "parallel": ("parallel",), "video": ("vga",),
            "card": ("nic", "net", "netdev"), "floppy": ("fda",), "cdrom": ("cdrom", "hdc"),
            }  # fmt: skip


def board(machine: str) -> Board | None:
    """Return what a machine type has, None for one that is not known here."""
    for name in ("isapc", "microvm", "pc-q35", "q35", "virt", "none"):
        if machine == name or machine.startswith(f"{name}-"):
            return _BOARDS[name]
    if machine == "pc" or machine.startswith(("pc-i440fx", "pc-0.", "pc-1.", "pc_")):
        return _BOARDS["pc"]
    return None


def are_known(line: Line) -> bool:
    """Say whether it is known what QEMU adds: nothing with -nodefaults, else by the machine."""
    return not line.whole or board(line.machine) is not None


def added(line: Line, role: str) -> str:
    """Return the model that QEMU adds for a role, as `serial` or `card`, "" for none."""
    known = board(line.machine)
    if not line.whole or known is None or line.has("nodefaults", *_OPTIONS[role]):
        return ""
    replaced = _REPLACES.get(role, set())
    if any(device.get("driver") in replaced for device in line.devices()):
        return ""
    if role in {"floppy", "cdrom"} and _has_drive(line, role):
        return ""
    return str(getattr(known, role))


def _has_drive(line: Line, role: str) -> bool:
    """Say whether -drive already takes the place of QEMU's own: the first, or the third."""
    for _, value in line.all("drive"):
        asked = properties(value)
        if role == "floppy" and asked.get("if") == "floppy":
            return True
        if role == "cdrom" and asked.get("if", "ide") == "ide" and asked.get("index") == "2":
            return True
    return False


def added_models(line: Line) -> set[str]:
    """Return the models that QEMU adds, all roles together."""
    return {added(line, role) for role in _OPTIONS}


def on_board(machine: str) -> tuple[str, ...]:
    """Return what is on a board even with -nodefaults and cannot be left out."""
    known = board(machine)
    return known.fixed if known else ()


def default_card(machine: str) -> str:
    """Return the network card that a machine gives to who names none."""
    known = board(machine)
    return known.card if known else ""


def is_ahci(machine: str) -> bool:
    """Say whether the board's own drives hang on an AHCI controller."""
    return board(machine) in (_BOARDS["q35"], _BOARDS["pc-q35"])


def usb_controllers(machine: str) -> tuple[str, ...]:
    """Return the controllers that -usb adds."""
    if is_ahci(machine):
        return ("ich9-ehci1", "ich9-uhci1")
    return ("piix3-uhci",) if board(machine) == _BOARDS["pc"] else ("usb-controller",)
