"""What of this machine several sandboxes are compared with: read once, kept for one run."""

from __future__ import annotations

import re
from functools import cached_property

from isoaudit.model import Reason
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.transports import Files, Unreadable

NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time")

_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h
_ID = re.compile(r"(?<!conmon-)(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

TABLE_LIMIT = 16 * 1_048_576
"""Most bytes of a mount table: a busy node has thousands of mounts of some 300 bytes each."""


class Machine:
    """The initial namespaces, the host's mounts, the active LSM and who holds which namespace."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._holders: dict[str, dict[str, set[int]]] = {}
        self._initial: dict[str, str | Unreadable] = {}
        self._lacking: dict[str, bool | Unreadable] = {}

    @cached_property
    def pids(self) -> list[int]:
        """Every process that /proc shows; raises Unreadable."""
        names = self.files.list_names("/proc")
        return sorted(int(name) for name in names if name.isascii() and name.isdecimal())

    @cached_property
    def containers(self) -> dict[str, list[int]]:
        """`{container id: its pids}` by what the processes' cgroup paths name."""
        found: dict[str, list[int]] = {}
        for pid in self.pids:
            for name in container_ids(self._text(f"/proc/{pid}/cgroup")):
                found.setdefault(name, []).append(pid)
        return found

    @cached_property
    def mounts(self) -> Table:
        """The host's mount table: pid 1's, else the one isoaudit itself sees; raises Unreadable."""
        try:
            return Table(self.files.read_text("/proc/1/mountinfo", TABLE_LIMIT))
        except Unreadable:
            return Table(self.files.read_text("/proc/self/mountinfo", TABLE_LIMIT))

    @cached_property
    def own_mounts(self) -> Table:
        """The mount table isoaudit itself sees, which says where /proc and cgroups are."""
        return Table(self._text("/proc/self/mountinfo", TABLE_LIMIT))

    @cached_property
    def hides_processes(self) -> bool:
        """Whether /proc hides other users' processes (hidepid of proc(5)): absence is no proof."""
        proc = self.own_mounts.at("/proc")
        options = proc.options | proc.super_options if proc else frozenset()
        return any(
            o.startswith("hidepid=") and o not in {"hidepid=0", "hidepid=off"} for o in options
        )

    @cached_property
    def lsm(self) -> str:
        """The active module that labels processes: apparmor, selinux, other, or "" for none.

        Raises Unreadable if that cannot be told.
        """
        try:
            active = self.files.read_text("/sys/kernel/security/lsm").split(",")
        except Unreadable as error:
            if not error.absent:
                raise
            active = self._modules()
        for name in ("apparmor", "selinux"):
            if name in active:
                return name
        return "other" if {"smack", "tomoyo"} & set(active) else ""

    def _modules(self) -> list[str]:
        """Return the labelling modules by their own marks, where securityfs is not mounted."""
        found = []
        try:
            if self.files.read_text("/sys/module/apparmor/parameters/enabled").startswith("Y"):
                found.append("apparmor")
        except Unreadable as error:
            if not error.absent:
                raise
        try:
            if self.files.list_names("/sys/fs/selinux"):
                found.append("selinux")
        except Unreadable as error:
            if not error.absent:
                raise
        return found

    def initial(self, kind: str) -> str:
        """Return the link text of the host's own namespace of a kind; raises Unreadable.

        Those of pid 1. Where it may not be read (it can hold capabilities that root here lacks),
        kthreadd's: a kernel thread has the initial namespaces, and its flag cannot be forged.
        """
        known = self._initial.get(kind)
        if known is None:
            try:
                known = self._read_initial(kind)
            except Unreadable as error:
                known = error
            self._initial[kind] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def _read_initial(self, kind: str) -> str:
        try:
            return self.files.read_link(f"/proc/1/ns/{kind}")
        except Unreadable as error:
            if error.absent or not self._kthreadd:
                raise
            try:
                return self.files.read_link(f"/proc/2/ns/{kind}")
            except Unreadable:
                raise error from None

    @cached_property
    def _kthreadd(self) -> bool:
        """Whether pid 2 is the kernel's thread that starts all others."""
        fields = stat_fields(self._text("/proc/2/stat"))
        # proc(5): field 4 is the parent, field 9 the flags; the first three are cut off here.
        return len(fields) > 9 and fields[1] == "0" and bool(int(fields[6]) & _KERNEL_THREAD)

    def holders(self, kind: str, link: str) -> set[int]:
        """Return the processes that share a namespace, as far as their links may be read."""
        if kind not in self._holders:
            held: dict[str, set[int]] = {}
            for pid in self.pids:
                try:
                    held.setdefault(self.files.read_link(f"/proc/{pid}/ns/{kind}"), set()).add(pid)
                except Unreadable:
                    continue
            self._holders[kind] = held
        return self._holders[kind].get(link, set())

    def lacks(self, path: str) -> bool:
        """Say whether this kernel has no such file below /proc or /sys; raises Unreadable."""
        if path not in self._lacking:
            try:
                self.files.stat(path)
                self._lacking[path] = False
            except Unreadable as error:
                self._lacking[path] = error.absent or error
        known = self._lacking[path]
        if isinstance(known, Unreadable):
            raise known
        return known

    def _text(self, path: str, limit: int = 65_536) -> str:
        """Return a file's text, or nothing where it cannot be read and nothing rests on it."""
        try:
            return self.files.read_text(path, limit)
        except Unreadable:
            return ""


def container_ids(text: str) -> set[str]:
    """Return the container ids that /proc/PID/cgroup names.

    Not those of conmon, which watches a container of podman or CRI-O from the outside and whose
    group carries the same id.
    """
    return set(_ID.findall(text))


def stat_fields(text: str) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on: a name may hold blanks and brackets.

    Element 0 is the state, 1 the parent, 6 the flags, 17 the number of threads, 19 the start time
    (proc(5) numbers minus 3).
    """
    return text.rpartition(")")[2].split()


def start_time(files: Files, pid: int) -> str:
    """Return when a process started, in clock ticks: with its pid it names one process for good.

    Raises Unreadable, `vanished` if it has ended; of a process that goes on without its first
    thread /proc shows neither namespaces nor mounts.
    """
    try:
        fields = stat_fields(files.read_text(f"/proc/{pid}/stat"))
    except Unreadable as error:
        if error.absent:
            raise gone(pid) from error
        raise
    if len(fields) < 20:
        raise Unreadable(Reason.PARSE_ERROR, f"/proc/{pid}/stat is not as proc(5) says")
    if fields[0] in {"Z", "X"}:
        if fields[17] not in {"0", "1"}:
            raise Unreadable(
                Reason.NOT_SUPPORTED,
                f"the first thread of process {pid} has ended, others run on: /proc hides them",
                "Look at /proc/PID/task on the host.",
            )
        raise gone(pid)
    return fields[19]


def gone(pid: int) -> Unreadable:
    """Return the error that says a process has ended."""
    return Unreadable(
        Reason.VANISHED, f"process {pid} has ended", "Scan again: it ended while it was read."
    )
