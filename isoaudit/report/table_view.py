"""What the table format says of one target: its findings sorted, grouped by check and counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from isoaudit.model import (
    Assessment,
    EscapePath,
    Fact,
    FactSet,
    Finding,
    FixChange,
    Kind,
    Openness,
    Reason,
    Severity,
    Standing,
    Status,
    Target,
    TargetResult,
)
from isoaudit.report.document import Tally
from isoaudit.report.layout import count

NEEDS_RUNNING = "need the running target."
NEEDS_ENGINE = "ask what an engine was told, and none runs this sandbox."
NEEDS_HOST = "need evidence of the host it runs on."
_DRIVERS = "guest.drivers.available"
_NOT_ASKED = "whether the guest has drivers for what comes instead is not known: ask it over SSH"


_STANDINGS: Mapping[Standing | None, int] = {Standing.OPEN: 0, Standing.UNDECIDED: 1}
"""The worst verdict first; one that holds stands with what has no boundary."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that failed, with a finding per record."""

    check: str
    findings: tuple[Finding, ...]

    @property
    def message(self) -> str:
        """What is wrong with the first of them, and how many more there are."""
        more = len(self.findings) - 1
        return f"{self.findings[0].message}{f', and {more} more' if more else ''}"

    @property
    def severity(self) -> Severity:
        """The worst severity among the records."""
        return min((finding.severity for finding in self.findings), key=lambda one: one.rank)

    @property
    def loud(self) -> bool:
        """Whether it is listed without being asked for."""
        return self.severity.rank <= Severity.HIGH.rank


@dataclass(frozen=True, slots=True)
class View:
    """One target's findings, ready to be shown; `unsettled` leaves out what a file cannot say.

    `drivers` says in words which drivers the guest of a virtual machine has at hand. What is waived
    takes no part in anything but `waived`; `known` are failures that stood in the baseline, and
    `failures` the others, which alone are counted.
    """

    target: Target
    tally: Tally
    failures: tuple[Failure, ...]
    broken: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    unsettled: int
    drivers: str = ""
    waived: tuple[Finding, ...] = ()
    known: tuple[Failure, ...] = ()
    assessment: Assessment | None = None
    fixes: tuple[FixChange, ...] = ()
    facts: FactSet | None = None

    @staticmethod
    def of(result: TargetResult) -> View:
        """Sort and group a result's findings."""
        open_ones = [one for one in result.findings if one.waiver is None]
        counted = [one for one in open_ones if not one.known]
        by_status: dict[Status, list[Finding]] = {status: [] for status in Status}
        for finding in counted:
            by_status[finding.status].append(finding)
        unknown = _sorted(by_status[Status.UNKNOWN])
        return View(
            result.target,
            Tally.of(counted),
            _failures(by_status[Status.FAIL]),
            _sorted(by_status[Status.ERROR]),
            unknown,
            sum(not one.beyond(declared=bool(result.target.dialect)) for one in unknown),
            _drivers(result.facts),
            _sorted(one for one in result.findings if one.waiver is not None),
            _failures(one for one in open_ones if one.known and one.status is Status.FAIL),
            result.assessment,
            result.fixes,
            result.facts,
        )

    @property
    def standing(self) -> Standing | None:
        """The verdict on it, None if it has no boundary."""
        return self.assessment.verdict.status if self.assessment else None

    @property
    def open_ways(self) -> tuple[EscapePath, ...]:
        """The ways out that are open."""
        paths = self.assessment.escape_paths if self.assessment else ()
        return tuple(path for path in paths if path.certainty is Openness.OPEN)

    def facts_of(self, path: str) -> list[Fact]:
        """Return what is known at a path of all processes: nothing if that of one is not."""
        parts = self.facts.parts.get(path.partition(".")[0], ())[:1] if self.facts else ()
        records = [record for part in parts for record in part.records]
        known = [record.facts[path] for record in records if path in record.facts]
        whole = len(known) == len(records) and all(part.incomplete is None for part in parts)
        return known if whole else []

    @property
    def is_host(self) -> bool:
        """Whether this is a host: it comes last, its findings being every workload's."""
        return self.target.kind is Kind.HOST

    @property
    def loud(self) -> bool:
        """Whether it has something that is shown without being asked for."""
        if self.standing in (Standing.OPEN, Standing.UNDECIDED):
            return True
        return bool(self.broken) or any(failure.loud for failure in self.failures)

    @property
    def failed(self) -> bool:
        """Whether any check failed, one that all targets share included."""
        return self.tally.status(Status.FAIL) > 0

    @property
    def held(self) -> int:
        """How many checks passed."""
        return self.tally.status(Status.PASS)

    @property
    def badness(self) -> tuple[int | str, ...]:
        """A key that sorts the worst target first and equal ones by their id."""
        worst = [-self.tally.severity(severity) for severity in Severity]
        standing = _STANDINGS.get(self.standing, len(_STANDINGS))
        return (self.is_host, standing, *worst, -self.unsettled, self.target.id)


def changes_out(view: View) -> tuple[FixChange, ...]:
    """Return the changes of a target that close its open ways to the host, in their order.

    They are all up to the last that closes such a way, or one that is not open now and that a
    change before it opens: the score after it was computed with all of these made.
    """
    out = {path.id for path in view.open_ways if path.goal.is_out}
    short = {path.id for path in view.open_ways} - out
    last = max((n for n, fix in enumerate(view.fixes, 1) if not short.issuperset(fix.closes)),
               default=0)  # fmt: skip
    return view.fixes[:last] if out else ()


def settled_by(target: Target, finding: Finding) -> str:
    """Return what would settle an unknown finding, in words that follow "9 checks"."""
    declared = bool(target.dialect)
    if finding.beyond(declared=declared):
        return NEEDS_ENGINE if target.state == "running" and not declared else NEEDS_RUNNING
    lacking = finding.to_be_had(declared=declared)
    if any(entry.reason is Reason.OTHER_HOST for entry in lacking):
        return NEEDS_HOST
    entry = next((entry for entry in lacking if entry.how_to_get), None)
    if entry is not None:
        told = entry.detail and entry.reason is Reason.NOT_DECLARED
        return f"{entry.detail}. {entry.how_to_get}" if told else entry.how_to_get
    first = lacking[0] if lacking else None
    return (first.detail or first.reason.replace("_", " ")) if first else "the evidence is missing"


def _drivers(facts: FactSet) -> str:
    """Return which drivers a guest says it has, or how that could be known."""
    several = facts.facts.get(_DRIVERS)
    value = several[0].value if several else None
    if not isinstance(value, tuple):
        return _NOT_ASKED
    return f"the guest says it has {', '.join(value) or 'none'}"


def by_severity(numbers: Mapping[Severity, int]) -> str:
    """Return `1 critical, 2 high`, worst first, or "" for nothing."""
    return ", ".join(f"{numbers[one]} {one}" for one in Severity if numbers.get(one))


def failing(failures: Iterable[Failure]) -> dict[Severity, int]:
    """Count the failing records of some checks by severity."""
    return dict(Tally.of(f for failure in failures for f in failure.findings).by_severity)


def held(views: Sequence[View]) -> str:
    """Return `40 checks held, 3 unknown`, so that silence is never all there is."""
    text = f"{count(sum(view.held for view in views), 'check')} held"
    unsettled = sum(view.unsettled for view in views)
    return f"{text}, {unsettled} unknown" if unsettled else text


def _failures(findings: Iterable[Finding]) -> tuple[Failure, ...]:
    """Return failing findings by their checks, the worst first."""
    failed: dict[str, list[Finding]] = {}
    for finding in findings:
        failed.setdefault(finding.check, []).append(finding)
    failures = [Failure(check, _sorted(several)) for check, several in failed.items()]
    return tuple(sorted(failures, key=lambda one: (one.severity.rank, one.check)))


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            findings, key=lambda one: (one.severity.rank, one.check, one.message, one.fingerprint)
        )
    )
