"""Ways out: what a workload reaches past its boundary, step by step, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.model import reading
from isoaudit.model.evidence import Fact, Missing
from isoaudit.model.waiver import Waiver
from isoaudit.model.words import Severity, Word


class Goal(Word):
    """What a way out leads to, worst first. `host-user` is the account of a rootless engine."""

    HOST_ROOT = "host-root"
    HOST_KERNEL = "host-kernel"
    HOST_WRITE = "host-write"
    HOST_USER = "host-user"
    HOST_READ = "host-read"
    NEIGHBOUR = "neighbour"
    HOST_DOS = "host-dos"
    HOST_INFO = "host-info"

    @property
    def rank(self) -> int:
        """0 for root on the host: the smaller, the worse."""
        return _GOAL_RANK[self]

    @property
    def severity(self) -> Severity:
        """How bad it is if it is reached."""
        return _GOAL_SEVERITY[self]

    @property
    def words(self) -> str:
        """What a person says of it: root on the host."""
        return _GOAL_WORDS[self]

    @property
    def is_out(self) -> bool:
        """Whether it lies behind the boundary to the host: that makes a verdict `open`."""
        return self.rank <= Goal.HOST_READ.rank


_GOAL_RANK = {goal: rank for rank, goal in enumerate(Goal)}
_GOAL_SEVERITY = {
    Goal.HOST_ROOT: Severity.CRITICAL,
    Goal.HOST_KERNEL: Severity.CRITICAL,
    Goal.HOST_WRITE: Severity.CRITICAL,
    Goal.HOST_USER: Severity.HIGH,
    Goal.HOST_READ: Severity.HIGH,
    Goal.NEIGHBOUR: Severity.MEDIUM,
    Goal.HOST_DOS: Severity.LOW,
    Goal.HOST_INFO: Severity.LOW,
}

_GOAL_WORDS = {
    Goal.HOST_ROOT: "root on the host",
    Goal.HOST_KERNEL: "the host's kernel",
    Goal.HOST_WRITE: "writes host files",
    Goal.HOST_USER: "the account that runs it",
    Goal.HOST_READ: "reads host files",
    Goal.NEIGHBOUR: "reaches its neighbours",
    Goal.HOST_DOS: "can stop the host",
    Goal.HOST_INFO: "learns of the host",
}


def least_of(severity: Severity) -> Goal:
    """Return the mildest goal that is as severe."""
    return max((goal for goal in Goal if goal.severity.rank <= severity.rank), key=_rank)


def _rank(goal: Goal) -> int:
    return goal.rank


class Openness(Word):
    """What an escape primitive comes to for a workload, most open first.

    `open`: every precondition is known and true. `possible`: one that decides is not known.
    `inert`: the host lacks what it needs, with evidence. `closed`: a precondition is false.
    """

    OPEN = "open"
    POSSIBLE = "possible"
    INERT = "inert"
    CLOSED = "closed"

    @property
    def rank(self) -> int:
        """0 for open: the smaller, the more open."""
        return _OPENNESS_RANK[self]


_OPENNESS_RANK = {one: rank for rank, one in enumerate(Openness)}


class Step(NamedTuple):
    """One primitive on a way: what is done in plain words, by which facts, and what is not known.

    `target` is the id of another workload if that is where the step is taken, else "". `no_help`
    says what does not close it, `keep` how to have what it is there for without it.
    """

    id: str
    title: str
    way: str
    evidence: tuple[Fact, ...] = ()
    missing: tuple[Missing, ...] = ()
    target: str = ""
    no_help: str = ""
    keep: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the step as the report document holds it."""
        return {
            "id": self.id,
            "title": self.title,
            "way": self.way,
            "target": self.target,
            "evidence": [{"path": fact.path, **fact.to_json()} for fact in self.evidence],
            "missing": [entry.to_json() for entry in self.missing],
            "no_help": self.no_help,
            "keep": self.keep,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Step:
        """Rebuild a step from `to_json`."""
        return Step(
            reading.text(data, "id"),
            reading.text(data, "title"),
            reading.text(data, "way"),
            tuple(Fact.from_json(fact["path"], fact) for fact in data["evidence"]),
            tuple(Missing.from_json(entry) for entry in data["missing"]),
            reading.text(data, "target"),
            reading.text(data, "no_help"),
            reading.text(data, "keep"),
        )


class EscapePath(NamedTuple):
    """A way out: its steps in order, and what would break it. It is as sure as its weakest step.

    `certainty` is `open` or `possible`. `broken_by` holds one sentence for each fact that would
    close it. `waiver` and `known` are those of a finding.
    """

    goal: Goal
    certainty: Openness
    steps: tuple[Step, ...]
    broken_by: tuple[str, ...] = ()
    fingerprint: str = ""
    waiver: Waiver | None = None
    known: bool | None = None

    @property
    def id(self) -> str:
        """The ids of its steps: ESC-043+ESC-006."""
        return "+".join(step.id for step in self.steps)

    @property
    def severity(self) -> Severity:
        """How bad it is, or would be."""
        return self.goal.severity

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What leaves it undecided."""
        return tuple(dict.fromkeys(entry for step in self.steps for entry in step.missing))

    def to_json(self) -> dict[str, Any]:
        """Return the path as the report document holds it."""
        return {
            "id": self.id,
            "goal": self.goal.value,
            "certainty": self.certainty.value,
            "severity": self.severity.value,
            "steps": [step.to_json() for step in self.steps],
            "broken_by": list(self.broken_by),
            "waiver": self.waiver.to_json() if self.waiver else None,
            "baseline": None if self.known is None else "known" if self.known else "new",
            "fingerprint": self.fingerprint,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> EscapePath:
        """Rebuild a path from `to_json`."""
        waiver, known = data.get("waiver"), data.get("baseline")
        return EscapePath(
            Goal(reading.text(data, "goal")),
            Openness(reading.text(data, "certainty")),
            tuple(Step.from_json(step) for step in data["steps"]),
            reading.texts(data, "broken_by"),
            reading.text(data, "fingerprint"),
            Waiver.from_json(waiver) if waiver else None,
            None if known is None else known == "known",
        )


class KnownWay(NamedTuple):
    """One primitive of the catalogue and what it came to here; `because` says what closes it."""

    id: str
    title: str
    state: Openness
    because: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the report document holds it."""
        return {"id": self.id, "title": self.title, "state": self.state.value,
                "because": self.because}  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> KnownWay:
        """Rebuild an entry from `to_json`."""
        return KnownWay(
            reading.text(data, "id"),
            reading.text(data, "title"),
            Openness(reading.text(data, "state")),
            reading.text(data, "because"),
        )


class Lead(NamedTuple):
    """A way to other workloads of the host, by name; it goes on with their ways out."""

    steps: tuple[Step, ...]
    certainty: Openness
    names: tuple[str, ...]
    broken_by: tuple[str, ...]
