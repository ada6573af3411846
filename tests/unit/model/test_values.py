"""The values of the model, where their behaviour is more than their fields."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Location,
    Missing,
    Outcome,
    Part,
    Reason,
    Record,
    RunError,
    Severity,
    Status,
    Target,
    Vantage,
    Waiver,
)

FACT = Fact("a.b", 1, "here", Vantage.KERNEL)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("a.yaml", 3, 5), "a.yaml:3:5"),
        (Location("a.yaml", 3), "a.yaml:3"),
        (Location("a.yaml"), "a.yaml"),
    ],
)
def test_a_location_reads_as_editors_write_it(location: Location, text: str) -> None:
    """File, line, column, as far as they are known."""
    assert text == str(location)


def test_severities_rank_from_the_worst() -> None:
    """The smaller the worse."""
    assert ["critical", "high", "medium", "low", "info"] == sorted(
        Severity, key=lambda one: one.rank
    )


def test_vantages_rank_by_how_much_they_count() -> None:
    """The kernel above the VMM above the engine above a file; a guest never competes."""
    assert ["guest", "declared", "engine", "vmm", "kernel"] == sorted(
        Vantage, key=lambda one: one.rank
    )


def test_a_finding_stands_where_its_first_placed_evidence_does() -> None:
    """Evidence without a place is passed over."""
    placed = Fact("a.c", 1, "x", Vantage.DECLARED, Location("x", 7))

    finding = Finding(Outcome("A-001", Severity.LOW, Status.FAIL, "m", (FACT, placed)))

    assert Location("x", 7) == finding.location


def test_of_one_vantage_the_later_word_stands() -> None:
    """A probe that looks twice means the second look."""
    later = Fact("a.b", 2, "later", Vantage.KERNEL)

    assert (later,) == FactSet.of([FACT, later]).facts["a.b"]


def test_a_missing_entry_stands_once() -> None:
    """However often it is noted."""
    entry = Missing("a.b", Reason.TIMEOUT)

    assert (entry,) == FactSet.of(missing=[entry, entry]).missing["a.b"]


def test_all_missing_holds_those_of_records_and_unfinished_parts() -> None:
    """They are as unknown as the rest."""
    own, field, cut = (Missing(path, Reason.LIMIT) for path in ("c", "a.b", "b"))
    part = Part("a", Vantage.KERNEL, (Record.of([], [field]),), cut)

    assert [field, cut, own] == FactSet.of(parts=[part], missing=[own]).all_missing()


_FACT = {"value": 1, "source": "here", "vantage": "kernel"}
_MISSING = {"path": "a", "reason": "limit", "detail": "", "how_to_get": "", "vantage": None}
_TARGET = {"id": "a", "aliases": [], "kind": "vm", "name": "a", "state": "running", "dialect": "",
           "host": None, "source": {"engine": "", "host": None}}  # fmt: skip
_ERROR = {"target": "a", "stage": "read", "message": "", "how_to_get": "", "asked": True}


@pytest.mark.parametrize(
    ("build", "data", "change"),
    [
        (lambda data: Fact.from_json("a.b", data), _FACT, {"value": None}),
        (lambda data: Fact.from_json("a.b", data), _FACT, {"value": 1.5}),
        (lambda data: Fact.from_json("a.b", data), _FACT, {"value": [1]}),
        (lambda data: Fact.from_json("a.b", data), _FACT, {"value": {"a": 1}}),
        (lambda data: Fact.from_json("a.b", data), _FACT, {"source": 1}),
        (lambda data: Fact.from_json("a.b", data), _FACT, {"vantage": "hearsay"}),
        (lambda data: Fact.from_json("a.b", data), _FACT,
         {"location": {"file": "a", "line": "1", "column": None}}),
        (lambda data: Fact.from_json("a.b", data), _FACT,
         {"location": {"file": "a", "line": True, "column": None}}),
        (Missing.from_json, _MISSING, {"path": 1}),
        (Missing.from_json, _MISSING, {"reason": "bored"}),
        (Target.from_json, _TARGET, {"kind": "ship"}),
        (Target.from_json, _TARGET, {"name": None}),
        (Target.from_json, _TARGET, {"aliases": "a"}),
        (Target.from_json, _TARGET, {"host": 1}),
        (RunError.from_json, _ERROR, {"asked": "no"}),
    ],
)  # fmt: skip
def test_what_is_no_value_of_the_model_is_refused(
    build: Any, data: dict[str, Any], change: dict[str, Any]
) -> None:
    """A bundle or result may come from a stranger: a wrong type must not travel on."""
    build(data)

    with pytest.raises(ValueError, match=r"."):
        build({**data, **change})


def test_merged_fact_sets_are_as_if_made_of_everything() -> None:
    """The strongest vantage stands first, of equal ones the later word, and nothing twice."""
    lost = Missing("c", Reason.LIMIT)
    one = FactSet.of(
        [FACT, Fact("a.d", 1, "x", Vantage.ENGINE)], [Part("p", Vantage.ENGINE, ())], [lost]
    )
    other = FactSet.of(
        [Fact("a.b", 2, "engine", Vantage.ENGINE), Fact("a.d", 2, "later", Vantage.ENGINE)],
        [Part("p", Vantage.KERNEL, ()), Part("q", Vantage.KERNEL, ())],
        [lost, Missing("c", Reason.VANISHED)],
    )

    merged = one.merge(other)

    assert [fact.value for fact in merged.facts["a.b"]] == [1, 2]
    assert [fact.source for fact in merged.facts["a.d"]] == ["later"]
    assert [part.vantage for part in merged.parts["p"]] == [Vantage.KERNEL, Vantage.ENGINE]
    assert [entry.reason for entry in merged.missing["c"]] == [Reason.LIMIT, Reason.VANISHED]
    assert ["p", "q"] == list(merged.parts)


WAIVER = Waiver("the agent needs it", "team-a", "2027-01-31", "waivers.yaml:3", "file", "ciso")


@pytest.mark.parametrize("waiver", [None, WAIVER, WAIVER._replace(until=None, approver="")])
@pytest.mark.parametrize("known", [None, True, False])
def test_a_finding_comes_back_with_its_waiver_and_its_word_of_the_baseline(
    waiver: Waiver | None, known: bool | None
) -> None:
    """Both are the reader's to see, in every format made of a saved result."""
    outcome = Outcome("A-001", Severity.LOW, Status.FAIL, "m")
    finding = Finding(outcome, "f", waiver, known)

    assert finding == Finding.from_json(finding.to_json())


def test_a_finding_of_an_older_document_has_no_word_of_a_baseline() -> None:
    """Version 1 of the document began without that key."""
    data = Finding(Outcome("A-001", Severity.LOW, Status.FAIL, "m")).to_json()
    del data["baseline"]

    assert Finding.from_json(data).known is None


@pytest.mark.parametrize(
    "change",
    [{"baseline": "old"}, {"baseline": ["new"]}, {"waiver": {**WAIVER.to_json(), "kind": "x"}}],
)
def test_a_word_that_no_document_has_is_refused(change: dict[str, Any]) -> None:
    """A kind of waiver or a word about the baseline that this version does not know."""
    data = {**Finding(Outcome("A-001", Severity.LOW, Status.FAIL, "m")).to_json(), **change}

    with pytest.raises(ValueError, match="no "):
        Finding.from_json(data)
