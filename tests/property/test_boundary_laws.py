"""The score keeps its laws on random configurations: 2,000 containers and 2,000 VMs each time."""

from __future__ import annotations

import pytest

from tests.property.boundary_laws import SORTS, tried

SEEDS = range(8)
EACH = 250


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sort", SORTS)
def test_no_removal_of_a_protection_raises_and_no_lost_fact_narrows(sort: str, seed: int) -> None:
    """Less protection is never worth more, and knowing less never makes surer."""
    tally = tried(SORTS[sort], seed, EACH)

    assert tally.breaches == ()
    assert tally.weakenings > EACH  # else the generator has nothing to take away
