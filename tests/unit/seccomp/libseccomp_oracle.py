"""libseccomp as a second opinion: builds a filter of a profile as runc does, where it is installed.

Only tests use it; the rules of translation are those of runc's libcontainer/seccomp.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import pickle
import resource
import signal
from functools import cache
from typing import Any

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import ABIS
from isoaudit.seccomp.profile import ACTIONS

_LINUX_OPERATORS = {
    "SCMP_CMP_NE": 1, "SCMP_CMP_LT": 2, "SCMP_CMP_LE": 3, "SCMP_CMP_EQ": 4, "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6, "SCMP_CMP_MASKED_EQ": 7,
}  # fmt: skip
_ARCHES = {"SCMP_ARCH_X86_64": "x86_64", "SCMP_ARCH_X86": "i386", "SCMP_ARCH_X32": "x32",
           "SCMP_ARCH_AARCH64": "aarch64", "SCMP_ARCH_ARM": "arm"}  # fmt: skip
_AUDIT = {**{name: abi.audit for name, abi in ABIS.items()}, "x32": 0x4000003E}


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("datum_a", ctypes.c_uint64), ("datum_b", ctypes.c_uint64))  # fmt: skip


@cache
def library() -> Any:
    """Return libseccomp, None where it is not installed."""
    name = ctypes.util.find_library("seccomp")
    if name is None:
        return None
    lib = ctypes.CDLL(name)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_release.argtypes = [ctypes.c_void_p]
    lib.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    lib.seccomp_arch_remove.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    lib.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    lib.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison),
    ]  # fmt: skip
    lib.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    lib.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    lib.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
    return lib


def name_of(abi: str, number: int) -> str | None:
    """Return what libseccomp calls a number of an interface."""
    found = library().seccomp_syscall_resolve_num_arch(_AUDIT[abi], number)
    return found.decode() if found else None


def compile_profile(profile: dict[str, Any]) -> bpf.Program:
    """Return the filter of a profile in OCI form, without includes and excludes."""
    lib = library()
    default = _answer(profile["defaultAction"], profile.get("defaultErrnoRet"))
    context = lib.seccomp_init(default)
    try:
        for name in profile.get("architectures", []):
            if name in _ARCHES:
                lib.seccomp_arch_add(context, _AUDIT[_ARCHES[name]])
        for rule in profile.get("syscalls", []):
            _add(context, rule, default)
        return _export(context)
    finally:
        lib.seccomp_release(context)


def compile_bounded(profile: dict[str, Any], seconds: int = 2) -> bpf.Program | None:
    """Return the filter of a profile, None if it takes libseccomp longer than this.

    libseccomp 2.5 never ends over some overlapping rules, within one call: so a child asks it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(BaseException), open(writer, "wb") as stream:
            pickle.dump(compile_profile(profile), stream)
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}:
        return None
    program: bpf.Program = pickle.loads(told)  # noqa: S301 - of our own child
    return program


def _add(context: Any, rule: dict[str, Any], default: int) -> None:
    answer = _answer(rule["action"], rule.get("errnoRet"))
    if answer == default:
        return
    args = [_Comparison(a["index"], _LINUX_OPERATORS[a["op"]], a["value"], a.get("valueTwo", 0))
            for a in rule.get("args") or []]  # fmt: skip
    apart = len({a.arg for a in args}) < len(args)
    for name in rule["names"]:
        number = library().seccomp_syscall_resolve_name(name.encode())
        if number == -1:
            continue
        for group in [[a] for a in args] if apart else [args]:
            array = (_Comparison * len(group))(*group)
            result = library().seccomp_rule_add_array(context, answer, number, len(group), array)
            assert result in (0, -17), (name, result)  # -17: libseccomp has such a rule already


def _answer(action: str, number: int | None) -> int:
    known = ACTIONS[action]
    return known | (1 if number is None else number) if known in (0x50000, 0x7FF00000) else known


def _export(context: Any) -> bpf.Program:
    descriptor = os.memfd_create("filter")
    try:
        assert library().seccomp_export_bpf(context, descriptor) == 0
        return bpf.decode(os.pread(descriptor, 1 << 20, 0))
    finally:
        os.close(descriptor)
