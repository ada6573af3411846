"""Runs a filter with unknown arguments: every way through it, with the conditions of each.

A way is exact while every test on it is a comparison that `words` can decide; it is loose after a
test of something else (a sum, a product, one argument against another), for then it may not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isoaudit.seccomp import bpf
from isoaudit.seccomp.actions import ALLOW, Effect, effect_of, rank
from isoaudit.seccomp.bpf import Instruction, Program
from isoaudit.seccomp.words import Bits, Condition, solve

MOST_WAYS = 128
"""Most ways that are followed through the filters of one system call."""

MOST_WORK = 10_000_000
"""Most work spent on all calls of one set of filters together: some seconds. One instruction is one
unit. Filters are a container's own to load, and may be written to be tiresome; docker's takes a
fiftieth of it."""

_FORK = 50  # units of work that a test of an unknown value costs
_COMPARISON = 4  # units of work that comparing one bit of a condition costs

Known = tuple[int | None, ...]
"""The sixteen words of struct seccomp_data, None for those that are not known."""


class Way(NamedTuple):
    """One way through all filters: what they answer together, and for which arguments."""

    answer: int | None
    conditions: tuple[Condition, ...]
    exact: bool

    @property
    def effect(self) -> Effect | None:
        """What becomes of the call; None if the answer itself is computed from arguments."""
        return None if self.answer is None else effect_of(self.answer)


class Ways(NamedTuple):
    """The ways through the filters; not `complete` if there were too many to follow."""

    ways: tuple[Way, ...]
    complete: bool


Unknown = Bits | None
_Value = int | Bits | None


class _Tired(Exception):
    """There are too many ways, or they are too long."""


class Budget:
    """What may be spent on following filters, shared by the calls that are asked about together."""

    def __init__(self, work: int = MOST_WORK) -> None:
        self._left = work

    def spend(self, work: int) -> None:
        """Take some work off; raises _Tired if there is none left."""
        self._left -= work
        if self._left < 0:
            raise _Tired


class _State(NamedTuple):
    place: int
    a: _Value
    x: _Value
    memory: tuple[_Value, ...]
    conditions: tuple[Condition, ...]
    exact: bool


def explore(
    programs: Sequence[Program],
    known: Known,
    given: Sequence[Condition] = (),
    budget: Budget | None = None,
) -> Ways:
    """Return every way of calls whose words are `known` and satisfy what is `given`.

    `programs` are the stacked filters, the newest first; without any, the call is allowed.
    """
    budget = budget or Budget()
    ways: list[Way] = []
    try:
        for way in _through(programs, known, Way(ALLOW, tuple(given), exact=True), budget):
            if len(ways) == MOST_WAYS:
                return Ways(tuple(ways), complete=False)
            ways.append(way)
    except _Tired:
        return Ways(tuple(ways), complete=False)
    return Ways(tuple(ways), complete=True)


def _through(
    programs: Sequence[Program], known: Known, so_far: Way, budget: Budget
) -> Iterator[Way]:
    """Yield the ways through the rest of the filters; a call that is refused stays so."""
    if not programs or so_far.effect is Effect.DENY:
        yield so_far
        return
    for way in _one(programs[0], known, so_far, budget):
        yield from _through(programs[1:], known, _stricter(so_far, way), budget)


def _stricter(before: Way, now: Way) -> Way:
    """Return the way with the answer that counts; a refusal outweighs an unknown answer."""
    if now.answer is None or before.answer is None:
        refused = now.effect is Effect.DENY or before.effect is Effect.DENY
        return now if refused and now.answer is not None else now._replace(answer=None)
    return now if rank(now.answer) < rank(before.answer) else now._replace(answer=before.answer)


def _one(program: Program, known: Known, so_far: Way, budget: Budget) -> Iterator[Way]:
    """Yield the ways through one filter."""
    start = _State(0, 0, 0, (0,) * 16, so_far.conditions, so_far.exact)
    todo = [start]
    while todo:
        state = todo.pop()
        reached = _run(program, known, state, budget)
        if isinstance(reached, Way):
            yield reached
        else:
            todo += reached


def _run(program: Program, known: Known, state: _State, budget: Budget) -> Way | list[_State]:
    """Follow a way up to its answer or to the first test whose outcome is not known."""
    place, a, x, memory, conditions, exact = state
    steps = 0
    while True:
        one = program[place]
        code, _, _, k = one
        place += 1
        steps += 1
        plain = code & ~bpf.BY_X
        if plain in bpf.TESTS:
            b = x if code & bpf.BY_X else k
            if isinstance(a, int) and isinstance(b, int):
                place += one.jt if bpf.holds(plain, a, b) else one.jf
                continue
            budget.spend(steps + _FORK + len(conditions))
            return _fork(one, _State(place, a, x, memory, conditions, exact), b, budget)
        if code in {bpf.RET_K, bpf.RET_A}:
            budget.spend(steps)
            answer = k if code == bpf.RET_K else a
            return Way(answer if isinstance(answer, int) else None, conditions, exact)
        if code == bpf.JA:
            place += k
        elif plain in bpf.ARITHMETIC or code == bpf.NEG:
            result = _compute(plain, a, x if code & bpf.BY_X else k)
            if result == _ENDS:
                budget.spend(steps)
                return Way(0, conditions, exact)
            if plain == bpf.DIV and not isinstance(x, int) and code & bpf.BY_X:
                # An unknown divisor may be zero, which ends the program, or not.
                budget.spend(steps)
                return Way(None, conditions, exact=False)
            a = result
        elif code in {bpf.ST, bpf.STX}:
            memory = (*memory[:k], a if code == bpf.ST else x, *memory[k + 1 :])
        else:
            a, x = _load(one, known, (a, x), memory)


_ENDS = -1


def _compute(code: int, a: _Value, b: _Value) -> _Value:
    """Return what an arithmetic instruction leaves in A; _ENDS if it ends the program."""
    if code == bpf.NEG:
        return -a & bpf.WORD if isinstance(a, int) else None
    if not isinstance(b, int):
        # Some results do not depend on the unknown: AND with 0, and the like, are not looked for.
        return (
            b.then(code, a)
            if isinstance(b, Bits) and isinstance(a, int) and (code in {bpf.AND, bpf.OR, bpf.XOR})
            else None
        )
    if isinstance(a, int):
        result = bpf.compute(code, a, b)
        return _ENDS if result is None else result
    if code == bpf.DIV and b == 0:
        return _ENDS
    return a.then(code, b) if isinstance(a, Bits) else None


def _load(
    one: Instruction, known: Known, registers: tuple[_Value, _Value], memory: tuple[_Value, ...]
) -> tuple[_Value, _Value]:
    """Return A and X after an instruction that only moves values."""
    a, x = registers
    code, _, _, k = one
    if code == bpf.LD_ABS:
        word = known[k >> 2]
        return (Bits(k >> 2) if word is None else word), x
    if code == bpf.TAX:
        return a, a
    if code == bpf.TXA:
        return x, x
    value: _Value = k
    if code in {bpf.LD_LEN, bpf.LDX_LEN}:
        value = bpf.DATA_SIZE
    elif code in {bpf.LD_MEM, bpf.LDX_MEM}:
        value = memory[k]
    return (a, value) if code in {bpf.LDX_LEN, bpf.LDX_IMM, bpf.LDX_MEM} else (value, x)


def _fork(one: Instruction, state: _State, b: _Value, budget: Budget) -> list[_State]:
    """Return where a test of an unknown value leads: one way or both, each with its condition."""
    test = _test(one.code & ~bpf.BY_X, state.a, b)
    yes, no = state.place + one.jt, state.place + one.jf
    if isinstance(test, bool):
        return [state._replace(place=yes if test else no)]
    if yes == no:
        return [state._replace(place=yes)]
    if test is None:
        return [state._replace(place=place, exact=False) for place in (no, yes)]
    ways = ((no, test.negated()), (yes, test))
    return [way for place, also in ways if (way := _onward(state, place, also, budget)) is not None]


def _test(code: int, a: _Value, b: _Value) -> Condition | bool | None:
    if isinstance(a, Bits) and isinstance(b, int):
        return a.test(code, b)
    if isinstance(b, Bits) and isinstance(a, int) and code in {bpf.JEQ, bpf.JSET}:
        return b.test(code, a)
    return None


def _onward(state: _State, place: int, also: Condition, budget: Budget) -> _State | None:
    """Return the state after a test with one more condition, None if nothing satisfies them all."""
    conditions = (*state.conditions, also)
    about = [one for one in conditions if one.word == also.word]
    possible = solve(about, lambda made: budget.spend(_COMPARISON * made))
    if possible is False:
        return None
    exact = state.exact and possible is not None
    return state._replace(place=place, conditions=conditions, exact=exact)
