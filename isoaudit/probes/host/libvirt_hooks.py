"""The scripts that libvirt runs as root when VMs and networks start and stop.

Source: libvirt.org/hooks.html: /etc/libvirt/hooks/DRIVER, then the executable files of DRIVER.d by
name; a file that may not be executed is passed by.
"""

from __future__ import annotations

from isoaudit.model import Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.probes.vmm.files import others_may_write
from isoaudit.transports.base import FileStat, Unreadable

_FOLDER = "/etc/libvirt/hooks"
_DRIVERS = ("daemon", "qemu", "lxc", "libxl", "network", "bhyve")


def note_hooks(sheet: Sheet) -> None:
    """Note the part libvirt_hook."""
    unread: list[Unreadable] = []
    records: list[Record] = []
    for driver in _DRIVERS:
        folder = f"{_FOLDER}/{driver}.d"
        names = sheet.names(folder)
        if isinstance(names, Unreadable):
            unread.append(names)
            names = []
        for path in (f"{_FOLDER}/{driver}", *(f"{folder}/{name}" for name in names)):
            seen = sheet.stat(path)
            if isinstance(seen, Unreadable):
                unread.append(seen)
            elif seen is not None and seen["type"] == "file":
                records.append(_record(sheet, path, driver, seen))
    incomplete = unread_part("libvirt_hook", unread, sheet.kernel.vantage)
    sheet.kernel.part("libvirt_hook", records, incomplete)


def _record(sheet: Sheet, path: str, driver: str, seen: FileStat) -> Record:
    notes = Notes(sheet.kernel.vantage)
    source = f"stat {path}: mode {seen['mode']:04o}"
    notes.fact("libvirt_hook.path", path, source)
    notes.fact("libvirt_hook.driver", driver, source)
    notes.fact("libvirt_hook.executable", bool(seen["mode"] & 0o111), source)
    fact = "libvirt_hook.others_may_write"
    try:
        granted, where = others_may_write(sheet.files, path)
    except Unreadable as error:
        notes.lacks(error.missing(fact, sheet.kernel.vantage))
    else:
        notes.fact(fact, granted, f"stat {where}")
    return notes.record()
