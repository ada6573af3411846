"""Reads check files: schema, vocabulary and conditions are all held to before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from isoaudit.documents import limits, yaml
from isoaudit.errors import DefinitionError, DocumentError
from isoaudit.facts.vocabulary import facts, parts, root
from isoaudit.model import Kind, Severity, Value
from isoaudit.rules.cel import Condition, ConditionError, compile_condition
from isoaudit.rules.check import Check, Level
from isoaudit.rules.schema import locate, validate

_PLACEHOLDER = re.compile(r"\{([a-z][\w.]*)\}")
_SHARED_ROOTS = frozenset({"host", "engine"})


def load_check(path: Path, shown: str) -> Check:
    """Load one check; raises DefinitionError with file, line and column."""
    try:
        return parse_check(limits.read_text(path, shown), shown)
    except DocumentError as error:
        raise DefinitionError(error.cause, error.remedy) from error


def parse_check(text: str, shown: str) -> Check:
    """Load one check from its text; raises DefinitionError or DocumentError."""
    node = yaml.load(text, shown)
    data = validate(node, "check-1")
    return _Reader(node, data, shown).check()


class _Reader:
    """Turns one validated document into a Check, and knows where each of its words stands."""

    def __init__(self, node: yaml.Node, data: dict[str, Any], shown: str) -> None:
        self._node = node
        self._data = data
        self._shown = shown
        self._kinds = tuple(Kind(kind) for kind in data["applies_to"])
        self._each: str = data.get("each", "")
        self._params: dict[str, Value] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data.get("params", {}).items()
        }

    def check(self) -> Check:
        data = self._data
        self._require_part()
        self._require_message_facts()
        return Check(
            id=data["id"],
            title=data["title"],
            levels=self._levels(),
            applies_to=self._kinds,
            tags=tuple(data.get("tags", ())),
            each=self._each,
            when=self._condition(["when"]) if "when" in data else None,
            passes=self._condition(["pass"]),
            params=self._params,
            message=data["message"],
            rationale=data["rationale"].strip(),
            remediation=data["remediation"],
            references={k: tuple(v) for k, v in data.get("references", {}).items()},
            examples=self._examples(),
            file=self._shown,
            change=data.get("change", ""),
        )

    def _error(self, path: list[str | int], problem: str, remedy: str = "") -> DefinitionError:
        return DefinitionError(f"{locate(self._node, path)}: {problem}", remedy)

    def _levels(self) -> tuple[Level, ...]:
        severity = self._data["severity"]
        if isinstance(severity, str):
            return (Level(Severity(severity)),)
        levels: list[Level] = []
        for index, entry in enumerate(severity):
            if isinstance(entry, str):
                levels.append(Level(Severity(entry)))
                continue
            condition = self._condition(["severity", index, "when"])
            levels.append(Level(Severity(entry["level"]), condition))
        if levels[-1].when is not None or any(level.when is None for level in levels[:-1]):
            raise self._error(["severity"], "a list of severities must end in its only plain level")
        return tuple(levels)

    def _condition(self, path: list[str | int]) -> Condition:
        source: Any = self._data
        for step in path:
            source = source[step]
        try:
            condition = compile_condition(source, self._params)
        except ConditionError as error:
            where = f" (line {error.line}, column {error.column} of the condition)"
            raise self._error(path, f"{error}{where}") from error
        for fact in condition.reads:
            self._require_reachable(fact, path)
        return condition

    def _require_part(self) -> None:
        if not self._each:
            return
        spec = parts().get(self._each)
        if spec is None:
            close = get_close_matches(self._each, list(parts()), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise self._error(["each"], f"no part {self._each!r}{hint}")
        if not set(self._kinds) <= set(spec.kinds):
            kinds = ", ".join(spec.kinds)
            raise self._error(["each"], f"part {self._each!r} exists for {kinds} only")

    def _require_reachable(self, fact: str, path: list[str | int]) -> None:
        """Refuse a fact that the judged target or record can never have."""
        part = root(fact)
        if part == self._each:
            return
        if part in _SHARED_ROOTS and Kind.HOST not in self._kinds:
            return
        if part in parts():
            raise self._error(
                path, f"{fact!r} is a field of a record", f"Add `each: {part}` to judge them."
            )
        if not set(self._kinds) <= set(facts()[fact].kinds):
            kinds = ", ".join(facts()[fact].kinds)
            raise self._error(path, f"{fact!r} exists for {kinds} only")

    def _require_message_facts(self) -> None:
        for match in _PLACEHOLDER.finditer(self._data["message"]):
            name = match[1]
            if name.startswith("params."):
                if name.removeprefix("params.") not in self._params:
                    raise self._error(["message"], f"no parameter {name!r}")
                continue
            if name not in facts():
                close = get_close_matches(name, list(facts()), n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise self._error(["message"], f"no fact {name!r}{hint}")
            self._require_reachable(name, ["message"])

    def _examples(self) -> tuple[Mapping[str, Any], ...]:
        examples: list[Mapping[str, Any]] = self._data["examples"]
        for index, example in enumerate(examples):
            for path, value in example["facts"].items():
                self._require_example_value(["examples", index, "facts", path], path, value)
        return tuple(examples)

    def _require_example_value(self, where: list[str | int], path: str, value: Any) -> None:
        if path in parts() and isinstance(value, list):
            for number, record in enumerate(value):
                for name, inner in record.items():
                    self._require_example_value([*where, number, name], name, inner)
            return
        spec = facts().get(path)
        if spec is None:
            close = get_close_matches(path, list(facts()), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise self._error(where, f"no fact {path!r}{hint}")
        fits = {
            "bool": isinstance(value, bool),
            "int": isinstance(value, int) and not isinstance(value, bool),
            "string": isinstance(value, str),
            "list(string)": isinstance(value, list) and all(isinstance(v, str) for v in value),
        }
        if not fits[spec.type]:
            raise self._error(where, f"{path} is of type {spec.type}, not {value!r:.40}")
