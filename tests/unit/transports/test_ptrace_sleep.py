"""A process whose filters are read sleeps on, also if its filter refuses restart_syscall."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isoaudit.probes.kernel.restarting import may_restart
from isoaudit.seccomp import bpf
from isoaudit.seccomp.bpf import Instruction
from isoaudit.transports import Unreadable
from isoaudit.transports.ptrace import PtraceFilters

_RESTART_SYSCALL = 219
TIGHT = bpf.encode(
    [
        Instruction(0x20, 0, 0, 0),
        Instruction(0x15, 0, 1, _RESTART_SYSCALL),
        Instruction(0x06, 0, 0, 0x00050001),
        Instruction(0x06, 0, 0, 0x7FFF0000),
    ]
)
OPEN = bpf.encode([Instruction(0x06, 0, 0, 0x7FFF0000)])

_PROGRAM = """
import ctypes, os, sys
raw = bytes.fromhex(sys.argv[1])
kept = ctypes.create_string_buffer(raw)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(raw) // 8, ctypes.addressof(kept))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
libc.prctl(22, 2, ctypes.byref(program), 0, 0)
os.execvp("sleep", ["sleep", sys.argv[2]])
"""


@pytest.fixture(params=[TIGHT, OPEN], ids=["tight", "open"])
def sleeper(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that sleeps under a filter, and end it."""
    if platform.machine() != "x86_64":
        pytest.skip("the numbers are those of x86-64")
    words = [sys.executable, "-c", _PROGRAM, request.param.hex(), "1.5"]
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while Path(f"/proc/{child.pid}/comm").read_text() != "sleep\n":
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.1)
        yield child
    finally:
        child.kill()
        child.wait()


def test_sleep_goes_on(sleeper: subprocess.Popen[bytes]) -> None:
    """It ends by itself and without an error: reading filters breaks nothing."""
    start = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[19]
    try:
        PtraceFilters(may_restart).read(sleeper.pid, start)
    except Unreadable as why:
        pytest.skip(f"filters cannot be read here: {why}")
    assert 0 == sleeper.wait(timeout=10)


def test_filters_that_refuse_it_are_told() -> None:
    """Of several filters the strictest counts; what is not understood refuses."""
    assert [True, False, False, False] == [
        may_restart((OPEN,), False),
        may_restart((TIGHT,), False),
        may_restart((OPEN, TIGHT), False),
        may_restart((b"\xff" * 8,), False),
    ]
