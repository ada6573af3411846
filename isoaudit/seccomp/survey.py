"""Everything that facts say of loaded filters, worked out once for equal filters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from isoaudit.seccomp.abi import Interfaces
from isoaudit.seccomp.actions import word_of
from isoaudit.seccomp.bpf import Program
from isoaudit.seccomp.conditions import describe
from isoaudit.seccomp.surfaces import ORDINARY, SURFACES, Reach, asking, foreign_calls, reach
from isoaudit.seccomp.verdict import Kind, calls_of, evaluate

_NO_CALL = 100_000
"""A number that no interface gives to a call: what becomes of it is the filter's default."""


class Survey(NamedTuple):
    """What filters do on one machine.

    `allowed` names the native calls that pass whatever their arguments, `by_argument` those that
    depend on them with the condition, `undecided` those whose verdict is not known. `foreign` are
    the calls that another interface lets through and the native one refuses; `foreign_known` is
    false if there may be more.
    """

    reach: Mapping[str, Reach]
    allowed: tuple[str, ...]
    by_argument: tuple[str, ...]
    undecided: tuple[str, ...]
    foreign: tuple[str, ...]
    foreign_known: bool
    default_action: str

    def surfaces(self) -> dict[str, bool | None]:
        """Return whether each surface is open, those of ordinary programs included."""
        return {name: one.reachable for name, one in self.reach.items()}

    def only_foreign(self) -> tuple[str, ...]:
        """Return the surfaces that are closed natively and open on another interface."""
        names = (surface.name for surface in SURFACES)
        return tuple(n for n in names if self.reach[n].reachable and self.reach[n].native is False)


@lru_cache(maxsize=64)
def survey(programs: tuple[Program, ...], machine: Interfaces) -> Survey:
    """Return what stacked filters, the newest first, do on a machine; without any, all passes."""
    ask = asking(programs)
    found = reach(ask, machine, (*SURFACES, *ORDINARY))
    native = machine.native
    calls = calls_of(programs, native)
    foreign, known = foreign_calls(ask, machine, found)
    return Survey(
        found,
        tuple(sorted(name for name, one in calls.items() if one.kind is Kind.ALLOW)),
        tuple(
            f"{name}: {describe(name, one, native.width)}"
            for name, one in sorted(calls.items())
            if one.kind is Kind.BY_ARGUMENT
        ),
        tuple(sorted(name for name, one in calls.items() if one.kind is Kind.UNKNOWN)),
        tuple(foreign),
        known,
        word_of(evaluate(programs, native, _NO_CALL)),
    )
