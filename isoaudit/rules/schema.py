"""Validates definition files by JSON Schema, every complaint with its line and column."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.errors import DefinitionError
from isoaudit.model import Location
from isoaudit.resources import data_dir


def validate(node: Node, schema: str) -> Any:
    """Return the plain value of `node`, which must fit the published schema of that name.

    Raises DefinitionError for the first violation in the file, at its position.
    """
    value = node.value()
    found = violation(value, schema)
    if found is None:
        return value
    place = locate(node, found.path)
    raise DefinitionError(f"{place}: {found}", found.remedy)


class Violation(NamedTuple):
    """What of a value does not fit its schema: where in it, what, and what to do."""

    path: list[str | int]
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path).lstrip(".")
        return f"{where + ': ' if where else ''}{self.problem}"


def violation(value: Any, schema: str) -> Violation | None:
    """Return the first thing by which a value does not fit a published schema, None if it fits."""
    errors = sorted(_validator(schema).iter_errors(value), key=lambda error: list(error.path))
    if not errors:
        return None
    return Violation(list(errors[0].absolute_path), *_explain(errors[0]))


def locate(node: Node, path: Iterable[str | int]) -> Location:
    """Return the position of the value below `path`, or of the last one there is on the way."""
    for step in path:
        if isinstance(step, int) and node.is_list:
            elements = node.elements()
            if step >= len(elements):
                break
            node = elements[step]
        else:
            below = node.keyed().get(str(step)) if node.is_map else None
            if below is None:
                break
            node = below[1]
    return node.location


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    text = (data_dir("reports") / "schemas" / f"{schema}.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def _explain(error: Any) -> tuple[str, str]:
    """Return one line of cause and one of remedy for a violation."""
    if error.validator == "additionalProperties":
        from difflib import get_close_matches

        known = list(error.schema.get("properties", {}))
        extra = sorted(set(error.instance) - set(known))
        close = get_close_matches(extra[0], known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"unknown key {extra[0]!r}{hint}", f"Known keys: {', '.join(known)}."
    if error.validator == "required":
        lacking = [key for key in error.validator_value if key not in error.instance]
        return f"key {lacking[0]!r} is missing", error.schema.get("description", "")
    if error.validator in {"contains", "not"}:
        return error.schema.get("$comment", error.message), error.schema.get("description", "")
    if "allOf" in error.schema_path and "$comment" in error.schema:
        return error.schema["$comment"], ""
    return error.message[:200], error.schema.get("description", "")
