"""Where libvirt's daemons listen locally, and which of these sockets systemd opens for them.

Sources: libvirt.org/daemons.html (one daemon per driver, its socket by its name; virtproxyd has
libvirtd's), systemd.socket(5): SocketMode and SocketGroup decide, not libvirt's unix_sock_*.
"""

from __future__ import annotations

from isoaudit.probes.host.libvirt_conf import DAEMONS
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.systemd import SocketUnit, socket_unit
from isoaudit.transports.base import Unreadable

_FOLDER = "/run/libvirt"
_WANTS = "/etc/systemd/system/sockets.target.wants"
_MODULAR = tuple(name for name in DAEMONS if name != "libvirtd")

WRITABLE = (f"{_FOLDER}/libvirt-sock", *(f"{_FOLDER}/{name}-sock" for name in _MODULAR))
"""Sockets through which a client may change something."""

ADMIN = (f"{_FOLDER}/libvirt-admin-sock", *(f"{_FOLDER}/{name}-admin-sock" for name in _MODULAR))
"""Sockets through which the daemons themselves are managed; nobody is asked who they are."""


def enabled_unit(sheet: Sheet, path: str) -> SocketUnit | None:
    """Return the enabled socket unit that opens a path, or None; raises Unreadable."""
    wanted = sheet.names(_WANTS)
    if isinstance(wanted, Unreadable):
        raise wanted
    for name in _units(path):
        if name not in wanted:
            continue
        try:
            unit = socket_unit(sheet.files, name)
        except Unreadable as error:
            if error.absent:
                continue  # a link to a unit that is gone: systemd opens nothing
            raise
        if f"unix://{path}" in [one.replace("unix:///var/run/", "unix:///run/")
                                for one in unit.addresses]:  # fmt: skip
            return unit
    return None


def _units(path: str) -> tuple[str, ...]:
    """Return the units that may open a socket, by its name."""
    name = path.rpartition("/")[2]
    kind = "-admin" if name.endswith("-admin-sock") else ""
    daemon = name.removesuffix("-sock").removesuffix("-admin")
    daemons = ("libvirtd", "virtproxyd") if daemon == "libvirt" else (daemon,)
    return tuple(f"{one}{kind}.socket" for one in daemons)
