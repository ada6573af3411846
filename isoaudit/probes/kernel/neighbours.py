"""The other sandboxes of a machine, as far as one sandbox shares with them what keeps them apart.

Compared are first processes: their uids as the host sees them, the ids their user namespaces map,
their SELinux categories. Sandboxes that share a network namespace of their own are one pod and
meant to be close. Sources: user_namespaces(7), the Kubernetes pod specification.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from isoaudit.probes.kernel.discovery import Discovery, Group
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.process import Ranges, Seen, read_process
from isoaudit.transports import Unreadable

_MOST = 5_000
"""Sandboxes that are compared with each other."""


class Neighbour(NamedTuple):
    """Another sandbox: its name, its container id, its network namespace, its first process."""

    name: str
    id: str
    network: object
    main: Seen


class Neighbours:
    """Every sandbox of a machine by its first process. Raises Unreadable on first use."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @cached_property
    def all(self) -> list[Neighbour]:
        """Every sandbox whose first process can be read."""
        found: list[Neighbour] = []
        for group in Discovery(self._machine).groups[:_MOST]:
            try:
                found.append(self._neighbour(group))
            except Unreadable:
                continue
        return found

    def _neighbour(self, group: Group) -> Neighbour:
        name = group.id[:12] or self._machine.called(group.main.pid)
        main = read_process(self._machine, group.main.pid)
        self._machine.firsts[group.main.pid] = main
        return Neighbour(name, group.id, group.main.links["net"], main)

    @cached_property
    def _by_uid(self) -> dict[str, list[Neighbour]]:
        found: dict[str, list[Neighbour]] = {}
        for one in self.all:
            found.setdefault(host_uid(one.main), []).append(one)
        return found

    @cached_property
    def _by_categories(self) -> dict[str, list[Neighbour]]:
        found: dict[str, list[Neighbour]] = {}
        for one in self.all:
            if isinstance(one.main.label, str):
                found.setdefault(categories(one.main.label), []).append(one)
        return found

    def of_uid(self, seen: Seen, own: Own) -> list[str]:
        """Return the names of other sandboxes whose first process has a process's uid."""
        return _names(self._by_uid.get(host_uid(seen), ()), own)

    def of_categories(self, label: str, own: Own) -> list[str]:
        """Return the names of other sandboxes with the categories of a label."""
        return _names(self._by_categories.get(categories(label), ()), own)

    def mapping(self, ranges: Ranges, own: Own) -> list[str]:
        """Return the names of other sandboxes whose user namespaces map some of the same ids.

        Those without a user namespace of their own map every id and are none.
        """
        found = (
            one
            for one in self.all
            if not isinstance(one.main.uid_map, Unreadable)
            and not _is_everything(one.main.uid_map)
            and _overlap(one.main.uid_map, ranges)
        )
        return _names(found, own)


class Own(NamedTuple):
    """What tells a sandbox from its neighbours: its pids, its network namespace, its ids of peers
    that belong to what it belongs to, as its engine says."""

    pids: frozenset[int]
    network: object
    initial: object
    peers: frozenset[str] = frozenset()


def _names(several: Iterable[Neighbour], own: Own) -> list[str]:
    names = {
        one.name
        for one in several
        if one.main.pid not in own.pids
        and one.id not in own.peers
        and not (one.network == own.network != own.initial)
    }
    return sorted(names)


def host_uid(seen: Seen) -> str:
    """Return the effective uid as the host sees it, "" where status has none."""
    words = seen.status.get("Uid", "").split()
    return words[1] if len(words) == 4 else ""


def categories(label: str) -> str:
    """Return the categories of an SELinux label (USER:ROLE:TYPE:SENSITIVITY:CATEGORIES)."""
    return label.partition(":s0:")[2] if ":s0:" in label else ""


def _is_everything(ranges: Ranges) -> bool:
    return ranges == [(0, 0, 4294967295)]


def _overlap(one: Ranges, other: Ranges) -> bool:
    return any(
        first < second + more and second < first + count
        for _, first, count in one
        for _, second, more in other
    )
