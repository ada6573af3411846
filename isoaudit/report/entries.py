"""A report as rows, for formats that show finding by finding, and what each row counts for."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from isoaudit.model import (
    Finding,
    Goal,
    Severity,
    Status,
    Target,
    TargetResult,
    Waiver,
    ways_of,
)
from isoaudit.report.document import Report
from isoaudit.report.layout import clip
from isoaudit.report.options import Options
from isoaudit.report.places import Place, place_of
from isoaudit.report.table_view import settled_by

_SHOWN_WAIVER = 500


class Standing(StrEnum):
    """What a finding counts for in a report."""

    FAILED = "failed"
    UNDECIDED = "undecided"
    BROKEN = "broken"  # the check itself could not be run
    WAIVED = "waived"  # failed or undecided, and accepted by people
    BEYOND = "beyond"  # undecided, and nothing could settle it for this target
    HELD = "held"
    NOT_APPLICABLE = "not_applicable"


_BY_STATUS = {
    Status.PASS: Standing.HELD,
    Status.FAIL: Standing.FAILED,
    Status.UNKNOWN: Standing.UNDECIDED,
    Status.NOT_APPLICABLE: Standing.NOT_APPLICABLE,
    Status.ERROR: Standing.BROKEN,
}


class Entry(NamedTuple):
    """One finding of one target; `goal` is where a way out leads that stands as one."""

    target: Target
    finding: Finding
    standing: Standing
    goal: Goal | None = None

    @property
    def rank(self) -> tuple[int, int, str, str, str]:
        """A key that sorts what fails before what is undecided, new before known, worst first."""
        one = self.finding
        return (
            _RANKS.index(self.standing),
            (one.known is True) * 10 + one.severity.rank,
            one.check,
            self.target.id,
            one.message,
        )

    @property
    def place(self) -> Place:
        """Where it is shown."""
        return place_of(self.target, self.finding)

    def gates(self, options: Options) -> bool:
        """Say whether it breaks the gate; what is waived or was known before does not."""
        if self.finding.known or not self._at_gate(options):
            return False
        undecided = self.standing is Standing.UNDECIDED and options.fail_on_unknown
        return self.standing is Standing.FAILED or undecided

    def _at_gate(self, options: Options) -> bool:
        if self.goal is None:
            return at_gate(self.finding.severity, options)
        return options.way_out is not None and self.goal.rank <= options.way_out.rank


_RANKS = tuple(Standing)


def entries(report: Report, options: Options) -> Iterator[Entry]:
    """Yield every finding, targets ordered by id as in the JSON document."""
    for result in ordered_results(report):
        yield from entries_of(result, options)


def ordered_results(report: Report) -> list[TargetResult]:
    """Return the results in the order of every format for machines."""
    return sorted(report.results, key=lambda result: result.target.id)


def entries_of(result: TargetResult, options: Options) -> list[Entry]:
    """Return the findings of one target, the ways out before them where they are asked for."""
    target = result.target
    paths = result.assessment.escape_paths if result.assessment and options.ways else ()
    ways = zip(ways_of(result), paths, strict=True) if paths else ()
    return [
        *(Entry(target, one, standing_of(target, one), path.goal) for one, path in ways),
        *(Entry(target, one, standing_of(target, one)) for one in result.findings),
    ]


def standing_of(target: Target, finding: Finding) -> Standing:
    """Return what a finding counts for."""
    standing = _BY_STATUS[finding.status]
    if standing is Standing.UNDECIDED and finding.beyond(declared=bool(target.dialect)):
        return Standing.BEYOND
    if finding.waiver is not None and standing in (Standing.FAILED, Standing.UNDECIDED):
        return Standing.WAIVED
    return standing


def at_gate(severity: Severity, options: Options) -> bool:
    """Say whether the gate looks at a severity."""
    return options.fail_on is not None and severity.rank <= options.fail_on.rank


def settling(entry: Entry) -> str:
    """Return what would settle an undecided finding, as a sentence."""
    return sentence(settled_by(entry.target, entry.finding))


def waiver_words(waiver: Waiver) -> str:
    """Return who accepts a finding, why and until when, cleaned."""
    words = [waiver.reason or "no reason given"]
    words += [f"owner {waiver.owner}"] if waiver.owner else []
    words += [f"approved by {waiver.approver}"] if waiver.approver else []
    words += [f"until {waiver.until}"] if waiver.until else []
    words += [f"in {waiver.source}"] if waiver.source else []
    return "; ".join(clip(one, _SHOWN_WAIVER) for one in words)


def sentence(text: str) -> str:
    """Return words that follow a count as words that stand alone: `Needs the running target.`"""
    word, space, rest = text.partition(" ")
    verb = {"need": "Needs", "ask": "Asks"}.get(word)
    return f"{verb}{space}{rest}" if verb else text
