"""A finding: what one check came to for one target, or for one record of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from isoaudit.model import reading
from isoaudit.model.evidence import Fact, Location, Missing
from isoaudit.model.words import Severity, Status


class Finding(NamedTuple):
    """The result of one check, with every value it rests on and every value it lacked."""

    check: str
    severity: Severity
    status: Status
    message: str
    evidence: tuple[Fact, ...] = ()
    missing: tuple[Missing, ...] = ()
    fingerprint: str = ""

    @property
    def location(self) -> Location | None:
        """The first place in a file that the evidence names."""
        for fact in self.evidence:
            if fact.location is not None:
                return fact.location
        return None

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
            "waiver": None,
            "fingerprint": self.fingerprint,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Finding:
        """Rebuild a finding from `to_json`."""
        return Finding(
            reading.text(data, "check"),
            Severity(data["severity"]),
            Status(data["status"]),
            reading.text(data, "message"),
            tuple(Fact.from_json(fact["path"], fact) for fact in data["evidence"]),
            tuple(Missing.from_json(entry) for entry in data["missing"]),
            reading.text(data, "fingerprint"),
        )
