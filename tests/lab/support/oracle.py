"""The kernel's own word on a seccomp filter: what it answers to a call, and no call is made.

See tests/lab/oracle/oracle.c for how that is done.
"""

from __future__ import annotations

import platform
import shutil
import struct
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from support.processes import LabError

from isoaudit.seccomp import actions, bpf
from isoaudit.seccomp.bpf import Instruction, Program

SOURCE = Path(__file__).parents[1] / "oracle" / "oracle.c"
REFUSED = 4000
"""Errno in place of every action that refuses a call; the kernel passes on up to 4095."""

ASKED = 4001
"""Errno in place of USER_NOTIF and TRACE."""

ALLOWED = 38
"""ENOSYS: what a call ends in that the filters allow."""

EXEMPT = frozenset({335, 336})
"""uretprobe and uprobe of x86-64, which newer kernels let past every filter."""

_MAGIC = 0x5CA1AB1E
_SECCOMP = 317
_BEFORE = (
    Instruction(bpf.LD_ABS, 0, 0, 0),
    Instruction(bpf.JEQ, 0, 3, _SECCOMP),
    Instruction(bpf.LD_ABS, 0, 0, 56),
    Instruction(bpf.JEQ, 0, 1, _MAGIC),
    Instruction(bpf.RET_K, 0, 0, actions.ALLOW),
    Instruction(bpf.LD_IMM, 0, 0, 0),
)


class Asked(NamedTuple):
    """One call to ask about; `compat` is by int 0x80."""

    compat: bool
    number: int
    args: tuple[int, ...] = (0, 0, 0, 0, 0, 0)


def build(folder: Path) -> Path:
    """Compile the oracle; LabError where that is not possible."""
    if platform.machine() != "x86_64":
        raise LabError("the oracle speaks x86-64")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise LabError("not installed: gcc")
    program = folder / "oracle"
    done = subprocess.run(
        [compiler, "-O1", "-Wall", "-o", program, SOURCE], capture_output=True, check=False
    )
    if done.returncode:
        raise LabError(f"the oracle does not compile: {done.stderr.decode()[-400:]}")
    return program


def harmless(program: Program) -> Program:
    """Return a program whose answers are ALLOW or an errno of its own, so that nothing is killed.

    Only programs that return constants can be rewritten.
    """
    assert not any(one.code == bpf.RET_A for one in program)
    return tuple(
        one._replace(k=_answer(one.k)) if one.code == bpf.RET_K else one for one in program
    )


def _answer(value: int) -> int:
    effect = actions.effect_of(value)
    if effect is actions.Effect.ALLOW:
        return actions.ALLOW
    number = REFUSED if effect is actions.Effect.DENY else ASKED
    return actions.ERRNO | number


def ask(oracle: Path, programs: Sequence[Program], calls: Iterable[Asked]) -> list[int]:
    """Return the errno that each call ends in under stacked filters, the newest first."""
    asked = list(calls)
    parts = [struct.pack("<I", len(programs))]
    for program in reversed(programs):
        whole = (*_BEFORE, *program)
        parts += (struct.pack("<I", len(whole)), bpf.encode(whole))
    parts.append(struct.pack("<I", len(asked)))
    parts += (struct.pack("<II7Q", one.compat, 0, one.number, *one.args) for one in asked)
    done = subprocess.run(
        [oracle], input=b"".join(parts), capture_output=True, check=False, timeout=60
    )
    if done.returncode:
        raise LabError(f"the oracle ended with {done.returncode}")
    return [-value for (value,) in struct.iter_unpack("<q", done.stdout)]
