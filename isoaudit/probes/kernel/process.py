"""Reads one process through /proc: status, namespace links, uid map, label (proc(5))."""

from __future__ import annotations

from dataclasses import dataclass, field

from isoaudit.model import Reason
from isoaudit.probes.kernel.machine import NAMESPACES, Machine, gone, start_time
from isoaudit.transports import Unreadable

CAPABILITY_SETS = {
    "effective": "CapEff",
    "permitted": "CapPrm",
    "inheritable": "CapInh",
    "bounding": "CapBnd",
    "ambient": "CapAmb",
}
"""The capability sets by the names of the vocabulary, with their keys in /proc/PID/status."""

_KEYS = ("Uid", "Gid", *CAPABILITY_SETS.values(), "NoNewPrivs", "Seccomp", "Seccomp_filters")

Link = str | Unreadable


@dataclass(slots=True)
class Seen:
    """One process as it was read; what could not be read is its Unreadable."""

    pid: int
    status: dict[str, str]
    links: dict[str, Link]
    uid_map: list[tuple[int, int, int]] | Unreadable
    label: Link
    root: Link
    count: int = field(default=1)

    @property
    def key(self) -> tuple[object, ...]:
        """What processes of one record agree in."""
        links = (*(self.links[kind] for kind in NAMESPACES), self.label, self.root)
        # NOTE: an error's words name the pid; that a link is closed is what they agree in.
        words = (link.reason if isinstance(link, Unreadable) else link for link in links)
        return (*(self.status.get(key) for key in _KEYS), *words)


def read_process(machine: Machine, pid: int) -> Seen:
    """Return one process; raises Unreadable if it ended meanwhile or its status is closed.

    Its start time is compared afterwards: a pid that was given out again is never believed.
    """
    files, folder = machine.files, f"/proc/{pid}"
    started = start_time(files, pid)
    status = _status(files.read_text(f"{folder}/status"))
    seen = Seen(
        pid=pid,
        status=status,
        links={kind: _link(machine, f"{folder}/ns/{kind}") for kind in NAMESPACES},
        uid_map=_uid_map(machine, f"{folder}/uid_map"),
        label=_label(machine, pid),
        root=_link(machine, f"{folder}/root"),
    )
    if start_time(files, pid) != started:
        raise gone(pid)
    return seen


def _status(text: str) -> dict[str, str]:
    pairs = (line.partition(":\t") for line in text.split("\n"))
    return {name: value.strip() for name, separator, value in pairs if separator}


def _link(machine: Machine, path: str) -> Link:
    try:
        return machine.files.read_link(path)
    except Unreadable as error:
        return error


def _uid_map(machine: Machine, path: str) -> list[tuple[int, int, int]] | Unreadable:
    try:
        lines = machine.files.read_text(path).splitlines()
        inside, outside, count = zip(*(map(int, line.split()) for line in lines), strict=True)
    except Unreadable as error:
        return error
    except ValueError:
        return Unreadable(Reason.PARSE_ERROR, f"{path} holds no mapping")
    return list(zip(inside, outside, count, strict=True))


def _label(machine: Machine, pid: int) -> Link:
    """Return the security label; without a module that labels there is none to read."""
    try:
        if machine.lsm == "":
            return ""
        return machine.files.read_text(f"/proc/{pid}/attr/current").rstrip("\n\0")
    except Unreadable as error:
        return error
