"""The values that flow through isoaudit: frozen, writable as JSON and readable back."""

from isoaudit.model.assessment import (
    Assessment,
    Axis,
    FixChange,
    Interval,
    Layer,
    NotEnough,
    Score,
    Standing,
    Verdict,
    Wall,
    WallKind,
    Why,
)
from isoaudit.model.evidence import Fact, Location, Missing, Value
from isoaudit.model.factset import FactSet, Part, Record
from isoaudit.model.finding import Finding, Outcome
from isoaudit.model.result import RunError, TargetResult
from isoaudit.model.target import Target
from isoaudit.model.waiver import InlineWaiver, Waiver, WaiverUse
from isoaudit.model.way_finding import finding_of, names_of, ways_of, with_marks
from isoaudit.model.ways import EscapePath, Goal, KnownWay, Lead, Openness, Step, least_of
from isoaudit.model.words import Kind, Reason, Severity, Status, Vantage

__all__ = [
    "Assessment",
    "Axis",
    "EscapePath",
    "Fact",
    "FactSet",
    "Finding",
    "FixChange",
    "Goal",
    "InlineWaiver",
    "Interval",
    "Kind",
    "KnownWay",
    "Layer",
    "Lead",
    "Location",
    "Missing",
    "NotEnough",
    "Openness",
    "Outcome",
    "Part",
    "Reason",
    "Record",
    "RunError",
    "Score",
    "Severity",
    "Standing",
    "Status",
    "Step",
    "Target",
    "TargetResult",
    "Value",
    "Vantage",
    "Verdict",
    "Waiver",
    "WaiverUse",
    "Wall",
    "WallKind",
    "Why",
    "finding_of",
    "least_of",
    "names_of",
    "ways_of",
    "with_marks",
]
