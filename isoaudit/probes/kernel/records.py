"""Turns the processes of a sandbox into records: credentials, namespaces, filters, labels.

Sources: proc(5), credentials(7), capabilities(7), user_namespaces(7), seccomp(2).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice

from isoaudit.model import Fact, Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.kernel.capabilities import decode_capabilities
from isoaudit.probes.kernel.census import NAMESPACES, Link
from isoaudit.probes.kernel.company import note_company, note_excess
from isoaudit.probes.kernel.limits import note_process_limits
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.process import CAPABILITY_SETS, Ranges, Seen
from isoaudit.probes.kernel.view import View
from isoaudit.transports import Unreadable

_MOST_NAMES = 64  # names that one record keeps: they are the target's to choose
_SECCOMP = {"0": "disabled", "1": "strict", "2": "filter"}


def process_records(view: View, processes: Iterable[Seen], most: int) -> tuple[list[Record], bool]:
    """Return one record for all processes that agree, the main process's first, and whether these
    are all: beyond `most` none is made."""
    groups: dict[tuple[object, ...], Seen] = {}
    ordered = sorted(processes, key=lambda seen: (seen.pid != view.main, seen.pid))
    main = next((seen for seen in ordered if seen.pid == view.main), None)
    for seen in ordered:
        known = groups.setdefault(seen.key, seen)
        if known is not seen:
            known.count += 1
        if len(known.names) < _MOST_NAMES:
            known.names.add(seen.status.get("Name", ""))
    records = []
    for seen in islice(groups.values(), most):
        notes = _notes(view, seen)
        note_excess(notes, seen, main)
        note_company(notes, view, seen)
        records.append(notes.record())
    return records, len(groups) <= most


def _notes(view: View, seen: Seen) -> Notes:
    notes = Notes(Vantage.KERNEL)
    source = "/proc/PID/status"
    name = seen.status.get("Name")
    if name is not None:
        notes.fact("process.name", name, f"{source} Name")
    notes.fact("process.pid", seen.pid, source)
    notes.fact("process.count", seen.count, "processes of its control group")
    notes.fact("process.main", seen.pid == view.main, "first process of the sandbox")
    notes.fact("process.names", sorted(seen.names), f"{source} Name of each")
    key = ("rights", *seen.rights, seen.uid_map, seen.gid_map)
    notes.extend(view.machine.once(key, lambda: _rights(seen)))
    start = view.machine.census.glimpse(seen.pid).start
    view.machine.filters.note(notes, seen.status, start, view.asked.filter)
    _note_label(notes, view.machine, seen)
    _note_namespaces(notes, view, seen)
    limits = ("process limits", seen.limits, seen.oom)
    notes.extend(view.machine.once(limits, lambda: _limits(seen)))
    return notes


def _rights(seen: Seen) -> Notes:
    """Return what `Seen.rights` say, and what its ids mean."""
    notes = Notes(Vantage.KERNEL)
    _note_ids(notes, seen)
    _note_capabilities(notes, seen)
    _note_filters(notes, seen)
    return notes


def _limits(seen: Seen) -> Notes:
    notes = Notes(Vantage.KERNEL)
    note_process_limits(notes, seen.limits, seen.oom)
    return notes


def nested_records(processes: Iterable[Seen]) -> list[Record]:
    """Return one record for each user namespace made inside a sandbox."""
    groups: dict[Link, list[Seen]] = {}
    for seen in processes:
        groups.setdefault(seen.links["user"], []).append(seen)
    records = []
    for several in groups.values():
        first, source = several[0], f"/proc/{several[0].pid}/ns/user"
        notes = Notes(Vantage.KERNEL)
        notes.fact("nested.name", first.status.get("Name", ""), f"/proc/{first.pid}/status Name")
        notes.fact("nested.pid", first.pid, source)
        notes.fact("nested.count", len(several), source)
        records.append(notes.record())
    return records


def _absent(notes: Notes, path: str, seen: Seen, key: str) -> None:
    notes.missing(path, Reason.NOT_SUPPORTED, f"/proc/PID/status has no {key}: older kernel")


def _note_ids(notes: Notes, seen: Seen) -> None:
    """Note the effective uid on both sides of the user namespace, and whether root is in reach."""
    source = "/proc/PID/status Uid"
    words = seen.status.get("Uid", "").split()
    if len(words) != 4 or not all(word.isdecimal() for word in words):
        for path in ("process.uid", "process.host_uid", "process.root_permitted"):
            _absent(notes, path, seen, "Uid")
        return
    outside = [int(word) for word in words]
    notes.fact("process.host_uid", outside[1], source)
    if isinstance(seen.uid_map, Unreadable):
        for path in ("uid", "root_permitted", "user_namespace_maps_root"):
            notes.lacks(seen.uid_map.missing(f"process.{path}", Vantage.KERNEL))
        return
    mapped = "/proc/PID/uid_map"
    ranges = seen.uid_map
    root = any(first <= 0 < first + count for _, first, count in ranges)
    notes.fact("process.user_namespace_maps_root", root, mapped)
    inside = [_inside(uid, ranges) for uid in outside]
    if inside[1] is None:
        detail = f"{mapped} does not map uid {outside[1]}"
        notes.missing("process.uid", Reason.NOT_SUPPORTED, detail)
    else:
        notes.fact("process.uid", inside[1], f"{source}, {mapped}")
    # NOTE: real, saved and file system uid count too: a process may take any of them up again.
    # So does root of the host under another number: every file of the host's root is its own.
    reach = any(uid in {0, None} for uid in inside) or 0 in outside
    notes.fact("process.root_permitted", reach, f"{source}, {mapped}")
    if isinstance(seen.gid_map, Unreadable):
        path = "process.user_namespace_maps_root_group"
        notes.lacks(seen.gid_map.missing(path, Vantage.KERNEL))
        return
    root = any(first <= 0 < first + count for _, first, count in seen.gid_map)
    notes.fact("process.user_namespace_maps_root_group", root, "/proc/PID/gid_map")


def _inside(uid: int, ranges: Ranges) -> int | None:
    for inside, outside, count in ranges:
        if outside <= uid < outside + count:
            return inside + uid - outside
    return None


def _note_capabilities(notes: Notes, seen: Seen) -> None:
    for name, key in CAPABILITY_SETS.items():
        path, word = f"process.capabilities.{name}", seen.status.get(key)
        held = decode_capabilities(word) if word is not None else None
        if held is None:
            _absent(notes, path, seen, key)
        else:
            notes.fact(path, held, f"/proc/PID/status {key}")


def _note_filters(notes: Notes, seen: Seen) -> None:
    source = "/proc/PID/status"
    privileges = seen.status.get("NoNewPrivs")
    if privileges in {"0", "1"}:
        notes.fact("process.no_new_privileges", privileges == "1", f"{source} NoNewPrivs")
    else:
        _absent(notes, "process.no_new_privileges", seen, "NoNewPrivs")
    mode = _SECCOMP.get(seen.status.get("Seccomp", ""))
    if mode is None:
        _absent(notes, "process.seccomp.mode", seen, "Seccomp")
    else:
        notes.fact("process.seccomp.mode", mode, f"{source} Seccomp")
    filters = seen.status.get("Seccomp_filters", "")
    if filters.isdecimal():
        notes.fact("process.seccomp.filters", int(filters), f"{source} Seccomp_filters")
    else:
        _absent(notes, "process.seccomp.filters", seen, "Seccomp_filters")


def _note_label(notes: Notes, machine: Machine, seen: Seen) -> None:
    """Note the label, and what it means to the module that is active; judge only that one."""
    path = "process.apparmor.confined"
    if isinstance(seen.label, Unreadable):
        notes.lacks(seen.label.missing("process.lsm.label", Vantage.KERNEL))
        notes.lacks(seen.label.missing(path, Vantage.KERNEL))
        return
    source = "/proc/PID/attr/current"
    if not machine.lsm:
        words = "no labelling LSM is active"
        notes.fact("process.lsm.label", "", words)
        notes.fact(path, False, words)
        return
    notes.fact("process.lsm.label", seen.label, source)
    if machine.lsm == "apparmor":
        notes.fact(path, seen.label.endswith(" (enforce)"), source)
        return
    notes.fact(path, False, f"{machine.lsm} is active, not AppArmor")
    fields = seen.label.split(":")
    if machine.lsm == "selinux" and len(fields) >= 3:
        notes.fact("process.selinux.type", fields[2], source)


def _note_namespaces(notes: Notes, view: View, seen: Seen) -> None:
    neighbours: list[str] = []
    for kind in NAMESPACES:
        path, link = _PATHS[kind], seen.links[kind]
        if isinstance(link, Unreadable) and link.absent:
            # A kernel built without this kind has one for all (namespaces(7)).
            notes.holds(_namespace(kind, "host", ": the kernel has none of this kind"))
            continue
        try:
            if isinstance(link, Unreadable):
                raise link
            own = view.machine.is_own(kind, link, seen.pid)
        except Unreadable as error:
            notes.lacks(error.missing(path, Vantage.KERNEL))
            continue
        others = view.others_in(kind, link) if own else frozenset()
        neighbours += [f"{kind}:{name}" for name in sorted(others)]
        word = "host" if not own else "shared" if others else "private"
        notes.holds(_namespace(kind, "private" if kind == "user" and others else word))
    source = "/proc/PID/ns/*, those of all processes"
    notes.fact("process.namespaces.shared_with", neighbours, source)
    _note_root(notes, view, seen)


_PATHS = {
    kind: "process.user_namespace" if kind == "user" else f"process.namespaces.{kind}"
    for kind in NAMESPACES
}


@cache
def _namespace(kind: str, word: str, why: str = "") -> Fact:
    return Fact(_PATHS[kind], word, f"/proc/PID/ns/{kind}{why}", Vantage.KERNEL)


def _note_root(notes: Notes, view: View, seen: Seen) -> None:
    """Note whether `/` is the host's: by its path in the host's mount namespace, else by mounts."""
    path, mnt, root = "process.root_is_host", seen.links["mnt"], seen.root
    try:
        initial = view.machine.initial("mnt")
        for link in (mnt, root):
            if isinstance(link, Unreadable):
                raise link
        same = mnt == initial or root_is_host(view)
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.KERNEL))
        return
    notes.fact(path, same and root == "/", "/proc/PID/root, mount tables")


def root_is_host(view: View) -> bool:
    """Say whether a sandbox's `/` is the same folder of the same file system as the host's.

    Raises Unreadable. Compares mount tables, so that nothing inside the sandbox is opened.
    """
    if isinstance(view.table, Unreadable):
        raise view.table
    theirs, ours = view.table.at("/"), view.machine.mounts.at("/")
    if ours is None:
        raise Unreadable(Reason.NOT_SUPPORTED, "the host's mount table has no root")
    return theirs is not None and (theirs.device, theirs.root) == (ours.device, ours.root)
