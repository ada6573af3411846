"""Loads data files that hold conditions, and keeps them parsed and compiled between runs.

The numbers of a model, primitives of ways out, walls and changes are YAML with CEL conditions in
them. What a condition reads is known once it is loaded, as for checks.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.documents import limits, yaml
from isoaudit.errors import DefinitionError, DocumentError
from isoaudit.model import Value
from isoaudit.rules import cache, kept
from isoaudit.rules.cel import Condition, ConditionError, compile_condition

CONDITIONS = frozenset({"when", "that", "where"})
"""Keys whose text is a condition, wherever they stand."""

LEFT_OUT = frozenset({"examples"})
"""Keys that only tests read: they are not kept."""


class Data(NamedTuple):
    """Documents in the order of their files, by the name of the file, and their conditions."""

    documents: Mapping[str, Any]
    conditions: Mapping[str, Condition]


def load_data(
    kind: str, files: Sequence[tuple[str, str]], schema: Mapping[str, str] | None = None
) -> Data:
    """Return files, each a path and the name it is shown by; `kind` names what is kept of them.

    `schema` names the published schema of files below a folder, by the start of their shown names.
    Raises DefinitionError, with the place, for a file or a condition that does not load.
    """
    key = f"{kind}-{cache.key_of_files(files)[:32]}"
    known = kept.read(key)
    if known is not None:
        try:
            return _from_kept(known)
        except (ValueError, KeyError, TypeError):
            pass  # what cannot be read is made anew
    data = _made(files, schema or {})
    kept.write(key, _to_kept(data))
    return data


def load_one(path: Path, shown: str, schema: str = "") -> tuple[Any, Mapping[str, Condition]]:
    """Return one file's document with its examples, and its conditions compiled."""
    from isoaudit.rules.schema import locate, validate

    try:
        node = yaml.load(limits.read_text(path, shown), shown)
    except DocumentError as error:
        raise DefinitionError(error.cause, error.remedy) from error
    document = validate(node, schema) if schema else node.value()
    conditions: dict[str, Condition] = {}
    for where, source in _conditions(document, ()):
        try:
            conditions[source] = compile_condition(source, {})
        except ConditionError as error:
            at = f" (line {error.line}, column {error.column} of the condition)"
            raise DefinitionError(f"{locate(node, where)}: {error}{at}") from error
    return document, conditions


def frozen(value: Any) -> Value:
    """Return a value of YAML as a fact holds it: a list is a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _made(files: Sequence[tuple[str, str]], schema: Mapping[str, str]) -> Data:
    documents: dict[str, Any] = {}
    conditions: dict[str, Condition] = {}
    for path, shown in files:
        wanted = next((one for start, one in schema.items() if shown.startswith(start)), "")
        document, compiled = load_one(Path(path), shown, wanted)
        if isinstance(document, dict):
            document = {k: v for k, v in document.items() if k not in LEFT_OUT}
        documents[shown] = document
        conditions |= compiled
    return Data(documents, conditions)


def _conditions(
    value: Any, where: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key in LEFT_OUT:
                continue
            if key in CONDITIONS and isinstance(one, str):
                yield (*where, key), one
            else:
                yield from _conditions(one, (*where, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _conditions(one, (*where, number))


def _to_kept(data: Data) -> dict[str, Any]:
    conditions = {
        source: [one.reads, b2a_base64(one.program, newline=False).decode("ascii")]
        for source, one in data.conditions.items()
    }
    return {"documents": data.documents, "conditions": conditions}


def _from_kept(known: Mapping[str, Any]) -> Data:
    conditions = {
        source: Condition(source, tuple(reads), a2b_base64(program))
        for source, (reads, program) in known["conditions"].items()
    }
    return Data(known["documents"], conditions)
