"""Reads a report document back, to show it in another format or to compare it with another."""

from __future__ import annotations

from typing import Any

from isoaudit.errors import UsageError
from isoaudit.model import Axis, RunError, WaiverUse
from isoaudit.report.document import SCHEMA_VERSION, Report, RunInfo, Summary
from isoaudit.report.shape import REMEDY, Every, Nullable, Optional, require
from isoaudit.report.targets import target_result

_LOCATION = {"file": str, "line": Nullable(int), "column": Nullable(int)}
_FACT = {
    "value": (bool, int, str, [str]),
    "source": str,
    "vantage": str,
    "location": Optional(_LOCATION),
}
_MISSING = {"path": str, "reason": str, "detail": str, "how_to_get": str, "vantage": Nullable(str)}
_WAIVER = {
    "reason": str, "owner": str, "until": Nullable(str), "source": str, "kind": str,
    "approver": str,
}  # fmt: skip
_FINDING = {
    "check": str, "severity": str, "status": str, "message": str, "fingerprint": str,
    "evidence": [{"path": str, **_FACT}], "missing": [_MISSING],
    "waiver": Optional(Nullable(_WAIVER)), "baseline": Optional(Nullable(str)),
}  # fmt: skip
_SINCE = {"ref": str, "commit": str, "known": int, "gone": int, "unread": int}
_GATE = {
    "fail_on": str, "fail_on_unknown": bool, "strict_waivers": bool, "walls": Optional(str),
    "fail_on_way_out": Optional(str), "min_score": Optional(int),
}  # fmt: skip
_INTERVAL = {"low": int, "high": int}
_LAYER = {
    "layer": str, "kind": str, "strength": {"low": (int, float), "high": (int, float)},
    "shared_with": [str], "rests_on": [str],
}  # fmt: skip
_PATH = {
    "id": str, "goal": str, "certainty": str, "severity": str, "broken_by": [str],
    "fingerprint": str, "waiver": Optional(Nullable(_WAIVER)), "baseline": Optional(Nullable(str)),
    "steps": [{
        "id": str, "title": str, "way": str, "target": str, "no_help": str, "keep": str,
        "evidence": [{"path": str, **_FACT}], "missing": [_MISSING],
    }],
}  # fmt: skip
_SCORE = {
    **_INTERVAL, "capped_by": Every(str), "axes": Every(_INTERVAL),
    "why": [{
        "axis": str, "kind": str, "path": str, "layer": str, "text": str,
        "low": (int, float), "high": (int, float), "rests_on": [str], "missing": [_MISSING],
    }],
}  # fmt: skip
_VERDICT = {
    "status": str, "goal": Nullable(str), "enough_for": [str],
    "not_enough_for": [{"workload": str, "because": [str]}],
    "wall": {"proven": str, "possible": str, "missing": [_MISSING], "lacks": [str],
             "additions": [str]},
}  # fmt: skip
_WAY = {"id": str, "title": str, "state": str, "because": str}
_FIX = {
    "id": str, "change": str, "closes": [str], "score_after": Every(_INTERVAL), "effort": int,
    "downtime": str, "may_break": str, "scope": str, "where": str,
}  # fmt: skip
_ASSESSED = ("boundary", "escape_paths", "score", "verdict", "ways")
_TARGET = {
    "id": str, "aliases": [str], "kind": str, "name": str, "state": str, "dialect": str,
    "host": Nullable(str), "facts": dict, "missing": [_MISSING], "findings": [_FINDING],
    "source": {"file": Optional(str), "line": Optional(Nullable(int)), "engine": Optional(str)},
    "boundary": Optional([_LAYER]), "escape_paths": Optional([_PATH]), "score": Optional(_SCORE),
    "verdict": Optional(_VERDICT), "ways": Optional([_WAY]), "fixes": Optional([_FIX]),
}  # fmt: skip
_DOCUMENT = {
    "tool": {"version": str, "checks_version": str, "model_version": Optional(str)},
    "checks": Every({
        "title": str, "severity": str, "tags": [str], "rationale": str,
        "remediation": Every(str), "references": Every([str]),
        "change": Optional(str),
    }),
    "targets": [_TARGET],
    "run": {
        "id": str, "started_at": str, "finished_at": str, "profiles": [str],
        "host": Nullable(Every(str)), "view": str, "seconds": (int, float),
        "on": Optional(Nullable(Every(str))), "since": Optional(Nullable(_SINCE)),
        "gate": Optional(Nullable(_GATE)),
    },
    "summary": {
        "targets": int, "by_status": Every(int), "by_severity": Every(int),
        "gate": {"passed": bool, "reasons": [str]}, "waived": Optional(int),
        "baseline": Optional(Nullable({"known": int, "new": int, "resolved": int})),
    },
    "waivers": Optional([{
        **_WAIVER, "checks": [str], "targets": [str], "fingerprint": str, "state": str,
        "findings": int, "why": str,
    }]),
    "errors": [
        {"target": str, "stage": str, "message": str, "how_to_get": str, "asked": bool}
    ],
}  # fmt: skip


def read_report(data: Any) -> Report:
    """Rebuild a report from its parsed JSON document.

    Raises UsageError, with the place, for anything else and for another schema version.
    """
    if not isinstance(data, dict) or "schema_version" not in data or "targets" not in data:
        raise UsageError("not a report of isoaudit", REMEDY)
    if data["schema_version"] != SCHEMA_VERSION:
        raise UsageError(
            f"a report of schema version {data['schema_version']!r:.20}, "
            f"where this isoaudit reads {SCHEMA_VERSION!r}",
            "Use the isoaudit that wrote it, or scan again.",
        )
    require(data, _DOCUMENT)
    for index, target in enumerate(data["targets"]):
        _require_facts(target["facts"], f"targets[{index}].facts")
        _require_whole(target, f"targets[{index}]")
    try:
        return Report(
            RunInfo.from_json(data["run"]),
            data["checks"],
            tuple(target_result(target) for target in data["targets"]),
            tuple(RunError.from_json(error) for error in data["errors"]),
            Summary.from_json(data["summary"]),
            data["tool"]["checks_version"],
            data["tool"]["version"],
            data["tool"].get("model_version", ""),
            tuple(WaiverUse.from_json(one) for one in data.get("waivers", ())),
        )
    except KeyError as error:
        raise UsageError(f"not a report of isoaudit: a location without {error}", REMEDY) from error
    except ValueError as error:
        # A word that is no severity, status, kind, vantage, reason or state.
        raise UsageError(f"not a report of isoaudit: {error}", REMEDY) from error


def _require_whole(target: dict[str, Any], where: str) -> None:
    """Hold an assessment to being there with all of its parts and axes, or not at all."""
    there = [key for key in _ASSESSED if key in target]
    if there and len(there) < len(_ASSESSED):
        lacking = next(key for key in _ASSESSED if key not in target)
        raise UsageError(f"not a report of isoaudit: {where} has no {lacking!r}", REMEDY)
    if there and set(target["score"]["axes"]) != set(Axis):
        raise UsageError(f"not a report of isoaudit: {where}.score has not all axes", REMEDY)


def _require_facts(facts: dict[str, Any], where: str) -> None:
    """Hold facts to theirs: a map for a path's value, a list of records for a part."""
    for path, seen in facts.items():
        if not isinstance(seen, list):
            require(seen, {**_FACT, "also": Optional([_FACT])}, f"{where}.{path}")
            continue
        for record in seen:
            require(record, {"missing": Optional([_MISSING])}, f"{where}.{path}")
            fields = {field: fact for field, fact in record.items() if field != "missing"}
            require(fields, Every(_FACT), f"{where}.{path}")
