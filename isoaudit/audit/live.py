"""Collects from what runs: engines, hypervisors and this host, side by side and under deadlines."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from isoaudit.audit.common import Collected, Limits, run_error
from isoaudit.audit.finding import Found, Sources, find_all, no_match
from isoaudit.audit.guests import Whole, collect_one, with_identities
from isoaudit.audit.workers import Task, side_by_side
from isoaudit.bundle import Evidence
from isoaudit.model import (
    FactSet,
    Missing,
    Part,
    Reason,
    Record,
    RunError,
    Target,
    Vantage,
)
from isoaudit.probes.table import Effort, Opened, open_live
from isoaudit.targets.address import ENGINES, PROC, SSH, VMM, Address
from isoaudit.targets.discover import local_engines, local_libvirt

_OF_ENGINES = frozenset({"connect", "engine"})
"""Stages of a run whose errors hide what an engine would have said of itself."""

_GUESTS_AT_A_TIME = 16
"""How many guests are asked at the same time, whose work is done elsewhere than here."""

LOCAL = "local"
"""What probes write for the host of a target that is proven to run on this machine."""


def collect_live(addresses: Sequence[Address], limits: Limits) -> Collected:
    """Collect every live target of `addresses`; the host is read even where it is no target."""
    host_task = Task(lambda: _collect_host(limits))
    wanted = [address for address in addresses if address.scheme != "host"]
    named = [address for address in addresses if address.scheme == "host"]
    # The engines are part of a host, and know more of a sandbox that /proc shows, whether or not
    # their containers were asked for.
    known_more = named or any(address.scheme == PROC for address in wanted)
    beside = [a for a in local_engines() if a not in wanted] if known_more else []
    if any(address.scheme == VMM and address.asked for address in wanted):
        beside += [a for a in local_libvirt() if a not in wanted]
    opened, errors = _open_all([*wanted, *beside], limits)
    engines, silent = _ask_engines(opened, limits)
    errors += silent
    here = dict.fromkeys(s.endpoint for _, s in opened if s.local)  # each once, however named
    local = [engines[endpoint] for endpoint in here if endpoint in engines]
    host = _host(host_task, named, limits, errors)
    ours: list[Evidence] = []
    if host is not None:
        host = _with_engines(host, local, errors)
        ours = [host] if any(address.matches(host.target) for address in named) else []
    sources = Sources(
        [(address, source) for address, source in opened if address in wanted],
        [(address, source) for address, source in opened if address in beside],
    )
    targets = _collect_all(sources, limits, host.target.id if host else None)
    closing = _closing([source for _, source in opened], targets)
    return Collected(host, itertools.chain(errors, ours, closing), engines)


def _host(
    task: Task[Evidence], named: Sequence[Address], limits: Limits, errors: list[RunError]
) -> Evidence | None:
    """Return this host's evidence, adding to `errors` why there is none, or who it is not."""
    try:
        host = task.result(limits.timeout)
    except Exception as error:
        asked = any(address.asked for address in named)
        errors.append(run_error(Address("host", "host", asked=asked), "host", error))
        return None
    errors += [no_match(a, [host.target]) for a in named if not a.matches(host.target)]
    return host


def _closing(
    sources: Sequence[Opened], targets: Iterator[Evidence | RunError]
) -> Iterator[Evidence | RunError]:
    """Yield the targets, then hang up on their sources."""
    yield from targets
    for source in sources:
        source.close()


def _open_all(
    addresses: Sequence[Address], limits: Limits
) -> tuple[list[tuple[Address, Opened]], list[RunError]]:
    """Connect to every endpoint once, all at the same time."""
    endpoints = dict.fromkeys((address.scheme, address.uri) for address in addresses)
    tasks = {endpoint: Task(_opener(*endpoint, limits.effort)) for endpoint in endpoints}
    opened: list[tuple[Address, Opened]] = []
    errors: list[RunError] = []
    for address in addresses:
        try:
            source = tasks[address.scheme, address.uri].result(limits.timeout)
        except Exception as error:
            errors.append(run_error(address, "connect", error))
        else:
            opened.append((address, source))
    return opened, errors


def _ask_engines(
    opened: Sequence[tuple[Address, Opened]], limits: Limits
) -> tuple[dict[str, Record], list[RunError]]:
    """Ask every engine about itself."""
    asked: dict[str, tuple[Address, Task[Record]]] = {}
    for address, source in opened:
        if source.engine_record is not None and source.endpoint not in asked:
            asked[source.endpoint] = (address, Task(source.engine_record))
    engines: dict[str, Record] = {}
    errors: list[RunError] = []
    for endpoint, (address, task) in asked.items():
        try:
            engines[endpoint] = task.result(limits.timeout)
        except Exception as error:
            errors.append(run_error(address, "engine", error))
    return engines, errors


def _with_engines(host: Evidence, engines: list[Record], errors: list[RunError]) -> Evidence:
    """Return the host with the engines that answered and those that files tell of.

    Incomplete if one did not answer.
    """
    silent = next(
        (e for e in errors if e.stage in _OF_ENGINES and e.target.startswith(ENGINES)), None
    )
    dark = None
    if silent is not None:
        words = f"{silent.target}: {silent.message}"
        dark = Missing("engine", Reason.UNREACHABLE, words, silent.how_to_get)
    known_by_files = host.facts.parts.get("engine", ())
    records = [*engines, *(record for part in known_by_files for record in part.records)]
    dark = dark or next((part.incomplete for part in known_by_files if part.incomplete), None)
    part = Part("engine", Vantage.ENGINE, tuple(records), dark)
    others = {name: several for name, several in host.facts.parts.items() if name != "engine"}
    facts = replace(host.facts, parts=others)
    return replace(host, facts=facts.merge(FactSet.of(parts=[part])))


def _opener(scheme: str, uri: str, effort: Effort) -> Callable[[], Opened]:
    return lambda: open_live(scheme, uri, effort)


def _collect_host(limits: Limits) -> Evidence:
    probe = open_live("host", "", limits.effort).probe
    target = probe.find()[0]
    return Evidence(replace(target, host=target.id), probe.collect(target))


def _collect_all(
    sources: Sources, limits: Limits, host: str | None
) -> Iterator[Evidence | RunError]:
    """Collect each target that was found at an address once."""
    chosen, errors = find_all(sources, limits)
    yield from errors
    entries = sorted(chosen.values(), key=lambda entry: entry[2].id)
    collect = partial(collect_one, limits=limits)
    guests = [entry for entry in entries if entry.address.scheme == SSH]
    others = [entry for entry in entries if entry.address.scheme != SSH]
    # With one job nothing is to be done at the same time; else guests are waited for together.
    many = limits.jobs if limits.jobs == 1 else max(limits.jobs, _GUESTS_AT_A_TIME)
    work = itertools.chain(
        side_by_side(collect, others, jobs=limits.jobs),
        side_by_side(collect, guests, jobs=many),
    )
    yield from with_identities(_placed_as_they_come(work, limits, host))


def _placed_as_they_come(
    work: Iterator[tuple[Found, Task[Whole]]], limits: Limits, host: str | None
) -> Iterator[Evidence | RunError]:
    """Yield each target that was read, with the host it runs on, and what was not read."""
    for (address, _, target), task in work:
        try:
            whole = task.result(limits.timeout)
        except Exception as error:
            yield replace(run_error(address, "collect", error), target=target.id)
            continue
        yield Evidence(_placed(target, whole.facts, host), whole.facts)
        if whole.error is not None:
            yield whole.error


def _placed(target: Target, facts: FactSet, host: str | None) -> Target:
    """Return the target with the id of the host it is proven to run on."""
    proven = target.host == LOCAL or _seen_by_kernel(facts)
    return replace(target, host=host if proven else None)


def _seen_by_kernel(facts: FactSet) -> bool:
    """Say whether this machine's kernel showed a process of the target."""
    return any(
        part.vantage is Vantage.KERNEL and part.records for part in facts.parts.get("process", ())
    )
