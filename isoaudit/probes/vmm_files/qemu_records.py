"""What a QEMU command line in a file names: the files the VM starts from, and its monitors."""

from __future__ import annotations

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.vmm.argv import Monitor, properties
from isoaudit.probes.vmm.line import Line
from isoaudit.probes.vmm_files.sheet import clean

_BOOT = {"kernel": "kernel", "initrd": "initrd", "dtb": "dtb", "bios": "loader",
         "pflash": "loader"}  # fmt: skip


def boot_files(line: Line, source: str) -> list[Record]:
    """Return the files that the VM starts from, as far as they are named."""
    named = [(_BOOT[name], value) for name, value in line.all(*_BOOT)]
    drives = [properties(value) for _, value in line.all("drive")]
    named += [("loader", one.get("file", "")) for one in drives if one.get("if") == "pflash"]
    records = []
    for role, path in named:
        notes = Notes(Vantage.DECLARED)
        notes.fact("boot_file.role", role, source)
        notes.fact("boot_file.path", clean(path), source)
        records.append(notes.record())
    return records


def monitor_record(monitor: Monitor, source: str) -> Record:
    """Return the record of one monitor, without what is defined elsewhere."""
    notes = Notes(Vantage.DECLARED)
    notes.fact("monitor.kind", monitor.kind, source)
    if monitor.backend in {"fd", ""}:
        notes.missing("monitor.backend", Reason.NOT_DECLARED, "its device is defined elsewhere")
    else:
        notes.fact("monitor.backend", monitor.backend, source)
    notes.fact("monitor.address", clean(monitor.address), source)
    return notes.record()
