"""TCP sockets in state LISTEN.

Source: proc_net(5), kernel.org networking/proc_net_tcp: addresses are 32-bit words of hexadecimal
digits in the machine's byte order, ports are plain hexadecimal, state 0A is LISTEN.
"""

from __future__ import annotations

import ipaddress

from isoaudit.model import Missing, Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.identity import architecture
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_LIMIT = 1_048_576
_LISTEN = "0A"
_BIG_ENDIAN = ("s390", "ppc64", "ppc", "mips", "mips64", "sparc64", "parisc", "parisc64")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def note_listeners(sheet: Sheet) -> None:
    """Note the part listener: the first process's network namespace, else isoaudit's own."""
    little = _little_endian(sheet)
    folder = "/proc/1/net" if sheet.exists("/proc/1/net/tcp") else "/proc/net"
    found: dict[tuple[str, int], Record] = {}
    incomplete: Missing | None = None
    for name in ("tcp", "tcp6"):
        path = f"{folder}/{name}"
        try:
            text = sheet.files.read_text(path, _LIMIT)
        except Unreadable as error:
            # NOTE: without IPv6 in the kernel there is no tcp6, and nobody can listen on it.
            if name == "tcp6" and sheet.absent(error, path):
                continue
            incomplete = incomplete or error.missing("listener", sheet.kernel.vantage)
            continue
        for address, port in parse(text, little=little):
            found.setdefault((str(address), port), _record(sheet, address, port, path))
        if len(text) >= _LIMIT and _listening(text.splitlines()[-2]):
            incomplete = Missing(
                "listener", Reason.LIMIT, f"{path} is longer than 1 MiB", "", sheet.kernel.vantage
            )
    if incomplete is not None and not found:
        sheet.kernel.lacks(incomplete)
        return
    records = [found[key] for key in sorted(found)]
    sheet.kernel.part("listener", records, incomplete)


def parse(text: str, *, little: bool) -> list[tuple[_Address, int]]:
    """Return address and port of every listening row of a /proc/net/tcp or tcp6."""
    rows = [line.split() for line in text.splitlines()[1:] if _listening(line)]
    return [_endpoint(row[1], little=little) for row in rows]


def _listening(line: str) -> bool:
    """Say whether a row is a listener; the kernel lists all of them before anything else."""
    fields = line.split()
    return len(fields) > 3 and fields[3] == _LISTEN


def _endpoint(text: str, *, little: bool) -> tuple[_Address, int]:
    digits, _, port = text.partition(":")
    words = [bytes.fromhex(digits[start : start + 8]) for start in range(0, len(digits), 8)]
    packed = b"".join(word[::-1] if little else word for word in words)
    if len(packed) == 4:
        return ipaddress.IPv4Address(packed), int(port, 16)
    return ipaddress.IPv6Address(packed), int(port, 16)


def _record(sheet: Sheet, address: _Address, port: int, path: str) -> Record:
    notes = Notes(sheet.kernel.vantage)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    notes.fact("listener.address", str(address), path)
    notes.fact("listener.port", port, path)
    notes.fact("listener.loopback", (mapped or address).is_loopback, path)
    return notes.record()


def _little_endian(sheet: Sheet) -> bool:
    try:
        machine, _ = architecture(sheet)
    except Unreadable:
        machine = ""  # only kernels before 6.1 on a rare machine: little is the safe guess
    return machine not in _BIG_ENDIAN and not machine.startswith("s390")
