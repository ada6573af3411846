"""Answers of guests for the tests: those recorded, and small ones in the form of `questions`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from isoaudit.model import FactSet, Missing
from isoaudit.probes.guest import read_guest

RECORDED = Path(__file__).resolve().parents[2] / "recordings" / "guest"


def recorded(name: str, **instead: str) -> dict[str, Any]:
    """Return recorded answers, some of them replaced."""
    answers: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return {**answers, **{key: answer(text) for key, text in instead.items()}}


def answer(text: str) -> str:
    """Return an answer that came to its end."""
    return f"{text.strip()}\n\n@end\n"


def page(path: str, text: str) -> str:
    """Return a file as the guest shows it."""
    return f"@ok {path}\n" + "".join(f"|{line}\n" for line in text.splitlines())


def read(name: str = "busybox-root", **instead: str) -> FactSet:
    return read_guest(recorded(name, **instead))


def value(facts: FactSet, path: str) -> Any:
    """Return a fact's value, None where it is missing."""
    return facts.facts[path][0].value if path in facts.facts else None


def lack(facts: FactSet, path: str) -> Missing:
    assert path not in facts.facts
    return facts.missing[path][0]


def rows(facts: FactSet, name: str) -> list[dict[str, Any]]:
    """Return the records of a part, their fields by last name."""
    return [
        {path.partition(".")[2]: fact.value for path, fact in one.facts.items()}
        for one in facts.parts[name][0].records
    ]
