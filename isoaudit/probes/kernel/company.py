"""What a process has in common with the host's accounts, its first process, and other sandboxes.

Sources: credentials(7), capabilities(7), user_namespaces(7).
"""

from __future__ import annotations

from functools import lru_cache

from isoaudit.model import Reason, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.neighbours import Neighbours, categories, host_uid
from isoaudit.probes.kernel.process import Seen
from isoaudit.probes.kernel.view import View
from isoaudit.transports import Unreadable

_SETS = ("CapEff", "CapPrm", "CapBnd")


def note_excess(notes: Notes, seen: Seen, main: Seen | None) -> None:
    """Note the capabilities that a process has and its sandbox's first process never had."""
    path = "process.exceeds_main"
    limit = main.status.get("CapBnd", "") if main else ""
    beyond = _beyond(limit, *(seen.status.get(key, "") for key in _SETS))
    if beyond is None:
        detail = "the capabilities of the first process, or its own, are not told"
        notes.missing(path, Reason.NOT_SUPPORTED, detail)
        return
    notes.fact(path, beyond, "/proc/PID/status CapEff, CapPrm, CapBnd; CapBnd of the first")


@lru_cache(256)
def _beyond(limit: str, *masks: str) -> tuple[str, ...] | None:
    """Return the capabilities of some masks that are not in another, None if one is not told."""
    known = decode_capabilities(limit)
    own = [decode_capabilities(mask) for mask in masks]
    if known is None or any(held is None for held in own):
        return None
    return tuple(dict.fromkeys(name for held in own for name in held or () if name not in known))


def note_company(notes: Notes, view: View, seen: Seen) -> None:
    """Note whose ids of the host a process has, and who else has them."""
    _note_accounts(notes, view, seen)
    _note_neighbours(notes, view, seen)


def _note_accounts(notes: Notes, view: View, seen: Seen) -> None:
    path, uid = "process.host_account", host_uid(seen)
    try:
        name = view.machine.accounts.users.get(int(uid), "") if uid else ""
        if uid:
            notes.fact(path, name, "/proc/PID/status Uid, /etc/passwd")
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
    path = "process.host_groups"
    try:
        powerful = view.machine.accounts.powerful_groups
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    words = f"{seen.status.get('Gid', '')} {seen.status.get('Groups', '')}".split()
    names = {powerful[int(gid)] for gid in words if gid.isdecimal() and int(gid) in powerful}
    notes.fact(path, sorted(names), "/proc/PID/status Gid, Groups; /etc/group")


def _note_neighbours(notes: Notes, view: View, seen: Seen) -> None:
    """Note which other sandboxes have the same ids or categories."""
    paths = ("process.uid_shared_with", "process.user_namespace_shared_ids")
    if view.neighbours is None:
        for path in paths:
            notes.missing(path, Reason.NOT_REQUESTED, "other sandboxes were not looked at")
        return
    own = view.apart(seen)
    try:
        if host_uid(seen) != "0":  # whom root shares its uid with needs no list
            others = view.neighbours.of_uid(seen, own)
            source = "/proc/PID/status Uid, first processes of all sandboxes"
            _note_others(notes, paths[0], others, source, view.neighbours)
        _note_shared_ids(notes, paths[1], view, seen)
        _note_categories(notes, view, seen)
    except Unreadable as error:
        for path in paths:
            notes.lacks(error.missing(path, Vantage.KERNEL))


def _note_others(
    notes: Notes, path: str, found: list[str] | bool, source: str, neighbours: Neighbours
) -> None:
    """Note what others have in common with it: that nobody has is known only if all were seen."""
    if not found and neighbours.unseen is not None:
        notes.lacks(neighbours.unseen.missing(path, Vantage.KERNEL))
        return
    notes.fact(path, found, source)


def _note_shared_ids(notes: Notes, path: str, view: View, seen: Seen) -> None:
    """Note whether a user namespace of its own maps ids that another sandbox's maps as well."""
    if isinstance(seen.uid_map, Unreadable):
        notes.lacks(seen.uid_map.missing(path, Vantage.KERNEL))
        return
    try:
        if seen.links["user"] == view.machine.initial("user"):
            return
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    if view.neighbours is not None:
        shared = view.neighbours.maps_the_same(seen.uid_map, view.apart(seen))
        source = "/proc/PID/uid_map, those of all sandboxes"
        _note_others(notes, path, shared, source, view.neighbours)


def _note_categories(notes: Notes, view: View, seen: Seen) -> None:
    if isinstance(seen.label, Unreadable) or view.machine.lsm != "selinux":
        return
    found = categories(seen.label)
    source = "/proc/PID/attr/current, those of all sandboxes"
    notes.fact("process.selinux.categories", found.split(",") if found else [], source)
    if found and view.neighbours is not None:
        shared = bool(view.neighbours.of_categories(seen.label, view.apart(seen)))
        path = "process.selinux.categories_shared"
        _note_others(notes, path, shared, source, view.neighbours)
