"""Writes what a boundary comes to as JSON text; what alike targets share is put into words once.

The text is the same to the byte as that of `json.dumps(assessment.to_json())` (a test holds it).
"""

from __future__ import annotations

import json
from typing import Any

from isoaudit.model import Assessment, FixChange, KnownWay, Layer, Why

_KEPT = 8192
"""Lines whose text is kept from one target to the next."""


class AssessmentEncoder:
    """Remembers what each line reads like, by object: the keys' objects are kept alive with it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}

    def members(self, assessment: Assessment) -> str:
        """Return the keys that a target has of its assessment, without braces."""
        if len(self._known) > _KEPT:
            self._known.clear()
        score = assessment.score
        why = ", ".join([self._line(line) for line in score.why])
        head = json.dumps(score._replace(why=()).to_json())
        members = {
            "boundary": self._list(assessment.boundary),
            "escape_paths": json.dumps([path.to_json() for path in assessment.escape_paths]),
            "verdict": json.dumps(assessment.verdict.to_json()),
            "score": f"{head[: -len('[]}')]}[{why}]}}",
            "ways": self._list(assessment.ways),
        }
        return ", ".join([f'"{key}": {text}' for key, text in members.items()])

    def _list(self, lines: tuple[Layer, ...] | tuple[KnownWay, ...]) -> str:
        return f"[{', '.join([self._line(line) for line in lines])}]"

    def _line(self, line: Layer | KnownWay | Why) -> str:
        known = self._known.get(id(line))
        if known is None:
            known = self._known[id(line)] = (line, json.dumps(line.to_json()))
        return known[1]


def fixes_member(fixes: tuple[FixChange, ...]) -> str:
    """Return the key of changes."""
    return f'"fixes": {json.dumps([fix.to_json() for fix in fixes])}'
