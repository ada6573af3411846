"""Decides which edits are made: only what a finding asks for, and nothing that the file needs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from isoaudit.harden.editors import Editor, dialect_of_edits
from isoaudit.harden.edits import Effect
from isoaudit.model import Finding, Location, Status, Target, TargetResult
from isoaudit.rules.fixes import DELETE, Edit, Fix

ASKED_FOR = "the file itself asks for it; --take-away changes that, too"
WAIVED = "waived"
NO_EDIT = "no change of this file that isoaudit could make by itself"
_NEEDS = {
    "{memory}": "how much does it need? Say it: --memory 512m",
    "{cpus}": "how much does it need? Say it: --cpus 1.5",
    "{user}": "as which user can it run? Say it: --user 1000:1000",
    "{uid}": "as which user can it run? Say it: --user 1000",
}


Key = tuple[str, str]
"""A target's id and a check's: what a fix is about."""


class Wishes(NamedTuple):
    """What whoever hardens a file decides: values that only they know, by placeholder, and whether
    what the file itself asks for may be taken away."""

    values: Mapping[str, Any]
    take_away: bool = False


class Left(NamedTuple):
    """A finding that stays, and why; `location` is what it rests on."""

    target: str
    finding: Finding
    why: str
    location: Location | None


def make_edits(
    editor: Editor,
    results: Sequence[TargetResult],
    fixes: Mapping[str, Fix],
    wishes: Wishes,
    useless: Container[Key] = frozenset(),
) -> tuple[list[Left], set[Key]]:
    """Make the edits that the failures of some targets ask for.

    Return the failures that stay, and of which checks the edits were made. `useless` holds those
    that were tried and did not end their finding.
    """
    left: list[Left] = []
    made: set[Key] = set()
    for result in results:
        for finding in result.findings:
            if finding.status is not Status.FAIL:
                continue
            if finding.waiver is not None:
                left.append(Left(result.target.id, finding, WAIVED, finding.location))
                continue
            key = (result.target.id, finding.check)
            fix = None if key in useless else fixes.get(finding.check)
            why = _made(editor, result.target, finding, fix, wishes) if fix else NO_EDIT
            if why:
                left.append(Left(result.target.id, finding, why, finding.location))
            else:
                made.add(key)
    return left, made


def _made(editor: Editor, target: Target, finding: Finding, fix: Fix, wishes: Wishes) -> str:
    """Make the edits for one finding and return "", or return why none was made."""
    wanted = fix.edits.get(dialect_of_edits(target.dialect), ())
    for path in fix.unless:
        if editor.effect(target, Edit(DELETE, path), None) is Effect.TAKES_AWAY:
            return f"not valid beside {path.removeprefix('pod.')}"
    edits: list[Edit] = []
    for edit in wanted:
        value = edit.value
        if isinstance(value, str) and value in _NEEDS:
            if value not in wishes.values:
                return _NEEDS[value]
            value = wishes.values[value]
        edits.append(edit._replace(value=value))
    effects = [editor.effect(target, edit, finding.location) for edit in edits]
    if not any(one in {Effect.ADDS, Effect.TAKES_AWAY} for one in effects):
        # NOTE: also where an earlier finding's edit did all that this one asks for.
        return "" if Effect.NOTHING in effects else NO_EDIT
    if Effect.TAKES_AWAY in effects and not wishes.take_away:
        return ASKED_FOR
    for edit in edits:
        editor.apply(target, edit, finding.location)
    return ""
