"""What a run comes to: one result per target, the errors beside them, and the run's own head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isoaudit.model import reading
from isoaudit.model.assessment import Assessment, FixChange
from isoaudit.model.factset import FactSet
from isoaudit.model.finding import Finding
from isoaudit.model.target import Target
from isoaudit.model.waiver import InlineWaiver, WaiverUse
from isoaudit.model.ways import Lead


@dataclass(frozen=True, slots=True)
class TargetResult:
    """One target with what was seen of it and how it was judged.

    `said` are the waivers that stand in the target's own files. `waivers` says what became of
    them, and of all others that speak of this target. `assessment` is None where a target has no
    boundary (a host, a namespace). `fixes` are computed where they are shown. `leads` are ways to
    other workloads, which the end of a run follows.
    """

    target: Target
    facts: FactSet
    findings: tuple[Finding, ...]
    said: tuple[InlineWaiver, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    assessment: Assessment | None = None
    fixes: tuple[FixChange, ...] = ()
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True, slots=True)
class RunError:
    """Something that could not be audited: which, at which stage, why, and what to do.

    `asked` tells a target that was named from one that was merely discovered; only the former
    makes a run incomplete.
    """

    target: str
    stage: str
    message: str
    how_to_get: str = ""
    asked: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the error as the report document holds it."""
        return {
            "target": self.target,
            "stage": self.stage,
            "message": self.message,
            "how_to_get": self.how_to_get,
            "asked": self.asked,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> RunError:
        """Rebuild an error from `to_json`."""
        return RunError(
            reading.text(data, "target"),
            reading.text(data, "stage"),
            reading.text(data, "message"),
            reading.text(data, "how_to_get"),
            reading.flag(data, "asked"),
        )
