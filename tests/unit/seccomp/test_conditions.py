"""When a call passes, in words."""

from __future__ import annotations

import pytest
from filters_made import ALLOW, ERRNO, high, jump, load, loaded, low, made, op, ret

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import I386, X86_64
from isoaudit.seccomp.bpf import Instruction
from isoaudit.seccomp.conditions import describe
from isoaudit.seccomp.profile import read_profile
from isoaudit.seccomp.resolve import Container, Resolved
from isoaudit.seccomp.verdict import verdict_of


def _told(*code: Instruction, call: str = "socket", width: int = 64) -> str:
    return describe(call, verdict_of((made(*code),), X86_64, 41), width)


def _by_rules(*args: tuple[str, int, int], call: str = "socket") -> str:
    rules = [
        {"names": [call], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "op": f"SCMP_CMP_{o}", "value": v, "valueTwo": w}]}
        for o, v, w in args
    ]  # fmt: skip
    profile = read_profile({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": rules})
    verdict = Resolved(profile, Container(frozenset(), X86_64)).ask(X86_64, call)
    assert verdict is not None
    return describe(call, verdict)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("EQ", 0x0, 0), ("EQ", 8, 0)], "domain in {0, 0x8}"),
        ([("NE", 40, 0)], "domain != 0x28"),
        ([("LT", 38, 0), ("EQ", 39, 0), ("GT", 40, 0)], "domain not in {0x26, 0x28}"),
        ([("MASKED_EQ", 0x7E020000, 0)], "domain & 0x7e020000 == 0"),
        ([("GT", 40, 0)], "domain > 0x28"),
        ([("GE", 40, 0)], "domain >= 0x28"),
        ([("EQ", 1 << 32 | 5, 0)], "domain == 0x100000005"),
    ],
)
def test_rules_are_told_as_they_were_written(
    rules: list[tuple[str, int, int]], expected: str
) -> None:
    """A 64-bit comparison, which the filter makes in two steps, is one condition again."""
    assert expected == _by_rules(*rules)


def test_default_filter_of_docker() -> None:
    """The two calls of docker's default that depend on arguments are told as its profile has it."""
    told = {
        call: describe(call, verdict_of(loaded("default"), X86_64, X86_64.calls[call]))
        for call in ("clone", "personality", "read", "mount")
    }
    assert {
        "clone": "flags & 0x7e020000 == 0",
        "personality": "persona in {0, 0x8, 0x20000, 0x20008, 0xffffffff}",
        "read": "",
        "mount": "",
    } == told


def test_arguments_of_32_bits_are_told_without_a_mask() -> None:
    """On a 32-bit interface the lower half is the whole argument."""
    code = (load(low(0)), jump(bpf.JEQ, 3, 0, 1), ret(ALLOW), ret(ERRNO))
    told = _told(*code, width=I386.width), _told(*code)
    assert ("domain == 0x3", "domain & 0xffffffff == 0x3") == told


def test_several_arguments_are_told_together() -> None:
    """Conditions that must all hold are joined, alternatives set apart."""
    code = (
        load(low(0)), jump(bpf.JEQ, 3, 0, 3), load(low(2)), jump(bpf.JEQ, 9, 0, 3),
        ret(ALLOW), jump(bpf.JEQ, 5, 0, 1), ret(ALLOW), ret(ERRNO),
    )  # fmt: skip
    told = _told(*code, width=32).split(" or ")
    assert ["domain == 0x3 and protocol == 0x9", "domain == 0x5"] == sorted(told)


def test_the_upper_half_alone_is_told() -> None:
    """A filter that looks at the upper half only is told so."""
    code = (load(high(1)), jump(bpf.JEQ, 0, 0, 1), ret(ALLOW), ret(ERRNO))
    assert "type >> 32 == 0" == _told(*code)


def test_an_unnamed_argument_has_its_number() -> None:
    """Arguments of calls without known names are counted from 0."""
    code = (load(low(3)), op(bpf.AND, 2), jump(bpf.JEQ, 2, 0, 1), ret(ALLOW), ret(ERRNO))
    assert "arg3 & 0x2 == 0x2" == _told(*code, call="splice")


def test_many_alternatives_are_cut_short() -> None:
    """A text stays readable, and says how much it leaves out."""
    code = []
    for value in range(12):
        code += [
            load(low(0)), jump(bpf.JEQ, value, 0, 3),
            load(low(1)), jump(bpf.JEQ, value, 0, 1), ret(ALLOW),
        ]  # fmt: skip
    assert "or 4 more ways" in _told(*code, ret(ERRNO))
