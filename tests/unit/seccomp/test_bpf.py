"""Classic BPF as the kernel loads and runs it."""

from __future__ import annotations

import pytest
from filters_made import (
    ALLOW,
    ERRNO,
    always,
    arguments,
    high,
    jump,
    load,
    low,
    made,
    op,
    programs,
    ret,
)
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import X86_64
from isoaudit.seccomp.bpf import Call, FilterError, Instruction


def _answer(*code: Instruction, args: tuple[int, ...] = (0,) * 6) -> int:
    return bpf.run(made(*code), Call(1, X86_64.audit, args))


def test_a_program_survives_encoding() -> None:
    """What is encoded is decoded to the same instructions."""
    program = made(load(0), jump(bpf.JEQ, 7, 0, 1), ret(ALLOW), ret(ERRNO | 1))
    assert program == bpf.decode(bpf.encode(program))


def test_an_argument_is_seen_in_two_halves() -> None:
    """The lower half of an argument lies before the upper one."""
    args = (0x1122334455667788, 0, 0, 0, 0, 0)
    halves = [_answer(load(at), op(bpf.RET_A), args=args) for at in (low(0), high(0))]
    assert [0x55667788, 0x11223344] == halves


@pytest.mark.parametrize(
    ("code", "k", "expected"),
    [
        (bpf.ADD, 5, 12), (bpf.SUB, 9, 0xFFFFFFFE), (bpf.MUL, 3, 21), (bpf.DIV, 2, 3),
        (bpf.AND, 3, 3), (bpf.OR, 8, 15), (bpf.XOR, 5, 2), (bpf.LSH, 30, 0xC0000000),
        (bpf.RSH, 1, 3),
    ],
)  # fmt: skip
def test_arithmetic_is_of_32_bits(code: int, k: int, expected: int) -> None:
    """Results wrap around, and the second operand may come from X."""
    by_constant = _answer(op(bpf.LD_IMM, 7), op(code, k), op(bpf.RET_A))
    by_x = _answer(op(bpf.LD_IMM, 7), op(bpf.LDX_IMM, k), op(code | bpf.BY_X), op(bpf.RET_A))
    assert (expected, expected) == (by_constant, by_x)


def test_division_by_zero_kills_the_thread() -> None:
    """A zero in X ends the program with 0, whatever it would return."""
    assert 0 == _answer(op(bpf.LDX_IMM, 0), op(bpf.DIV | bpf.BY_X), ret(ALLOW))


def test_negation_wraps_around() -> None:
    """The negative of 1 is the largest number."""
    assert 0xFFFFFFFF == _answer(op(bpf.LD_IMM, 1), op(bpf.NEG), op(bpf.RET_A))


def test_length_is_that_of_the_data() -> None:
    """The packet length of other BPF is the size of struct seccomp_data here."""
    assert 64 == _answer(op(bpf.LD_LEN), op(bpf.RET_A))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ((), "1 to 4096"),
        ((ret(ALLOW),) * 4097, "1 to 4096"),
        ((load(0),), "end in a return"),
        ((load(2), ret(0)), "no word"),
        ((load(64), ret(0)), "no word"),
        ((op(0x28), ret(0)), "not for seccomp"),
        ((op(0x94, 3), ret(0)), "not for seccomp"),
        ((op(bpf.DIV, 0), ret(0)), "division by zero"),
        ((op(bpf.LSH, 32), ret(0)), "shift by 32"),
        ((op(bpf.ST, 16), ret(0)), "no scratch word"),
        ((op(bpf.LD_MEM, 3), ret(0)), "never written"),
        ((op(bpf.JA, 1), ret(0)), "beyond the end"),
        ((jump(bpf.JEQ, 0, 0, 1), ret(0)), "beyond the end"),
        ((jump(bpf.JEQ, 0, 0, 1), op(bpf.ST, 3), op(bpf.LD_MEM, 3), ret(0)), "never written"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_kernel_refuses_is_refused(code: tuple[Instruction, ...], words: str) -> None:
    """A program that could not have been loaded was read wrongly."""
    with pytest.raises(FilterError, match=words):
        bpf.check(code)


def test_half_an_instruction_is_refused() -> None:
    """Bytes that are no whole number of instructions are no program."""
    with pytest.raises(FilterError):
        bpf.decode(bpf.encode(always(ALLOW)) + b"\0")


@given(st.binary(max_size=400))
def test_bytes_from_strangers_do_no_harm(raw: bytes) -> None:
    """Any bytes are a program that ends, or a FilterError."""
    try:
        program = bpf.decode(raw)
    except FilterError:
        return
    assert 0 <= bpf.run(program, Call(1, X86_64.audit)) <= bpf.WORD


@given(programs(), arguments)
def test_every_program_ends(program: bpf.Program, args: tuple[int, ...]) -> None:
    """A checked program returns a 32-bit number for every call."""
    assert 0 <= bpf.run(program, Call(1, X86_64.audit, args)) <= bpf.WORD
