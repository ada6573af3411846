"""Every value of the model survives being written as JSON and read back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from model_strategies import (
    FACTS,
    FACTSETS,
    FILE_TARGETS,
    FINDINGS,
    LIVE_TARGETS,
    LOCATIONS,
    MISSING,
    PARTS,
    QUICK,
    RECORDS,
    RUN_ERRORS,
)

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Location,
    Missing,
    Part,
    Record,
    RunError,
    Target,
)


def _through_json(data: dict[str, Any]) -> dict[str, Any]:
    back: dict[str, Any] = json.loads(json.dumps(data))
    return back


@QUICK
@given(LOCATIONS)
def test_a_location_comes_back(location: Location) -> None:
    """File, line and column."""
    assert location == Location.from_json(_through_json(location.to_json()))


@QUICK
@given(FACTS)
def test_a_fact_comes_back(fact: Fact) -> None:
    """Its value with its type: true is not 1, and a list is a tuple again."""
    back = Fact.from_json(fact.path, _through_json(fact.to_json()))

    assert (fact, type(fact.value)) == (back, type(back.value))
    assert hash(fact) == hash(back)


@QUICK
@given(MISSING)
def test_a_missing_entry_comes_back(missing: Missing) -> None:
    """With its reason and the vantage that stayed dark."""
    assert missing == Missing.from_json(_through_json(missing.to_json()))


@QUICK
@given(RECORDS)
def test_a_record_comes_back(record: Record) -> None:
    """With its unread fields."""
    assert record == Record.from_json(_through_json(record.to_json()))


@QUICK
@given(PARTS)
def test_a_part_comes_back(part: Part) -> None:
    """With the reason for which it is incomplete."""
    assert part == Part.from_json(part.name, _through_json(part.to_json()))


@QUICK
@given(FACTSETS)
def test_a_fact_set_comes_back(facts: FactSet) -> None:
    """With all vantages of a path, in their order."""
    assert facts == FactSet.from_json(_through_json(facts.to_json()))


@QUICK
@given(FINDINGS)
def test_a_finding_comes_back(finding: Finding) -> None:
    """With its evidence; its location follows from that."""
    back = Finding.from_json(_through_json(finding.to_json()))

    assert (finding, finding.location) == (back, back.location)


@QUICK
@given(LIVE_TARGETS | FILE_TARGETS)
def test_a_target_comes_back(target: Target) -> None:
    """All but its handle and the column of its place: nothing is read from there again."""
    assert target == Target.from_json(_through_json(target.to_json()))


@QUICK
@given(RUN_ERRORS)
def test_an_error_row_comes_back(error: RunError) -> None:
    """With whether the target was asked for, which decides the exit code."""
    assert error == RunError.from_json(_through_json(error.to_json()))
