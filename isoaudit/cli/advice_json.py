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
    from isoaudit.advise.candidates import Candidate


def write(
    advised: Sequence[Advised],
    errors: Sequence[RunError],
    stream: TextIO,
    candidates: Sequence[Sequence[Candidate]] = (),
) -> None:
    """Write the document of all that was advised, with the candidates of each if any were asked."""
    targets = [advice_json(one) for one in advised]
    for target, several in zip(targets, candidates, strict=False):
        target["candidates"] = [candidate_json(one) for one in several]
    document = {
        "schema_version": "1",
        "tool": {"name": "isoaudit", "version": __version__, "model_version": model_version()},
        "targets": targets,
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


def candidate_json(one: Candidate) -> dict[str, Any]:
    """Return what another way to run a workload would come to."""
    enough = one.enough
    return {
        "id": one.way.id,
        "title": one.way.title,
        "current": one.is_current,
        "note": one.way.note,
        "wall": one.after.verdict.wall.to_json(),
        "score": {axis.value: score.to_json() for axis, score in one.after.score.axes.items()},
        "enough": None if enough is None else enough.value,
        "because": [] if enough is None else list(enough.because),
        "refused": [entry.text for entry in one.refused],
        "closes": list(one.closed),
        "escape_paths": [path.to_json() for path in one.after.escape_paths],
        "breaks": [
            {"text": broken.text, "known": broken.is_known, "source": broken.source}
            for broken in one.breaks
        ],
        "costs": [{**cost._asdict(), "measured": False} for cost in one.way.costs],
        "needs": [
            {"text": need.text, "here": truth.value, "how": need.how} for need, truth in one.needs
        ],
    }
