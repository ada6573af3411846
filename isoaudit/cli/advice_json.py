"""Writes advice as JSON, by the published schema advice-1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from isoaudit import __version__
from isoaudit.assess import model_version
from isoaudit.model import RunError

if TYPE_CHECKING:
    from isoaudit.advise.advice import Advised


def write(advised: Sequence[Advised], errors: Sequence[RunError], stream: TextIO) -> None:
    """Write the document of all that was advised."""
    document = {
        "schema_version": "1",
        "tool": {"name": "isoaudit", "version": __version__, "model_version": model_version()},
        "targets": [advice_json(one) for one in advised],
        "errors": [error.to_json() for error in errors],
    }
    json.dump(document, stream, indent=2)
    stream.write("\n")


def advice_json(advised: Advised) -> dict[str, Any]:
    """Return the advice for one target."""
    return {
        **{key: advised.target.to_json()[key] for key in ("id", "kind", "name", "state", "host")},
        "workload": advised.workload.to_json(),
        "required": _required(advised),
        "enough": {
            "value": advised.enough.value,
            "because": list(advised.enough.because),
            "missing": [entry.to_json() for entry in advised.enough.missing],
        },
        "verdict": advised.assessment.verdict.to_json(),
        "score": advised.assessment.score.to_json(),
        "escape_paths": [path.to_json() for path in advised.assessment.escape_paths],
        "blockers": [
            {
                "id": one.id,
                "walls": [wall.value for wall in one.walls],
                "text": one.text,
                "known": one.is_known,
                "source": one.source,
                "evidence": [{"path": fact.path, **fact.to_json()} for fact in one.evidence],
                "missing": [entry.to_json() for entry in one.missing],
            }
            for one in advised.blockers
        ],
        "moves": [
            {
                "to": move.to.value,
                "gains": dict(move.gains),
                "pays": dict(move.pays),
                "measured": False,
                "source": move.source,
            }
            for move in advised.moves
        ],
    }


def _required(advised: Advised) -> dict[str, Any]:
    needed = advised.required
    return {
        "walls": [wall.value for wall in needed.walls],
        "score": needed.score,
        "rules": [
            {"id": rule.id, "walls": [wall.value for wall in rule.walls], "because": rule.because,
             "ground": rule.ground}
            for rule in needed.rules
        ],
        "demands": [
            {"id": one.id, "text": one.text, "met": truth.value, "seen": one.is_seen,
             "ground": one.ground}
            for one, truth in advised.demands
        ],
    }  # fmt: skip
