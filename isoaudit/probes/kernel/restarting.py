"""Whether filters let an interrupted sleep go on (restart_syscall(2))."""

from __future__ import annotations

from functools import lru_cache

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import I386, X86_64
from isoaudit.seccomp.actions import ALLOW, LOG
from isoaudit.seccomp.verdict import evaluate

_RESTART_SYSCALL = "restart_syscall"


@lru_cache(256)
def may_restart(filters: tuple[bytes, ...], narrow: bool) -> bool:
    """Say whether raw filters, oldest first, allow restart_syscall; `narrow` is a 32-bit program.

    False if they are not understood.
    """
    abi = I386 if narrow else X86_64
    number = abi.number(_RESTART_SYSCALL)
    try:
        programs = tuple(bpf.decode(one) for one in reversed(filters))
    except bpf.FilterError:
        return False
    return number is not None and evaluate(programs, abi, number) in {ALLOW, LOG}
