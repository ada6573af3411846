"""What a boundary comes to survives being written and read; the fast writer writes the same."""

from __future__ import annotations

import json
from random import Random

import pytest

from isoaudit.advise.enough import judge_verdict
from isoaudit.assess import load_assessor
from isoaudit.model import Assessment, Kind, finding_of, with_marks
from isoaudit.report.encode_assessment import AssessmentEncoder
from isoaudit.rules.examples import context_of
from tests.property import configurations, vm_configurations

MADE = {
    "container": (Kind.CONTAINER, configurations.container),
    "vm": (Kind.VM, vm_configurations.machine),
}


def _assessment(sort: str, seed: int) -> Assessment:
    kind, make = MADE[sort]
    context = context_of(kind, make(Random(seed)))  # noqa: S311 - what fails must fail again
    found = load_assessor().assess(context)
    assert found is not None
    return found._replace(verdict=judge_verdict(found, context))


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("sort", MADE)
def test_it_comes_back(sort: str, seed: int) -> None:
    """Ways, score, wall and verdict, but for digits of a number that nobody reads."""
    once = Assessment.from_json(json.loads(json.dumps(_assessment(sort, seed).to_json())))

    assert Assessment.from_json(json.loads(json.dumps(once.to_json()))) == once
    assert once.escape_paths == _assessment(sort, seed).escape_paths
    assert once.verdict == _assessment(sort, seed).verdict


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("sort", MADE)
def test_the_fast_writer_writes_the_same(sort: str, seed: int) -> None:
    """To the byte, also where lines were written before."""
    found, encoder = _assessment(sort, seed), AssessmentEncoder()

    for _ in range(2):
        assert f"{{{encoder.members(found)}}}" == json.dumps(found.to_json())


@pytest.mark.parametrize("sort", MADE)
def test_a_way_as_a_finding_gives_its_marks_back(sort: str) -> None:
    """Waivers and baselines know findings only."""
    found = _assessment(sort, 3)
    marked = tuple(finding_of(path)._replace(known=True) for path in found.escape_paths)

    assert all(path.known for path in with_marks(found, marked).escape_paths)
