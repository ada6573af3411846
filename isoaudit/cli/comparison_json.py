"""The document that `isoaudit compare -f json` writes: reports/schemas/comparison-1.json."""

from __future__ import annotations

from typing import Any

from isoaudit import __version__
from isoaudit.advise.compare import Comparison, Side, gaps
from isoaudit.advise.compare_verdict import classes, enough, sentence
from isoaudit.assess import model_version
from isoaudit.cli.comparison_page import notes_of

VERSION = "1"


def document(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as its document."""
    names = [side.result.target.id for side in comparison.sides]
    return {
        "schema_version": VERSION,
        "tool": {"name": "isoaudit", "version": __version__, "model_version": model_version()},
        "host": comparison.host,
        "verdict": sentence(comparison, names),
        "workload": comparison.workload or None,
        "sides": [_side(side) for side in comparison.sides],
        "enough_for": [_class(comparison, name) for name in classes(comparison.sides)],
        "rows": [row.to_json() for row in comparison.rows],
        "fixes": [fix.to_json() for fix in comparison.fixes],
        "move": list(comparison.move),
        "unknown": gaps(comparison),
        "notes": notes_of(comparison, names),
    }


def _class(comparison: Comparison, name: str) -> dict[str, Any]:
    found = [enough(side, name, comparison.fix_of(n)) for n, side in enumerate(comparison.sides)]
    return {"workload": name, "a": found[0].to_json(), "b": found[1].to_json()}


def _side(side: Side) -> dict[str, Any]:
    assessment = side.result.assessment
    return {
        "target": side.result.target.to_json(),
        "verdict": assessment.verdict.to_json() if assessment else None,
        "boundary": [layer.to_json() for layer in assessment.boundary] if assessment else [],
        "axes": (
            {axis.value: one.to_json() for axis, one in assessment.score.axes.items()}
            if assessment
            else None
        ),
    }
