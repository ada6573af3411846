"""Where a VMM listens: sockets of its managers, and ports of the network.

Sources: proc(5) (net/unix, net/tcp, net/udp), unix(7). A socket is known by its number, which the
process holds, and not by its name.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable, Sequence

from isoaudit.model import FactSet, Missing, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.engine_sockets import listening
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.probes.listening import exposure
from isoaudit.probes.vmm.places import anyone_may_connect, host_path, replaceable
from isoaudit.probes.vmm.told import Told
from isoaudit.transports.base import Unreadable

_LIMIT = 16 * 1_048_576
_MOST = 256  # sockets of one VMM that become records
_LISTENS = 0x10000  # __SO_ACCEPTCON
_STATES = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}  # TCP_LISTEN, TCP_CLOSE


def socket_numbers(links: Iterable[str]) -> set[str]:
    """Return the numbers of the sockets among a process's descriptors."""
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def listening_paths(text: str, inodes: set[str]) -> list[str]:
    """Return paths and abstract names (`@name`) of listening sockets that have these numbers."""
    found = listening(text, inodes)
    for line in text.splitlines()[1:]:
        words = line.split(None, 7)
        if len(words) == 8 and words[6] in inodes and words[7].startswith("@"):
            found.append(words[7])
    return found


def socket_names(text: str) -> dict[str, str]:
    """Return the names in /proc/net/unix by number: also of the connections a listener took.

    A socket without a name has "" for one.
    """
    rows = (line.split(None, 7) for line in text.splitlines()[1:])
    return {row[6]: row[7] if len(row) > 7 else "" for row in rows if len(row) > 6}


def socket_facts(
    machine: Machine, pid: int, table: Table | Unreadable, inodes: set[str], named: Sequence[str]
) -> FactSet:
    """Return the parts control_end and vmm_listener; `named` are the words it was started with."""
    notes = Notes(Vantage.KERNEL)
    try:
        paths = listening_paths(_text(machine, pid, "unix"), inodes)
        told = Told(named)
        records = [_end(machine, pid, table, path, told) for path in sorted(set(paths))[:_MOST]]
        notes.part("control_end", records, _cut("control_end", len(paths)))
    except Unreadable as error:
        notes.lacks(error.missing("control_end", Vantage.KERNEL))
    try:
        ports = [row for name in _STATES for row in _ports(machine, pid, name, inodes)]
        listeners = [_listener(pid, *row) for row in sorted(set(ports))[:_MOST]]
        notes.part("vmm_listener", listeners, _cut("vmm_listener", len(ports)))
    except Unreadable as error:
        notes.lacks(error.missing("vmm_listener", Vantage.KERNEL))
    return notes.factset()


def _cut(part: str, count: int) -> Missing | None:
    if count <= _MOST:
        return None
    return Missing(part, Reason.LIMIT, f"it listens at more than {_MOST}", "", Vantage.KERNEL)


def _text(machine: Machine, pid: int, name: str) -> str:
    text = machine.files.read_text(f"/proc/{pid}/net/{name}", _LIMIT)
    if text and not text.endswith("\n"):
        raise Unreadable(Reason.LIMIT, f"/proc/{pid}/net/{name}: not read to its end")
    return text


def _end(machine: Machine, pid: int, table: Table | Unreadable, path: str, told: Told) -> Record:
    """Return the record of a UNIX socket on which it listens."""
    notes = Notes(Vantage.KERNEL)
    source = f"/proc/{pid}/net/unix"
    abstract = path.startswith("@")
    notes.fact("control_end.path", path, source)
    notes.fact("control_end.abstract", abstract, source)
    notes.fact("control_end.named", told.names(path), f"/proc/{pid}/cmdline")
    if abstract:
        # No permissions guard an abstract name: whoever is in its network namespace may connect.
        notes.fact("control_end.anyone_may_connect", True, "abstract names have no mode, unix(7)")
        return notes.record()
    try:
        if isinstance(table, Unreadable):
            raise table
        ours = host_path(machine, table, path)
        mode = machine.stat(ours)["mode"] & 0o777
        notes.fact("control_end.mode", f"{mode:04o}", f"stat {ours}")
        reach = anyone_may_connect(machine, ours) or replaceable(machine, ours)
        notes.fact("control_end.anyone_may_connect", reach, f"stat {ours} and the folders above it")
    except Unreadable as error:
        for field in ("control_end.mode", "control_end.anyone_may_connect"):
            notes.lacks(error.missing(field, Vantage.KERNEL))
    return notes.record()


def _ports(machine: Machine, pid: int, name: str, inodes: set[str]) -> list[tuple[str, str, int]]:
    """Return protocol, address and port of each row of a table that is this process's."""
    try:
        text = _text(machine, pid, name)
    except Unreadable as error:
        if error.absent:  # a kernel without IPv6
            return []
        raise
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[3] == _STATES[name] and words[9] in inodes:
            address, port = _endpoint(words[1])
            found.append((name.rstrip("6"), address, port))
    return found


def _endpoint(text: str) -> tuple[str, int]:
    """Return address and port: 32-bit words in the machine's byte order (proc_net_tcp)."""
    digits, _, port = text.partition(":")
    words = [bytes.fromhex(digits[start : start + 8]) for start in range(0, len(digits), 8)]
    packed = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return str(ipaddress.ip_address(packed)), int(port, 16)


def _listener(pid: int, protocol: str, address: str, port: int) -> Record:
    notes = Notes(Vantage.KERNEL)
    source = f"/proc/{pid}/net/{protocol}"
    notes.fact("vmm_listener.protocol", protocol, source)
    notes.fact("vmm_listener.address", address, source)
    notes.fact("vmm_listener.port", port, source)
    notes.fact("vmm_listener.exposure", exposure(address), source)
    return notes.record()
