"""A profile comes to what runc and libseccomp make of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import libseccomp_oracle as libseccomp
import pytest
from filters_made import loaded, recorded
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from isoaudit.seccomp.abi import ARM, I386, X32, X86_64, Abi
from isoaudit.seccomp.profile import ProfileError, read_profile
from isoaudit.seccomp.resolve import Container, Resolved
from isoaudit.seccomp.surfaces import asking
from isoaudit.seccomp.verdict import Kind, Verdict, calls_of, compare

_NONE = frozenset[str]()
_BARE = Container(_NONE, X86_64, (6, 1))
_ALL = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
_OTHERS = ["getpid", "getuid", "close", "openat", "futex", "brk", "exit_group", "uname"]
"""Also allowed: libseccomp 2.5 forgets to load the number in filters of next to no calls."""
needs_libseccomp = pytest.mark.skipif(
    libseccomp.library() is None, reason="libseccomp is not installed"
)


def _resolved(*rules: dict[str, Any], container: Container = _BARE, **rest: Any) -> Resolved:
    whole = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": list(rules), **rest}
    return Resolved(read_profile(whole), container)


def _rule(name: str, action: str = "ALLOW", *args: tuple[int, str, int], **rest: Any) -> Any:
    comparisons = [{"index": i, "op": f"SCMP_CMP_{o}", "value": v} for i, o, v in args]
    return {"names": [name], "action": f"SCMP_ACT_{action}", "args": comparisons, **rest}


def _kind(resolved: Resolved, call: str, abi: Abi = X86_64) -> Kind:
    verdict = resolved.ask(abi, call)
    assert isinstance(verdict, Verdict)
    return verdict.kind


def test_more_rules_of_a_call_than_are_followed_leave_it_unknown() -> None:
    """They are not even kept; one without comparisons takes the place of all of them."""
    many = [_rule("socket", "ALLOW", (0, "EQ", number)) for number in range(4000)]
    assert Kind.UNKNOWN is _kind(_resolved(*many), "socket")
    assert Kind.ALLOW is _kind(_resolved(*many, _rule("socket")), "socket")


@pytest.mark.parametrize("container", ["default", "sys-admin", "no-capabilities"])
@pytest.mark.parametrize("abi", [X86_64, I386, X32], ids=lambda abi: abi.name)
def test_docker_profile_is_what_runc_loaded(container: str, abi: Abi) -> None:
    """The profile dockerd handed to runc and the filter that was loaded agree in every call."""
    profile = Resolved(read_profile(recorded()[container]["profile"]), _BARE)
    assert [] == list(compare(profile.calls(abi), calls_of(loaded(container), abi)))


def test_differences_are_found() -> None:
    """Calls that one container may make and another may not are what differs."""
    pairs = compare(calls_of(loaded("default"), X86_64), calls_of(loaded("sys-admin"), X86_64))
    found = {name: (one.kind, other.kind) for name, one, other in pairs}
    assert (Kind.DENY, Kind.ALLOW) == found["mount"]
    assert (Kind.BY_ARGUMENT, Kind.ALLOW) == found["clone"]
    assert "read" not in found


def test_conditions_count_as_differences() -> None:
    """Two profiles that allow a call for other arguments are not the same."""
    one, other = (_resolved(_rule("socket", "ALLOW", (0, "EQ", v))) for v in (1, 2))
    names = [name for name, _, _ in compare(one.calls(X86_64), other.calls(X86_64))]
    assert ["socket"] == names


@pytest.mark.parametrize(
    ("when", "capabilities", "expected"),
    [
        ({"includes": {"caps": ["CAP_A"]}}, [], Kind.DENY),
        ({"includes": {"caps": ["CAP_A"]}}, ["CAP_A"], Kind.ALLOW),
        ({"includes": {"caps": ["CAP_A", "CAP_B"]}}, ["CAP_A"], Kind.DENY),
        ({"excludes": {"caps": ["CAP_A", "CAP_B"]}}, ["CAP_B"], Kind.DENY),
        ({"excludes": {"caps": ["CAP_A"]}}, [], Kind.ALLOW),
        ({"includes": {"arches": ["amd64", "x32"]}}, [], Kind.ALLOW),
        ({"includes": {"arches": ["arm64"]}}, [], Kind.DENY),
        ({"excludes": {"arches": ["amd64"]}}, [], Kind.DENY),
        ({"includes": {"minKernel": "4.8"}}, [], Kind.ALLOW),
        ({"includes": {"minKernel": "6.2"}}, [], Kind.DENY),
        ({"excludes": {"minKernel": "6.1"}}, [], Kind.DENY),
    ],
)
def test_a_rule_applies_to_whom_it_says(
    when: dict[str, Any], capabilities: list[str], expected: Kind
) -> None:
    """All that is included must hold, and nothing that is excluded."""
    container = Container(frozenset(capabilities), X86_64, (6, 1))
    assert expected is _kind(_resolved(_rule("read", **when), container=container), "read")


def test_an_unknown_kernel_is_not_guessed() -> None:
    """A rule for some kernels cannot be judged without knowing which this is."""
    with pytest.raises(ProfileError, match="kernel"):
        _resolved(_rule("read", includes={"minKernel": "4.8"}), container=Container(_NONE, X86_64))


def test_interfaces_that_are_not_listed_are_killed() -> None:
    """The native interface is always known, any other only if the profile lists it."""
    resolved = _resolved(_rule("read"), architectures=["SCMP_ARCH_X86"])
    kinds = [_kind(resolved, "read", abi) for abi in (X86_64, I386, X32, ARM)]
    assert [Kind.ALLOW, Kind.ALLOW, Kind.DENY, Kind.DENY] == kinds


def test_the_map_of_the_own_architecture_is_taken() -> None:
    """Of archMap the entry of the machine's own architecture counts."""
    mapped = [
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
    ]
    resolved = _resolved(_rule("read"), archMap=mapped)
    assert [Kind.ALLOW, Kind.DENY] == [_kind(resolved, "read", abi) for abi in (I386, ARM)]


def test_the_first_rule_without_comparisons_stays() -> None:
    """A call that is allowed as a whole is not refused by what comes after."""
    resolved = _resolved(_rule("setns"), _rule("setns", "KILL_PROCESS"))
    assert Kind.ALLOW is _kind(resolved, "setns")


def test_a_rule_without_comparisons_replaces_those_with() -> None:
    """What is allowed as a whole needs no conditions any more."""
    resolved = _resolved(_rule("socket", "ALLOW", (0, "EQ", 1)), _rule("socket"))
    assert Kind.ALLOW is _kind(resolved, "socket")


def test_overlapping_rules_that_differ_are_not_guessed() -> None:
    """Where one rule allows and another refuses the same arguments, it is unknown which holds."""
    resolved = _resolved(
        _rule("socket", "ALLOW", (0, "LT", 10)), _rule("socket", "KILL_PROCESS", (2, "EQ", 9))
    )
    assert Kind.UNKNOWN is _kind(resolved, "socket")


def test_overlapping_ranges_are_not_guessed() -> None:
    """libseccomp builds wrong filters of some: `< 5` and `< 2^32` together pass only `< 5`."""
    resolved = _resolved(
        _rule("socket", "ALLOW", (1, "LT", 5)), _rule("socket", "ALLOW", (1, "LT", 1 << 32))
    )
    assert Kind.UNKNOWN is _kind(resolved, "socket")


def test_overlapping_rules_of_several_arguments_are_not_guessed() -> None:
    """libseccomp drops `arg0 == 0` beside `arg0 != 1 and arg1 == 0`."""
    resolved = _resolved(
        _rule("socket", "ALLOW", (0, "EQ", 0)),
        _rule("socket", "ALLOW", (0, "NE", 1), (1, "EQ", 0)),
    )
    assert Kind.UNKNOWN is _kind(resolved, "socket")


_NE5, _NE9 = (
    _rule("clone", "ALLOW", (0, "NE", 5), (2, "EQ", 7)),
    _rule("clone", "ALLOW", (0, "NE", 9), (2, "EQ", 6)),
)
_NE, _SEVERAL = (
    _rule("clone", "ALLOW", (2, "NE", 1)),
    _rule("clone", "ALLOW", (2, "EQ", 1), (0, "EQ", 2)),
)


@pytest.mark.parametrize("abi", [X86_64, I386, X32], ids=lambda abi: abi.name)
@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([_NE5, _NE9], id="unequal-in-several-arguments"),
        pytest.param([_NE, _SEVERAL], id="unequal-before-several-arguments"),
        pytest.param([_SEVERAL, _NE], id="unequal-after-several-arguments"),
        pytest.param(
            [
                _rule("clone", "ALLOW", (0, "LE", 3), (2, "LT", 1)),
                _rule("clone", "ALLOW", (0, "GT", 4)),
            ],
            id="ranges-of-several-arguments",
        ),
    ],
)
def test_rules_of_several_arguments_beside_unequal_ones_are_not_guessed(
    rules: list[dict[str, Any]], abi: Abi
) -> None:
    """Even where they do not overlap, libseccomp builds wrong filters of some."""
    resolved = _resolved(*rules, architectures=_ALL)
    assert Kind.UNKNOWN is _kind(resolved, "clone", abi)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([_NE5], id="one-rule"),
        pytest.param([_NE5, _NE5], id="one-rule-twice"),
        pytest.param(
            [_SEVERAL, _rule("clone", "ALLOW", (0, "EQ", 3), (1, "EQ", 4))], id="equalities-only"
        ),
        pytest.param(
            [_rule("clone", "ERRNO", (2, "EQ", 1), (0, "EQ", 2), errnoRet=22), _NE],
            id="refused-as-by-default",
        ),
    ],
)
@needs_libseccomp
def test_other_rules_of_several_arguments_are_known(rules: list[dict[str, Any]]) -> None:
    """What libseccomp builds rightly is followed: a rule alone, equalities, refusals twice over."""
    resolved = _resolved(*rules, architectures=_ALL)
    whole = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": _ALL, "syscalls": rules}
    others = {"names": _OTHERS, "action": "SCMP_ACT_ALLOW"}
    filtered = asking((libseccomp.compile_profile({**whole, "syscalls": [*rules, others]}),))
    for abi in (X86_64, I386, X32):
        assert Kind.BY_ARGUMENT is _kind(resolved, "clone", abi)
        one, other = resolved.ask(abi, "clone"), filtered(abi, "clone", ())
        assert one and other
        assert [] == list(compare({"clone": one}, {"clone": other}))


def test_ranges_that_do_not_overlap_are_known() -> None:
    """The rules that docker 29.4.2 refuses two socket families by are followed."""
    rules = [_rule("socket", "ALLOW", (0, o, v)) for o, v in (("LT", 38), ("EQ", 39), ("GT", 40))]
    assert Kind.BY_ARGUMENT is _kind(_resolved(*rules), "socket")


def test_far_too_many_rules_are_unknown() -> None:
    """A call with hundreds of alternatives is not followed."""
    rules = [_rule("socket", "ALLOW", (0, "EQ", value)) for value in range(300)]
    assert Kind.UNKNOWN is _kind(_resolved(*rules), "socket")


def test_a_supervisor_is_unknown() -> None:
    """What a supervisor decides the profile does not tell."""
    assert Kind.UNKNOWN is _kind(_resolved(_rule("mount", "NOTIFY")), "mount")


_SOME = ("socket", "connect", "clone", "read", "personality", "semget", "socketcall", "ipc",
         "mmap2", "getpmsg", "waitpid")  # fmt: skip
_CALLS = st.sampled_from(_SOME)
_VALUES = st.one_of(st.integers(0, 3), st.sampled_from([0xFFFFFFFF, 1 << 32, 1 << 32 | 2]))
_ARGS = st.lists(
    st.builds(
        lambda i, o, v, w: {"index": i, "op": f"SCMP_CMP_{o}", "value": v, "valueTwo": w & v},
        st.integers(0, 2), st.sampled_from(["EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"]),
        _VALUES, _VALUES,
    ),
    max_size=2,
)  # fmt: skip
_RULES = st.lists(
    st.builds(lambda n, a: {"names": [n], "action": "SCMP_ACT_ALLOW", "args": a}, _CALLS, _ARGS),
    max_size=5,
)


@needs_libseccomp
@settings(max_examples=150, deadline=None)
@given(_RULES, st.sampled_from(["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"]))
def test_profiles_agree_with_libseccomp(rules: list[dict[str, Any]], default: str) -> None:
    """The filter that libseccomp builds of a profile treats every call as the profile resolved."""
    others = {"names": _OTHERS, "action": "SCMP_ACT_ALLOW"}
    whole = {"defaultAction": default, "architectures": _ALL, "syscalls": [*rules, others]}
    program = libseccomp.compile_bounded(whole)
    assume(program is not None)
    resolved = Resolved(read_profile(whole), _BARE)
    filtered = asking((program,))
    for abi in (X86_64, I386, X32):
        names = [name for name in _SOME if name in abi.calls]
        one, other = ({n: told for n in names if (told := ask(abi, n, ()))}
                      for ask in (resolved.ask, filtered))  # fmt: skip
        assert [] == [row for row in compare(one, other) if row[1].kind is not Kind.UNKNOWN]


@needs_libseccomp
@pytest.mark.parametrize("capabilities", [_NONE, frozenset({"CAP_SYS_ADMIN", "CAP_AUDIT_WRITE"})])
def test_podman_profile_agrees_with_libseccomp(capabilities: frozenset[str]) -> None:
    """The profile that podman ships comes to the same, its many contradicting rules included."""
    file = Path("/usr/share/containers/seccomp.json")
    if not file.exists():
        pytest.skip("podman's profile is not installed (golang-github-containers-common)")
    data = json.loads(file.read_text())
    resolved = Resolved(read_profile(data), Container(capabilities, X86_64, (6, 1)))
    applies = [
        rule
        for rule in data["syscalls"]
        if set((rule.get("includes") or {}).get("caps") or []) <= capabilities
        and not set((rule.get("excludes") or {}).get("caps") or []) & capabilities
        and (rule.get("includes") or {}).get("arches", ["amd64"]).count("amd64")
    ]
    program = libseccomp.compile_profile({**data, "architectures": _ALL, "syscalls": applies})
    for abi in (X86_64, I386, X32):
        assert [] == list(compare(resolved.calls(abi), calls_of((program,), abi)))
