"""The order of the reference examples holds, and bears a change of every weight by a fifth."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from isoaudit.assess.assessor import Assessor
from isoaudit.assess.definitions import definitions
from tests.unit.assess import reference_examples as reference

FAR = 8
"""Points that two examples must stand apart for their order to be firm (issue 6)."""

OFF = 6
"""Points by which an example's interval may miss the prototype's value: read the order."""


def _points(assessor: Assessor) -> Mapping[str, int]:
    found = {}
    for name, (context, _) in reference.EVERY.items():
        assessment = assessor.assess(context)
        assert assessment is not None
        found[name] = assessment.score.escape.low
    return found


def test_each_example_stands_near_where_the_science_puts_it() -> None:
    """The model comes to what it was calibrated for."""
    far = {}
    for name, (context, wanted) in reference.EVERY.items():
        assessment = Assessor(definitions()).assess(context)
        assert assessment is not None
        low, high = assessment.score.escape
        if not low - OFF <= wanted <= high + OFF:
            far[name] = (low, high, wanted)

    assert far == {}


def test_the_order_is_that_of_the_science() -> None:
    """Of two examples that are to stand well apart, the stronger one stands higher."""
    points = _points(Assessor(definitions()))
    wanted = {name: one[1] for name, one in reference.EVERY.items()}
    swapped = [
        (low, high)
        for low in wanted
        for high in wanted
        if wanted[high] - wanted[low] >= FAR and points[low] >= points[high]
    ]

    assert swapped == []


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_no_weight_decides_alone(factor: float) -> None:
    """A fifth more or less of any one weight swaps no two examples that stand well apart."""
    before = _points(Assessor(definitions()))
    swapped = []
    for name, changed in reference.with_each_weight(factor):
        after = _points(Assessor(changed))
        swapped += [
            (name, low, high)
            for low in before
            for high in before
            if before[high] - before[low] >= FAR and after[low] >= after[high]
        ]

    assert swapped == []
