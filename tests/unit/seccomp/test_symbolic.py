"""Following a filter with unknown arguments says what running it with known ones does."""

from __future__ import annotations

from filters_made import (
    ALLOW,
    ERRNO,
    always,
    arguments,
    high,
    jump,
    load,
    low,
    made,
    op,
    programs,
    ret,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import X86_64
from isoaudit.seccomp.actions import TRACE, USER_NOTIF, Effect, effect_of
from isoaudit.seccomp.bpf import Call, Program
from isoaudit.seccomp.symbolic import MOST_WAYS, MOST_WORK, Budget
from isoaudit.seccomp.verdict import Kind, argument, calls_of, evaluate, verdict_of
from isoaudit.seccomp.words import Relation, solve

NR = 41
_STACKS = st.lists(programs(), min_size=1, max_size=3).map(tuple)


def _words(args: tuple[int, ...]) -> tuple[int, ...]:
    return Call(NR, X86_64.audit, args).words()


@settings(max_examples=150)
@given(_STACKS, arguments)
def test_a_verdict_holds_for_every_argument(
    stack: tuple[Program, ...], args: tuple[int, ...]
) -> None:
    """Allowed is never refused, refused never allowed, and unreachable is never reached."""
    verdict = verdict_of(stack, X86_64, NR)
    effect = effect_of(evaluate(stack, X86_64, NR, args))
    wrong = {Kind.ALLOW: effect is not Effect.ALLOW, Kind.DENY: effect is not Effect.DENY}
    assert not wrong.get(verdict.kind, False)
    assert not (verdict.reachable is False and effect is Effect.ALLOW)


@settings(max_examples=150)
@given(_STACKS, arguments)
def test_conditions_say_what_becomes_of_a_call(
    stack: tuple[Program, ...], args: tuple[int, ...]
) -> None:
    """Arguments that satisfy an allowing way's conditions pass, those of a refusing one not."""
    verdict = verdict_of(stack, X86_64, NR)
    words, effect = _words(args), effect_of(evaluate(stack, X86_64, NR, args))
    if any(all(c.holds(words) for c in way) for way in verdict.allowed):
        assert effect is Effect.ALLOW
    if any(all(c.holds(words) for c in way) for way in verdict.denied):
        assert effect is Effect.DENY


@settings(max_examples=150)
@given(_STACKS)
def test_every_way_exists(stack: tuple[Program, ...]) -> None:
    """For each way there are arguments that take it: reachable is no guess."""
    verdict = verdict_of(stack, X86_64, NR)
    for ways, effect in ((verdict.allowed, Effect.ALLOW), (verdict.denied, Effect.DENY)):
        for way in ways:
            found = solve(way)
            assert isinstance(found, tuple)
            args = tuple(found[4 + 2 * i] | found[5 + 2 * i] << 32 for i in range(6))
            assert effect is effect_of(evaluate(stack, X86_64, NR, args))


@settings(max_examples=150)
@given(st.lists(programs(computing=False), min_size=1, max_size=2).map(tuple), arguments)
def test_by_argument_covers_all_arguments(
    stack: tuple[Program, ...], args: tuple[int, ...]
) -> None:
    """Of a call that depends on arguments, every argument satisfies a way of one side."""
    verdict = verdict_of(stack, X86_64, NR)
    if verdict.kind is Kind.BY_ARGUMENT:
        words = _words(args)
        ways = (*verdict.allowed, *verdict.denied)
        assert any(all(c.holds(words) for c in way) for way in ways)


def test_an_argument_decides() -> None:
    """A filter that looks at an argument is told apart from one that does not."""
    program = made(load(low(0)), jump(bpf.JEQ, 40, 0, 1), ret(ERRNO | 1), ret(ALLOW))
    assert Kind.BY_ARGUMENT is verdict_of((program,), X86_64, NR).kind


def test_what_is_given_narrows_the_verdict() -> None:
    """With the argument known to be refused, the call is refused."""
    program = made(load(low(0)), jump(bpf.JEQ, 40, 0, 1), ret(ERRNO | 1), ret(ALLOW))
    given_ = (argument(0, Relation.EQ, 40),)
    assert Kind.DENY is verdict_of((program,), X86_64, NR, given_).kind


def test_a_test_that_cannot_fail_leaves_one_way() -> None:
    """Of a masked value only what the mask leaves possible is followed."""
    program = made(load(low(0)), op(bpf.AND, 1), jump(bpf.JGT, 1, 0, 1), ret(ERRNO), ret(ALLOW))
    assert Kind.ALLOW is verdict_of((program,), X86_64, NR).kind


def test_a_sum_is_not_followed_and_not_guessed() -> None:
    """Where a filter adds arguments up, what it does is unknown."""
    program = made(load(low(0)), op(bpf.ADD, 1), jump(bpf.JEQ, 41, 0, 1), ret(ERRNO), ret(ALLOW))
    verdict = verdict_of((program,), X86_64, NR)
    assert (Kind.UNKNOWN, None) == (verdict.kind, verdict.reachable)


def test_a_sum_that_decides_nothing_does_no_harm() -> None:
    """If all ways allow, it does not matter which of them exist."""
    program = made(load(low(0)), op(bpf.ADD, 1), jump(bpf.JEQ, 41, 0, 1), ret(ALLOW), ret(ALLOW))
    assert Kind.ALLOW is verdict_of((program,), X86_64, NR).kind


def test_conditions_are_told_only_if_they_say_everything() -> None:
    """Where a computed value matters besides plain ones, the plain ones are not all there is."""
    program = made(
        load(low(0)), jump(bpf.JEQ, 5, 3, 0), jump(bpf.JEQ, 6, 3, 0),
        op(bpf.ADD, 1), jump(bpf.JEQ, 41, 1, 0), ret(ALLOW), ret(ERRNO),
    )  # fmt: skip
    verdict = verdict_of((program,), X86_64, NR)
    assert (Kind.UNKNOWN, True) == (verdict.kind, verdict.reachable)


def test_a_supervisor_is_no_verdict() -> None:
    """What USER_NOTIF and TRACE come to is somebody else's decision."""
    kinds = [verdict_of((always(a),), X86_64, NR).kind for a in (USER_NOTIF, TRACE)]
    assert [Kind.UNKNOWN, Kind.UNKNOWN] == kinds


def test_a_stricter_filter_outweighs_a_supervisor() -> None:
    """An older filter that refuses is not overruled by whoever is asked."""
    assert Kind.DENY is verdict_of((always(TRACE), always(ERRNO)), X86_64, NR).kind


def test_too_many_ways_are_unknown() -> None:
    """A filter with more ways than are followed gets no verdict by guess."""
    code = []
    for bit in range(MOST_WAYS.bit_length()):
        code += [load(low(0)), op(bpf.AND, 1 << bit), jump(bpf.JEQ, 0, 0, 1), load(high(1))]
    program = made(*code, ret(ALLOW))
    verdict = verdict_of((program,), X86_64, NR)
    assert (Kind.UNKNOWN, "there are too many ways through the filter") == (
        verdict.kind, verdict.why,
    )  # fmt: skip


def test_a_tiresome_filter_is_given_up() -> None:
    """A container may load what takes long to follow; what is left then is unknown, soon."""
    code = []
    for bit in range(1000):
        code += [load(low(bit % 6)), op(bpf.AND, bit * 2654435761 & bpf.WORD | 1)]
        code += [jump(bpf.JGT, bit * 40503, 0, 1), load(high(1))]
    calls = calls_of((made(*code, ret(ALLOW)),), X86_64)
    assert {Kind.UNKNOWN} == {verdict.kind for verdict in calls.values()}


def test_calls_share_what_may_be_spent() -> None:
    """When a set of filters has used up its budget, nothing more is followed."""
    program = made(load(low(0)), jump(bpf.JEQ, 41, 0, 1), ret(ERRNO), ret(ALLOW))
    kinds = [verdict_of((program,), X86_64, NR, (), Budget(n)).kind for n in (MOST_WORK, 0)]
    assert [Kind.BY_ARGUMENT, Kind.UNKNOWN] == kinds


def test_without_filters_everything_passes() -> None:
    """No filter refuses nothing."""
    assert Kind.ALLOW is verdict_of((), X86_64, NR).kind
