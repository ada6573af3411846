"""Walls keep their laws on random configurations, each requirement's facts included."""

from __future__ import annotations

from random import Random

import pytest

from isoaudit.assess import load_assessor
from isoaudit.assess.definitions import definitions
from isoaudit.assess.wall import Walls
from isoaudit.model import Kind, Wall
from isoaudit.rules.examples import context_of
from tests.property.boundary_laws import SORTS
from tests.property.configurations import Configuration, hidden

EACH = 150


@pytest.fixture(scope="module")
def walls() -> Walls:
    """Return what says which wall stands, ways out aside."""
    return Walls(definitions(), load_assessor().truths)


def _wall(walls: Walls, kind: Kind, facts: Configuration) -> Wall:
    return walls.of(context_of(kind, facts))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sort", SORTS)
def test_a_lost_fact_proves_nothing_and_rules_nothing_out(
    walls: Walls, sort: str, seed: int
) -> None:
    """What is proven without it was proven with it; what was possible stays so."""
    random = Random(seed)  # noqa: S311 - what is tried again must be the same
    kind, make, _ = SORTS[sort]
    for _ in range(EACH):
        facts = make(random)
        before = _wall(walls, kind, facts)
        changed, path = hidden(facts, random)
        after = _wall(walls, kind, changed)

        assert after.proven.tier <= before.proven.tier, path
        assert after.possible.tier >= before.possible.tier, path
        assert before.proven.tier <= before.possible.tier
        assert after.proven is after.possible or after.missing, path


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sort", SORTS)
def test_no_removal_of_a_protection_raises_a_wall(walls: Walls, sort: str, seed: int) -> None:
    """Neither the one that is proven nor the one that is possible."""
    random = Random(seed)  # noqa: S311 - what is tried again must be the same
    kind, make, weakenings = SORTS[sort]
    tried = 0
    for _ in range(EACH):
        facts = make(random)
        before = _wall(walls, kind, facts)
        for weaken in random.sample(tuple(weakenings), 4):
            changed = weaken(facts, random)
            if changed is None:
                continue
            tried += 1
            after = _wall(walls, kind, changed)

            assert after.proven.tier <= before.proven.tier, weaken
            assert after.possible.tier <= before.possible.tier, weaken
    assert tried > EACH
