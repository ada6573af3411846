"""Judges what is to be advised on: every target at an address, and what it was judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from isoaudit.assess import Assessor, load_assessor
from isoaudit.audit.common import Collected, Limits
from isoaudit.audit.crossing import Reach, extended, further, reach_of
from isoaudit.audit.files import file_units, read_unit
from isoaudit.audit.judging import Around, assessed, context_of
from isoaudit.bundle import Bundle, Evidence
from isoaudit.model import RunError, TargetResult
from isoaudit.rules.context import Context
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.audit.placing import Ground


class Judged(NamedTuple):
    """A target with what its boundary comes to, and what it was judged by.

    `evidence` and `around` are what `context` was made of. `assessor` assesses it changed: it
    follows the ways through others that were judged with it, as they are.
    """

    result: TargetResult
    context: Context
    evidence: Evidence
    around: Around
    assessor: Assessor


def judged_at(
    addresses: Sequence[Address],
    limits: Limits,
    stdin: bytes | None = None,
    ground: Ground | None = None,
) -> Iterator[Judged | RunError]:
    """Yield every target at some addresses that has a boundary, and what could not be read.

    Ways that run through others of them are among its ways. No check is run. Raises UsageError for
    a named file that is not there.
    """
    known: dict[str, Reach] = {}
    judged: list[Judged] = []
    for one in _each(addresses, limits, stdin, ground):
        if isinstance(one, RunError):
            yield one
            continue
        judged.append(one)
        reach = reach_of(one.result)
        if reach is not None:
            known.update(dict.fromkeys(reach.ids, reach))
    assessor = load_assessor().through(partial(further, known))
    for one in judged:
        yield one._replace(result=extended(one.result, known), assessor=assessor)


def _each(
    addresses: Sequence[Address], limits: Limits, stdin: bytes | None, ground: Ground | None
) -> Iterator[Judged | RunError]:
    units, errors = file_units([one for one in addresses if one.is_file], stdin)
    yield from errors
    for unit in units:
        for entry in read_unit(unit):
            if isinstance(entry, Bundle):
                around = Around(entry.host, entry.engines, ground=ground)
                yield from entry.errors
                yield from (one for e in entry.targets for one in _judged(e, around))
            else:
                yield from _judged(entry, Around(ground=ground))
    live = _live([one for one in addresses if not one.is_file], limits)
    around = Around(live.host, live.engines)
    for found in live.targets:
        yield from _judged(found, around)


def _judged(entry: Evidence | RunError, around: Around) -> Iterator[Judged | RunError]:
    if isinstance(entry, RunError):
        yield entry
        return
    context = context_of(entry, around)
    result = TargetResult(context.target, context.own, (), entry.said)
    assessor = load_assessor()
    result = assessed(result, context, assessor)
    if result.assessment is not None:
        yield Judged(result, context, entry, around, assessor)


def _live(addresses: Sequence[Address], limits: Limits) -> Collected:
    if not addresses:
        return Collected(None, iter(()), {})
    # Threads and engines take time to import, which advice on files should not pay.
    from isoaudit.audit.live import collect_live

    return collect_live(addresses, limits)
