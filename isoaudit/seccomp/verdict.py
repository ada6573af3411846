"""What filters do with one system call, and with all of an interface."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import Abi
from isoaudit.seccomp.actions import Effect, strictest
from isoaudit.seccomp.bpf import Call, Program
from isoaudit.seccomp.symbolic import Budget, Way, Ways, explore
from isoaudit.seccomp.words import Condition, Relation, solve

POINTER = 2
"""Index of the instruction pointer's lower word in struct seccomp_data."""

FIRST_ARGUMENT = 4
"""Index of the first argument's lower word; the upper one follows, then the next argument."""


_MOST_PAIRS = 4_096  # ways of two verdicts that are held against each other


class Kind(StrEnum):
    """What a filter does with a call."""

    ALLOW = "allow"
    DENY = "deny"
    BY_ARGUMENT = "by_argument"
    UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """What becomes of one call.

    `reachable` is true if some arguments certainly pass, false if none do, None if that is not
    known. `allowed` and `denied` are the conditions of the ways that certainly exist. `why` says
    what an unknown verdict hangs on.
    """

    kind: Kind
    reachable: bool | None
    allowed: tuple[tuple[Condition, ...], ...] = ()
    denied: tuple[tuple[Condition, ...], ...] = ()
    why: str = ""


Calls = Mapping[str, Verdict]
"""The verdicts of all calls of one interface by their names: of a filter, or of a profile."""


def evaluate(programs: Sequence[Program], abi: Abi, nr: int, args: Sequence[int] = ()) -> int:
    """Return what stacked filters, the newest first, return together for one call.

    `nr` as the process would give it, the x32 bit included; missing arguments are 0.
    """
    full = (*args, *[0] * (6 - len(args)))
    call = Call(nr, abi.audit, full)
    return strictest([bpf.run(program, call) for program in programs])


def verdict_of(
    programs: Sequence[Program],
    abi: Abi,
    nr: int,
    given: Sequence[Condition] = (),
    budget: Budget | None = None,
) -> Verdict:
    """Return what filters do with a call; of its arguments only what is `given` is known.

    `budget` is what may be spent on it, shared by several calls.
    """
    known: list[int | None] = [None] * (bpf.DATA_SIZE // 4)
    known[0], known[1] = nr & bpf.WORD, abi.audit
    return judge(explore(programs, tuple(known), given, budget))


def argument(index: int, relation: Relation, value: int, mask: int = bpf.WORD) -> Condition:
    """Return a condition on the lower half of an argument, which is all of an `int`."""
    return Condition(FIRST_ARGUMENT + 2 * index, mask, relation, value)


def upper(index: int, relation: Relation, value: int) -> Condition:
    """Return a condition on the upper half of an argument."""
    return Condition(FIRST_ARGUMENT + 2 * index + 1, bpf.WORD, relation, value)


def judge(found: Ways) -> Verdict:
    """Return the verdict that ways through filters amount to, never one by guess."""
    ways = {effect: [w for w in found.ways if w.effect is effect] for effect in (*Effect, None)}
    allowed, denied = _exact(ways[Effect.ALLOW]), _exact(ways[Effect.DENY])
    others = bool(ways[Effect.ASKED] or ways[None])
    passes = bool(ways[Effect.ALLOW]) or others
    reachable: bool | None = True if allowed else None
    if found.complete and not passes:
        return Verdict(Kind.DENY, reachable=False, denied=denied)
    if not found.complete:
        why = "there are too many ways through the filter"
    elif ways[Effect.ASKED]:
        why = "a supervisor or tracer decides"
    elif not ways[Effect.DENY] and not others:
        return Verdict(Kind.ALLOW, reachable=True, allowed=allowed)
    elif not others and all(way.exact for way in found.ways):
        return Verdict(Kind.BY_ARGUMENT, reachable=True, allowed=allowed, denied=denied)
    else:
        why = "the filter computes with arguments in a way that is not followed"
    return Verdict(Kind.UNKNOWN, reachable, allowed, denied, why)


def _exact(ways: Iterable[Way]) -> tuple[tuple[Condition, ...], ...]:
    return tuple(way.conditions for way in ways if way.exact)


@lru_cache(maxsize=64)
def calls_of(programs: tuple[Program, ...], abi: Abi) -> Calls:
    """Return the verdicts of every call of an interface; equal filters are evaluated once."""
    budget = Budget()
    return {
        name: verdict_of(programs, abi, number | abi.bit, (), budget)
        for name, number in abi.calls.items()
    }


def compare(one: Calls, other: Calls) -> Iterator[tuple[str, Verdict, Verdict]]:
    """Yield the calls that two filters or profiles treat differently, with both verdicts.

    Calls that depend on arguments differ if some arguments are treated differently, or may be.
    """
    for name in sorted(set(one) & set(other)):
        if not _same(one[name], other[name]):
            yield name, one[name], other[name]


def _same(one: Verdict, other: Verdict) -> bool:
    if one.kind is not other.kind or one.kind is Kind.UNKNOWN:
        return one.kind is other.kind and one == other
    if one.kind is not Kind.BY_ARGUMENT:
        return True
    return _apart(one.allowed, other.denied) and _apart(one.denied, other.allowed)


def _apart(some: Iterable[tuple[Condition, ...]], others: Iterable[tuple[Condition, ...]]) -> bool:
    """Say whether certainly no arguments satisfy a way of both sides."""
    some, others = tuple(some), tuple(others)
    if len(some) * len(others) > _MOST_PAIRS:
        return False
    return all(solve((*way, *also)) is False for way in some for also in others)
