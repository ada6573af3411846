"""Tells who only started a sandbox, and watches it from outside, from who hides behind that look.

unshare(1) and nsenter(1) enter every namespace that they make or join but the PID namespace: that
one is their child's alone. What a sandbox without a PID namespace of its own does looks the same if
one of its processes makes one and puts something harmless into it. So a starter is put aside only
if nothing is lost by it: a child is judged in its place that stands in all of its namespaces and
has the same rights. Sources: unshare(1), nsenter(1), pid_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Iterable

from isoaudit.probes.kernel.census import Glimpse
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.process import Seen, read_process
from isoaudit.transports import Unreadable

_OF_CHILDREN = ("pid", "time")
"""Namespaces that unshare(2) makes for the children alone."""


def only_starts(machine: Machine, one: Glimpse, others: Iterable[Glimpse]) -> bool:
    """Say whether a process has a child in a PID namespace of its making that stands for it.

    `others` are those it is put aside for. What cannot be read stands for nobody.
    """
    try:
        made = machine.files.read_link(f"/proc/{one.pid}/ns/pid_for_children")
        if not isinstance(one.links["pid"], str) or made == one.links["pid"]:
            return False
        own = read_process(machine, one.pid)
    except Unreadable:
        return False
    if own.status.get("Threads", "1") != "1":  # whose rights are those of the first one alone
        return False
    children = (o for o in others if o.parent == one.pid and o.links["pid"] == made)
    return any(_stands_for(machine, child, own) for child in children)


def _stands_for(machine: Machine, child: Glimpse, starter: Seen) -> bool:
    try:
        seen = read_process(machine, child.pid)
    except Unreadable:
        return False
    return _confinement(seen) == _confinement(starter)


def _confinement(seen: Seen) -> tuple[object, ...]:
    """Return what confines a process but for the namespaces that its children alone are in."""
    links = tuple(link for kind, link in seen.links.items() if kind not in _OF_CHILDREN)
    return (*seen.rights, *links, seen.label, seen.root)
