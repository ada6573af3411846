"""What a filter returns, and which of several answers the kernel takes (seccomp(2))."""

from __future__ import annotations

from enum import StrEnum

KILL_PROCESS = 0x80000000
KILL_THREAD = 0x00000000
TRAP = 0x00030000
ERRNO = 0x00050000
USER_NOTIF = 0x7FC00000
TRACE = 0x7FF00000
LOG = 0x7FFC0000
ALLOW = 0x7FFF0000

_ACTION = 0xFFFF0000
_SIGN = 0x80000000


_WORDS = {
    KILL_PROCESS: "kill_process",
    KILL_THREAD: "kill_thread",
    TRAP: "trap",
    ERRNO: "errno",
    USER_NOTIF: "notify",
    TRACE: "trace",
    LOG: "log",
    ALLOW: "allow",
}


class Effect(StrEnum):
    """What becomes of the call: it runs, it does not, or somebody else decides."""

    ALLOW = "allow"
    DENY = "deny"
    ASKED = "asked"  # a supervisor (USER_NOTIF) or a tracer (TRACE) is asked


def action_of(value: int) -> int:
    """Return the action within a filter's 32-bit return value, without its data."""
    return value & _ACTION


def word_of(value: int) -> str:
    """Return what an action is called in facts; one the kernel does not know kills."""
    return _WORDS.get(action_of(value), "kill_process")


def effect_of(value: int) -> Effect:
    """Return what a return value makes of the call."""
    action = action_of(value)
    if action in {ALLOW, LOG}:
        return Effect.ALLOW
    return Effect.ASKED if action in {USER_NOTIF, TRACE} else Effect.DENY


def rank(value: int) -> int:
    """Return a number that orders actions as the kernel does: the lower, the more it counts.

    The comparison is of signed 32-bit numbers, which puts KILL_PROCESS below KILL_THREAD.
    """
    action = action_of(value)
    return action - (1 << 32) if action & _SIGN else action


def strictest(answers: list[int]) -> int:
    """Return the answer that counts of those of stacked filters, the newest filter's first.

    Of equal actions the newest filter's data (an errno) stands; without any filter it is ALLOW.
    """
    taken = ALLOW
    for answer in answers:
        if rank(answer) < rank(taken):
            taken = answer
    return taken
