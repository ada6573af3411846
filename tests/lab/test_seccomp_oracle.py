"""The kernel itself answers what filters do with calls, and isoaudit says the same.

No call is made (tests/lab/oracle/oracle.c). Needs gcc and root, and no engine.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import oracle
from support.oracle import ALLOWED, ASKED, EXEMPT, REFUSED, Asked
from support.processes import LabError

from isoaudit.seccomp import actions, bpf
from isoaudit.seccomp.abi import I386, X32, X86_64, Abi
from isoaudit.seccomp.actions import Effect, effect_of
from isoaudit.seccomp.bpf import Instruction, Program
from isoaudit.seccomp.verdict import Kind, evaluate, verdict_of
from isoaudit.seccomp.words import solve

RECORDED = Path(__file__).parents[1] / "recordings" / "seccomp" / "docker-20.10.24.json"
NUMBERS = 600
"""Numbers that are asked about: all that x86 has, and some that it has not."""

_ERRNO = {Effect.ALLOW: ALLOWED, Effect.DENY: REFUSED, Effect.ASKED: ASKED}
_CALM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the oracle, and see that this kernel answers it."""
    try:
        program = oracle.build(tmp_path_factory.mktemp("oracle"))
        oracle.ask(program, [], [Asked(False, 39), Asked(True, 20)])
    except LabError as why:
        if os.environ.get("ISOAUDIT_LAB") == "1":
            pytest.fail(f"the lab is not whole: {why}", pytrace=False)
        pytest.skip(str(why))
    return program


def _recorded(container: str) -> list[Program]:
    loaded = json.loads(RECORDED.read_text())[container]["filters"]
    return [bpf.decode(bytes.fromhex(one)) for one in loaded]


def _calls(abi: Abi) -> list[Asked]:
    numbers = range(NUMBERS) if abi is I386 else [n for n in range(NUMBERS) if n not in EXEMPT]
    return [Asked(abi is I386, number | abi.bit) for number in numbers]


def _said(programs: list[Program], abi: Abi, asked: Asked) -> int:
    return _ERRNO[effect_of(evaluate(programs, abi, asked.number, asked.args))]


def test_the_oracle_makes_no_call(kernel: Path) -> None:
    """Without a filter every call is allowed and skipped: even exit and kill come back."""
    calls = [Asked(False, n) for n in (60, 231, 62, 57, 59, 169)]
    assert [ALLOWED] * len(calls) == oracle.ask(kernel, [], calls)


def test_the_oracle_tells_refused_from_allowed(kernel: Path) -> None:
    """A filter that refuses ends every call in the errno put in its place."""
    refusing = oracle.harmless((Instruction(bpf.RET_K, 0, 0, actions.KILL_PROCESS),))
    assert [REFUSED] == oracle.ask(kernel, [refusing], [Asked(False, 39)])


@pytest.mark.parametrize("container", ["default", "sys-admin", "no-capabilities"])
@pytest.mark.parametrize("abi", [X86_64, I386, X32], ids=lambda abi: abi.name)
def test_docker_filters_call_by_call(kernel: Path, container: str, abi: Abi) -> None:
    """For every number of an interface the kernel says what running the filter says."""
    programs, calls = _recorded(container), _calls(abi)
    answers = oracle.ask(kernel, [oracle.harmless(one) for one in programs], calls)
    assert [_said(programs, abi, asked) for asked in calls] == answers


@pytest.mark.parametrize("container", ["default", "sys-admin"])
@pytest.mark.parametrize("abi", [X86_64, I386], ids=lambda abi: abi.name)
def test_verdicts_hold_in_the_kernel(kernel: Path, container: str, abi: Abi) -> None:
    """Each call by name: allowed and refused ones are, and those by argument follow conditions."""
    programs = _recorded(container)
    asked: list[Asked] = []
    expected: list[int] = []
    for name, number in abi.calls.items():
        if abi is X86_64 and number in EXEMPT:
            continue
        verdict = verdict_of(programs, abi, number)
        assert verdict.kind is not Kind.UNKNOWN, name
        for ways, errno in ((verdict.allowed, ALLOWED), (verdict.denied, REFUSED)):
            for way in ways:
                words = solve(way)
                assert isinstance(words, tuple)
                args = tuple(words[4 + 2 * i] | words[5 + 2 * i] << 32 for i in range(6))
                asked.append(Asked(abi is I386, number, args))
                expected.append(errno)
    harmless = [oracle.harmless(one) for one in programs]
    assert expected == oracle.ask(kernel, harmless, asked)


def test_the_upper_half_reaches_the_filter_on_i386_too(kernel: Path) -> None:
    """A 64-bit program may set it before int 0x80: it is no more zero there than natively."""
    program = (
        Instruction(bpf.LD_ABS, 0, 0, 20), Instruction(bpf.JEQ, 1, 0, 0),
        Instruction(bpf.RET_K, 0, 0, actions.ERRNO), Instruction(bpf.RET_K, 0, 0, actions.ALLOW),
    )  # fmt: skip
    upper = (1 << 40, 0, 0, 0, 0, 0)
    calls = [Asked(True, 20), Asked(True, 20, upper), Asked(False, 39, upper)]
    assert [ALLOWED, REFUSED, REFUSED] == oracle.ask(kernel, [oracle.harmless(program)], calls)


def test_a_higher_bit_slips_past_a_refused_family(kernel: Path) -> None:
    """`family != 40` in 64 bits lets 40 with a higher bit set pass."""
    program = (
        Instruction(bpf.LD_ABS, 0, 0, 20), Instruction(bpf.JEQ, 0, 3, 0),
        Instruction(bpf.LD_ABS, 0, 0, 16), Instruction(bpf.JEQ, 0, 1, 40),
        Instruction(bpf.RET_K, 0, 0, actions.ERRNO), Instruction(bpf.RET_K, 0, 0, actions.ALLOW),
    )  # fmt: skip
    families = (40, 1 << 32 | 40)
    calls = [Asked(False, 41, (family, 1, 0, 0, 0, 0)) for family in families]
    assert [REFUSED, ALLOWED] == oracle.ask(kernel, [oracle.harmless(program)], calls)


_ANSWERS = st.sampled_from([actions.ALLOW, actions.ERRNO | 1, actions.LOG, actions.TRACE,
                            actions.TRAP, actions.KILL_PROCESS, actions.USER_NOTIF])  # fmt: skip
_ARGS = st.tuples(*[st.one_of(st.integers(0, 9), st.integers(0, (1 << 64) - 1))] * 5)


@st.composite
def _programs(draw: st.DrawFn) -> Program:
    """Draw a program of loads, arithmetic and tests, written from its returns backwards."""
    code = [Instruction(bpf.RET_K, 0, 0, draw(_ANSWERS)) for _ in range(3)]
    numbers = st.one_of(st.integers(0, 9), st.integers(0, 0xFFFFFFFF))
    for _ in range(draw(st.integers(1, 6))):
        test = draw(st.sampled_from(sorted(bpf.TESTS)))
        yes, no = draw(st.permutations(range(len(code))))[:2]
        code.insert(0, Instruction(test, yes, no, draw(numbers)))
        for _ in range(draw(st.integers(0, 2))):
            kind = draw(st.sampled_from(sorted(bpf.ARITHMETIC)))
            shift = kind in {bpf.LSH, bpf.RSH}
            k = draw(st.integers(0, 31)) if shift else draw(numbers) or 1
            code.insert(0, Instruction(kind, 0, 0, k))
        if draw(st.integers(0, 4)) == 0:
            code.insert(0, Instruction(bpf.NEG, 0, 0, 0))
        code.insert(0, Instruction(bpf.LD_ABS, 0, 0, draw(st.sampled_from(range(16, 56, 4)))))
    program = tuple(code)
    bpf.check(program)
    return program


@_CALM
@given(st.lists(_programs(), min_size=1, max_size=3), st.lists(_ARGS, min_size=1, max_size=20))
def test_random_filters_do_what_running_them_says(
    kernel: Path, programs: list[Program], arguments: list[tuple[int, ...]]
) -> None:
    """Stacked filters made up at random, and arguments too: the kernel agrees in every call.

    Compared is what the rewritten filters say, for of two errnos the newest filter's counts.
    """
    calls = [Asked(False, 39, (*args, 0)) for args in arguments]
    harmless = [oracle.harmless(one) for one in programs]
    values = [evaluate(harmless, X86_64, asked.number, asked.args) for asked in calls]
    expected = [ALLOWED if v == actions.ALLOW else v & 0xFFFF for v in values]
    assert expected == oracle.ask(kernel, harmless, calls)
