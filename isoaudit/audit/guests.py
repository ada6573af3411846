"""Joins what a guest says over SSH with what its host shows of the virtual machine.

The guest fills `guest.` facts only: it may lie, and is believed of nothing that its host decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from isoaudit.audit.common import Limits, run_error
from isoaudit.audit.finding import Found
from isoaudit.audit.workers import Task
from isoaudit.bundle import Evidence
from isoaudit.model import FactSet, Kind, Reason, RunError, Target
from isoaudit.probes.table import open_live
from isoaudit.targets.address import SSH, Address
from isoaudit.transports.base import Unreadable

_SHARE = 0.8
"""How much of a target's time its guest may take, so that what its host shows is kept."""


class Whole(NamedTuple):
    """What is known of one target, and why a guest that was to be asked said nothing."""

    facts: FactSet
    error: RunError | None = None


def collect_one(entry: Found, limits: Limits) -> Whole:
    """Read one target, and beside it the guest of a virtual machine, if it is known where it is.

    Raises what the target's own probe raises; a guest that cannot be asked costs its word only.
    """
    if entry.target.kind is not Kind.VM or entry.address.scheme == SSH:
        return Whole(entry.probe.collect(entry.target))
    from isoaudit.probes.guest import unasked

    address = _address_of(entry.target, limits)
    if address is None:
        return Whole(entry.probe.collect(entry.target).merge(unasked()))
    asking = Task(lambda: _ask(address, limits))
    facts = entry.probe.collect(entry.target)
    try:
        return Whole(facts.merge(asking.result(limits.timeout * _SHARE)))
    except Exception as error:
        row = replace(run_error(address, "guest", error), target=entry.target.id)
        row = replace(row, message=f"its guest at {address.text}: {row.message}")
        why = error if isinstance(error, Unreadable) else _unreadable(row, error)
        return Whole(facts.merge(unasked(why)), row)


def _address_of(target: Target, limits: Limits) -> Address | None:
    names = (target.name, target.id, target.handle)
    return next((limits.guests[name] for name in names if name in limits.guests), None)


def _ask(address: Address, limits: Limits) -> FactSet:
    effort = limits.effort._replace(timeout=limits.timeout * _SHARE / 2)
    opened = open_live(SSH, address.uri, effort)
    try:
        (target,) = opened.probe.find()
        whole = opened.probe.collect(target)
    finally:
        opened.close()
    mine = {path: several for path, several in whole.missing.items() if path.startswith("guest")}
    return FactSet(whole.facts, whole.parts, mine)


def _unreadable(row: RunError, error: Exception) -> Unreadable:
    reason = Reason.TIMEOUT if isinstance(error, TimeoutError) else Reason.UNREACHABLE
    return Unreadable(reason, row.message, row.how_to_get)


def with_identities(entries: Iterable[Evidence | RunError]) -> Iterator[Evidence | RunError]:
    """Yield everything, those last whose guests answered: which of them share an identity is
    known only when all of them have."""
    guests: dict[str, Evidence] = {}
    for entry in entries:
        if (
            isinstance(entry, Evidence)
            and _has_guest(entry.facts)
            and entry.target.id not in guests  # a second of one name must not hide the first
        ):
            guests[entry.target.id] = entry
        else:
            yield entry
    if not guests:
        return
    from isoaudit.probes.guest import shared_identity

    told = shared_identity({name: one.facts for name, one in guests.items()})
    for name, one in guests.items():
        yield replace(one, facts=one.facts.merge(told[name]))


def with_contradictions(target: Target, facts: FactSet, host: FactSet | None) -> FactSet:
    """Return a virtual machine's evidence with the part `contradiction`."""
    if target.kind is not Kind.VM or target.dialect:
        return facts
    from isoaudit.probes.guest import contradictions

    return facts.merge(contradictions(facts, host))


def _has_guest(facts: FactSet) -> bool:
    return any(path.startswith("guest.") for path in facts.facts)
