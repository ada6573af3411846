"""Waiver files: what people accept, as data that is reviewed like any other change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from isoaudit.documents import standing
from isoaudit.errors import DefinitionError, DocumentError
from isoaudit.facts.redaction import redact_text
from isoaudit.model import Location, Waiver
from isoaudit.rules.inline_words import MIN_REASON, day_of
from isoaudit.rules.waivers import Entry


def load_waivers(path: Path, checks: Iterable[str]) -> tuple[Entry, ...]:
    """Return the entries of a waiver file; `checks` are the ids of all checks there are.

    Raises DefinitionError, with the place and what may have been meant, for what is no such file,
    for a day that there is not, and for a check that does not exist: a typo would waive nothing,
    or one day something else.
    """
    from isoaudit.documents import yaml
    from isoaudit.rules.schema import locate, validate

    shown = str(path)
    try:
        node = yaml.load(standing.read_text(path, shown), shown)
        data = validate(node, "waivers-1")
    except DefinitionError:
        raise
    except DocumentError as error:
        raise DefinitionError(error.cause, error.remedy) from error
    known = sorted(checks)
    entries = []
    for index, entry in enumerate(data["waivers"]):
        place = locate(node, ["waivers", index])
        for key in ("until", "expires"):
            if key in entry and day_of(entry[key]) is None:
                raise DefinitionError(
                    f"{locate(node, ['waivers', index, key])}: there is no day {entry[key]}",
                    "Write the last day on which it holds, as 2027-01-31.",
                )
        entries.append(_entry(entry, place, known))
    return tuple(entries)


def _entry(data: Mapping[str, Any], place: Location, known: Sequence[str]) -> Entry:
    patterns = _several(data["check"])
    for pattern in patterns:
        if not any(fnmatchcase(check, pattern) for check in known):
            raise _no_check(pattern, place, known)
    reason = " ".join(data["reason"].split())
    if len(reason) < MIN_REASON:
        raise DefinitionError(
            f"{place}: a reason of {len(reason)} characters",
            f"Say in at least {MIN_REASON} why this is accepted.",
        )
    waiver = Waiver(
        redact_text(reason),
        data["owner"].strip(),
        data.get("until", data.get("expires")),
        f"{place.file}:{place.line}",
        "file",
        data.get("approver", "").strip(),
    )
    return Entry(patterns, _several(data["target"]), waiver, data.get("fingerprint", ""))


def _several(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _no_check(pattern: str, place: Location, known: Sequence[str]) -> DefinitionError:
    from difflib import get_close_matches

    close = get_close_matches(pattern.upper(), known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return DefinitionError(
        f"{place}: no check {pattern!r}{hint}", "`isoaudit checks list` lists them."
    )
