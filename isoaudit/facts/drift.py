"""Drift: where what the kernel shows differs from what was asked for, as the part `drift`.

Both are in the evidence already; this only lays them side by side. A record is `weaker` if what was
found protects less than what was asked for: that is what checks fail on. A limit in force that was
never asked for is drift, and no weakness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from isoaudit.facts.drift_vm import vm_drift
from isoaudit.model import (
    Fact,
    FactSet,
    Kind,
    Missing,
    Part,
    Reason,
    Record,
    Target,
    Value,
    Vantage,
)

_PAGE = 4096  # the kernel keeps memory limits in whole pages
_Weaker = Callable[[Value, Value], bool]


def with_drift(target: Target, facts: FactSet) -> FactSet:
    """Return a target's evidence with the part `drift`, where both sides can exist."""
    if target.dialect or target.kind not in {Kind.CONTAINER, Kind.VM}:
        return facts
    if target.kind is Kind.VM:
        return facts.merge(vm_drift(target, facts))
    return facts.merge(_drift(target, facts))


def _drift(target: Target, facts: FactSet) -> FactSet:
    asked = facts.part("process", Vantage.ENGINE)
    found = facts.part("process", Vantage.KERNEL)
    if asked is None and "drift" in facts.missing:
        return FactSet()
    if asked is None:
        return _missing(Reason.NOT_REQUESTED, "what was asked for is not known: no engine told",
                        "Scan it by its engine's name.")  # fmt: skip
    if found is None:
        if target.state not in {"running", "paused"}:
            return FactSet.of(parts=[Part("drift", Vantage.KERNEL, ())])
        dark = facts.missing.get("process", ())
        why = dark[0] if dark else Missing("process", Reason.OTHER_HOST, "it runs elsewhere")
        return _missing(why.reason, why.detail, why.how_to_get)
    records = [*_of_container(facts), *_of_processes(asked, found), *_of_mounts(facts)]
    mounts = facts.part("mount", Vantage.KERNEL)
    incomplete = found.incomplete or (mounts.incomplete if mounts else None)
    if mounts is None:
        unread = facts.missing.get("mount", ())
        incomplete = incomplete or (unread[0] if unread else None)
    if incomplete is not None:
        incomplete = incomplete._replace(path="drift")
    return FactSet.of(parts=[Part("drift", Vantage.KERNEL, tuple(records), incomplete)])


def _missing(reason: Reason, detail: str, how_to_get: str) -> FactSet:
    return FactSet.of(missing=[Missing("drift", reason, detail, how_to_get)])


def _lost(asked: Value, found: Value) -> bool:
    """Say whether a protection that was asked for is not there."""
    return asked is True and found is False


def _gained(asked: Value, found: Value) -> bool:
    """Say whether a list holds what was not asked for."""
    return not set(_words(found)) <= set(_words(asked))


def _shrunk(asked: Value, found: Value) -> bool:
    """Say whether a list lacks what was asked for."""
    return not set(_words(asked)) <= set(_words(found))


def _looser(asked: Value, found: Value) -> bool:
    """Say whether a limit is higher than was asked for, beyond rounding."""
    return isinstance(asked, int) and isinstance(found, int) and found >= asked + _PAGE


def _more(asked: Value, found: Value) -> bool:
    return isinstance(asked, int) and isinstance(found, int) and found > asked


def _wider(asked: Value, found: Value) -> bool:
    """Say whether a namespace is the host's that was to be another one.

    One that is shared after all was joined by another sandbox, which asked for that.
    """
    return found == "host" and asked in {"private", "shared"}


def _unfiltered(asked: Value, found: Value) -> bool:
    return asked == "filter" and found == "disabled"


def _now_root(asked: Value, found: Value) -> bool:
    return asked != 0 and found == 0


def _words(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


_CONTAINER: dict[str, _Weaker] = {
    "container.rootfs.read_only": _lost,
    "container.masked_paths": _shrunk,
    "container.readonly_paths": _shrunk,
    "container.limits.memory.set": _lost,
    "container.limits.memory.bytes": _looser,
    "container.limits.pids.set": _lost,
    "container.limits.pids.count": _more,
    "container.limits.cpu.set": _lost,
}

_MAIN: dict[str, _Weaker] = {
    "process.uid": _now_root,
    "process.no_new_privileges": _lost,
    "process.seccomp.mode": _unfiltered,
    "process.apparmor.confined": _lost,
    "process.user_namespace": _wider,
    **{f"process.namespaces.{kind}": _wider for kind in
       ("mnt", "pid", "net", "ipc", "uts", "cgroup")},
}  # fmt: skip
"""What the main process was asked to be; another one may be less on purpose, never more."""

_BOUNDING = "process.capabilities.bounding"
_SETS = ("effective", "permitted", "bounding")


def _of_container(facts: FactSet) -> Iterator[Record]:
    for path, weaker in _CONTAINER.items():
        asked, found = (facts.fact(path, v) for v in (Vantage.ENGINE, Vantage.KERNEL))
        if asked is not None and found is not None and asked.value != found.value:
            yield _record(asked, found, weaker(asked.value, found.value))


def _of_processes(asked: Part, found: Part) -> Iterator[Record]:
    """Compare the main process in all it was asked to be, every other in what it may do."""
    if not asked.records:
        return
    wanted = asked.records[0].facts
    for record in found.records:
        name = record.facts.get("process.name")
        shown = str(name.value) if name else ""
        main = record.facts.get("process.main")
        if main is not None and main.value is True:
            yield from _of_main(wanted, record, shown)
        limit = wanted.get(_BOUNDING)
        if limit is None:
            continue
        for one in _SETS:
            has = record.facts.get(f"process.capabilities.{one}")
            if has is not None and _gained(limit.value, has.value):
                extra = tuple(w for w in _words(has.value) if w not in _words(limit.value))
                yield _record(limit, has._replace(value=extra), True, shown)


def _of_main(wanted: Mapping[str, Fact], record: Record, shown: str) -> Iterator[Record]:
    for path, weaker in _MAIN.items():
        asked, found = wanted.get(path), record.facts.get(path)
        if asked is not None and found is not None and asked.value != found.value:
            yield _record(asked, found, weaker(asked.value, found.value), shown)


def _of_mounts(facts: FactSet) -> Iterator[Record]:
    """Yield host paths in the mount table that were not asked for, or not as they are now."""
    asked, found = (facts.part("mount", v) for v in (Vantage.ENGINE, Vantage.KERNEL))
    if asked is None or found is None:
        return
    wanted = {_text(record, "mount.destination").rstrip("/"): record for record in asked.records}
    for record in found.records:
        place = _text(record, "mount.destination").rstrip("/")
        kind, managed = _text(record, "mount.kind"), record.facts.get("mount.managed")
        source = record.facts.get("mount.source") or record.facts.get("mount.destination")
        if kind != "bind" or managed is None or managed.value is True or source is None:
            continue
        known = wanted.get(place)
        if known is not None:
            yield from _of_mount(known, record, place)
        elif not _comes_along(place, wanted):
            nothing = Fact("mount.source", "", "no mount there was asked for", Vantage.ENGINE)
            yield _record(nothing, source._replace(path="mount.source"), True, place)


def _comes_along(place: str, wanted: dict[str, Record]) -> bool:
    """Say whether a mount lies below a host folder that was asked for, and came along with it."""
    return any(
        place.startswith(f"{above}/") and _text(asked, "mount.kind") in {"bind", "volume"}
        for above, asked in wanted.items()
    )


def _of_mount(asked: Record, found: Record, place: str) -> Iterator[Record]:
    path = "mount.read_only"
    before, now = asked.facts.get(path), found.facts.get(path)
    if before is not None and now is not None and before.value != now.value:
        yield _record(before, now, _lost(before.value, now.value), place)


def _text(record: Record, path: str) -> str:
    fact = record.facts.get(path)
    return str(fact.value) if fact else ""


def _record(asked: Fact, found: Fact, weaker: bool, subject: str = "") -> Record:
    """Return the record of one difference; `subject` is the process or mount it is about."""

    def note(name: str, value: Value, source: str) -> Fact:
        return Fact(f"drift.{name}", value, source, Vantage.KERNEL)

    both = f"{asked.source}; {found.source}"
    return Record.of([
        note("path", found.path, both),
        note("subject", subject, found.source),
        note("asked", _shown(asked.value), asked.source),
        note("found", _shown(found.value), found.source),
        note("weaker", weaker, both),
    ])  # fmt: skip


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
