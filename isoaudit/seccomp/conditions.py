"""Says in words for which arguments a filter lets a call through, as `flags & 0x7e020000 == 0`.

A filter sees each 64-bit argument as two halves. What it asks of them is put together again where
that is the same question, and every text is exact for the conditions it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isoaudit.seccomp import bpf
from isoaudit.seccomp.parameters import name_of
from isoaudit.seccomp.verdict import Kind, Verdict
from isoaudit.seccomp.words import Condition, Relation, solve

MOST_ALTERNATIVES = 8
"""Most alternatives that are written out for one call; the number of the others is said."""

MOST_WAYS = 48
"""Most ways through a filter that are put in words; beyond, only their number is told."""

_MOST_SIMPLIFIED = 48  # conditions of one way that are held against each other

MOST_VALUES = 32
"""Most values that are written out for one argument."""

_WORD = bpf.WORD


class Term(NamedTuple):
    """One comparison of an argument as a whole, or of a half where only that is asked."""

    subject: str
    relation: Relation
    value: int

    def __str__(self) -> str:
        return f"{self.subject} {self.relation.value} {_number(self.value)}"


_Terms = tuple[Term, ...]


def describe(call: str, verdict: Verdict, width: int = 64) -> str:
    """Return when a call passes, as `domain != 0x28`; "" unless it depends on arguments.

    `width` is that of the interface's arguments in bits. Where the refused arguments are told in
    fewer words, it is them that are named.
    """
    if verdict.kind is not Kind.BY_ARGUMENT:
        return ""
    if len(verdict.allowed) + len(verdict.denied) > MOST_WAYS:
        return f"in {len(verdict.allowed)} ways of {len(verdict.allowed) + len(verdict.denied)}"
    allowed = _ways(call, verdict.allowed, width)
    denied = _ways(call, verdict.denied, width)
    refused = _values(denied)
    if refused is not None and len(refused[1]) < len(allowed):
        subject, values = refused
        return f"{subject} {_among(values, Relation.NE)}"
    accepted = _values(allowed)
    if accepted is not None:
        return f"{accepted[0]} {_among(accepted[1], Relation.EQ)}"
    shown = [" and ".join(map(str, way)) or "any" for way in allowed[:MOST_ALTERNATIVES]]
    left = len(allowed) - len(shown)
    return " or ".join(shown) + (f" or {left} more ways" if left else "")


def _among(values: Sequence[int], relation: Relation) -> str:
    if len(values) == 1:
        return f"{relation.value} {_number(values[0])}"
    word = "in" if relation is Relation.EQ else "not in"
    shown = [_number(value) for value in values[:MOST_VALUES]]
    left = len(values) - len(shown)
    return f"{word} {{{', '.join(shown)}{f' and {left} more' if left else ''}}}"


def _values(ways: Sequence[_Terms]) -> tuple[str, list[int]] | None:
    """Return the argument and the values if all ways ask for nothing but one value of it."""
    subjects = {way[0].subject for way in ways if len(way) == 1}
    plain = all(len(way) == 1 and way[0].relation is Relation.EQ for way in ways)
    if not ways or not plain or len(subjects) != 1:
        return None
    return subjects.pop(), sorted({way[0].value for way in ways})


def _ways(call: str, ways: Sequence[tuple[Condition, ...]], width: int) -> list[_Terms]:
    """Return the ways in terms of arguments, each without what it need not say."""
    needed = [_simplified(way) for way in ways]
    split = [part for way in needed for part in _enumerated(way)]
    joined = _joined(split)
    return list(dict.fromkeys(_terms(call, way, width) for way in joined))


def _simplified(way: Sequence[Condition]) -> tuple[Condition, ...]:
    """Return a way's conditions without those that follow from the others."""
    kept = list(dict.fromkeys(way))
    if len(kept) > _MOST_SIMPLIFIED:
        return _in_order(kept)
    # Equalities go last: `== 0` says more than the `<= 0` that it follows from.
    last_first = [*reversed(kept)]
    for one in sorted(last_first, key=lambda c: c.relation is Relation.EQ):
        rest = [other for other in kept if other is not one and other.word == one.word]
        if solve((*rest, one.negated())) is False:
            kept.remove(one)
    return _in_order(kept)


def _enumerated(way: tuple[Condition, ...]) -> list[tuple[Condition, ...]]:
    """Return a way as one for each value if a few comparisons leave only a few values of a word.

    `>= 38 and <= 40 and != 39` is 38 or 40.
    """
    for word in sorted({one.word for one in way}):
        about = [one for one in way if one.word == word]
        if len(about) < 2:
            continue
        values = _few(about)
        if values is not None:
            rest = [one for one in way if one.word != word]
            found = [Condition(word, _WORD, Relation.EQ, value) for value in values]
            return [part for one in found for part in _enumerated(_in_order([*rest, one]))]
    return [way]


def _in_order(way: Sequence[Condition]) -> tuple[Condition, ...]:
    return tuple(sorted(way, key=lambda c: (c.word // 2, -c.word, c.mask, c.value)))


def _few(about: Sequence[Condition]) -> list[int] | None:
    """Return the values that a word may have if there are no more than four."""
    values: list[int] = []
    asked = list(about)
    while len(values) <= 4:
        found = solve(asked)
        if isinstance(found, bool):
            return sorted(values)
        if found is None:
            return None
        value = found[about[0].word]
        values.append(value)
        asked.append(Condition(about[0].word, _WORD, Relation.NE, value))
    return None


def _joined(ways: list[tuple[Condition, ...]]) -> list[tuple[Condition, ...]]:
    """Return the ways with those pairs as one that compare a 64-bit argument in two steps.

    `upper > 0` or `upper == 0 and lower > 40` is one comparison of the whole argument with 40;
    likewise for >=, <, <= and !=. The merged condition's mask is 64 bits wide.
    """
    left = list(dict.fromkeys(ways))
    for one in list(left):
        for other in list(left):
            both = _whole(one, other)
            if both is not None and one in left and other in left:
                left[left.index(one)] = (both,)
                left.remove(other)
    return left


_STRICT = {
    Relation.GT: Relation.GT,
    Relation.GE: Relation.GT,
    Relation.LT: Relation.LT,
    Relation.LE: Relation.LT,
    Relation.NE: Relation.NE,
}


def _whole(one: tuple[Condition, ...], other: tuple[Condition, ...]) -> Condition | None:
    """Return the comparison of a whole argument that two ways amount to together."""
    if len(one) != 1 or len(other) != 2:
        return None
    high, (top, low) = one[0], other
    if top.relation is not Relation.EQ or not high.word % 2 or high.word != top.word:
        return None
    if low.word != high.word - 1 or {high.mask, top.mask, low.mask} != {_WORD}:
        return None
    step = _STRICT.get(low.relation)
    same = high.relation is step and high.value == top.value
    # NOTE: for an upper half, `!= 0` is `> 0`.
    some = step is Relation.GT and high.relation is Relation.NE
    if not same and not (some and high.value == top.value == 0):
        return None
    return Condition(low.word, (1 << 64) - 1, low.relation, top.value << 32 | low.value)


def _terms(call: str, way: Sequence[Condition], width: int) -> _Terms:
    """Return a way in terms of arguments; an upper half that must be 0 joins the lower one."""
    terms: list[Term] = []
    by_argument: dict[int, list[Condition]] = {}
    for one in way:
        by_argument.setdefault(one.word // 2, []).append(one)
    for index, about in by_argument.items():
        name = name_of(call, index)
        top = next((one for one in about if one.word % 2 and _fixed(one)), None)
        for one in about:
            whole = width == 32 and one.mask == _WORD and not one.word % 2
            terms += (
                [Term(name, one.relation, one.value)]
                if whole
                else _term(name, one, top, alone=len(about) == 1)
            )
    return tuple(terms)


def _fixed(one: Condition) -> bool:
    return one.mask == _WORD and one.relation is Relation.EQ


def _term(name: str, one: Condition, top: Condition | None, *, alone: bool) -> list[Term]:
    if one.word % 2:
        if one is top and not alone:
            return []  # said with the lower half
        mask = "" if one.mask == _WORD else f" & {one.mask:#x}"
        subject = f"({name} >> 32){mask}" if mask else f"{name} >> 32"
        return [Term(subject, one.relation, one.value)]
    if one.mask > _WORD:
        return [Term(name, one.relation, one.value)]
    if top is not None:
        base = top.value << 32
        if one.mask == _WORD and one.relation is Relation.EQ:
            return [Term(name, Relation.EQ, base | one.value)]
        upper = Term(f"{name} >> 32", Relation.EQ, top.value)
        return [upper, Term(f"{name} & {one.mask:#x}", one.relation, one.value)]
    return [Term(f"{name} & {one.mask:#x}", one.relation, one.value)]


def _number(value: int) -> str:
    return "0" if value == 0 else f"{value:#x}"
