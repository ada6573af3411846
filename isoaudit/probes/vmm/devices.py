"""All the hardware that a QEMU command line gives a virtual machine, as facts and parts.

For a process's whole command line, for arguments hidden in a domain's `qemu:commandline`, and for
files that hold a command line: the caller says from where the words come.
"""

from __future__ import annotations

from collections.abc import Callable

from isoaudit.model import FactSet, Missing, Part, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.characters import character_devices
from isoaudit.probes.vmm.defaults import are_known
from isoaudit.probes.vmm.drives import disks
from isoaudit.probes.vmm.line import Line, Origin
from isoaudit.probes.vmm.models import device_models
from isoaudit.probes.vmm.networks import interfaces
from isoaudit.probes.vmm.sharing import host_devices, shared_memory, shares

PARTS: dict[str, Callable[[Line, Origin], list[Record]]] = {
    "interface": interfaces,
    "disk": disks,
    "share": shares,
    "host_device": host_devices,
    "shared_memory": shared_memory,
    "character_device": character_devices,
}
"""What reads each part of the hardware."""

_DEVICES = "vm.devices"


def hardware(line: Line, origin: Origin) -> FactSet:
    """Return `vm.devices` and every part of `PARTS`.

    A part is incomplete where options stand elsewhere (-readconfig), or where it is not known what
    the machine adds by itself; so are the models then, of which more than is told may be there.
    """
    open_end = _open_end(line, origin)
    parts = [
        Part(name, origin.vantage, tuple(read(line, origin)), _about(open_end, name))
        for name, read in PARTS.items()
    ]
    notes = Notes(origin.vantage)
    names = [name[:200] for name in device_models(line)]
    notes.fact(_DEVICES, names, f"{origin.source} -device", origin.location)
    if open_end is not None:  # what is there may fail a check, that it is all may pass none
        notes.lacks(open_end._replace(path=_DEVICES, vantage=Vantage.KERNEL))
    return notes.factset().merge(FactSet.of(parts=parts))


def _open_end(line: Line, origin: Origin) -> Missing | None:
    if line.has("readconfig"):
        return Missing(_DEVICES, Reason.NOT_SUPPORTED, "-readconfig names more options",
                       "Look into the file it names.", origin.vantage)  # fmt: skip
    if not are_known(line):
        detail = f"what QEMU adds to a machine {line.machine[:60]!r} by itself is not known"
        return Missing(_DEVICES, Reason.NOT_SUPPORTED, detail, "Start it with -nodefaults.",
                       origin.vantage)  # fmt: skip
    return None


def _about(open_end: Missing | None, name: str) -> Missing | None:
    return open_end._replace(path=name) if open_end else None
