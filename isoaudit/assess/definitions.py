"""Loads what the assessment goes by: the primitives of ways out, and the numbers of the model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.assess.primitive import Primitive
from isoaudit.errors import DefinitionError
from isoaudit.model import Goal
from isoaudit.resources import data_dir
from isoaudit.rules.cel import Condition
from isoaudit.rules.data import load_data, load_one
from isoaudit.rules.folder import paths_below

_NUMBERS = Path(__file__).parent / "data"
_VALUE = re.compile(r"\{([a-z_.]+)\}")
_SCHEMA = {"checks/escape/": "escape-1"}


class Definitions(NamedTuple):
    """Primitives by id, documents of the model by file name without ending, their conditions."""

    primitives: Sequence[Primitive]
    documents: Mapping[str, Any]
    conditions: Mapping[str, Condition]


@cache
def definitions() -> Definitions:
    """Return isoaudit's own primitives and numbers.

    Raises DefinitionError for a file that does not load, and for an id that stands twice.
    """
    data = load_data("model", [*primitive_files(), *number_files()], _SCHEMA)
    documents = {Path(shown).stem: one for shown, one in data.documents.items()
                 if not shown.startswith("checks/")}  # fmt: skip
    primitives = [
        Primitive(one, data.conditions)
        for shown, one in data.documents.items()
        if shown.startswith("checks/")
    ]
    _require_unique(primitives)
    return Definitions(primitives, documents, data.conditions)


def steps_about() -> dict[str, dict[str, Any]]:
    """Return what the report document says of the steps of ways out, as of checks."""
    return {one.id: _about(one) for one in definitions().primitives}


def _about(primitive: Primitive) -> dict[str, Any]:
    goals = [aim.goal for aim in primitive.aims] or [Goal.HOST_INFO]
    breaks = [need.breaks for need in primitive.needs if need.breaks]
    no_help = f" No help: {primitive.no_help}" if primitive.no_help else ""
    return {
        "title": primitive.title,
        "severity": min(goals, key=lambda goal: goal.rank).severity.value,
        "tags": ["escape"],
        "rationale": _plain(f"{primitive.way}{no_help}"),
        "remediation": {"any": _plain("; or ".join(dict.fromkeys(breaks)) or primitive.keep)},
        "references": {name: list(ids) for name, ids in primitive.references.items()},
    }


def _plain(text: str) -> str:
    """Return words about no target: where a value of one would stand, the fact's name does."""
    return _VALUE.sub(r"<\1>", text)


def primitive_files() -> list[tuple[str, str]]:
    """Return the files of primitives, each with the name it is shown by."""
    folder = str(data_dir("checks") / "escape")
    return [(path, f"checks/escape/{path[len(folder) + 1 :]}") for path in paths_below(folder)]


def number_files() -> list[tuple[str, str]]:
    """Return the files of the model's numbers, each with the name it is shown by."""
    folder = str(_NUMBERS)
    return [(path, f"model/{path[len(folder) + 1 :]}") for path in paths_below(folder)]


def load_primitive(path: Path, shown: str) -> tuple[Primitive, Sequence[Mapping[str, Any]]]:
    """Return one primitive with its examples; raises DefinitionError, with the place."""
    document, conditions = load_one(path, shown, "escape-1")
    return Primitive(document, conditions), document["examples"]


@cache
def model_version() -> str:
    """Return a word that changes whenever a number, a wall or a primitive of the model does."""
    known = definitions()
    words = [sorted((one.id, _words(one)) for one in known.primitives), known.documents]
    text = json.dumps(words, sort_keys=True, default=str)
    return f"1.{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _words(primitive: Primitive) -> list[Any]:
    needs = [need.that.source for need in primitive.needs]
    absent = [one.when.source for one in primitive.absent]
    aims = [[aim.goal, aim.when.source if aim.when else ""] for aim in primitive.aims]
    parts = [primitive.kinds, primitive.each, primitive.second, primitive.leads_to]
    return [needs, absent, aims, parts, primitive.gives, primitive.adds]


def _require_unique(primitives: Sequence[Primitive]) -> None:
    seen: set[str] = set()
    for one in primitives:
        if one.id in seen:
            raise DefinitionError(f"escape primitive {one.id} stands twice", "Give one another id.")
        seen.add(one.id)
