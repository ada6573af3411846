"""Keeps compiled checks between runs: compiling them costs more than a small scan.

An entry is JSON, never pickled, and keyed by everything that went into it.
"""

from __future__ import annotations

import hashlib
import sys
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from isoaudit import __version__
from isoaudit.model import Kind, Severity
from isoaudit.rules import kept
from isoaudit.rules.cel import Condition, library_stamp
from isoaudit.rules.check import Check, Level

_PACKAGE = Path(__file__).resolve().parent.parent


def key_of(texts: Iterable[tuple[str, bytes]]) -> str:
    """Return the key of checks: their files' contents, the vocabulary, CEL, Python, isoaudit."""
    digest = hashlib.sha256()
    for name, text in texts:
        digest.update(f"{name}\0{len(text)}\0".encode("utf-8", "surrogateescape"))
        digest.update(text)
    for source in sorted((*_PACKAGE.glob("facts/**/*.py"), *_PACKAGE.glob("rules/*.py"))):
        digest.update(source.read_bytes())
    digest.update(f"{__version__}\0{sys.version}\0{library_stamp()}".encode())
    return digest.hexdigest()


def read(key: str) -> list[Check] | None:
    """Return the checks kept under a key, or None if there are none that can be trusted."""
    data = kept.read(_name(key))
    if data is None:
        return None
    try:
        return [_check_from(entry) for entry in data]
    except (ValueError, KeyError, TypeError):
        return None


def write(key: str, checks: Sequence[Check]) -> None:
    """Keep checks under a key, whole or not at all; failing to is no error."""
    kept.write(_name(key), [_to_json(check) for check in checks])


def _name(key: str) -> str:
    return f"checks-{key[:32]}"


def _to_json(check: Check) -> dict[str, Any]:
    """Return a check without its examples, which are read from its file when they are run."""
    return {
        "id": check.id,
        "title": check.title,
        "levels": [[level.severity.value, _condition(level.when)] for level in check.levels],
        "applies_to": [kind.value for kind in check.applies_to],
        "tags": check.tags,
        "each": check.each,
        "when": _condition(check.when),
        "passes": _condition(check.passes),
        "params": dict(check.params),
        "message": check.message,
        "rationale": check.rationale,
        "remediation": dict(check.remediation),
        "references": dict(check.references),
        "file": check.file,
        "change": check.change,
    }


def _check_from(data: dict[str, Any]) -> Check:
    passes = _condition_from(data["passes"])
    if passes is None:
        raise ValueError("a kept check has no condition")
    return Check(
        id=data["id"],
        title=data["title"],
        levels=tuple(Level(Severity(s), _condition_from(when)) for s, when in data["levels"]),
        applies_to=tuple(Kind(kind) for kind in data["applies_to"]),
        tags=tuple(data["tags"]),
        each=data["each"],
        when=_condition_from(data["when"]),
        passes=passes,
        params={k: tuple(v) if isinstance(v, list) else v for k, v in data["params"].items()},
        message=data["message"],
        rationale=data["rationale"],
        remediation=data["remediation"],
        references={name: tuple(ids) for name, ids in data["references"].items()},
        examples=(),
        file=data["file"],
        change=data["change"],
    )


def _condition(condition: Condition | None) -> list[Any] | None:
    if condition is None:
        return None
    program = b2a_base64(condition.program, newline=False).decode("ascii")
    return [condition.source, condition.reads, program]


def _condition_from(data: list[Any] | None) -> Condition | None:
    if data is None:
        return None
    return Condition(data[0], tuple(data[1]), a2b_base64(data[2]))
