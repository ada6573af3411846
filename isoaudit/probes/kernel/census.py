"""One look at every process of the machine: its parent, start, control groups and namespaces.

Each process is looked at once a run, through one handle, so that what is said of a pid is of one
process. Sources: proc(5), namespaces(7), include/linux/sched.h (PF_KTHREAD).
"""

from __future__ import annotations

import re
from functools import cached_property
from sys import intern
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.transports import Files, Unreadable
from isoaudit.transports.base import ProcessFiles, failed

NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time")

_LINKS = tuple(f"ns/{kind}" for kind in NAMESPACES)
_KERNEL_THREAD = 0x00200000
_MOST_THREADS = 64  # that are asked for what the first one, which has ended, no longer shows
_ID = re.compile(r"(?<!conmon-)(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

Link = str | Unreadable


class Glimpse(NamedTuple):
    """What one look shows of a process.

    `comm` is the name it gave itself, `start` the clock ticks since boot, as text.
    `links` are its namespaces by kind, each the kernel's own text or why it is closed to us.
    `problem` says why nothing more can be read of a process that is there.
    """

    pid: int
    comm: str
    parent: int
    start: str
    kernel_thread: bool
    cgroup: str
    links: dict[str, Link]
    problem: Unreadable | None = None

    @property
    def order(self) -> tuple[int, int]:
        """By age: its start, then its pid."""
        return int(self.start), self.pid


class Census:
    """The processes that /proc shows, each looked at when it is first asked for."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.closed: set[int] = set()
        """Pids that `everyone` lacks because they could not be looked at."""
        self._known: dict[int, Glimpse | Unreadable] = {}
        self._holders: dict[str, dict[str, set[int]]] = {}

    @cached_property
    def pids(self) -> list[int]:
        """Every pid that /proc lists; raises Unreadable."""
        names = self._files.list_names("/proc")
        return sorted(int(name) for name in names if name.isascii() and name.isdecimal())

    @cached_property
    def everyone(self) -> dict[int, Glimpse]:
        """Every process but the kernel's own threads, as far as it can be looked at."""
        threads = self._kernel_threads
        found: dict[int, Glimpse] = {}
        for pid in self.pids:
            if pid in threads:
                continue
            try:
                one = self.glimpse(pid)
            except Unreadable as error:
                if error.reason is not Reason.VANISHED and not error.absent:
                    self.closed.add(pid)
                continue
            if not one.kernel_thread:
                found[pid] = one
        return found

    @cached_property
    def has_kernel_threads(self) -> bool:
        """Whether pid 2 is the thread that starts all kernel threads: then this is the first
        pid namespace, whatever else is hidden."""
        try:
            fields = stat_fields(self._files.read_text("/proc/2/stat"))
        except Unreadable:
            return False
        return fields[1:2] == ["0"] and _is_kernel_thread(fields)

    @cached_property
    def _kernel_threads(self) -> frozenset[int]:
        """Pids that need no look: on a large machine the kernel has a thousand threads."""
        if not self.has_kernel_threads:
            return frozenset()
        try:
            children = self._files.read_text("/proc/2/task/2/children").split()
        except Unreadable:
            return frozenset()
        return frozenset(int(pid) for pid in children if pid.isdecimal()) | {2}

    def glimpse(self, pid: int) -> Glimpse:
        """Return what one look shows of a process; raises Unreadable, `vanished` if it ended."""
        known = self._known.get(pid)
        if known is None:
            try:
                known = self._look(pid)
            except Unreadable as error:
                known = error
            self._known[pid] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def _look(self, pid: int) -> Glimpse:
        try:
            seen = self._files.read_process(pid, ("stat", "cgroup"), _LINKS)
        except Unreadable as error:
            raise (gone(pid) if error.absent else error) from error
        values, errors = seen["values"], seen["errors"]
        if "stat" not in values:
            raise ended(pid, failed(errors["stat"]))
        problem: Unreadable | None = None
        fields = stat_fields(values["stat"])
        try:
            alive(pid, values["stat"])
        except Unreadable as error:
            if error.reason is not Reason.NOT_SUPPORTED:
                raise
            problem = error
            shown = self._of_a_thread(pid) or seen
            values, errors = shown["values"], shown["errors"]
        links: dict[str, Link] = {}
        for kind in NAMESPACES:
            link = values.get(f"ns/{kind}")
            links[kind] = failed(errors[f"ns/{kind}"]) if link is None else intern(link)
        return Glimpse(
            pid=pid,
            comm=seen["values"]["stat"].partition("(")[2].rpartition(")")[0],
            parent=int(fields[1]),
            start=fields[19],
            kernel_thread=_is_kernel_thread(fields),
            cgroup=intern(values.get("cgroup", "")),
            links=links,
            problem=problem,
        )

    def holders(self, kind: str, link: str) -> set[int]:
        """Return the processes that share a namespace, as far as their links may be read."""
        if kind not in self._holders:
            held: dict[str, set[int]] = {}
            for one in self.everyone.values():
                seen = one.links[kind]
                if isinstance(seen, str):
                    held.setdefault(seen, set()).add(one.pid)
            self._holders[kind] = held
        return self._holders[kind].get(link, set())

    def _of_a_thread(self, pid: int) -> ProcessFiles | None:
        """Return what a thread shows of a process whose first one has ended; None if none does.

        /proc/TID is there for every thread, though it is not listed; its status names the process
        (proc(5)).
        """
        try:
            names = self._files.list_names(f"/proc/{pid}/task")
        except Unreadable:
            return None
        for name in names[:_MOST_THREADS]:
            if name == str(pid):
                continue
            try:
                seen = self._files.read_process(int(name), ("status", "cgroup"), _LINKS)
            except Unreadable:
                continue
            values = seen["values"]
            if "ns/mnt" in values and f"\nTgid:\t{pid}\n" in values.get("status", ""):
                return seen
        return None


def shared(link: Link) -> Link:
    """Return a text that many processes have as the one object that all of them share."""
    return intern(link) if isinstance(link, str) else link


def stat_fields(text: str) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on: a name may hold blanks and brackets.

    Element 0 is the state, 1 the parent, 6 the flags, 17 the number of threads, 19 the start time
    (proc(5) numbers minus 3).
    """
    return text.rpartition(")")[2].split()


def alive(pid: int, stat: str) -> list[str]:
    """Return the fields of a living process's stat; raises Unreadable.

    Of a process that goes on without its first thread /proc shows neither namespaces nor mounts.
    """
    fields = stat_fields(stat)
    if len(fields) < 20 or not (fields[1].isdecimal() and fields[6].isdecimal()):
        raise Unreadable(Reason.PARSE_ERROR, f"/proc/{pid}/stat is not as proc(5) says")
    if fields[0] in {"Z", "X"}:
        if fields[17] not in {"0", "1"}:
            raise Unreadable(
                Reason.NOT_SUPPORTED,
                f"the first thread of process {pid} has ended, others run on: /proc hides them",
                "Look at /proc/PID/task on the host.",
            )
        raise gone(pid)
    return fields


def start_time(files: Files, pid: int) -> str:
    """Return when a process started, in clock ticks: with its pid it names one process for good.

    Raises Unreadable, `vanished` if it has ended.
    """
    try:
        return alive(pid, files.read_text(f"/proc/{pid}/stat"))[19]
    except Unreadable as error:
        raise ended(pid, error) from error


def ended(pid: int, error: Unreadable) -> Unreadable:
    """Return what an error on a process's own files says: mostly that it has ended."""
    return gone(pid) if error.absent else error


def gone(pid: int) -> Unreadable:
    """Return the error that says a process has ended."""
    return Unreadable(
        Reason.VANISHED, f"process {pid} has ended", "Scan again: it ended while it was read."
    )


def _is_kernel_thread(fields: list[str]) -> bool:
    return len(fields) > 6 and fields[6].isdecimal() and bool(int(fields[6]) & _KERNEL_THREAD)


def container_ids(text: str) -> set[str]:
    """Return the container ids that /proc/PID/cgroup names.

    Not those of conmon, which watches a container of podman or CRI-O from the outside and whose
    group carries the same id.
    """
    return set(_ID.findall(text))


def container_folders(text: str) -> dict[str, str]:
    """Return `{container id: its folder}` as /proc/PID/cgroup names them, outermost first.

    Of several hierarchies the first that names a container counts. Ids are not to be told from each
    other by themselves: who may write control groups calls a group of his own by another's id, but
    cannot make it where the other's is.
    """
    if _ID.search(text) is None:
        return {}
    for line in text.splitlines():
        path = line.split(":", 2)[-1]
        found: dict[str, str] = {}
        for match in _ID.finditer(path):
            end = path.find("/", match.end())
            found.setdefault(match[0], path[: end if end >= 0 else None])
        if found:
            return found
    return {}
