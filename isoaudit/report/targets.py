"""One target's result as the report document holds it, and back."""

from __future__ import annotations

from typing import Any

from isoaudit.model import (
    Assessment,
    Fact,
    FactSet,
    Finding,
    FixChange,
    Missing,
    Part,
    Record,
    Target,
    TargetResult,
    Vantage,
)


def target_json(result: TargetResult) -> dict[str, Any]:
    """Return a result: its address, its strongest evidence, what is missing, its findings.

    Under `facts` a dotted path holds one value, the weaker vantages' words standing in `also`,
    and a part's name holds the list of its records. What has no boundary has no verdict.
    """
    return {
        **result.target.to_json(),
        "facts": _facts_json(result.facts),
        "missing": [entry.to_json() for entry in ordered_missing(result.facts)],
        "findings": [finding.to_json() for finding in result.findings],
        **(result.assessment.to_json() if result.assessment is not None else {}),
        **({"fixes": [fix.to_json() for fix in result.fixes]} if result.fixes else {}),
    }


def target_result(data: dict[str, Any]) -> TargetResult:
    """Rebuild a result from `target_json`; parts come back with the one vantage written."""
    facts: list[Fact] = []
    parts: list[Part] = []
    for path, seen in data["facts"].items():
        if isinstance(seen, list):
            parts.append(_part(path, seen))
        else:
            facts += [Fact.from_json(path, one) for one in (seen, *seen.get("also", ()))]
    missing = [Missing.from_json(entry) for entry in data["missing"]]
    findings = tuple(Finding.from_json(finding) for finding in data["findings"])
    return TargetResult(
        Target.from_json(data),
        FactSet.of(facts, parts, missing),
        findings,
        assessment=Assessment.from_json(data) if "verdict" in data else None,
        fixes=tuple(FixChange.from_json(one) for one in data.get("fixes", ())),
    )


def ordered_missing(facts: FactSet) -> list[Missing]:
    """Return every missing entry in an order that depends on nothing but the entries."""
    return sorted(facts.all_missing(), key=_missing_key)


def _missing_key(entry: Missing) -> tuple[str, ...]:
    return (entry.path, entry.reason, entry.detail, entry.how_to_get, entry.vantage or "")


def _facts_json(facts: FactSet) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for path in sorted(facts.facts):
        best, *weaker = facts.facts[path]
        data[path] = best.to_json()
        if weaker:
            data[path]["also"] = [fact.to_json() for fact in weaker]
    for name in sorted(facts.parts):
        data[name] = [record.to_json() for record in facts.parts[name][0].records]
    return data


def _part(name: str, records: list[dict[str, Any]]) -> Part:
    rebuilt = tuple(Record.from_json(record) for record in records)
    vantages = (fact.vantage for record in rebuilt for fact in record.facts.values())
    return Part(name, next(vantages, Vantage.DECLARED), rebuilt)
