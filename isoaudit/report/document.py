"""The report document: the run, the checks, a result per target, the errors and the sum of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from isoaudit import __version__
from isoaudit.model import Finding, RunError, Severity, Status, TargetResult, WaiverUse

SCHEMA_VERSION = "1"


class RunInfo(NamedTuple):
    """When and where isoaudit ran.

    Times are ISO 8601 in UTC, `seconds` is the wall clock. `host` holds "name", "os" and "kernel"
    of this machine, or is None where no machine was looked at. `view` is "root" or "user".

    `on` is the same of the host that files were judged for, with "collected_at". `since` tells
    what the findings were compared with: "ref", "commit", and how many failed there and still do
    ("known"), failed there and are not found any more ("gone"), and files that could not be read
    there ("unread").

    `gate` is the gate that held if it was not that of a built-in profile as it is: "fail_on" (a
    severity or "never"), "fail_on_unknown", "strict_waivers", "fail_on_way_out" (a goal or "never")
    and "min_score".
    """

    id: str
    started_at: str
    finished_at: str
    profiles: tuple[str, ...]
    host: Mapping[str, str] | None
    view: str
    seconds: float
    on: Mapping[str, str] | None = None
    since: Mapping[str, str | int] | None = None
    gate: Mapping[str, str | bool | int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the run as the report document holds it."""
        return {
            "id": self.id,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "profiles": list(self.profiles),
            "host": dict(self.host) if self.host is not None else None,
            "view": self.view,
            "seconds": self.seconds,
            "on": dict(self.on) if self.on is not None else None,
            "since": dict(self.since) if self.since is not None else None,
            **({"gate": dict(self.gate)} if self.gate is not None else {}),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> RunInfo:
        """Rebuild a run from `to_json`."""
        return RunInfo(
            data["id"],
            data["started_at"],
            data["finished_at"],
            tuple(data["profiles"]),
            data["host"],
            data["view"],
            data["seconds"],
            data.get("on"),
            data.get("since"),
            data.get("gate"),
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many findings have each status, and how many failures each severity; no entry is 0.

    `waived` counts findings with a waiver, `known` and `new` failures by the baseline, if there is
    one; what is waived is neither.
    """

    by_status: Mapping[Status, int] = field(default_factory=dict)
    by_severity: Mapping[Severity, int] = field(default_factory=dict)
    waived: int = 0
    known: int = 0
    new: int = 0

    @staticmethod
    def of(findings: Iterable[Finding]) -> Tally:
        """Count findings."""
        counted = tuple(findings)
        statuses = [finding.status for finding in counted]
        failures = [finding for finding in counted if finding.status is Status.FAIL]
        failed = [finding.severity for finding in failures]
        known = [finding.known for finding in failures if finding.waiver is None]
        return Tally(
            {one: statuses.count(one) for one in Status},
            {one: failed.count(one) for one in Severity},
            sum(finding.waiver is not None for finding in counted),
            known.count(True),
            known.count(False),
        )

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            {one: self.status(one) + other.status(one) for one in Status},
            {one: self.severity(one) + other.severity(one) for one in Severity},
            self.waived + other.waived,
            self.known + other.known,
            self.new + other.new,
        )

    def status(self, status: Status) -> int:
        """Return the number of findings of a status."""
        return self.by_status.get(status, 0)

    @property
    def judged(self) -> int:
        """The number of findings of checks that were about a target at all."""
        return sum(self.by_status.values()) - self.status(Status.NOT_APPLICABLE)

    def severity(self, severity: Severity) -> int:
        """Return the number of failures of a severity."""
        return self.by_severity.get(severity, 0)


class Summary(NamedTuple):
    """The sum over all targets, and what the gate said to it and why.

    `resolved` is how many failures of the baseline are gone, None without a baseline.
    """

    targets: int
    tally: Tally
    gate_passed: bool
    gate_reasons: tuple[str, ...] = ()
    resolved: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as the report document holds it, zeros included."""
        return {
            "targets": self.targets,
            "by_status": {one.value: self.tally.status(one) for one in Status},
            "by_severity": {one.value: self.tally.severity(one) for one in Severity},
            "waived": self.tally.waived,
            "baseline": self._baseline(),
            "gate": {"passed": self.gate_passed, "reasons": list(self.gate_reasons)},
        }

    def _baseline(self) -> dict[str, int] | None:
        if self.resolved is None:
            return None
        return {"known": self.tally.known, "new": self.tally.new, "resolved": self.resolved}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Summary:
        """Rebuild a summary from `to_json`."""
        baseline = data.get("baseline") or {}
        tally = Tally(
            {one: data["by_status"].get(one.value, 0) for one in Status},
            {one: data["by_severity"].get(one.value, 0) for one in Severity},
            data.get("waived", 0),
            baseline.get("known", 0),
            baseline.get("new", 0),
        )
        gate = data["gate"]
        return Summary(
            data["targets"], tally, gate["passed"], tuple(gate["reasons"]), baseline.get("resolved")
        )


def ordered_errors(errors: Iterable[RunError]) -> list[RunError]:
    """Return errors in an order that depends on nothing but the errors: named targets first."""
    return sorted(
        errors, key=lambda one: (not one.asked, one.target, one.stage, one.message, one.how_to_get)
    )


def error_words(error: RunError) -> str:
    """Return whose error it is and what; a message that begins with the name says it itself."""
    if error.message.startswith(f"{error.target}:"):
        return error.message
    return f"{error.target}: {error.message}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run came to. `checks` holds, by id, what each check says of itself.

    `waivers` says what became of every waiver that the run met.
    """

    run: RunInfo
    checks: Mapping[str, Mapping[str, Any]]
    results: Sequence[TargetResult]
    errors: Sequence[RunError]
    summary: Summary
    checks_version: str = ""
    version: str = __version__
    model_version: str = ""
    waivers: Sequence[WaiverUse] = ()
