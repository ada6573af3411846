"""Collects from what runs: engines, hypervisors and this host, side by side and under deadlines."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from isoaudit.audit.common import Collected, Limits, listed, run_error
from isoaudit.audit.workers import Task, side_by_side
from isoaudit.bundle import Evidence
from isoaudit.model import (
    FactSet,
    Kind,
    Missing,
    Part,
    Reason,
    Record,
    RunError,
    Target,
    Vantage,
)
from isoaudit.probes.base import Probe
from isoaudit.probes.table import Opened, open_live
from isoaudit.targets.address import Address

LOCAL = "local"
"""What probes write for the host of a target that is proven to run on this machine."""


def collect_live(addresses: Sequence[Address], limits: Limits) -> Collected:
    """Collect every live target of `addresses`; the host is read even where it is no target."""
    host_task = Task(lambda: _collect_host(limits.timeout))
    opened, errors = _open_all([a for a in addresses if a.scheme != "host"], limits)
    engines, engine_errors = _ask_engines(opened, limits)
    errors += engine_errors
    host: Evidence | None = None
    try:
        host = host_task.result(limits.timeout)
    except Exception as error:
        asked = any(address.scheme == "host" and address.asked for address in addresses)
        errors.append(run_error(Address("host", "host", asked=asked), "host", error))
    ours: list[Evidence] = []
    if host is not None:
        local = [engines[s.endpoint] for _, s in opened if s.local and s.endpoint in engines]
        host = _with_engines(host, local, errors)
        named = [address for address in addresses if address.scheme == "host"]
        ours = [host] if any(address.matches(host.target) for address in named) else []
        errors += [_no_match(a, [host.target]) for a in named if not a.matches(host.target)]
    targets = _collect_all(opened, limits, host.target.id if host else None)
    return Collected(host, itertools.chain(errors, ours, targets), engines)


def _open_all(
    addresses: Sequence[Address], limits: Limits
) -> tuple[list[tuple[Address, Opened]], list[RunError]]:
    """Connect to every endpoint once, all at the same time."""
    endpoints = dict.fromkeys((address.scheme, address.uri) for address in addresses)
    tasks = {endpoint: Task(_opener(*endpoint, limits.timeout)) for endpoint in endpoints}
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
    engines: dict[str, Record] = {}
    errors: list[RunError] = []
    for address, source in opened:
        if source.engine_record is None or source.endpoint in engines:
            continue
        try:
            engines[source.endpoint] = Task(source.engine_record).result(limits.timeout)
        except Exception as error:
            errors.append(run_error(address, "engine", error))
    return engines, errors


def _with_engines(host: Evidence, engines: list[Record], errors: list[RunError]) -> Evidence:
    """Return the host with the engines that answered; incomplete if one did not."""
    silent = next((e for e in errors if e.stage in {"connect", "engine"}), None)
    dark = None
    if silent is not None:
        words = f"{silent.target}: {silent.message}"
        dark = Missing("engine", Reason.UNREACHABLE, words, silent.how_to_get)
    part = Part("engine", Vantage.ENGINE, tuple(engines), dark)
    return replace(host, facts=host.facts.merge(FactSet.of(parts=[part])))


def _opener(scheme: str, uri: str, timeout: float) -> Callable[[], Opened]:
    return lambda: open_live(scheme, uri, timeout)


def _collect_host(timeout: float) -> Evidence:
    probe = open_live("host", "", timeout).probe
    target = probe.find()[0]
    return Evidence(replace(target, host=target.id), probe.collect(target))


def _collect_all(
    opened: Sequence[tuple[Address, Opened]], limits: Limits, host: str | None
) -> Iterator[Evidence | RunError]:
    """Find the targets at every address and collect each of them once."""
    chosen: dict[tuple[str, str], tuple[Address, Probe, Target]] = {}
    for address, source in opened:
        try:
            found = Task(source.probe.find).result(limits.timeout)
        except Exception as error:
            yield run_error(address, "list", error)
            continue
        matching = [target for target in found if address.matches(target)]
        if not matching and address.asked:
            yield _no_match(address, found)
        for target in matching:
            chosen.setdefault((source.endpoint, target.handle), (address, source.probe, target))
    entries = sorted(chosen.values(), key=lambda entry: entry[2].id)
    work = side_by_side(lambda entry: entry[1].collect(entry[2]), entries, jobs=limits.jobs)
    for (address, _, target), task in work:
        try:
            facts = task.result(limits.timeout)
        except Exception as error:
            yield replace(run_error(address, "collect", error), target=target.id)
            continue
        yield Evidence(_placed(target, facts, host), facts)


def _placed(target: Target, facts: FactSet, host: str | None) -> Target:
    """Return the target with the id of the host it is proven to run on."""
    proven = target.host == LOCAL or _seen_by_kernel(facts)
    return replace(target, host=host if proven else None)


def _seen_by_kernel(facts: FactSet) -> bool:
    """Say whether this machine's kernel showed a process of the target."""
    return any(
        part.vantage is Vantage.KERNEL and part.records for part in facts.parts.get("process", ())
    )


def _no_match(address: Address, found: Sequence[Target]) -> RunError:
    from difflib import get_close_matches

    names = [target.name for target in found]
    close = get_close_matches(address.name, names, n=1)
    if close:
        hint = f"Did you mean {address.scheme}:{close[0]}?"
    elif names:
        hint = f"There are: {listed(names)}"
    else:
        kind = Kind.VM if address.scheme == "libvirt" else Kind.CONTAINER
        hint = f"{address.scheme} has no {kind.value} here."
    return RunError(address.text, "list", f"{address.scheme} knows no {address.name!r}", hint)
