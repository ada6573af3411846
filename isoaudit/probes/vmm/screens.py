"""Reads a QEMU command line's graphical consoles: where they listen and what they ask for.

Source: qemu(1), `-vnc` and `-spice`. What libvirt hides from a read-only connection, whether a
password is asked, stands here for everybody.
"""

from __future__ import annotations

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.domain_xml.listening import exposure
from isoaudit.probes.vmm.argv import Options, properties

HOW_PASSWORD = "Scan the file that `virsh dumpxml --security-info` writes."  # noqa: S105
_ON = frozenset({"on", "yes", "true"})


def screens(found: Options, source: str) -> list[Record]:
    """Return one record of the part `graphics` per console that listens."""
    records: list[Record] = []
    for name, value in found:
        if name == "vnc":
            records += _vnc(value, f"{source} -vnc")
        elif name == "spice":
            records.append(_spice(value, f"{source} -spice"))
        elif name == "display" and value.startswith("vnc="):
            records += _vnc(value.removeprefix("vnc="), f"{source} -display")
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


def _vnc(text: str, source: str) -> list[Record]:
    asked = properties(text, "vnc")
    display = asked.get("vnc", "")
    if display in {"", "none"}:
        return []
    listen = "socket" if display.startswith("unix:") else display.rpartition(":")[0]
    password = asked.get("password") in _ON or "password-secret" in asked
    encrypted = "tls-creds" in asked
    return [_record("vnc", listen or "0.0.0.0", (password, encrypted), source)]  # noqa: S104


def _spice(text: str, source: str) -> Record:
    """SPICE takes plain connections if it has a plain port, unless TLS is its default channel."""
    asked = properties(text)
    unix = asked.get("unix") in _ON
    listen = "socket" if unix else asked.get("addr", "0.0.0.0")  # noqa: S104 - QEMU's default
    password = asked.get("disable-ticketing") not in _ON
    plain = asked.get("port", "0") != "0" and asked.get("tls-channel") != "default"
    encrypted = not unix and "tls-port" in asked and not plain
    return _record("spice", listen, (password, encrypted), source)


def _record(kind: str, listen: str, asks: tuple[bool, bool], source: str) -> Record:
    """Return the record; `asks` says whether a password and whether TLS is demanded."""
    notes = Notes(Vantage.VMM)
    password, encrypted = asks
    notes.fact("graphics.type", kind, source)
    notes.fact("graphics.listen", listen, source)
    who = listen if listen == "socket" else exposure(listen)
    notes.fact("graphics.exposure", who, source)
    notes.fact("graphics.password_set", password, source)
    notes.fact("graphics.tls_required", encrypted, source)
    stored = "graphics.password_in_configuration"
    if password:
        notes.missing(stored, Reason.PERMISSION_DENIED, "where the password stands is not shown",
                      HOW_PASSWORD)  # fmt: skip
    else:
        notes.fact(stored, False, f"{source}: no password is asked")
    return notes.record()
