"""Reads one process through /proc: status, namespace links, id maps, label (proc(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from sys import intern

from isoaudit.model import Reason
from isoaudit.probes.kernel.census import Link, alive, gone, shared
from isoaudit.probes.kernel.machine import Machine
from isoaudit.transports import Unreadable
from isoaudit.transports.base import ProcessFiles, failed

CAPABILITY_SETS = {
    "effective": "CapEff",
    "permitted": "CapPrm",
    "inheritable": "CapInh",
    "bounding": "CapBnd",
    "ambient": "CapAmb",
}
"""The capability sets by the names of the vocabulary, with their keys in /proc/PID/status."""

_KEYS = ("Uid", "Gid", "Groups", *CAPABILITY_SETS.values(), "NoNewPrivs", "Seccomp",
         "Seccomp_filters")  # fmt: skip
_WANTED = re.compile(rf"^(Name|Pid|Threads|{'|'.join(_KEYS)}):\t(.*)", re.MULTILINE)
_TEXTS = ("stat", "status", "uid_map", "gid_map", "limits", "oom_score_adj")

_OF_A_THREAD = ("mnt", "net")
"""Namespaces that a thread may have for itself and through which it would reach the most."""

Ranges = tuple[tuple[int, int, int], ...]
"""Lines of an id map: first id inside, first id outside as this process sees it, how many."""


@dataclass(slots=True)
class Seen:
    """One process as it was read; what could not be read is its Unreadable.

    `limits` and `oom` are the texts of /proc/PID/limits and oom_score_adj. `thread` is the id of
    the thread that it was read of, 0 for the first.
    """

    pid: int
    status: dict[str, str]
    links: dict[str, Link]
    uid_map: Ranges | Unreadable
    gid_map: Ranges | Unreadable
    label: Link
    root: Link
    limits: Link
    oom: Link
    thread: int = 0
    count: int = field(default=1)
    names: set[str] = field(default_factory=set)

    @property
    def folder(self) -> str:
        """Its folder below /proc, which shows what of a thread's is its own."""
        return f"/proc/{self.pid}/task/{self.thread}" if self.thread else f"/proc/{self.pid}"

    @property
    def rights(self) -> tuple[str | None, ...]:
        """Its ids, capabilities and filters, as its status has them."""
        return tuple(map(self.status.get, _KEYS))

    @property
    def key(self) -> tuple[object, ...]:
        """What processes of one record agree in."""
        links = (*self.links.values(), self.label, self.root, self.limits, self.oom)
        # NOTE: an error's words name the pid; that a link is closed is what they agree in.
        words = (link.reason if isinstance(link, Unreadable) else link for link in links)
        return (*self.rights, *words)


def read_process(machine: Machine, pid: int) -> Seen:
    """Return one process; raises Unreadable if it ended meanwhile or its status is closed.

    Its start time is compared with that of the first look: a pid that was given out again is
    never believed. What was read when sandboxes were compared is not read again.
    """
    known = machine.firsts.get(pid)
    if isinstance(known, Seen):
        return replace(known, count=1, names=set())
    first = machine.census.glimpse(pid)
    label = machine.labels
    texts = (*_TEXTS, "attr/current") if label is True else _TEXTS
    try:
        read = machine.files.read_process(pid, texts, ("root",))
    except Unreadable as error:
        raise (gone(pid) if error.absent else error) from error
    stat, status = _of(read, "stat"), _of(read, "status")
    for text in (stat, status):
        if isinstance(text, Unreadable):
            raise gone(pid) if text.absent else text
    if alive(pid, str(stat))[19] != first.start:
        raise gone(pid)
    return Seen(
        pid=pid,
        status=_status(str(status)),
        links=first.links,
        uid_map=_map(pid, "uid_map", _of(read, "uid_map")),
        gid_map=_map(pid, "gid_map", _of(read, "gid_map")),
        label=_label(read) if label is True else (label or ""),
        root=_of(read, "root"),
        limits=shared(_of(read, "limits")),
        oom=_of(read, "oom_score_adj"),
    )


def threads_apart(machine: Machine, seen: Seen, most: int) -> tuple[list[Seen], int]:
    """Return the threads of a process that differ from its first one, and how many were looked at;
    raises Unreadable.

    Credentials and filters are each thread's own (capabilities(7), seccomp(2)), and so are its
    namespaces and its root after unshare(2) or setns(2): what the first one gave up or left another
    may still have. At most `most` threads are looked at, then it raises.
    """
    if seen.status.get("Threads", "1") == "1":
        return [], 0
    names = machine.files.list_names(f"/proc/{seen.pid}/task")
    if len(names) > most:
        raise Unreadable(Reason.LIMIT, f"process {seen.pid} has more than {most} threads")
    kinds = [kind for kind in _OF_A_THREAD if _is_apart(machine, seen, kind)]
    own = (*seen.rights, seen.root, *map(seen.links.get, kinds))
    apart: dict[tuple[object, ...], Seen] = {}
    for name in names:
        if name == str(seen.pid):
            continue
        try:
            status, root, links = _of_a_thread(machine, seen, name, kinds)
        except Unreadable as error:
            if error.absent or error.reason is Reason.VANISHED:
                continue
            raise
        held = (*map(status.get, _KEYS), root, *links)
        if held != own and status.get("Uid") and held not in apart:
            namespaces = {**seen.links, **dict(zip(kinds, links, strict=True))}
            apart[held] = replace(
                seen, status=status, root=root, links=namespaces, thread=int(name),
                count=1, names=set(),
            )  # fmt: skip
    return list(apart.values()), len(names)


def _of_a_thread(
    machine: Machine, seen: Seen, name: str, kinds: list[str]
) -> tuple[dict[str, str], Link, list[str]]:
    """Return the status of a thread, its root, and its namespaces of some kinds.

    Of a process that has the host's root no thread has more of it.
    """
    folder, files = f"/proc/{seen.pid}/task/{name}", machine.files
    status = _status(files.read_text(f"{folder}/status"))
    links = [files.read_link(f"{folder}/ns/{kind}") for kind in kinds]
    changed = isinstance(seen.root, str) and seen.root != "/"
    return status, files.read_link(f"{folder}/root") if changed else seen.root, links


def _is_apart(machine: Machine, seen: Seen, kind: str) -> bool:
    """Say whether the first thread is not with the host, so that another one may have more."""
    link = seen.links[kind]
    if isinstance(link, Unreadable):
        return False
    try:
        return machine.is_own(kind, link, seen.pid)
    except Unreadable:
        return True


def _of(read: ProcessFiles, name: str) -> Link:
    value = read["values"].get(name)
    return failed(read["errors"][name]) if value is None else value


def _status(text: str) -> dict[str, str]:
    """Return the lines of a status that are of use here; it has some sixty."""
    return {intern(name): intern(value.strip()) for name, value in _WANTED.findall(text)}


def _map(pid: int, name: str, text: Link) -> Ranges | Unreadable:
    if isinstance(text, Unreadable):
        return text
    found = _ranges(text)
    if found is None:
        return Unreadable(Reason.PARSE_ERROR, f"/proc/{pid}/{name} holds no mapping")
    return found


@lru_cache(256)
def _ranges(text: str) -> Ranges | None:
    """Return the lines of an id map, None if it has another shape."""
    try:
        lines = [tuple(map(int, line.split())) for line in text.splitlines()]
        inside, outside, count = zip(*lines, strict=True)
    except ValueError:
        return None
    return tuple(zip(inside, outside, count, strict=True))


def _label(read: ProcessFiles) -> Link:
    label = _of(read, "attr/current")
    return label if isinstance(label, Unreadable) else label.rstrip("\n\0")
