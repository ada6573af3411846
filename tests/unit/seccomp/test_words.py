"""Whether comparisons of one word can hold together is decided rightly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.seccomp import bpf, words
from isoaudit.seccomp.words import Bits, Condition, Relation, solve

WORD = 4
_NUMBERS = st.one_of(
    st.integers(0, 8), st.sampled_from([0xFFFFFFFF, 0x80000000]), st.integers(0, 0xFFFFFFFF)
)
_CONDITIONS = st.builds(
    Condition, st.just(WORD), st.one_of(st.just(0xFFFFFFFF), _NUMBERS), st.sampled_from(Relation),
    _NUMBERS,
)  # fmt: skip
_SMALL = st.builds(
    Condition, st.just(WORD), st.integers(0, 15), st.sampled_from(Relation), st.integers(0, 17)
)


def _data(value: int) -> tuple[int, ...]:
    return (0,) * WORD + (value,) + (0,) * (15 - WORD)


@given(st.lists(_CONDITIONS, max_size=6))
def test_a_solution_satisfies_all(conditions: list[Condition]) -> None:
    """The words that are found satisfy every condition."""
    found = solve(conditions)
    assert found is False or all(one.holds(found) for one in conditions)


@given(st.lists(_SMALL, max_size=5))
def test_nothing_is_overlooked(conditions: list[Condition]) -> None:
    """No solution is found only where trying every value finds none."""
    # Masks are of four bits, so that sixteen values are all there is to try.
    possible = any(all(c.holds(_data(v)) for c in conditions) for v in range(16))
    assert possible == (solve(conditions) is not False)


@given(_CONDITIONS, _NUMBERS)
def test_a_negation_holds_where_the_condition_does_not(one: Condition, value: int) -> None:
    """Of a condition and its negation exactly one holds."""
    data = _data(value)
    assert one.holds(data) != one.negated().holds(data)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from([bpf.AND, bpf.OR, bpf.XOR]), _NUMBERS),
            st.tuples(st.sampled_from([bpf.LSH, bpf.RSH]), st.integers(0, 31)),
        ),
        max_size=5,
    ),
    st.sampled_from(sorted(bpf.TESTS)),
    _NUMBERS,
    _NUMBERS,
)
def test_what_is_computed_from_a_word_is_followed(
    steps: list[tuple[int, int]], test: int, k: int, value: int
) -> None:
    """A test of a computed value says the same as computing and testing."""
    symbol: Bits | int | None = Bits(WORD)
    known = value
    for code, operand in steps:
        if isinstance(symbol, int):
            symbol = bpf.compute(code, symbol, operand)
        elif symbol is not None:
            symbol = symbol.then(code, operand)
        known = bpf.compute(code, known, operand) or 0
    outcome = bpf.holds(test, symbol, k) if isinstance(symbol, int) else (
        None if symbol is None else symbol.test(test, k)
    )  # fmt: skip
    if isinstance(outcome, Condition):
        outcome = outcome.holds(_data(value))
    assert outcome in (None, bpf.holds(test, known, k))


def test_only_order_after_flipping_is_not_followed() -> None:
    """Equality is decided after XOR, order is not: it is no comparison of the word any more."""
    flipped = Bits(WORD).then(bpf.XOR, 5)
    assert isinstance(flipped, Bits)
    outcomes = {t: flipped.test(t, 3) is None for t in (bpf.JEQ, bpf.JSET, bpf.JGT, bpf.JGE)}
    assert {bpf.JEQ: False, bpf.JSET: False, bpf.JGT: True, bpf.JGE: True} == outcomes


def test_too_many_states_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that takes too long is left open, not guessed."""
    monkeypatch.setattr(words, "MOST_STATES", 3)
    assert solve([Condition(WORD, 0xFFFFFFFF, Relation.EQ, 7)]) is None
