"""Filters made for one test, filters as containers have them, and filters made up at random."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from isoaudit.seccomp import actions, bpf
from isoaudit.seccomp.abi import I386, X32, X86_64, Interfaces
from isoaudit.seccomp.bpf import Instruction, Program

RECORDED = Path(__file__).parents[2] / "recordings" / "seccomp" / "docker-20.10.24.json"
ALLOW, ERRNO = actions.ALLOW, actions.ERRNO
NR, ARCH = 0, 4
BOTH = Interfaces(X86_64, ((I386, True), (X32, False)))
"""A usual x86-64 machine: it runs 32-bit programs, and none of x32."""


def low(index: int) -> int:
    """Return where the lower half of an argument lies in struct seccomp_data."""
    return 16 + 8 * index


def high(index: int) -> int:
    """Return where the upper half of an argument lies in struct seccomp_data."""
    return 20 + 8 * index


def load(offset: int) -> Instruction:
    return Instruction(bpf.LD_ABS, 0, 0, offset)


def jump(code: int, k: int, yes: int, no: int) -> Instruction:
    return Instruction(code, yes, no, k)


def ret(value: int) -> Instruction:
    return Instruction(bpf.RET_K, 0, 0, value)


def op(code: int, k: int = 0) -> Instruction:
    return Instruction(code, 0, 0, k)


def made(*instructions: Instruction) -> Program:
    """Return a program after the kernel's checks."""
    program = tuple(instructions)
    bpf.check(program)
    return program


def always(value: int) -> Program:
    """Return the filter that answers the same to every call."""
    return made(ret(value))


@cache
def recorded() -> dict[str, Any]:
    """Return the filters and profiles of docker 20.10.24's containers."""
    loaded: dict[str, Any] = json.loads(RECORDED.read_text())
    return loaded


def loaded(container: str) -> tuple[Program, ...]:
    """Return the filters of a recorded container: default, sys-admin or no-capabilities."""
    return tuple(bpf.decode(bytes.fromhex(one)) for one in recorded()[container]["filters"])


_CONSTANTS = st.one_of(
    st.integers(0, 64),
    st.sampled_from([0xFF, 0x8000_0000, 0xFFFF_FFFF, 0x7E02_0000, 0x1000_0000, 0x4000_0000]),
    st.integers(0, 0xFFFF_FFFF),
)
_ANSWERS = st.sampled_from(
    [
        *[actions.ALLOW] * 5, *[actions.ERRNO | 1] * 4, actions.ERRNO | 38, actions.LOG,
        actions.TRACE, actions.USER_NOTIF, actions.TRAP, actions.KILL_THREAD,
        actions.KILL_PROCESS, 0x12340000,
    ]
)  # fmt: skip
_WORDS = st.sampled_from([low(0), low(0), high(0), low(1), high(1), low(2), NR, ARCH])
_BITS = st.sampled_from([bpf.AND, bpf.OR, bpf.XOR])
_SUMS = st.sampled_from([bpf.ADD, bpf.SUB, bpf.MUL])


def _straight(*, computing: bool) -> st.SearchStrategy[Instruction]:
    kinds = [
        st.builds(load, _WORDS),
        st.builds(op, _BITS, _CONSTANTS),
        st.builds(op, st.sampled_from([bpf.LSH, bpf.RSH]), st.integers(0, 31)),
        st.builds(op, st.sampled_from([bpf.ST, bpf.STX]), st.integers(0, 2)),
        st.builds(op, st.sampled_from([bpf.LD_MEM, bpf.LDX_MEM]), st.integers(0, 2)),
        st.sampled_from([op(bpf.TAX), op(bpf.TXA), op(bpf.LD_LEN), op(bpf.LDX_LEN)]),
        st.builds(op, st.sampled_from([bpf.LD_IMM, bpf.LDX_IMM]), _CONSTANTS),
    ]
    if computing:
        kinds += [
            st.builds(op, _SUMS, _CONSTANTS),
            st.builds(op, st.just(bpf.DIV), st.integers(1, 9)),
            st.builds(op, st.sampled_from([c | bpf.BY_X for c in bpf.ARITHMETIC])),
            st.just(op(bpf.NEG)),
        ]
    return st.one_of(kinds)


@st.composite
def programs(draw: st.DrawFn, *, computing: bool = True, constant: bool = False) -> Program:
    """Draw a program that the kernel would load; `constant` ones return constants only.

    Written from its end, so that every jump has somewhere to go: returns first, then before them
    tests of words that were just loaded, and single instructions in between.
    """
    code = draw(st.lists(st.builds(ret, _ANSWERS), min_size=2, max_size=4))
    if not constant and draw(st.integers(0, 5)) == 0:
        code.append(op(bpf.RET_A))
    straight = _straight(computing=computing)
    tests = st.sampled_from(sorted(bpf.TESTS))
    for _ in range(draw(st.integers(1, 6))):
        skips = st.permutations(range(min(len(code), 12)))
        if draw(st.integers(0, 3)) == 0:
            code.insert(0, draw(straight))
            continue
        by_x = bpf.BY_X if draw(st.integers(0, 9)) == 0 else 0
        yes, no, *_ = draw(skips)  # different ones: a test that changes nothing tests nothing
        code.insert(0, jump(draw(tests) | by_x, draw(_CONSTANTS), yes, no))
        if draw(st.booleans()):
            code.insert(0, op(draw(_BITS), draw(_CONSTANTS)))
        code.insert(0, load(draw(_WORDS)))
    return made(op(bpf.ST, 0), op(bpf.ST, 1), op(bpf.ST, 2), *code)


arguments = st.tuples(*[st.one_of(
    st.integers(0, 64),
    st.sampled_from([0x1_0000_0028, 0x1000_0000, 0xFFFF_FFFF, 1 << 63, (1 << 64) - 1]),
    st.integers(0, (1 << 64) - 1),
)] * 6)  # fmt: skip
