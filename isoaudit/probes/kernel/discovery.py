"""Finds every sandbox of this machine through /proc: processes that stand behind a boundary.

A container is known by the id in its control groups; any other sandbox by namespaces of its own.
Processes belong together if one started the other inside the boundary, or if they share the
namespace that makes it. What counts as a boundary is a PID or user namespace of its own, or a
network namespace together with a root directory or mount table of its own: a mount namespace alone
is how services get a private /tmp.

Sources: namespaces(7), pid_namespaces(7), cgroups(7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from isoaudit.model import Reason
from isoaudit.probes.kernel.census import Glimpse, container_folders, container_ids
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.starters import only_starts
from isoaudit.transports import Unreadable

_MOST_PARENTS = 16


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of one sandbox. `id` is the container id of its control groups, or "".

    `starters` made its namespaces and watch it from outside.
    """

    main: Glimpse
    pids: frozenset[int]
    id: str = ""
    starters: frozenset[int] = frozenset()
    bounded: bool = True
    """Whether anything tells its processes from the host's: no control group of its own and no
    namespace means that others may be as much a part of it."""


class Discovery:
    """The sandboxes of one machine, as they stood at one look."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._everyone = machine.census.everyone

    @cached_property
    def groups(self) -> list[Group]:
        """Every sandbox but the one that isoaudit itself runs in, oldest first."""
        own = self._own_pid
        found = [*self._containers(), *self._others()]
        return sorted(
            (group for group in found if own not in group.pids),
            key=lambda group: group.main.order,
        )

    @property
    def unseen(self) -> Unreadable | None:
        """Why there may be sandboxes that were not found, None if none can be."""
        closed = len(self._machine.census.closed)
        for one in self._everyone.values():
            if one.pid == 1:  # what the others are held against is no sandbox
                continue
            link = one.links["pid"]
            ended = isinstance(link, Unreadable) and link.absent and one.problem is None
            closed += not one.cgroup or (not isinstance(link, str) and not ended)
        if self._machine.hides_processes:
            words = "/proc hides the processes of other users (hidepid): sandboxes may be missing"
        elif not self._machine.census.has_kernel_threads:
            words = "/proc shows the processes of one PID namespace only: sandboxes may be missing"
            remedy = "Run isoaudit on the host, or with the host's PID namespace."
            return Unreadable(Reason.NOT_SUPPORTED, words, remedy)
        elif closed:
            words = f"the namespaces of {closed} processes are closed: sandboxes may be missing"
        else:
            return None
        return Unreadable(Reason.PERMISSION_DENIED, words, "Run isoaudit as root.")

    def around(self, pid: int) -> Group | None:
        """Return the sandbox a process is in, or one of itself alone; None if it is not there."""
        for group in [*self._containers(), *self._others()]:
            if pid in group.pids:
                return group
        try:
            return Group(self._machine.census.glimpse(pid), frozenset({pid}), bounded=False)
        except Unreadable:
            return None

    @cached_property
    def _own_pid(self) -> int:
        try:
            link = self._machine.files.read_link("/proc/self")
        except Unreadable:
            return 0
        return int(link) if link.isdecimal() else 0

    def _containers(self) -> list[Group]:
        """Return the containers by the outermost group of a process that is named for one.

        Two groups of one name in different places are two: one of them may be made up.
        """
        members: dict[tuple[str, str], list[Glimpse]] = {}
        for one in self._everyone.values():
            if folders := container_folders(one.cgroup):
                members.setdefault(next(iter(folders.items())), []).append(one)
        return [self._group(several, name) for (name, _), several in members.items()]

    def _others(self) -> list[Group]:
        """Return the sandboxes that no control group names."""
        apart = {
            pid: one
            for pid, one in self._everyone.items()
            if not container_ids(one.cgroup) and self._stands_apart(one)
        }
        leaders = _Union(apart)
        by_namespace: dict[str, int] = {}
        for pid, one in apart.items():
            if one.parent in apart:
                leaders.join(pid, one.parent)
            namespace = self._makes_it(one)
            if namespace:
                leaders.join(pid, by_namespace.setdefault(namespace, pid))
        return [self._without_starters(members) for members in leaders.sets(apart)]

    def _stands_apart(self, one: Glimpse) -> bool:
        own = {kind for kind in ("pid", "user", "net", "mnt") if self._is_own(kind, one)}
        return bool({"pid", "user"} & own) or {"net", "mnt"} <= own

    def _is_own(self, kind: str, one: Glimpse) -> bool:
        """Say whether a namespace is proven to be another one than the host's."""
        link = one.links[kind]
        if isinstance(link, Unreadable):
            return False
        try:
            return self._machine.is_own(kind, link, one.pid)
        except Unreadable:
            return False

    def _makes_it(self, one: Glimpse) -> str:
        """Return the namespace that others of the sandbox share with a process, "" for none."""
        for kind in ("pid", "user", "net"):
            link = one.links[kind]
            if isinstance(link, str) and self._is_own(kind, one):
                return link
        return ""

    def _without_starters(self, members: list[Glimpse]) -> Group:
        """Return the group of these members, those that only started it put aside."""
        pids = {one.pid for one in members}
        tops = [one for one in members if one.parent not in pids]
        # NOTE: who is inside may make a PID namespace for its children too, and stays inside.
        outside = [one for one in tops if not self._is_own("pid", one)]
        starters = {one.pid for one in outside if only_starts(self._machine, one, members)}
        if not starters:
            return self._group(members)
        inside = [one for one in members if one.pid not in starters]
        return replace(self._group(inside), starters=frozenset(starters))

    def _group(self, members: list[Glimpse], name: str = "") -> Group:
        pids = frozenset(one.pid for one in members)
        outermost = [one for one in members if one.parent not in pids]
        main = min(outermost or members, key=lambda one: one.order)
        return Group(main, pids, name)

    def parents(self, group: Group) -> list[Glimpse]:
        """Return the ancestors of a sandbox outside it, nearest first."""
        found: list[Glimpse] = []
        pid = group.main.parent
        while pid > 1 and len(found) < _MOST_PARENTS:
            one = self._everyone.get(pid)
            if one is None:
                break
            if pid not in group.pids:
                found.append(one)
            pid = one.parent
        return found


class _Union:
    """Which pids belong together (union-find with path halving)."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._leader = {pid: pid for pid in pids}

    def _find(self, pid: int) -> int:
        leader = self._leader
        while leader[pid] != pid:
            leader[pid] = leader[leader[pid]]
            pid = leader[pid]
        return pid

    def join(self, one: int, other: int) -> None:
        self._leader[self._find(one)] = self._find(other)

    def sets(self, members: dict[int, Glimpse]) -> list[list[Glimpse]]:
        found: dict[int, list[Glimpse]] = {}
        for pid, one in members.items():
            found.setdefault(self._find(pid), []).append(one)
        return list(found.values())
