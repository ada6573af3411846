"""The answers of a call's rules as libseccomp keeps them, and the ways through them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import Abi
from isoaudit.seccomp.actions import effect_of
from isoaudit.seccomp.profile import Comparison
from isoaudit.seccomp.symbolic import Way
from isoaudit.seccomp.verdict import FIRST_ARGUMENT
from isoaudit.seccomp.words import Condition, Relation, solve

MOST_ANSWERS = 256
"""Most alternatives of one call that are told apart; beyond, its verdict is unknown."""

_ALL = Relation.EQ
_ORDER = {
    "SCMP_CMP_NE": (Relation.NE, Relation.NE),
    "SCMP_CMP_LT": (Relation.LT, Relation.LT),
    "SCMP_CMP_LE": (Relation.LT, Relation.LE),
    "SCMP_CMP_GT": (Relation.GT, Relation.GT),
    "SCMP_CMP_GE": (Relation.GT, Relation.GE),
}
"""How a 64-bit comparison goes: of the upper halves, and if those are equal of the lower ones."""

Given = tuple[Condition, ...]
"""Conditions that must all hold."""


class Answer(NamedTuple):
    """One alternative of a rule: the conditions that must all hold, and the filter's answer.

    `rule` numbers the rules of a call: one may have several alternatives.
    """

    conditions: Given
    answer: int
    rule: int = 0


def add(
    found: dict[str, list[Answer]],
    name: str,
    comparisons: tuple[Comparison, ...],
    answer: int,
    abi: Abi,
) -> None:
    """Add a rule of a call to those before it; one that is there already adds nothing."""
    known = found.get(name)
    if known and not known[0].conditions:
        return  # one without comparisons is there: it stays, whatever comes after
    if not comparisons:
        found[name] = [Answer((), answer)]
        return
    if known and len(known) > MOST_ANSWERS:
        return  # more than are followed: what becomes of the call is not known any more
    ways: list[Given] = [()]
    for one in comparisons:
        ways = [(*way, *more) for way in ways for more in _conditions(one, abi)]
    before = found.setdefault(name, [])
    if not {(way, answer) for way in ways} <= {one[:2] for one in before}:
        rule = before[-1].rule + 1 if before else 0
        before += (Answer(way, answer, rule) for way in ways)


def _conditions(one: Comparison, abi: Abi) -> list[Given]:
    """Return a comparison in terms of 32-bit words, as alternatives.

    libseccomp compares 64 bits on 64-bit interfaces, and the lower half only on others: those of
    32 bits, to which it counts x32.
    """
    low = FIRST_ARGUMENT + 2 * one.argument
    high = low + 1
    value, mask = one.value, (1 << 64) - 1
    if one.operator == "SCMP_CMP_MASKED_EQ":
        mask, value = one.value, one.value_two
    lower, upper = value & bpf.WORD, value >> 32
    wide = abi.width == 64 and abi.bit == 0
    if one.operator in {"SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"}:
        below = Condition(low, mask & bpf.WORD, _ALL, lower)
        return [(Condition(high, mask >> 32, _ALL, upper), below) if wide else (below,)]
    first, second = _ORDER[one.operator]
    below = Condition(low, bpf.WORD, second, lower)
    if not wide:
        return [(below,)]
    same = Condition(high, bpf.WORD, _ALL, upper)
    return [(Condition(high, bpf.WORD, first, upper),), (same, below)]


def ways_through(answers: list[Answer], left: Way, at: int = 0) -> Iterator[Way]:
    """Yield the ways through a call's answers, each tried after those before it failed.

    `left` is the way to the default: its conditions are what is known of the arguments so far.
    """
    if at == len(answers):
        yield left
        return
    met = left
    for one in answers[at].conditions:
        failed = _also(met, one.negated())
        if failed is not None:
            yield from ways_through(answers, failed, at + 1)
        held = _also(met, one)
        if held is None:
            return
        met = held
    yield met._replace(answer=_undisputed(answers, at, met.conditions))


def _also(way: Way, one: Condition) -> Way | None:
    """Return a way with one more condition, None if nothing satisfies them all."""
    conditions = (*way.conditions, one)
    possible = solve(conditions)
    if possible is False:
        return None
    return way._replace(conditions=conditions, exact=way.exact and possible is not None)


_UPWARDS = frozenset({Relation.GT, Relation.GE})
_DOWNWARDS = frozenset({Relation.LT, Relation.LE})
_POINTS = frozenset({Relation.EQ, Relation.NE})


def entangled(answers: list[Answer], default: int) -> bool:
    """Say whether a call's alternatives are more than libseccomp 2.5 is known to build rightly.

    It makes wrong filters of some profiles where a range, or a rule of several arguments, overlaps
    with another alternative, where ranges go the same way twice or differ in the upper half, and
    where a rule of several arguments meets one that asks for more than equality (`_mixed`).
    What a process may do then is for the loaded filter to say.
    """
    ranges = [one for one in answers if _directions(one)]
    several = [one for one in answers if len({c.word // 2 for c in one.conditions}) > 1]
    return (
        _differ_above(answers, ranges)
        or _mixed(answers, several, default)
        or any(_same_way(one, other) for one in ranges for other in ranges)
        or any(_overlap(one, other) for one in (*ranges, *several) for other in answers)
    )


def _mixed(answers: list[Answer], several: list[Answer], default: int) -> bool:
    """Say whether `!=` or a range meets a rule of several arguments, even if they do not overlap.

    libseccomp 2.5 then may compare a value with the wrong argument: after `arg0 != 5 and arg2 == 7`
    has failed in its second part, it tries `arg0 != 9` without loading arg0 again. And beside
    `arg2 != 1` it drops `arg0 == 2 and arg2 == 1`; that shows unless the default does the same.
    """
    if len({one.rule for one in answers}) < 2:
        return False
    if any(not _equalities(one) for one in several):
        return True
    telling = any(effect_of(one.answer) is not effect_of(default) for one in several)
    return telling and any(not _equalities(one) for one in answers)


def _equalities(one: Answer) -> bool:
    return all(c.relation is Relation.EQ for c in one.conditions)


def _same_way(one: Answer, other: Answer) -> bool:
    return one is not other and not _directions(one).isdisjoint(_directions(other))


def _overlap(one: Answer, other: Answer) -> bool:
    if one is other or one[:2] == other[:2]:
        return False
    return solve((*one.conditions, *other.conditions)) is not False


def _differ_above(answers: list[Answer], ranges: list[Answer]) -> bool:
    """Say whether an argument with a range is compared with several upper halves."""
    words = {c.word // 2 for one in ranges for c in one.conditions if c.relation not in _POINTS}
    above: dict[int, set[int]] = {}
    for one in answers:
        for c in one.conditions:
            if c.word % 2 and c.word // 2 in words:
                above.setdefault(c.word, set()).add(c.value)
    return any(len(values) > 1 for values in above.values())


def _directions(one: Answer) -> frozenset[tuple[int, bool]]:
    """Return the words that an alternative gives a range of, and whether upwards."""
    return frozenset(
        (c.word, c.relation in _UPWARDS)
        for c in one.conditions
        if c.relation in _UPWARDS | _DOWNWARDS
    )


def _undisputed(answers: list[Answer], at: int, met: Given) -> int | None:
    """Return a rule's answer, None if one of another effect may apply to the same arguments."""
    own = answers[at]
    for other in answers[at + 1 :]:
        if effect_of(other.answer) is effect_of(own.answer):
            continue
        if solve((*met, *other.conditions)) is not False:
            return None
    return own.answer
