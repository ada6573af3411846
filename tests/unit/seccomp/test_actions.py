"""Which of several answers the kernel takes, and what it makes of the call."""

from __future__ import annotations

import itertools

import pytest

from isoaudit.seccomp import actions
from isoaudit.seccomp.actions import Effect, effect_of, strictest, word_of

STRICTEST_FIRST = (actions.KILL_PROCESS, actions.KILL_THREAD, actions.TRAP, actions.ERRNO,
                   actions.USER_NOTIF, actions.TRACE, actions.LOG, actions.ALLOW)  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(STRICTEST_FIRST, 2)])
def test_the_stricter_answer_counts(one: int, other: int) -> None:
    """Whichever filter is newer, the order is that of seccomp(2)."""
    assert (one, one) == (strictest([one, other]), strictest([other, one]))


def test_of_equal_actions_the_newest_filter_counts() -> None:
    """Its errno is the one that the process gets."""
    assert actions.ERRNO | 1 == strictest([actions.ERRNO | 1, actions.ERRNO | 2])


def test_without_a_filter_all_is_allowed() -> None:
    """Nothing answers, so nothing refuses."""
    assert actions.ALLOW == strictest([])


@pytest.mark.parametrize(
    ("value", "effect"),
    [
        (actions.ALLOW | 7, Effect.ALLOW),
        (actions.LOG, Effect.ALLOW),
        (actions.ERRNO, Effect.DENY),
        (actions.TRAP, Effect.DENY),
        (actions.KILL_THREAD, Effect.DENY),
        (actions.KILL_PROCESS, Effect.DENY),
        (actions.TRACE, Effect.ASKED),
        (actions.USER_NOTIF, Effect.ASKED),
        (0x12340000, Effect.DENY),
    ],
)
def test_an_action_has_one_effect(value: int, effect: Effect) -> None:
    """LOG lets the call run, an errno of 0 does not, and what the kernel does not know kills."""
    assert effect is effect_of(value)


def test_unknown_actions_kill() -> None:
    """The kernel kills the process for an action it does not know."""
    assert "kill_process" == word_of(0x12340000)
