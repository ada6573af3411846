"""The values that flow through isoaudit: frozen, writable as JSON and readable back."""

from isoaudit.model.evidence import Fact, Location, Missing, Value
from isoaudit.model.factset import FactSet, Part, Record
from isoaudit.model.finding import Finding, Outcome
from isoaudit.model.result import RunError, TargetResult
from isoaudit.model.target import Target
from isoaudit.model.waiver import InlineWaiver, Waiver, WaiverUse
from isoaudit.model.words import Kind, Reason, Severity, Status, Vantage

__all__ = [
    "Fact",
    "FactSet",
    "Finding",
    "InlineWaiver",
    "Kind",
    "Location",
    "Missing",
    "Outcome",
    "Part",
    "Reason",
    "Record",
    "RunError",
    "Severity",
    "Status",
    "Target",
    "TargetResult",
    "Value",
    "Vantage",
    "Waiver",
    "WaiverUse",
]
