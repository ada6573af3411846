"""Fact sets: all vantages are kept, the strongest first, in whatever order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from model_strategies import FACTSETS, MISSING, QUICK

from isoaudit.model import Fact, FactSet, Vantage

ONE_VANTAGE_EACH = st.permutations(
    [Fact("process.uid", rank, "somewhere", vantage) for rank, vantage in enumerate(Vantage)]
)


@QUICK
@given(FACTSETS, FACTSETS)
def test_the_strongest_vantage_stands_first(one: FactSet, other: FactSet) -> None:
    """Whoever takes the first value takes the one that counts most."""
    merged = one.merge(other)

    for several in (*merged.facts.values(), *merged.parts.values()):
        ranks = [entry.vantage.rank for entry in several]
        assert sorted(set(ranks), reverse=True) == ranks


@QUICK
@given(FACTSETS, FACTSETS)
def test_nothing_is_lost(one: FactSet, other: FactSet) -> None:
    """Every path, vantage and missing entry of both is in the merged set."""
    merged = one.merge(other)

    for facts in (one, other):
        for path, several in facts.facts.items():
            assert {f.vantage for f in several} <= {f.vantage for f in merged.facts[path]}
        for path, entries in facts.missing.items():
            assert set(entries) <= set(merged.missing[path])


@QUICK
@given(ONE_VANTAGE_EACH)
def test_the_order_of_probes_does_not_matter(facts: list[Fact]) -> None:
    """Facts of different vantages come to the same set, whoever was quicker."""
    merged = FactSet().merge(*(FactSet.of([fact]) for fact in facts))

    assert [4, 3, 2, 1, 0] == [fact.vantage.rank for fact in merged.facts["process.uid"]]


@QUICK
@given(FACTSETS, FACTSETS, FACTSETS)
def test_merging_in_steps_comes_to_the_same(a: FactSet, b: FactSet, c: FactSet) -> None:
    """One after the other, or all at once."""
    assert a.merge(b, c) == a.merge(b).merge(c)


@QUICK
@given(FACTSETS)
def test_merging_a_set_with_itself_or_nothing_changes_nothing(facts: FactSet) -> None:
    """What is seen twice is seen."""
    assert facts == facts.merge(facts) == facts.merge(FactSet()) == FactSet().merge(facts)


@QUICK
@given(FACTSETS, st.lists(MISSING, max_size=4))
def test_every_missing_entry_is_listed_once(facts: FactSet, more: list[object]) -> None:
    """Those of records and unfinished parts too, in an order that depends on nothing else."""
    listed = facts.all_missing()

    assert len(set(listed)) == len(listed)
    assert sorted(listed, key=lambda e: (e.path, e.reason, e.detail)) == listed
