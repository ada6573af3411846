"""Reads the text of a VMM's or hypervisor's file, and gives its facts in the plainest form."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from isoaudit.facts.vocabulary import facts as vocabulary
from isoaudit.facts.vocabulary import parts as parts_vocabulary
from isoaudit.model import FactSet, Target
from isoaudit.probes.table import FILES, open_file

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
_TYPES = {"bool": bool, "int": int, "string": str, "list(string)": tuple}


def targets(dialect: str, text: str, shown: str = "vm.file") -> list[Target]:
    return list(open_file(dialect, text, shown).find())


def declared(dialect: str, text: str, shown: str = "vm.file") -> FactSet:
    """Return the facts of the only target of a file, held to the vocabulary."""
    probe = open_file(dialect, text, shown)
    (target,) = probe.find()
    found = probe.collect(target)
    _hold_to_vocabulary(found, dialect, shown)
    return found


def _hold_to_vocabulary(found: FactSet, dialect: str, shown: str) -> None:
    """Every fact is of its type, has a place in the file, and is one its dialect can say."""
    every = [fact for several in found.facts.values() for fact in several]
    for name, parts in found.parts.items():
        assert dialect in parts_vocabulary()[name].dialects, name
        every += [fact for record in parts[0].records for fact in record.facts.values()]
    for fact in every:
        spec = vocabulary()[fact.path]
        assert _TYPES[spec.type.value] is type(fact.value), fact
        assert dialect in spec.dialects, fact
        assert fact.location is not None and fact.location.file == shown
        assert fact.location.line


def value(found: FactSet, path: str) -> Any:
    return found.facts[path][0].value


def line(found: FactSet, path: str) -> int | None:
    location = found.facts[path][0].location
    return location.line if location else None


def rows(found: FactSet, part: str) -> list[dict[str, Any]]:
    """Return the records of a part, paths without the part's name."""
    return [
        {path.partition(".")[2]: fact.value for path, fact in record.facts.items()}
        for record in found.parts[part][0].records
    ]


def is_reader(dialect: str) -> bool:
    """Say whether what a dialect names as its reader is there."""
    module, _, name = FILES[dialect].partition(":")
    return callable(getattr(import_module(module), name))
