"""What /proc shows of a sandbox's network namespace (proc_pid_net(5), unix(7))."""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.transports import Files, Unreadable

_FORWARDING = "container.network.forwarding"
_SOCKETS = "container.network.runtime_sockets"
_SHIM = re.compile(r" (@/containerd-shim/\S+)$", re.MULTILINE)
_MOST_SOCKETS = 20
_LIMIT = 8 * 1_048_576
"""Most bytes of a table of sockets: some 100,000 of them."""


def note_network(notes: Notes, files: Files, pid: int) -> None:
    """Note what holds in the network namespace of a process.

    Two facts: whether it forwards packets, and which abstract sockets of container runtimes are
    in it. Those of containerd's shims were open to every uid 0 of their network namespace before
    containerd 1.3.9 and 1.4.3 (CVE-2020-15257); later ones have a path and do not show.
    """
    for path, note in ((_FORWARDING, _note_forwarding), (_SOCKETS, _note_sockets)):
        try:
            note(notes, files, pid)
        except Unreadable as error:
            notes.lacks(error.missing(path, notes.vantage))


def _note_forwarding(notes: Notes, files: Files, pid: int) -> None:
    """Note `Forwarding` of the counters of IP: 1 is on, 2 is off (RFC 1213, ipForwarding)."""
    source = "/proc/PID/net/snmp"
    text = files.read_text(f"/proc/{pid}/net/snmp")
    tables = [line.split()[1:] for line in text.splitlines() if line.startswith("Ip: ")]
    fields = dict(zip(*tables[:2], strict=False)) if len(tables) >= 2 else {}
    word = fields.get("Forwarding")
    if word not in {"1", "2"}:
        raise Unreadable(Reason.PARSE_ERROR, f"{source} has no Ip: Forwarding")
    notes.fact(_FORWARDING, word == "1", f"{source} Ip: Forwarding")


def _note_sockets(notes: Notes, files: Files, pid: int) -> None:
    source = "/proc/PID/net/unix"
    text = files.read_text(f"/proc/{pid}/net/unix", _LIMIT)
    names = sorted(set(_SHIM.findall(text)))
    if not names and len(text.encode()) >= _LIMIT:
        raise Unreadable(Reason.LIMIT, f"{source} could not be read to its end")
    notes.fact(_SOCKETS, names[:_MOST_SOCKETS], source)
