"""Unknown 32-bit words: what a filter computes from one, and which of them satisfy what it asks.

Every question about a word comes down to comparing some of its bits with a constant, and whether a
set of such comparisons can hold together is decided exactly, bit by bit from the top.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from isoaudit.seccomp import bpf

MOST_STATES = 1_000
"""Most steps of one decision; beyond it the answer is None, and the caller must not guess."""


class Relation(StrEnum):
    """How bits of a word compare with a constant; all are of unsigned numbers."""

    EQ = "=="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="

    @property
    def opposite(self) -> Relation:
        """The relation that holds exactly where this one does not."""
        return _OPPOSITES[self]


_OPPOSITES = {
    Relation.EQ: Relation.NE,
    Relation.NE: Relation.EQ,
    Relation.GT: Relation.LE,
    Relation.LE: Relation.GT,
    Relation.GE: Relation.LT,
    Relation.LT: Relation.GE,
}
_COMPARE: dict[Relation, Callable[[int, int], bool]] = {
    Relation.EQ: operator.eq,
    Relation.NE: operator.ne,
    Relation.GT: operator.gt,
    Relation.GE: operator.ge,
    Relation.LT: operator.lt,
    Relation.LE: operator.le,
}


class Condition(NamedTuple):
    """`word & mask RELATION value`; `word` is the index of a word of struct seccomp_data."""

    word: int
    mask: int
    relation: Relation
    value: int

    def negated(self) -> Condition:
        """Return the condition that holds exactly where this one does not."""
        return self._replace(relation=self.relation.opposite)

    def holds(self, words: tuple[int, ...]) -> bool:
        """Say whether it holds for known words."""
        return _COMPARE[self.relation](words[self.word] & self.mask, self.value)


class Bits(NamedTuple):
    """A value computed from one word: shifted left by `shift` (right if negative), masked, flipped.

    AND, OR, XOR and shifts by constants keep this form; what leaves it is opaque.
    """

    word: int
    shift: int = 0
    mask: int = bpf.WORD
    flip: int = 0

    def then(self, code: int, k: int) -> Bits | int | None:
        """Return the value after an arithmetic instruction with a constant, None if opaque."""
        changed: Bits | None = None
        if code == bpf.AND:
            changed = self._replace(mask=self.mask & k, flip=self.flip & k)
        elif code == bpf.OR:
            changed = self._replace(mask=self.mask & ~k, flip=self.flip & ~k | k)
        elif code == bpf.XOR:
            changed = self._replace(flip=self.flip ^ k)
        elif code in {bpf.LSH, bpf.RSH}:
            changed = self._shifted(code, k & 31)
        if changed is None:
            return None
        return changed if changed.mask else changed.flip

    def _shifted(self, code: int, by: int) -> Bits | None:
        mask, flip = self.mask, self.flip
        if code == bpf.LSH:
            kept, flipped, shift = mask << by & bpf.WORD, flip << by & bpf.WORD, self.shift + by
        else:
            kept, flipped, shift = mask >> by, flip >> by, self.shift - by
        # NOTE: bits that a shift pushed out and a later one would bring back are masked by now.
        return Bits(self.word, shift, kept, flipped)

    def test(self, code: int, k: int) -> Condition | bool | None:
        """Return the condition under which a test holds, or its outcome, or None if opaque."""
        if code == bpf.JSET:
            rest = self.then(bpf.AND, k)
            if rest is None or isinstance(rest, int):
                return None if rest is None else bool(rest)
            return _negated(rest.test(bpf.JEQ, 0))
        if code == bpf.JEQ:
            wanted = k ^ self.flip
            if wanted & ~self.mask:
                return False
            return Condition(self.word, self._back(self.mask), Relation.EQ, self._back(wanted))
        if self.flip:
            return None
        return self._ordered(Relation.GT if code == bpf.JGT else Relation.GE, k)

    def _back(self, bits: int) -> int:
        """Return where bits of the value stand in the word itself."""
        return bits >> self.shift if self.shift >= 0 else bits << -self.shift

    def _ordered(self, relation: Relation, k: int) -> Condition:
        mask = self._back(self.mask)
        if self.shift <= 0:
            return Condition(self.word, mask, relation, k << -self.shift)
        # x * 2^s > k holds for x > floor(k / 2^s), and >= for x >= ceil(k / 2^s).
        part = k >> self.shift if relation is Relation.GT else -(-k >> self.shift)
        return Condition(self.word, mask, relation, part)


def _negated(test: Condition | bool | None) -> Condition | bool | None:
    if isinstance(test, Condition):
        return test.negated()
    return test if test is None else not test


def solve(
    conditions: Iterable[Condition], charge: Callable[[int], None] | None = None
) -> tuple[int, ...] | bool | None:
    """Return sixteen words that satisfy all conditions; False if none do, None if it took too long.

    Words that no condition names are 0. `charge` is told how many comparisons were made.
    """
    by_word: dict[int, list[Condition]] = {}
    for one in conditions:
        by_word.setdefault(one.word, []).append(one)
    words = [0] * (bpf.DATA_SIZE // 4)
    late = False
    for word, several in by_word.items():
        found = _solve_word(tuple(several), charge)
        if found is False:
            return False
        if found is None:
            late = True
        else:
            words[word] = found
    return None if late else tuple(words)


def _solve_word(
    conditions: tuple[Condition, ...], charge: Callable[[int], None] | None
) -> int | bool | None:
    """Return a word that satisfies conditions on it, False if there is none, None if it took long.

    A comparison is open as long as the bits so far equal the constant's; the first bit that
    differs decides it. States that were found fruitless are not entered again.
    """
    if any(one.value > bpf.WORD for one in conditions):
        conditions, possible = _within(conditions)
        if not possible:
            return False
    dead: set[tuple[int, frozenset[Condition]]] = set()
    stack: list[tuple[int, frozenset[Condition], int]] = [(31, frozenset(conditions), 0)]
    steps = 0
    while stack:
        bit, still_open, chosen = stack.pop()
        if (bit, still_open) in dead:
            continue
        if bit < 0:
            if all(one.relation in _TIED for one in still_open):
                return chosen
            continue
        if not still_open:
            return chosen
        dead.add((bit, still_open))
        steps += 1
        if charge is not None:
            charge(len(still_open))
        if steps > MOST_STATES:
            return None
        for choice in (1, 0):
            left = _after(still_open, bit, choice)
            if left is not None:
                stack.append((bit - 1, left, chosen | choice << bit))
    return False


_TIED = frozenset({Relation.EQ, Relation.GE, Relation.LE})
_IF_MORE = frozenset({Relation.NE, Relation.GT, Relation.GE})
_IF_LESS = frozenset({Relation.NE, Relation.LT, Relation.LE})


def _after(still_open: frozenset[Condition], bit: int, choice: int) -> frozenset[Condition] | None:
    """Return the comparisons still open after one more bit, None if one has failed."""
    left = []
    for one in still_open:
        own, wanted = choice & one.mask >> bit & 1, one.value >> bit & 1
        if own == wanted:
            left.append(one)
        elif one.relation not in (_IF_MORE if own > wanted else _IF_LESS):
            return None
    return frozenset(left)


def _within(conditions: tuple[Condition, ...]) -> tuple[tuple[Condition, ...], bool]:
    """Return the conditions with constants of 32 bits, and whether the others hold at all."""
    inside = tuple(one for one in conditions if one.value <= bpf.WORD)
    beyond = [one for one in conditions if one.value > bpf.WORD]
    return inside, all(one.relation in _IF_LESS for one in beyond)
