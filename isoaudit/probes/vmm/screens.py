"""Reads a QEMU command line's graphical consoles: where they listen and what they ask for.

Source: qemu(1), `-vnc` and `-spice`. What libvirt hides from a read-only connection, whether a
password is asked, stands here for everybody.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.listening import exposure
from isoaudit.probes.vmm.argv import Options, is_on, properties

HOW_PASSWORD = "Scan the file that `virsh dumpxml --security-info` writes."  # noqa: S105
_CHANNELS = ("spicevmc", "spiceport")
_Chardevs = list[dict[str, str]]
_FOLDER = "org.spice-space.webdav.0"


def screens(found: Options, source: str) -> list[Record]:
    """Return one record of the part `graphics` per console that listens."""
    records: list[Record] = []
    chardevs = [properties(value, "backend") for name, value in found if name == "chardev"]
    for name, value in found:
        if name == "vnc":
            records += _vnc(value, chardevs, f"{source} -vnc")
        elif name == "spice":
            records.append(_spice(value, chardevs, f"{source} -spice"))
        elif name == "display" and value.startswith("vnc="):
            records += _vnc(value.removeprefix("vnc="), chardevs, f"{source} -display")
        elif name == "display" and properties(value, "type")["type"] not in {"none", ""}:
            records.append(_silent(properties(value, "type")["type"], f"{source} -display"))
    return records


def _silent(kind: str, source: str) -> Record:
    """Return the record of a screen that only this machine shows."""
    notes = Notes(Vantage.VMM)
    notes.fact("graphics.type", kind, source)
    notes.fact("graphics.listen", "none", source)
    notes.fact("graphics.exposure", "none", source)
    return notes.record()


def _vnc(text: str, chardevs: _Chardevs, source: str) -> list[Record]:
    """The clipboard reaches VNC through QEMU's own agent, where that is told to."""
    asked = properties(text, "vnc")
    display = asked.get("vnc", "")
    if display in {"", "none"}:
        return []
    listen = "socket" if display.startswith("unix:") else display.rpartition(":")[0]
    password = is_on(asked.get("password")) or "password-secret" in asked
    encrypted = "tls-creds" in asked
    asks = _Asks(password, is_on(asked.get("sasl")), encrypted)
    record = _record("vnc", listen or "0.0.0.0", asks, source)  # noqa: S104
    agents = [one for one in chardevs if one.get("backend") == "qemu-vdagent"]
    pasted = any(is_on(agent.get("clipboard")) for agent in agents)
    return [_with_exchange(record, (pasted, False, "websocket" in asked), source)]


def _spice(text: str, chardevs: _Chardevs, source: str) -> Record:
    """SPICE takes plain connections if it has a plain port, unless TLS is its default channel."""
    asked = properties(text)
    unix = is_on(asked.get("unix"))
    listen = "socket" if unix else asked.get("addr", "0.0.0.0")  # noqa: S104 - QEMU's default
    password = not is_on(asked.get("disable-ticketing"))
    plain = asked.get("port", "0") != "0" and asked.get("tls-channel") != "default"
    encrypted = not unix and "tls-port" in asked and not plain
    channels = {one.get("name") for one in chardevs if one.get("backend") in _CHANNELS}
    agent = "vdagent" in channels
    pasted = agent and not is_on(asked.get("disable-copy-paste"))
    moved = agent and not is_on(asked.get("disable-agent-file-xfer"))
    asks = _Asks(password, is_on(asked.get("sasl")), encrypted)
    record = _record("spice", listen, asks, source)
    return _with_exchange(record, (pasted, moved or _FOLDER in channels, False), source)


def _with_exchange(record: Record, passes: tuple[bool, bool, bool], source: str) -> Record:
    """Add whether clipboard and files pass, and whether browsers may connect."""
    names = ("clipboard", "file_transfer", "websocket")
    notes = Notes(Vantage.VMM)
    for name, value in zip(names, passes, strict=True):
        notes.fact(f"graphics.{name}", value, source)
    return Record({**record.facts, **notes.record().facts}, record.missing)


class _Asks(NamedTuple):
    """What a console demands: a password of its own, an account of the host's (SASL), TLS."""

    password: bool
    account: bool
    encrypted: bool


def _record(kind: str, listen: str, asks: _Asks, source: str) -> Record:
    notes = Notes(Vantage.VMM)
    notes.fact("graphics.type", kind, source)
    notes.fact("graphics.listen", listen, source)
    who = listen if listen == "socket" else exposure(listen)
    notes.fact("graphics.exposure", who, source)
    notes.fact("graphics.password_set", asks.password or asks.account, source)
    notes.fact("graphics.tls_required", asks.encrypted, source)
    stored = "graphics.password_in_configuration"
    if asks.password:
        notes.missing(stored, Reason.PERMISSION_DENIED, "where the password stands is not shown",
                      HOW_PASSWORD)  # fmt: skip
    else:
        notes.fact(stored, False, f"{source}: it has no password of its own")
    return notes.record()
