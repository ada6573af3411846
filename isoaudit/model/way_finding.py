"""A way out as a finding: so that waivers, baselines and reports need to know of one thing only."""

from __future__ import annotations

from isoaudit.model.assessment import Assessment
from isoaudit.model.finding import Finding, Outcome
from isoaudit.model.result import TargetResult
from isoaudit.model.ways import EscapePath, Openness
from isoaudit.model.words import Status


class WayFinding(Finding):
    """A way out in the shape of a finding; baselines keep it by its certainty."""

    __slots__ = ()

    @property
    def kept_as(self) -> str:
        """Open or possible."""
        return (Openness.OPEN if self.status is Status.FAIL else Openness.POSSIBLE).value


def finding_of(path: EscapePath) -> Finding:
    """Return a way out as a finding: an open one failed, one that is not ruled out is unknown.

    Its check is the id of the path, as `ESC-043+ESC-006`.
    """
    status = Status.FAIL if path.certainty is Openness.OPEN else Status.UNKNOWN
    facts = tuple(dict.fromkeys(fact for step in path.steps for fact in step.evidence))
    message = f"{path.goal.words}: {path.steps[-1].title}"
    outcome = Outcome(path.id, path.severity, status, message, facts, path.missing)
    return WayFinding(outcome, path.fingerprint, path.waiver, path.known)


def ways_of(result: TargetResult) -> tuple[Finding, ...]:
    """Return the ways out of a target as findings, in their order."""
    if result.assessment is None:
        return ()
    return tuple(finding_of(path) for path in result.assessment.escape_paths)


def with_marks(assessment: Assessment, findings: tuple[Finding, ...]) -> Assessment:
    """Return an assessment whose ways bear what their findings do: waiver, baseline."""
    paths = tuple(
        path._replace(waiver=finding.waiver, known=finding.known)
        for path, finding in zip(assessment.escape_paths, findings, strict=True)
    )
    return assessment._replace(escape_paths=paths)


def names_of(finding: Finding) -> tuple[str, ...]:
    """Return the ids that a finding goes by: its check's, or that of each step of its way."""
    return tuple(finding.check.split("+"))
