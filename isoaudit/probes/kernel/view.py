"""What the processes of one sandbox are judged by: which are its own, and who else is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from isoaudit.probes.kernel.asked import Asked
from isoaudit.probes.kernel.census import Link
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.makers import Makers
from isoaudit.probes.kernel.mountinfo import Table
from isoaudit.probes.kernel.neighbours import Neighbours, Own
from isoaudit.probes.kernel.process import Seen
from isoaudit.transports import Unreadable


@dataclass(frozen=True, slots=True)
class View:
    """What the processes of a sandbox are judged by.

    `own` are the sandbox's pids, by which a namespace shared with others is told from a private
    one; `main` is its first process, `table` the mount table of that one; `asked` is what its
    engine says; `neighbours` are the other sandboxes of the machine.
    """

    machine: Machine
    own: frozenset[int]
    main: int
    table: Table | Unreadable
    asked: Asked = field(default_factory=Asked)
    neighbours: Neighbours | None = None

    def split(self, processes: Sequence[Seen]) -> tuple[list[Seen], list[Seen]]:
        """Return the processes of the sandbox, and those of sandboxes made inside it.

        A user namespace below the first process's own is one: what its processes may do, they may
        do to what that namespace owns. But for its capabilities such a process holds no more than
        the one that made its namespace; where none of the sandbox can have made it, it came from
        outside (as `docker exec --privileged` does), and is judged itself.
        """
        inside: list[Seen] = []
        below: list[Seen] = []
        own = next((one.links["user"] for one in processes if one.pid == self.main), "")
        for one in processes:
            (below if self._is_below(one, own) else inside).append(one)
        if not below:
            return inside, []
        makers = Makers(self.machine, inside)
        nested = [one for one in below if makers.account_for(one)]
        kept = {id(one) for one in nested}
        return [*inside, *(one for one in below if id(one) not in kept)], nested

    def others_in(self, kind: str, link: str) -> frozenset[str]:
        """Return who outside the sandbox is in a namespace: container ids cut short, or names."""
        outside = self.machine.census.holders(kind, link) - self.own
        return frozenset(self.machine.called(pid) for pid in outside)

    def apart(self, seen: Seen) -> Own:
        """Return what tells the sandbox of a process from its neighbours."""
        try:
            initial: object = self.machine.initial("net")
        except Unreadable:
            initial = None
        return Own(self.own, seen.links["net"], initial, self.asked.peers)

    def _is_below(self, one: Seen, own: Link) -> bool:
        link = one.links["user"]
        if not isinstance(link, str) or not isinstance(own, str) or link == own:
            return False
        try:
            if link == self.machine.initial("user"):
                return False
            if own == self.machine.initial("user"):
                return True
            return own in self.machine.user_namespaces_above(one.pid, link)
        except Unreadable:
            return False
