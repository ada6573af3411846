"""Facts of graphical consoles: where they listen, who may connect, what is encrypted.

Source: libvirt's "Domain XML format", graphical framebuffers.
"""

from __future__ import annotations

from isoaudit.model import Reason, Record
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer
from isoaudit.probes.listening import exposure

_SERVERS = frozenset({"vnc", "spice", "rdp"})
_DEFAULT_ADDRESS = "127.0.0.1"

_HIDDEN = "libvirt shows no password to a read-only connection"
_HOW_PASSWORD = (
    "Run isoaudit on the VM's host; for what is stored, scan the file that"  # noqa: S105
    " `virsh dumpxml --security-info` writes."
)


_SPICE_AGENT = "com.redhat.spice.0"
_SPICE_FOLDER = "org.spice-space.webdav.0"


def read_graphics(domain: Spot, writer: Writer) -> None:
    """Note the part `graphics`, one record per place where a console listens."""
    records: list[Record] = []
    channels = list(domain.children("devices/channel"))
    for console in domain.children("devices/graphics"):
        kind = console.get("type")
        for spot, listen, why in _places(console):
            one = writer.new()
            one.fact("graphics.type", kind, console, "type")
            _note_listen(one, spot, listen, why)
            if kind in _SERVERS:
                _read_password(console, one)
                _read_encryption(console, one)
                _read_exchange(console, channels, one)
            records.append(one.record())
    writer.notes.part("graphics", records)


def _places(console: Spot) -> list[tuple[Spot, str, str]]:
    """Return where a console listens, each with its spot and why it holds if it is not said."""
    kind = console.get("type")
    if kind == "dbus" and console.get("p2p") != "yes":
        return [(console, "socket", "")]
    if kind not in _SERVERS:
        return [(console, "none", f"{kind or 'it'} does not listen")]
    places = [_place(listen) for listen in console.children("listen")]
    if places:
        return places
    if console.get("socket"):
        return [(console, "socket", "")]
    if console.get("listen"):
        return [(console, console.get("listen"), "")]
    return [(console, _DEFAULT_ADDRESS, LIBVIRT_DEFAULT)]


def _place(listen: Spot) -> tuple[Spot, str, str]:
    kind = listen.get("type", "address")
    if kind in {"socket", "none"}:
        return listen, kind, ""
    if listen.get("address"):
        return listen, listen.get("address"), ""
    if kind == "network":
        return listen, f"network:{listen.get('network')}", ""
    return listen, _DEFAULT_ADDRESS, LIBVIRT_DEFAULT


def _note_listen(writer: Writer, spot: Spot, listen: str, why: str) -> None:
    writer.fact("graphics.listen", listen, spot, "", why)
    if listen.startswith("network:"):
        writer.missing("graphics.exposure", Reason.NOT_DECLARED,
                       "the network's address on the host decides",
                       "Scan the running domain.")  # fmt: skip
        return
    who = listen if listen in {"none", "socket"} else exposure(listen)
    writer.fact("graphics.exposure", who, spot, "", why)


def _read_password(console: Spot, writer: Writer) -> None:
    paths = ("graphics.password_set", "graphics.password_in_configuration")
    if "passwd" in console.element.attributes:
        # NOTE: an empty VNC password locks everybody out, so it is one; it is no secret, though.
        writer.fact(paths[0], True, console, "passwd")
        writer.fact(paths[1], bool(console.get("passwd")), console, "passwd")
    elif writer.origin.positions:
        for path in paths:
            writer.fact(path, False, console, "passwd", "not there")
    else:
        for path in paths:
            writer.missing(path, Reason.PERMISSION_DENIED, _HIDDEN, _HOW_PASSWORD)


def _read_exchange(console: Spot, channels: list[Spot], writer: Writer) -> None:
    """Note what passes between viewer and guest besides the picture.

    SPICE does so through its agent's channel, unless it is told not to; VNC through a channel of
    QEMU's own agent alone, where that is told to.
    """
    named = {channel.value("target", "name"): channel for channel in channels}
    agent, spice = named.get(_SPICE_AGENT), console.get("type") == "spice"
    clipboard, files = console.child("clipboard"), console.child("filetransfer")
    pasted = spice and agent is not None
    if clipboard is not None and clipboard.get("copypaste") == "no":
        pasted = False
    own = next((c for c in channels if c.get("type") == "qemu-vdagent"), None)
    source = own.child("source/clipboard") if own else None
    asked = source is not None and source.get("copypaste") == "yes"
    where = source if asked else clipboard or agent or console
    writer.fact("graphics.clipboard", pasted or asked, where or console)
    moved = spice and agent is not None and (files is None or files.get("enable") != "no")
    folder = named.get(_SPICE_FOLDER) if spice else None
    writer.fact("graphics.file_transfer", moved or folder is not None, folder or files or console)
    web = console.get("websocket")
    writer.fact("graphics.websocket", bool(web), console, "websocket" if web else "")


def _read_encryption(console: Spot, writer: Writer) -> None:
    """Note whether plain connections are refused.

    SPICE says so itself; for VNC it is a setting of the host (vnc_tls of qemu.conf), off unless
    somebody turned it on, which the running VMM shows.
    """
    path = "graphics.tls_required"
    if console.get("type") != "spice":
        writer.fact(path, False, console, "", "vnc_tls is off by default")
        return
    channels = list(console.children("channel"))
    weak = next((c for c in channels if c.get("mode") in {"insecure", "any"}), None)
    if weak is not None:
        writer.fact(path, False, weak, "mode")
    elif console.get("defaultMode"):
        writer.fact(path, console.get("defaultMode") == "secure", console, "defaultMode")
    else:
        writer.fact(path, False, console, "defaultMode", LIBVIRT_DEFAULT)
