"""Which parts of the kernel a filter leaves within reach, on any interface the kernel runs.

A surface is open if one of its calls may be made with arguments that lead there. Each rule says why
its calls count; the calls that only work on what another one opened are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from isoaudit.seccomp.abi import Abi, Interfaces
from isoaudit.seccomp.bpf import Program
from isoaudit.seccomp.symbolic import Budget
from isoaudit.seccomp.verdict import Verdict, argument, upper, verdict_of
from isoaudit.seccomp.words import Condition, Relation

_EQ = Relation.EQ

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_ALG, AF_VSOCK = 1, 2, 10, 16, 38, 40
CLONE_NEWUSER = 0x10000000
OPEN_TREE_CLONE = 1
SYS_SOCKET = 1
"""First argument of socketcall(2) for socket(2); the family lies in memory, beyond any filter."""


class Question(NamedTuple):
    """A call, and the arguments with which it leads to a surface."""

    call: str
    given: tuple[Condition, ...] = ()


class Surface(NamedTuple):
    """A part of the kernel: its name, what it is, and the calls of which one is enough."""

    name: str
    meaning: str
    questions: tuple[Question, ...]


def _any(*calls: str) -> tuple[Question, ...]:
    return tuple(Question(call) for call in calls)


def _family(number: int) -> tuple[Question, ...]:
    """Return the ways to a socket of a family.

    The kernel takes the family as an int: of a 64-bit argument the upper half is thrown away after
    the filter has seen it, so that any upper half leads there. socketcall(2) of 32-bit x86 reads
    the family from memory: where it may be called at all, every family is within reach.
    """
    return (
        Question("socket", (argument(0, _EQ, number),)),
        Question("socketcall", (argument(0, _EQ, SYS_SOCKET),)),
    )


_NEW_USER = argument(0, _EQ, CLONE_NEWUSER, mask=CLONE_NEWUSER)

SURFACES = (
    # A ring is needed for the other two calls, and io_uring_setup makes it.
    Surface("io_uring", "asynchronous I/O rings", _any("io_uring_setup")),
    Surface("af_alg", "the kernel's crypto API (AF_ALG sockets)", _family(AF_ALG)),
    Surface("af_vsock", "sockets to hypervisors and guests (AF_VSOCK)", _family(AF_VSOCK)),
    # unshare refuses flags it does not know, so its upper half must be 0; clone looks at the lower
    # half only. clone3 takes its flags from memory: allowed at all, it is allowed with any.
    Surface("user_namespace", "making user namespaces, which give every capability inside",
            (Question("unshare", (_NEW_USER, upper(0, _EQ, 0))),
             Question("clone", (_NEW_USER,)), Question("clone3"))),
    Surface("keyring", "kernel keyrings, which no namespace separates",
            _any("add_key", "request_key", "keyctl")),
    Surface("userfaultfd", "page faults handled by the process itself", _any("userfaultfd")),
    Surface("bpf", "loading BPF programs and maps", _any("bpf")),
    Surface("perf", "performance events", _any("perf_event_open")),
    # open_tree without the flag only opens a path; fsconfig needs what fsopen or fspick opened.
    Surface("mount", "mounting and unmounting",
            (*_any("mount", "umount", "umount2", "move_mount", "fsopen", "fsmount", "fspick",
                   "pivot_root", "mount_setattr"),
             *(Question(call, (argument(2, _EQ, OPEN_TREE_CLONE, mask=OPEN_TREE_CLONE),))
               for call in ("open_tree", "open_tree_attr")))),
    Surface("module", "loading and removing kernel modules",
            _any("init_module", "finit_module", "delete_module")),
    Surface("kexec", "starting another kernel", _any("kexec_load", "kexec_file_load")),
    Surface("open_by_handle", "opening files by handle, past the mount tree",
            _any("open_by_handle_at")),
    Surface("ptrace", "tracing and changing other processes",
            _any("ptrace", "process_vm_readv", "process_vm_writev")),
    Surface("raw_io", "I/O ports (x86)", _any("iopl", "ioperm")),
    Surface("setns", "entering namespaces of others", _any("setns")),
    Surface("reboot", "restarting the machine", _any("reboot")),
    Surface("swap", "swap space", _any("swapon", "swapoff")),
    Surface("acct", "process accounting to a file", _any("acct")),
    Surface("quota", "disk quotas", _any("quotactl", "quotactl_fd")),
    Surface("clock", "setting the clock",
            _any("settimeofday", "stime", "clock_settime", "clock_settime64")),
    Surface("syslog", "the kernel's log", _any("syslog")),
)  # fmt: skip

ORDINARY = (
    # What every program may do, but what some known exploits need as well (see exploits).
    Surface("netlink", "netlink sockets: the way to netfilter, net_sched, xfrm and ethtool",
            _family(AF_NETLINK)),
    Surface("inet", "Internet sockets", (*_family(AF_INET), *_family(AF_INET6))),
    Surface("unix", "local sockets", (*_family(AF_UNIX), Question("socketpair"))),
)  # fmt: skip

BY_NAME = {surface.name: surface for surface in (*SURFACES, *ORDINARY)}


class Reach(NamedTuple):
    """Whether a surface is within reach, None if not known, and by which calls.

    `by` names calls as `x86_64:socket`; `native` says whether the native interface is enough.
    """

    reachable: bool | None
    by: tuple[str, ...] = ()
    native: bool | None = None


Ask = Callable[[Abi, str, tuple[Condition, ...]], Verdict | None]
"""Answers what becomes of a call of an interface with arguments; None if it has no such call."""


def asking(programs: Sequence[Program]) -> Ask:
    """Return what answers for loaded filters, the newest first; none of them lets all through."""

    budget = Budget()

    def ask(abi: Abi, call: str, given: tuple[Condition, ...]) -> Verdict | None:
        number = abi.number(call)
        return None if number is None else verdict_of(programs, abi, number, given, budget)

    return ask


def reach(
    ask: Ask, machine: Interfaces, surfaces: Iterable[Surface] = SURFACES
) -> dict[str, Reach]:
    """Return what of the surfaces is within reach on a machine."""
    return {surface.name: _reach(ask, machine, surface) for surface in surfaces}


def _reach(ask: Ask, machine: Interfaces, surface: Surface) -> Reach:
    by: list[str] = []
    native: bool | None = False
    unknown = False
    for abi, present in machine.possible():
        open_here: bool | None = False
        for question in surface.questions:
            verdict = ask(abi, question.call, question.given)
            if verdict is None or verdict.reachable is False:
                continue
            if verdict.reachable and present:
                by.append(f"{abi.name}:{question.call}")
                open_here = True
            else:
                unknown = True
                open_here = open_here or None
        if abi is machine.native:
            native = open_here
    reachable = True if by else (None if unknown else False)
    return Reach(reachable, tuple(dict.fromkeys(by)), native)


def foreign_calls(
    ask: Ask, machine: Interfaces, found: Mapping[str, Reach]
) -> tuple[list[str], bool]:
    """Return the calls that another interface lets through and the native one refuses.

    As `i386:mount`: a call that the native interface has too and refuses whatever its arguments,
    or one without a native twin by which a surface is reached that is closed natively. The truth
    value says whether that is all: not where an interface may be there, or a verdict is unknown.
    """
    calls: list[str] = []
    whole = True
    for abi, present in machine.foreign:
        if present is False:
            continue
        for call in abi.calls:
            if call not in machine.native.calls:
                continue
            verdict, native = ask(abi, call, ()), ask(machine.native, call, ())
            if verdict is None or native is None or native.reachable is True:
                continue
            if verdict.reachable and native.reachable is False and present:
                calls.append(f"{abi.name}:{call}")
            elif verdict.reachable is not False:
                whole = False
    for one in found.values():
        if one.native is False:
            calls += [call for call in one.by if not _has_twin(call, machine)]
            whole = whole and one.reachable is not None
    return list(dict.fromkeys(calls)), whole


def _has_twin(call: str, machine: Interfaces) -> bool:
    return call.partition(":")[2] in machine.native.calls
