"""Classic BPF programs as seccomp takes them: decoding, the kernel's checks, and running one.

Sources: the kernel's net/core/filter.c (bpf_check_classic, check_load_and_stores,
bpf_convert_filter), kernel/seccomp.c (seccomp_check_filter), seccomp(2).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.errors import IsoauditError

MAX_LENGTH = 4096
"""Most instructions of one program (BPF_MAXINSNS)."""

DATA_SIZE = 64
"""Size of struct seccomp_data: nr, arch, instruction_pointer, args[6]."""

WORD = 0xFFFFFFFF
_SCRATCH = 16

LD_ABS, LD_LEN, LDX_LEN = 0x20, 0x80, 0x81
LD_IMM, LDX_IMM, LD_MEM, LDX_MEM = 0x00, 0x01, 0x60, 0x61
ST, STX, TAX, TXA = 0x02, 0x03, 0x07, 0x87
RET_K, RET_A = 0x06, 0x16
JA, JEQ, JGT, JGE, JSET = 0x05, 0x15, 0x25, 0x35, 0x45
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, XOR = (
    0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x84, 0xA4,
)  # fmt: skip
BY_X = 0x08
"""Set in an arithmetic or jump opcode whose second operand is X instead of the constant."""

TESTS = frozenset({JEQ, JGT, JGE, JSET})
ARITHMETIC = frozenset({ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, XOR})
_PLAIN = frozenset(
    {LD_ABS, LD_LEN, LDX_LEN, LD_IMM, LDX_IMM, LD_MEM, LDX_MEM, ST, STX, TAX, TXA,
     RET_K, RET_A, JA, NEG}
)  # fmt: skip
_ALLOWED = _PLAIN | {op | x for op in TESTS | ARITHMETIC for x in (0, BY_X)}


class FilterError(IsoauditError):
    """A program that no kernel would have loaded: it was read wrongly, or is none."""


class Instruction(NamedTuple):
    """One instruction: what to do, where to go on if a test holds or not, and a constant."""

    code: int
    jt: int
    jf: int
    k: int


Program = tuple[Instruction, ...]


class Call(NamedTuple):
    """What a filter sees of a system call: number, AUDIT_ARCH value and six arguments."""

    nr: int
    arch: int
    args: tuple[int, ...] = (0, 0, 0, 0, 0, 0)
    pointer: int = 0

    def words(self) -> tuple[int, ...]:
        """Return struct seccomp_data as sixteen 32-bit words, little-endian."""
        halves: list[int] = [self.nr & WORD, self.arch & WORD]
        for value in (self.pointer, *self.args):
            halves += (value & WORD, value >> 32 & WORD)
        return tuple(halves)


def decode(raw: bytes) -> Program:
    """Return the program that little-endian `struct sock_filter`s hold; raises FilterError."""
    if len(raw) % 8:
        raise FilterError(f"{len(raw)} bytes are no whole number of BPF instructions")
    program = tuple(Instruction(*fields) for fields in struct.iter_unpack("<HBBI", raw))
    check(program)
    return program


def encode(program: Sequence[Instruction]) -> bytes:
    """Return a program as little-endian `struct sock_filter`s."""
    return b"".join(struct.pack("<HBBI", *one) for one in program)


def check(program: Program) -> None:
    """Raise FilterError for what the kernel refuses to load.

    Jumps go forward only and stay within, so that a checked program always ends.
    """
    if not 0 < len(program) <= MAX_LENGTH:
        raise FilterError(f"a filter has 1 to {MAX_LENGTH} instructions, not {len(program)}")
    for place, one in enumerate(program):
        _check_one(program, place, one)
    if program[-1].code not in {RET_K, RET_A}:
        raise FilterError("a filter must end in a return")
    _check_scratch(program)


def _check_one(program: Program, place: int, one: Instruction) -> None:
    code, left = one.code, len(program) - place - 1
    if code not in _ALLOWED:
        raise FilterError(f"instruction {place}: code {code:#x} is not for seccomp")
    if code == LD_ABS and (one.k % 4 or one.k >= DATA_SIZE):
        raise FilterError(f"instruction {place}: no word of seccomp_data at {one.k}")
    if code == DIV and one.k == 0:
        raise FilterError(f"instruction {place}: division by zero")
    if code in {LSH, RSH} and one.k >= 32:
        raise FilterError(f"instruction {place}: shift by {one.k}")
    if code in {LD_MEM, LDX_MEM, ST, STX} and one.k >= _SCRATCH:
        raise FilterError(f"instruction {place}: no scratch word {one.k}")
    if code == JA and one.k >= left:
        raise FilterError(f"instruction {place}: jump beyond the end")
    if code & ~BY_X in TESTS and max(one.jt, one.jf) >= left:
        raise FilterError(f"instruction {place}: jump beyond the end")


def _check_scratch(program: Program) -> None:
    """Refuse a scratch word that is read without being written first on every way there."""
    everything = (1 << _SCRATCH) - 1
    written = [everything] * len(program)
    known = 0
    for place, one in enumerate(program):
        known &= written[place]
        if one.code in {ST, STX}:
            known |= 1 << one.k
        elif one.code in {LD_MEM, LDX_MEM} and not known >> one.k & 1:
            raise FilterError(f"instruction {place}: scratch word {one.k} was never written")
        elif one.code == JA:
            written[place + 1 + one.k] &= known
            known = everything
        elif one.code & ~BY_X in TESTS:
            written[place + 1 + one.jt] &= known
            written[place + 1 + one.jf] &= known
            known = everything


def compute(code: int, a: int, b: int) -> int | None:
    """Return what an arithmetic instruction leaves in A; None where it ends the program.

    Division by a zero in X returns 0 from the whole filter, which kills the thread. A shift by X
    takes its lowest five bits, as the kernel's machine code does.
    """
    if code == DIV:
        return a // b if b else None
    results = {
        ADD: a + b,
        SUB: a - b,
        MUL: a * b,
        OR: a | b,
        AND: a & b,
        XOR: a ^ b,
        LSH: a << (b & 31),
        RSH: a >> (b & 31),
    }
    return results[code] & WORD


def holds(code: int, a: int, b: int) -> bool:
    """Say whether a test holds for two numbers."""
    if code == JEQ:
        return a == b
    if code == JSET:
        return bool(a & b)
    return a > b if code == JGT else a >= b


def run(program: Program, call: Call) -> int:
    """Return what a checked program returns for a call."""
    words = call.words()
    a = x = place = 0
    memory = [0] * _SCRATCH
    while True:
        code, jt, jf, k = program[place]
        place += 1
        plain = code & ~BY_X
        if plain in TESTS:
            place += jt if holds(plain, a, x if code & BY_X else k) else jf
        elif code == LD_ABS:
            a = words[k >> 2]
        elif code in {RET_K, RET_A}:
            return k if code == RET_K else a
        elif code == JA:
            place += k
        elif plain in ARITHMETIC:
            result = compute(plain, a, x if code & BY_X else k)
            if result is None:
                return 0
            a = result
        elif code == NEG:
            a = -a & WORD
        elif code in {ST, STX}:
            memory[k] = a if code == ST else x
        elif code in {TAX, TXA}:
            a, x = (a, a) if code == TAX else (x, x)
        else:
            value = DATA_SIZE if code in {LD_LEN, LDX_LEN} else k
            value = memory[k] if code in {LD_MEM, LDX_MEM} else value
            a, x = (a, value) if code in {LDX_LEN, LDX_IMM, LDX_MEM} else (value, x)
