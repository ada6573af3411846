"""Whether libvirt's daemons are here and how they are configured, defaults resolved.

Sources: libvirtd(8), the comments of the shipped libvirtd.conf (defaults),
libvirt.org/daemons.html (systemd sockets decide who listens where they are in use).
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.host.libvirt_files import (
    ConfUnknown,
    as_list,
    note_release,
    note_unknown,
    read_conf,
    weakest,
)
from isoaudit.probes.host.libvirt_hooks import note_hooks
from isoaudit.probes.host.libvirt_remote import note_remote
from isoaudit.probes.host.polkit import note_polkit
from isoaudit.probes.host.qemu_bridges import note_bridge_helper
from isoaudit.probes.host.qemu_conf import note_qemu_conf
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.host.vm_images import note_images

DAEMONS = (
    "libvirtd",
    "virtqemud",
    "virtlxcd",
    "virtxend",
    "virtchd",
    "virtvboxd",
    "virtstoraged",
    "virtnetworkd",
    "virtnodedevd",
    "virtsecretd",
    "virtnwfilterd",
    "virtinterfaced",
)
"""libvirt's daemons that act on what a client asks; each has a configuration file of its name."""

_PROXY = "virtproxyd"
_SIGNS = (
    ("libvirtd", "/usr/sbin/libvirtd"),
    ("virtqemud", "/usr/sbin/virtqemud"),
    (_PROXY, f"/usr/sbin/{_PROXY}"),
    ("libvirtd", "/run/libvirt/libvirt-sock"),
    ("virtqemud", "/run/libvirt/virtqemud-sock"),
)
"""What shows that a daemon is here: its program, or the socket of one that is elsewhere."""


def note_libvirt(sheet: Sheet) -> None:
    """Note whether libvirt is here and, if so, how it is configured."""
    note_bridge_helper(sheet)
    found: dict[str, str] = {}
    for name, path in _SIGNS:
        there = sheet.exists(path)
        if there is None:
            detail = f"{path.rpartition('/')[0]} cannot be read"
            sheet.kernel.missing(
                "host.libvirt.present", Reason.PERMISSION_DENIED, detail, "Run isoaudit as root."
            )
            return
        if there:
            found.setdefault(name, path)
    others = [name for name in DAEMONS if name not in found and sheet.exists(f"/usr/sbin/{name}")]
    daemons = [*found, *others]
    present = "libvirtd" in found or "virtqemud" in found
    source = ", ".join(found.values()) or "neither a daemon in /usr/sbin nor a socket"
    sheet.kernel.fact("host.libvirt.present", present, source)
    if present:
        _note_local(sheet, daemons)
        note_remote(sheet, [name for name in ("libvirtd", _PROXY) if name in daemons])
        note_qemu_conf(sheet, note_release(sheet))
        note_polkit(sheet)
        note_hooks(sheet)
        note_images(sheet)
    else:
        sheet.declared.part("libvirt_grant", [])
        for part in ("libvirt_hook", "image"):
            sheet.kernel.part(part, [])


def unix_sockets_authenticate(sheet: Sheet) -> bool | None:
    """Say whether libvirt asks who connects to its read-write sockets; None if not known."""
    facts = sheet.declared.factset().facts.get("host.libvirt.auth_unix_rw")
    return facts[0].value != "none" if facts else None


def _note_local(sheet: Sheet, daemons: list[str]) -> None:
    names = ("auth_unix_rw", "access_drivers")
    try:
        confs = [read_conf(sheet, f"{name}.conf") for name in daemons if name in DAEMONS]
    except ConfUnknown as unknown:
        note_unknown(sheet, names, unknown)
        return
    # NOTE: polkit is the default wherever libvirt is built with it, as every distribution does.
    value, source = weakest(confs, "auth_unix_rw", "polkit")
    sheet.declared.fact("host.libvirt.auth_unix_rw", value, source)
    drivers, source = confs[0].get("access_drivers", ["nop"])
    sheet.declared.fact("host.libvirt.access_drivers", as_list(drivers), source)
