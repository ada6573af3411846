"""What a filter leaves within reach, on any interface the kernel runs."""

from __future__ import annotations

import pytest
from filters_made import ALLOW, BOTH, ERRNO, always, jump, load, loaded, low, made, op, ret

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import I386, X32, X86_64, Interfaces
from isoaudit.seccomp.actions import USER_NOTIF
from isoaudit.seccomp.bpf import Program
from isoaudit.seccomp.profile import read_profile
from isoaudit.seccomp.resolve import Container, Resolved
from isoaudit.seccomp.surfaces import BY_NAME, SURFACES, asking, foreign_calls, reach
from isoaudit.seccomp.survey import survey

NATIVE = Interfaces(X86_64, ((I386, False), (X32, False)))


def _open(programs: tuple[Program, ...], machine: Interfaces = BOTH) -> set[str]:
    found = reach(asking(programs), machine)
    return {name for name, one in found.items() if one.reachable}


def _refusing(call: str, *, allow: int = ALLOW) -> Program:
    """Return a filter that refuses one native call and answers `allow` to all else."""
    return made(load(0), jump(bpf.JEQ, X86_64.calls[call], 0, 1), ret(ERRNO), ret(allow))


def _by_family(*rules: tuple[str, int], machine: Interfaces) -> dict[str, bool | None]:
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        "syscalls": [
            {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
             "args": [{"index": 0, "op": op_, "value": value}]}
            for op_, value in rules
        ],
    }  # fmt: skip
    resolved = Resolved(read_profile(profile), Container(frozenset(), machine.native))
    wanted = [BY_NAME["af_alg"], BY_NAME["af_vsock"]]
    return {n: one.reachable for n, one in reach(resolved.ask, machine, wanted).items()}


def test_without_a_filter_everything_is_open() -> None:
    """All surfaces are within reach of a process without a filter."""
    assert {s.name for s in SURFACES} == _open(())


def test_a_filter_that_refuses_all_closes_all() -> None:
    """Nothing is within reach if no call passes."""
    assert set() == _open((always(ERRNO),))


def test_docker_default_of_20_10() -> None:
    """Docker 20.10 leaves io_uring, both socket families and ptrace open, and nothing else."""
    assert {"io_uring", "af_alg", "af_vsock", "ptrace"} == _open(loaded("default"))


def test_one_capability_opens_much() -> None:
    """CAP_SYS_ADMIN opens what the profile ties to it."""
    gained = _open(loaded("sys-admin")) - _open(loaded("default"))
    assert {"user_namespace", "bpf", "perf", "mount", "setns", "quota", "syslog"} == gained


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("SCMP_CMP_NE", 40)], (True, True)),
        ([("SCMP_CMP_LT", 38), ("SCMP_CMP_EQ", 39), ("SCMP_CMP_GT", 40)], (True, True)),
        ([("SCMP_CMP_LT", 13), ("SCMP_CMP_EQ", 16)], (False, False)),
        ([("SCMP_CMP_EQ", 38)], (True, False)),
    ],
)
def test_a_family_refused_by_64_bits_is_reached_by_a_higher_bit(
    rules: list[tuple[str, int]], expected: tuple[bool, bool]
) -> None:
    """The kernel takes 32 bits of the family: only a list of allowed ones holds natively."""
    found = _by_family(*rules, machine=NATIVE)
    assert expected == (found["af_alg"], found["af_vsock"])


def test_socketcall_reaches_every_family() -> None:
    """A rule of socket lets 32-bit programs make any socket by the multiplexer."""
    found = _by_family(("SCMP_CMP_EQ", 1), machine=BOTH)
    assert {"af_alg": True, "af_vsock": True} == found


def test_an_interface_that_may_be_there_leaves_it_open() -> None:
    """If it is not known whether 32-bit programs run, what only they reach is not known either."""
    perhaps = Interfaces(X86_64, ((I386, None), (X32, False)))
    assert {"af_alg": None, "af_vsock": None} == _by_family(("SCMP_CMP_EQ", 1), machine=perhaps)


def test_a_call_that_a_supervisor_decides_is_not_known() -> None:
    """What USER_NOTIF comes to is not for the filter to say."""
    found = reach(asking((_refusing("mount", allow=USER_NOTIF),)), NATIVE)
    assert (None, None) == (found["mount"].reachable, found["bpf"].reachable)


@pytest.mark.parametrize(
    ("mask", "expected"), [(0x10000000, False), (0x20000000, True), (0x7E020000, False)]
)
def test_clone_is_judged_by_its_flags(mask: int, expected: bool) -> None:
    """A filter that refuses CLONE_NEWUSER closes user namespaces, one of other flags does not."""
    numbers = [X86_64.calls[c] for c in ("unshare", "clone3", "clone")]
    program = made(
        load(0),
        jump(bpf.JEQ, numbers[0], 6, 0), jump(bpf.JEQ, numbers[1], 5, 0),
        jump(bpf.JEQ, numbers[2], 0, 3),
        load(low(0)), op(bpf.AND, mask), jump(bpf.JEQ, 0, 0, 1),
        ret(ALLOW), ret(ERRNO),
    )  # fmt: skip
    assert expected is reach(asking((program,)), NATIVE)["user_namespace"].reachable


def test_unshare_takes_no_higher_bits() -> None:
    """unshare refuses unknown flags, so that a filter of its exact value closes it."""
    program = made(
        load(0), jump(bpf.JEQ, X86_64.calls["unshare"], 0, 4),
        load(low(0) + 4), jump(bpf.JEQ, 0, 1, 0), ret(ALLOW), ret(ERRNO), ret(ERRNO),
    )  # fmt: skip
    assert reach(asking((program,)), NATIVE)["user_namespace"].reachable is False


def test_a_filter_by_native_numbers_is_got_around() -> None:
    """A filter that does not look at the interface takes i386's mount for another call."""
    ask = asking((_refusing("mount"),))
    calls, known = foreign_calls(ask, BOTH, reach(ask, BOTH))
    assert ("i386:mount" in calls, known) == (True, True)


def test_docker_default_is_not_got_around() -> None:
    """What docker's default refuses natively it refuses on i386 too."""
    ask = asking(loaded("default"))
    assert ([], True) == foreign_calls(ask, BOTH, reach(ask, BOTH))


def test_socketcall_is_told_where_families_are_refused() -> None:
    """A call without a native twin is named if it opens what is closed natively."""
    profile = read_profile(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "architectures": ["SCMP_ARCH_X86"],
            "syscalls": [
                {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
                 "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 1}]},
            ],
        }
    )  # fmt: skip
    resolved = Resolved(profile, Container(frozenset(), X86_64))
    found = reach(resolved.ask, BOTH)
    assert ["i386:socketcall"] == foreign_calls(resolved.ask, BOTH, found)[0]


def test_foreign_calls_are_not_all_known_without_knowing_the_interfaces() -> None:
    """If i386 may be there, the list may not be all."""
    ask = asking((_refusing("mount"),))
    perhaps = Interfaces(X86_64, ((I386, None),))
    assert ([], False) == foreign_calls(ask, perhaps, reach(ask, perhaps))


def test_survey_of_docker_default() -> None:
    """290 calls pass, two by argument, and what is not named ends in an error."""
    found = survey(loaded("default"), BOTH)
    assert (290, 2, (), (), "errno") == (
        len(found.allowed), len(found.by_argument), found.undecided, found.foreign,
        found.default_action,
    )  # fmt: skip
