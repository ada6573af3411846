"""Hardens a declaring file: judges it, edits it, and judges what came out.

An edit that does not end the finding it was made for is taken back: the file is edited anew without
it. So what comes out differs only in what ends findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from isoaudit.audit.files import FileUnit, read_unit
from isoaudit.audit.judging import Around, judged
from isoaudit.bundle import Evidence
from isoaudit.errors import DocumentError, NothingToAuditError, TargetError
from isoaudit.harden.editors import EDITABLE, open_editor
from isoaudit.harden.plan import Key, Left, Wishes, make_edits
from isoaudit.model import Finding, RunError, Status, TargetResult
from isoaudit.rules.fixes import Fix
from isoaudit.rules.judge import Judge
from isoaudit.rules.review import Review

UNDECIDED = "fails no more, but what holds instead the file does not tell"
_DECIDED = frozenset({Status.PASS, Status.NOT_APPLICABLE})


class Ended(NamedTuple):
    """A finding that the edits end, and what that may break."""

    target: str
    finding: Finding
    may_break: str


class Hardened(NamedTuple):
    """A file before and after, the findings that ended, those that stay, those that arise from the
    edits (a container that leaves the host's network is on the engine's), and what was not read."""

    before: str
    after: str
    ended: Sequence[Ended]
    left: Sequence[Left]
    arisen: Sequence[Finding]
    errors: Sequence[RunError]


def harden(
    unit: FileUnit, text: str, judge: Judge, fixes: Mapping[str, Fix], wishes: Wishes
) -> Hardened:
    """Return a file's text hardened.

    Raises NothingToAuditError if it declares nothing, DocumentError if it is of a kind that cannot
    be edited, and TargetError if nothing in it can be read or if the result would not be read as
    the same targets.
    """
    results, errors = judged_text(unit, text, judge)
    if not results and errors:
        raise TargetError(errors[0].message, errors[0].how_to_get)
    if not results:
        raise NothingToAuditError(f"{unit.shown}: declares no container or VM")
    # NOTE: the file's kind, not the target's: a unit of systemd may hold a command line.
    dialect = results[0].target.id.partition(":")[0]
    if dialect not in EDITABLE:
        raise DocumentError(
            f"{unit.shown}: a file of this kind ({dialect or 'evidence'}) cannot be edited",
            f"Can be: {', '.join(EDITABLE)}. What to change says: isoaudit scan {unit.shown} -v",
        )
    useless: set[Key] = set()
    while True:
        editor = open_editor(dialect, text, unit.shown)
        left, made = make_edits(editor, results, fixes, wishes, useless)
        after = editor.text()
        now, _ = judged_text(unit, after, judge)
        failing = {_key(one, f) for one in now for f in one.findings if f.status is Status.FAIL}
        _require_same(unit, results, now)
        missed = made & failing
        if missed <= useless:
            break
        useless |= missed
    decided = {_key(one, f) for one in now for f in one.findings if f.status in _DECIDED}
    ended = [
        Ended(one.target.id, f, fixes[f.check].may_break if _key(one, f) in made else "")
        for one in results
        for f in one.findings
        if f.status is Status.FAIL and _key(one, f) in decided
    ]
    staying = [entry for entry in left if (entry.target, entry.finding.check) in failing]
    staying += [
        Left(one.target.id, f, UNDECIDED, f.location)
        for one in results
        for f in one.findings
        if f.status is Status.FAIL and _key(one, f) not in failing | decided
    ]
    failed = {_key(one, f) for one in results for f in one.findings if f.status is Status.FAIL}
    arisen = [f for one in now for f in one.findings if _key(one, f) in failing - failed]
    return Hardened(text, after, ended, staying, arisen, errors)


def judged_text(
    unit: FileUnit, text: str, judge: Judge
) -> tuple[list[TargetResult], list[RunError]]:
    """Judge the targets of a file's text; return them, and what of it could not be read."""
    results: list[TargetResult] = []
    errors: list[RunError] = []
    review = Review()  # what the file says is accepted asks for no edit
    for entry in read_unit(unit._replace(data=text.encode())):
        if isinstance(entry, Evidence):
            results.append(review(judged(judge, entry, Around())))
        elif isinstance(entry, RunError):
            errors.append(entry)
    return results, errors


def _key(result: TargetResult, finding: Finding) -> Key:
    return result.target.id, finding.check


def _require_same(
    unit: FileUnit, before: Sequence[TargetResult], now: Sequence[TargetResult]
) -> None:
    """Raise TargetError if the edited file declares other targets than before: it is not shown."""
    if [one.target.id for one in before] != [one.target.id for one in now]:
        raise TargetError(
            f"{unit.shown}: could not be edited without changing what it declares",
            f"Change it by hand: isoaudit scan {unit.shown} -v says how.",
        )
