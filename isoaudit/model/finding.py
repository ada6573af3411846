"""A finding: what one check came to for one target, or for one record of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from isoaudit.model import reading
from isoaudit.model.evidence import Fact, Location, Missing
from isoaudit.model.waiver import Waiver
from isoaudit.model.words import Reason, Severity, Status

KNOWN = "known"
NEW = "new"
"""What a document says of a finding, where there is a baseline."""

IN_BASELINES = frozenset({Status.FAIL, Status.UNKNOWN})
"""What a baseline holds, unless it is waived: that must come back when its waiver ends."""


class Outcome(NamedTuple):
    """What one check came to, with every value it rests on and every value it lacked.

    It may be shared by any number of targets of which the same is known.
    """

    check: str
    severity: Severity
    status: Status
    message: str
    evidence: tuple[Fact, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def location(self) -> Location | None:
        """The first place in a file that the evidence names."""
        for fact in self.evidence:
            if fact.location is not None:
                return fact.location
        return None


BEYOND_ALL = frozenset({Reason.NOT_DECLARABLE})
BEYOND_A_FILE = frozenset({Reason.NOT_DECLARABLE, Reason.OTHER_HOST})
"""What a file cannot say, of itself or of the host, is no gap in the evidence to be had."""


class Finding(NamedTuple):
    """The outcome of one check for one target, whose fingerprint it bears.

    `waiver` says that people accept it; the status stays what it is. `known` says whether it stood
    in the baseline already, and is None where there is no baseline or nothing to know of: a
    baseline holds what failed or could not be decided.
    """

    outcome: Outcome
    fingerprint: str = ""
    waiver: Waiver | None = None
    known: bool | None = None

    @property
    def check(self) -> str:
        """The id of the check."""
        return self.outcome.check

    @property
    def severity(self) -> Severity:
        """How bad it is, or would be."""
        return self.outcome.severity

    @property
    def status(self) -> Status:
        """What the check came to."""
        return self.outcome.status

    @property
    def kept_as(self) -> str:
        """What a baseline keeps of it beside the fingerprint: the status."""
        return self.status.value

    @property
    def message(self) -> str:
        """What is wrong; for anything but a failure, the check's title or the problem."""
        return self.outcome.message

    @property
    def evidence(self) -> tuple[Fact, ...]:
        """Every value the outcome rests on."""
        return self.outcome.evidence

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Every value that was lacking."""
        return self.outcome.missing

    @property
    def location(self) -> Location | None:
        """The first place in a file that the evidence names."""
        return self.outcome.location

    def beyond(self, *, declared: bool) -> bool:
        """Say whether nothing could ever decide it for this target: that is no gap.

        `declared` says that a file is all there is of the target. One thing lacking that could be
        had is enough for a gap.
        """
        return bool(self.missing) and not self.to_be_had(declared=declared)

    def to_be_had(self, *, declared: bool) -> tuple[Missing, ...]:
        """Return what is lacking and could be had."""
        never = BEYOND_A_FILE if declared else BEYOND_ALL
        return tuple(entry for entry in self.missing if entry.reason not in never)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as the report document holds it."""
        location = self.location
        return {
            "check": self.check,
            "severity": self.severity.value,
            "status": self.status.value,
            "message": self.message,
            "evidence": [{"path": fact.path, **fact.to_json()} for fact in self.evidence],
            "missing": [entry.to_json() for entry in self.missing],
            "location": location.to_json() if location else None,
            "waiver": self.waiver.to_json() if self.waiver else None,
            "baseline": None if self.known is None else KNOWN if self.known else NEW,
            "fingerprint": self.fingerprint,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Finding:
        """Rebuild a finding from `to_json`."""
        outcome = Outcome(
            reading.text(data, "check"),
            Severity(data["severity"]),
            Status(data["status"]),
            reading.text(data, "message"),
            tuple(Fact.from_json(fact["path"], fact) for fact in data["evidence"]),
            tuple(Missing.from_json(entry) for entry in data["missing"]),
        )
        waiver = data.get("waiver")
        return Finding(
            outcome,
            reading.text(data, "fingerprint"),
            Waiver.from_json(waiver) if waiver else None,
            _known(data.get("baseline")),
        )


def _known(word: Any) -> bool | None:
    if word not in (None, KNOWN, NEW):  # a stranger's may be unhashable
        raise ValueError(f"{word!r:.40} is no word about a baseline")
    return None if word is None else word == KNOWN
