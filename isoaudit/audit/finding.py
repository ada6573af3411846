"""Finds the targets at every endpoint and joins what two endpoints show of one workload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from isoaudit.audit.common import Limits, listed, run_error
from isoaudit.audit.workers import Task
from isoaudit.model import Kind, RunError, Target
from isoaudit.probes.base import Probe
from isoaudit.probes.table import Opened
from isoaudit.targets.address import ENGINES, KERNEL, PROC, VMM, Address


class Sources(NamedTuple):
    """What targets were asked for at, and the engines beside that may know more of them."""

    asked: Sequence[tuple[Address, Opened]]
    beside: Sequence[tuple[Address, Opened]] = ()


class Found(NamedTuple):
    """A target, what reads it, and the address by which it was asked for."""

    address: Address
    probe: Probe
    target: Target


_WITHOUT_PROCESSES = frozenset(
    {
        *("created", "exited", "dead", "stopped", "configured"),
        *("shut off", "crashed", "no state"),
    }
)
"""States of a container or domain without processes: those with its id are another's."""

_KNOW_MORE = {PROC: ENGINES, VMM: ("libvirt",)}
"""Who lists the same targets as /proc does, and knows more of them."""

Chosen = dict[tuple[str, str], Found]
"""The targets to collect, by endpoint and handle."""


def find_all(sources: Sources, limits: Limits) -> tuple[Chosen, list[RunError]]:
    """List the targets at every endpoint once, all at the same time, and choose those asked for."""
    everywhere = [*sources.asked, *sources.beside]
    # Several addresses may lead to one source, which must not be asked twice at the same time.
    by_id = {id(source): source for _, source in everywhere}
    tasks = {key: Task(source.probe.find) for key, source in by_id.items()}
    chosen: Chosen = {}
    errors: list[RunError] = []
    lists: dict[int, Sequence[Target]] = {}
    for number, (address, source) in enumerate(everywhere):
        try:
            lists[id(source)] = tasks[id(source)].result(limits.timeout)
        except Exception as error:
            if number < len(sources.asked):
                errors.append(run_error(address, "list", error))
    twins = _by_handle(everywhere, lists)
    # NOTE: what an engine names comes first, so that /proc adds to its targets and not beside them.
    for address, source in sorted(sources.asked, key=lambda one: one[0].scheme in KERNEL):
        found = lists.get(id(source))
        if found is None:
            continue
        matching = list(_matching(address, source, found))
        if (hidden := source.unseen()) is not None and _is_everything(address):
            errors.append(RunError(address.text, "list", hidden.cause, hidden.remedy, asked=False))
        if not matching and address.asked and not _is_everything(address):
            errors.append(no_match(address, found))
        for target in matching:
            _choose(chosen, Found(address, source.probe, target), source.endpoint, twins)
    return chosen, errors


def _is_everything(address: Address) -> bool:
    """Say whether an address asks for whatever /proc shows, of which nothing is an answer too."""
    return address.scheme in KERNEL and address.name == "*"


def _matching(address: Address, source: Opened, found: Sequence[Target]) -> Iterator[Target]:
    several = [target for target in found if address.matches(target)]
    if several:
        yield from several
    elif (located := source.locate(address.name)) is not None:
        yield located


class _Twin(NamedTuple):
    endpoint: str
    found: Found


Twins = dict[tuple[str, str], _Twin]
"""What managers list, by the scheme of /proc that lists it as well, and its handle."""


def _by_handle(
    opened: Sequence[tuple[Address, Opened]], lists: dict[int, Sequence[Target]]
) -> Twins:
    """Return the containers and domains that managers list, by their ids and who lists them."""
    return {
        (scheme, target.handle): _Twin(source.endpoint, Found(address, source.probe, target))
        for scheme, managers in _KNOW_MORE.items()
        for address, source in opened
        if address.scheme in managers
        for target in lists.get(id(source), ())
    }


def _choose(chosen: Chosen, found: Found, endpoint: str, twins: Twins) -> None:
    """Add a target, or to the engine's target of the same container what else it is called."""
    target = found.target
    twin = twins.get((found.address.scheme, target.handle))
    if twin is None or not _is_of_it(found.address.scheme, twin.found.target):
        chosen.setdefault((endpoint, target.handle), found)
        return
    place = (twin.endpoint, target.handle)
    known = chosen.get(place, twin.found._replace(address=found.address))
    aliases = tuple(dict.fromkeys((*known.target.aliases, *target.aliases)))
    chosen[place] = known._replace(target=replace(known.target, aliases=aliases))


def _is_of_it(scheme: str, known: Target) -> bool:
    """Say whether the processes are those of what a manager lists.

    A container's id is in the kernel's own words. A UUID is on a command line, as anyone may
    write it: it counts if libvirt's domain is proven to run here.
    """
    if known.state in _WITHOUT_PROCESSES:
        return False
    return scheme == PROC or known.host is not None


def no_match(address: Address, found: Sequence[Target]) -> RunError:
    """Return the error of a name that is not among what was found, with the closest that is."""
    from difflib import get_close_matches

    names = [target.name for target in found]
    close = get_close_matches(address.name, names, n=1)
    if close:
        hint = f"Did you mean {address.scheme}:{close[0]}?"
    elif names:
        hint = f"There are: {listed(names)}"
    else:
        kind = Kind.VM if address.scheme in {"libvirt", VMM} else Kind.CONTAINER
        hint = f"{address.scheme} has no {kind.value} here."
    return RunError(address.text, "list", f"{address.scheme} knows no {address.name!r}", hint)
