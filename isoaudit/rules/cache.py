"""Keeps compiled checks between runs: compiling them costs more than a small scan.

An entry is JSON, never pickled, and keyed by everything that went into it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from isoaudit import __version__
from isoaudit.model import Kind, Severity
from isoaudit.rules import kept
from isoaudit.rules.cel import Condition, library_stamp
from isoaudit.rules.check import Check, Level
from isoaudit.rules.folder import paths_below

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_KINDS = {kind.value: kind for kind in Kind}
_SEVERITIES = {severity.value: severity for severity in Severity}

_SETTLED = 2_000_000_000
"""Nanoseconds after which a file's next change certainly gives it another time."""

_SECOND = 1_000_000_000


def key_of_files(files: Sequence[tuple[str, str]]) -> str:
    """Return the key of the checks in files, each a path and the name it is shown by.

    Reading them all takes a tenth of a small scan. Files that have the device, inode, size and both
    times that they had when their key was worked out hold what they held: no program can set the
    second of these times (inode(7)).
    """
    everything = (*files, *((path, "") for path in _sources()))
    stamp, changed = _stamp((path, shown, os.stat(path)) for path, shown in everything)
    name = f"stamp-{stamp[:32]}"
    known = kept.read(name)
    if isinstance(known, str):
        return known
    key = key_of((shown, Path(path).read_bytes()) for path, shown in files)
    if changed is not None and changed < time.time_ns() - _SETTLED:
        kept.write(name, key)
    return key


def _stamp(files: Iterable[tuple[str, str, os.stat_result]]) -> tuple[str, int | None]:
    """Return what tells files from others by all that is known without reading them, and when one
    of them changed last: None where their times cannot be believed.

    Times in whole seconds are of a clock too coarse for this, or of an image of which all
    files were given one time, whatever is in them.
    """
    digest = hashlib.sha256(_made_by())
    newest, coarse = 0, False
    for path, shown, seen in files:
        changed = seen.st_ctime_ns
        words = (path, shown, seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, changed)
        digest.update(repr(words).encode("utf-8", "surrogateescape"))
        newest = max(newest, changed, seen.st_mtime_ns)
        coarse = coarse or not changed % _SECOND
    return digest.hexdigest(), None if coarse else newest


def key_of(texts: Iterable[tuple[str, bytes]]) -> str:
    """Return the key of checks: their files' contents, the vocabulary, CEL, Python, isoaudit."""
    digest = hashlib.sha256()
    for name, text in texts:
        digest.update(f"{name}\0{len(text)}\0".encode("utf-8", "surrogateescape"))
        digest.update(text)
    for source in _sources():
        digest.update(Path(source).read_bytes())
    digest.update(_made_by())
    return digest.hexdigest()


def _sources() -> list[str]:
    """Return the modules of which the meaning of a check file is made."""
    rooms = (os.path.join(_PACKAGE, room) for room in ("facts", "rules"))
    return [path for room in rooms for path in paths_below(room, (".py",))]


def _made_by() -> bytes:
    return f"{__version__}\0{sys.version}\0{library_stamp()}".encode()


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
        levels=tuple(Level(_SEVERITIES[s], _condition_from(when)) for s, when in data["levels"]),
        applies_to=tuple(_KINDS[kind] for kind in data["applies_to"]),
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
