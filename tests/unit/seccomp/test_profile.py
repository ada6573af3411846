"""Profiles are read as they are written, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.seccomp import actions
from isoaudit.seccomp.profile import ProfileError, read_profile

_ERRNO = "SCMP_ACT_ERRNO"


def _with(**rule: Any) -> dict[str, Any]:
    whole = {"names": ["read"], "action": "SCMP_ACT_ALLOW", **rule}
    return {"defaultAction": _ERRNO, "syscalls": [whole]}


def test_docker_form_is_read() -> None:
    """What docker's own profile uses is understood."""
    profile = read_profile(
        {
            "defaultAction": _ERRNO,
            "defaultErrnoRet": 38,
            "archMap": [{"architecture": "SCMP_ARCH_X86_64",
                         "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
            "syscalls": [
                {"name": "clone", "action": "SCMP_ACT_ALLOW", "comment": "flags",
                 "args": [{"index": 0, "value": 2114060288, "valueTwo": 0,
                           "op": "SCMP_CMP_MASKED_EQ"}],
                 "includes": {"caps": ["CAP_X"], "minKernel": "4.8"},
                 "excludes": {"arches": ["s390"]}},
            ],
        }
    )  # fmt: skip
    (rule,) = profile.rules
    assert (_ERRNO, actions.ERRNO | 38, ("clone",), (4, 8), ("s390",)) == (
        profile.default_action, profile.default, rule.names, rule.includes.kernel,
        rule.excludes.architectures,
    )  # fmt: skip


def test_null_is_nothing() -> None:
    """Go writes null for an empty list or an empty object."""
    profile = read_profile(
        {**_with(args=None, includes=None, excludes=None), "archMap": None, "flags": None}
    )
    assert ((), ()) == (profile.rules[0].comparisons, profile.flags)


def test_errno_is_eperm_unless_said() -> None:
    """An ERRNO action without a number is EPERM, as runc has it."""
    assert actions.ERRNO | 1 == read_profile({"defaultAction": _ERRNO}).default


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"defaultAction": "SCMP_ACT_BLESS"},
        {"defaultAction": 7},
        {"defaultAction": _ERRNO, "defaultErrnoRet": -1},
        {"defaultAction": _ERRNO, "defaultErrnoRet": True},
        {"defaultAction": _ERRNO, "syscalls": {}},
        {"defaultAction": _ERRNO, "syscalls": ["read"]},
        {"defaultAction": _ERRNO, "architectures": ["SCMP_ARCH_Z80"]},
        {"defaultAction": _ERRNO, "architectures": ["SCMP_ARCH_X86"],
         "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]},
        {"defaultAction": _ERRNO, "flags": [1]},
        {"defaultAction": _ERRNO, "listenerPath": 1},
        _with(action="ALLOW"),
        _with(names=[]),
        _with(names="read"),
        _with(name="write"),
        _with(args=[{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]),
        _with(args=[{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]),
        _with(args=[{"index": 0, "value": 1 << 64, "op": "SCMP_CMP_EQ"}]),
        _with(args=[{"index": 0, "value": 1, "op": "SCMP_CMP_LIKE"}]),
        _with(args=[{"index": 0, "op": "SCMP_CMP_EQ"}]),
        _with(includes={"caps": "CAP_X"}),
        _with(includes={"moon": "full"}),
        _with(includes=[]),
        _with(excludes={"minKernel": "five"}),
        _with(excludes={"minKernel": "5"}),
    ],
)  # fmt: skip
def test_what_is_not_known_is_an_error(data: Any) -> None:
    """An unknown action, operator or shape is never taken for something else."""
    with pytest.raises(ProfileError):
        read_profile(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    | st.sampled_from(["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_CMP_EQ", "read"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["defaultAction", "syscalls", "names", "action", "args", "index", "op",
                         "value", "includes", "caps", "archMap", "architecture"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(_JSON)
def test_json_from_strangers_is_read_or_refused(data: Any) -> None:
    """Whatever a file holds, nothing but ProfileError is raised."""
    try:
        read_profile(data)
    except ProfileError as error:
        assert error.cause
