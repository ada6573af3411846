"""The other sandboxes of a machine, as far as one sandbox shares with them what keeps them apart.

Compared are first processes: their uids as the host sees them, the ids their user namespaces map,
their SELinux categories. Sandboxes that share a network namespace of their own are one pod and
meant to be close. Sources: user_namespaces(7), the Kubernetes pod specification.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.kernel.discovery import Discovery, Group
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.process import Ranges, Seen, read_process
from isoaudit.transports import Unreadable

_MOST_NAMES = 8  # that one fact holds: enough to see who, and flat for any number of sandboxes
_EVERYTHING = ((0, 0, 4294967295),)  # the map of the initial user namespace
_MOST = 5_000
"""Sandboxes that are compared with each other."""


class Neighbour(NamedTuple):
    """Another sandbox: its name, its container id, its network namespace, its first process."""

    name: str
    id: str
    network: object
    main: Seen


def sandboxes(machine: Machine) -> Discovery:
    """Return the sandboxes of a machine, looked for once a run."""
    if "sandboxes" not in machine.kept:
        machine.kept["sandboxes"] = Discovery(machine)
    found: Discovery = machine.kept["sandboxes"]
    return found


class Neighbours:
    """Every sandbox of a machine by its first process. Raises Unreadable on first use."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._closed: Unreadable | None = None

    @cached_property
    def all(self) -> list[Neighbour]:
        """Every sandbox whose first process can be read."""
        found: list[Neighbour] = []
        for group in sandboxes(self._machine).groups[:_MOST]:
            try:
                one = self._neighbour(group)
            except Unreadable as error:
                if error.reason is not Reason.VANISHED:
                    self._closed = error
                continue
            if isinstance(one.main.uid_map, Unreadable):
                self._closed = one.main.uid_map
            found.append(one)
        return found

    @cached_property
    def unseen(self) -> Unreadable | None:
        """Why there may be others, so that "none" is no answer; None if these are all."""
        found = sandboxes(self._machine)
        if self.all and self._closed is not None:
            return self._closed
        if len(found.groups) > _MOST:
            return Unreadable(Reason.LIMIT, f"more than {_MOST} sandboxes were found")
        return found.unseen

    def _neighbour(self, group: Group) -> Neighbour:
        name = group.id[:12] or self._machine.called(group.main.pid)
        main = read_process(self._machine, group.main.pid)
        self._machine.firsts[group.main.pid] = main
        return Neighbour(name, group.id, group.main.links["net"], main)

    @cached_property
    def _by_uid(self) -> dict[str, _ByName]:
        return _grouped((host_uid(one.main), one) for one in self.all)

    @cached_property
    def _by_categories(self) -> dict[str, _ByName]:
        labelled = ((one.main.label, one) for one in self.all)
        return _grouped((categories(w), one) for w, one in labelled if isinstance(w, str))

    def of_uid(self, seen: Seen, own: Own) -> list[str]:
        """Return the names of other sandboxes whose first process has a process's uid."""
        return _names(self._by_uid.get(host_uid(seen), {}), own)

    def of_categories(self, label: str, own: Own) -> list[str]:
        """Return the names of other sandboxes with the categories of a label."""
        return _names(self._by_categories.get(categories(label), {}), own)

    @cached_property
    def _by_map(self) -> dict[Ranges, list[Neighbour]]:
        """Those with a user namespace of their own, by its map; sandboxes made alike share one."""
        found: dict[Ranges, list[Neighbour]] = {}
        for one in self.all:
            if not isinstance(one.main.uid_map, Unreadable) and one.main.uid_map != _EVERYTHING:
                found.setdefault(one.main.uid_map, []).append(one)
        return found

    def maps_the_same(self, ranges: Ranges, own: Own) -> bool:
        """Say whether another sandbox's user namespace maps some of the same ids.

        Those without a user namespace of their own map every id and are none.
        """
        return any(
            own.differs(one)
            for others, several in self._by_map.items()
            if _overlap(others, ranges)
            for one in several
        )


class Own(NamedTuple):
    """What tells a sandbox from its neighbours: its pids, its network namespace, its ids of peers
    that belong to what it belongs to, as its engine says."""

    pids: frozenset[int]
    network: object
    initial: object
    peers: frozenset[str] = frozenset()

    def differs(self, one: Neighbour) -> bool:
        """Say whether a sandbox is another one, and of another pod or project."""
        if one.main.pid in self.pids or one.id in self.peers:
            return False
        return not (one.network == self.network != self.initial)


_ByName = dict[str, list[Neighbour]]
"""Sandboxes by name: of a thousand that are called alike the first other one tells."""


def _grouped(several: Iterable[tuple[str, Neighbour]]) -> dict[str, _ByName]:
    found: dict[str, _ByName] = {}
    for key, one in several:
        found.setdefault(key, {}).setdefault(one.name, []).append(one)
    return found


def _names(several: _ByName, own: Own) -> list[str]:
    others = (name for name, ones in several.items() if any(map(own.differs, ones)))
    return sorted(islice(others, _MOST_NAMES))


def host_uid(seen: Seen) -> str:
    """Return the effective uid as the host sees it, "" where status has none."""
    words = seen.status.get("Uid", "").split()
    return words[1] if len(words) == 4 else ""


def categories(label: str) -> str:
    """Return the categories of an SELinux label (USER:ROLE:TYPE:SENSITIVITY:CATEGORIES)."""
    return label.partition(":s0:")[2] if ":s0:" in label else ""


def _overlap(one: Ranges, other: Ranges) -> bool:
    return any(
        first < second + more and second < first + count
        for _, first, count in one
        for _, second, more in other
    )
