"""Any single open way caps the axis of its class, however hardened the rest is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from isoaudit.assess import load_assessor
from isoaudit.assess.definitions import definitions, load_primitive, primitive_files
from isoaudit.model import Openness
from isoaudit.rules.examples import context_of


def _open_examples() -> Iterator[Any]:
    for path, shown in primitive_files():
        primitive, examples = load_primitive(Path(path), shown)
        if not primitive.aims:
            continue
        for example in examples:
            if example["expect"] == "open":
                yield pytest.param(primitive, example, id=f"{primitive.id} {example['name']}")


@pytest.mark.parametrize(("primitive", "example"), list(_open_examples()))
def test_an_open_way_caps_its_axis(primitive: Any, example: Mapping[str, Any]) -> None:
    """The score of the axis is at most what the class of the way allows."""
    context = context_of(primitive.kinds[0], example["facts"], example)
    found = load_assessor().assess(context)
    assert found is not None

    state = next(one.state for one in found.ways if one.id == primitive.id)
    assert state is Openness.OPEN
    goals = [path.goal for path in found.escape_paths if path.certainty is Openness.OPEN]
    assert goals
    for goal in goals:
        axis, cap = load_assessor().model.goals[goal]
        assert found.score.axes[axis].high <= cap


def test_there_are_primitives() -> None:
    """The parametrised test above tries something."""
    assert len(definitions().primitives) > 40
