"""What a target's boundary comes to: its layers, the ways out, the score, the wall, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.model import reading
from isoaudit.model.evidence import Missing
from isoaudit.model.ways import EscapePath, Goal, KnownWay
from isoaudit.model.words import Word

_DIGITS = 2


class Axis(Word):
    """What a score is about: out to the host, to neighbours, from the host, taking it all."""

    ESCAPE = "escape"
    NEIGHBOUR = "neighbour"
    OPERATOR = "operator"
    RESOURCES = "resources"


class Interval(NamedTuple):
    """A score from 0 to 100: every unknown at its worst, and at its best."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def to_json(self) -> dict[str, int]:
        """Return it as the report document holds it."""
        return {"low": self.low, "high": self.high}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Interval:
        """Rebuild it from `to_json`."""
        low, high = reading.number_or_none(data, "low"), reading.number_or_none(data, "high")
        if low is None or high is None:
            raise ValueError("a score without low or high")
        return Interval(low, high)


class Layer(NamedTuple):
    """One layer a workload stands behind, from its own privilege outwards.

    `layer` is its name in the model (privilege, syscalls, devices, vmm_sandbox, host_kernel,
    control_plane, cpu, sharing), `kind` what it is here ("host's kernel", "QEMU"), `low` and
    `high` its strength in bits: each bit halves what of a corpus of exploits still works.
    `rests_on` are the paths of the facts that decide it.
    """

    layer: str
    kind: str
    low: float
    high: float
    shared_with: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the layer as the report document holds it."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "strength": {"low": round(self.low, _DIGITS), "high": round(self.high, _DIGITS)},
            "shared_with": list(self.shared_with),
            "rests_on": list(self.rests_on),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Layer:
        """Rebuild a layer from `to_json`."""
        strength = data["strength"]
        return Layer(
            reading.text(data, "layer"),
            reading.text(data, "kind"),
            float(strength["low"]),
            float(strength["high"]),
            reading.texts(data, "shared_with"),
            reading.texts(data, "rests_on"),
        )


class Why(NamedTuple):
    """One line of what makes a score.

    `kind` is `gives` (a layer's bits on the attack path `path`), `caps` (an open way, or a
    structure, that the score cannot exceed: `high` is the cap) or `widens` (something unknown:
    `low` and `high` are what it may give; `missing` says how to settle it). `rests_on` are the
    paths of the facts that decide it.
    """

    axis: Axis
    kind: str
    path: str
    layer: str
    text: str
    low: float
    high: float
    rests_on: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the line as the report document holds it."""
        return {
            "axis": self.axis.value,
            "kind": self.kind,
            "path": self.path,
            "layer": self.layer,
            "text": self.text,
            "low": round(self.low, _DIGITS),
            "high": round(self.high, _DIGITS),
            "rests_on": list(self.rests_on),
            "missing": [entry.to_json() for entry in self.missing],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Why:
        """Rebuild a line from `to_json`."""
        return Why(
            Axis(reading.text(data, "axis")),
            reading.text(data, "kind"),
            reading.text(data, "path"),
            reading.text(data, "layer"),
            reading.text(data, "text"),
            float(data["low"]),
            float(data["high"]),
            reading.texts(data, "rests_on"),
            tuple(Missing.from_json(entry) for entry in data["missing"]),
        )


class Score(NamedTuple):
    """Four axes, never averaged; `capped_by` names, by axis, the way or structure that caps it."""

    axes: Mapping[Axis, Interval]
    capped_by: Mapping[Axis, str]
    why: tuple[Why, ...] = ()

    @property
    def escape(self) -> Interval:
        """The headline: how hard it is to get out to the host."""
        return self.axes[Axis.ESCAPE]

    def to_json(self) -> dict[str, Any]:
        """Return the score as the report document holds it; low and high are the escape axis'."""
        return {
            **self.escape.to_json(),
            "capped_by": {axis.value: cap for axis, cap in self.capped_by.items()},
            "axes": {axis.value: interval.to_json() for axis, interval in self.axes.items()},
            "why": [line.to_json() for line in self.why],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Score:
        """Rebuild a score from `to_json`."""
        return Score(
            {Axis(axis): Interval.from_json(one) for axis, one in data["axes"].items()},
            {Axis(axis): str(cap) for axis, cap in data["capped_by"].items()},
            tuple(Why.from_json(line) for line in data["why"]),
        )


class WallKind(Word):
    """The structure between workload and host. MICROVM and VM are branches, no rungs."""

    NONE = "none"  # T0: a way to root or kernel of the host is open
    SHARED_KERNEL = "shared-kernel"  # T1, or mere emulation
    HARDENED = "hardened"  # T2
    USER_NAMESPACE = "user-namespace"  # T3
    USER_KERNEL = "user-space-kernel"  # T4, or a guest behind a wide or unconfined VMM
    MICROVM = "microvm"  # T5
    VM = "vm"  # T6

    @property
    def tier(self) -> int:
        """0 to 6; 5 and 6 do not order."""
        return _TIERS[self]


_TIERS = {kind: tier for tier, kind in enumerate(WallKind)}


class Wall(NamedTuple):
    """The wall that is proven, fact by fact, and the one possible if unknowns turn out well.

    `missing` is what lies between the two. `lacks` says, for the next stronger wall, what is not
    so. `additions` are "confidential" (T7) and "dedicated" (T8) where they are proven.
    """

    proven: WallKind
    possible: WallKind
    missing: tuple[Missing, ...] = ()
    lacks: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the wall as the report document holds it."""
        return {
            "proven": self.proven.value,
            "possible": self.possible.value,
            "missing": [entry.to_json() for entry in self.missing],
            "lacks": list(self.lacks),
            "additions": list(self.additions),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Wall:
        """Rebuild a wall from `to_json`."""
        return Wall(
            WallKind(reading.text(data, "proven")),
            WallKind(reading.text(data, "possible")),
            tuple(Missing.from_json(entry) for entry in data["missing"]),
            reading.texts(data, "lacks"),
            reading.texts(data, "additions"),
        )


class Standing(Word):
    """The verdict: a way to the host is open, none is, or that is not known."""

    OPEN = "open"
    HOLDS = "holds"
    UNDECIDED = "undecided"


class NotEnough(NamedTuple):
    """A class of workload that the wall is not enough for, and why not."""

    workload: str
    because: tuple[str, ...]


class Verdict(NamedTuple):
    """`goal` is the worst that an open way leads to; of `undecided`, that one might.

    `enough_for` and `not_enough_for` name classes of workloads (isoaudit/advise/data).
    """

    status: Standing
    goal: Goal | None
    wall: Wall
    enough_for: tuple[str, ...] = ()
    not_enough_for: tuple[NotEnough, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the report document holds it."""
        return {
            "status": self.status.value,
            "goal": self.goal.value if self.goal else None,
            "enough_for": list(self.enough_for),
            "not_enough_for": [
                {"workload": one.workload, "because": list(one.because)}
                for one in self.not_enough_for
            ],
            "wall": self.wall.to_json(),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Verdict:
        """Rebuild a verdict from `to_json`."""
        goal = data["goal"]
        return Verdict(
            Standing(reading.text(data, "status")),
            Goal(goal) if goal is not None else None,
            Wall.from_json(data["wall"]),
            reading.texts(data, "enough_for"),
            tuple(
                NotEnough(reading.text(one, "workload"), reading.texts(one, "because"))
                for one in data["not_enough_for"]
            ),
        )


class Assessment(NamedTuple):
    """All that is said of one target's boundary; `ways` is every primitive of the catalogue."""

    boundary: tuple[Layer, ...]
    escape_paths: tuple[EscapePath, ...]
    verdict: Verdict
    score: Score
    ways: tuple[KnownWay, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the keys that a target has in the report document."""
        return {
            "boundary": [layer.to_json() for layer in self.boundary],
            "escape_paths": [path.to_json() for path in self.escape_paths],
            "verdict": self.verdict.to_json(),
            "score": self.score.to_json(),
            "ways": [way.to_json() for way in self.ways],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Assessment:
        """Rebuild an assessment from the keys of a target."""
        return Assessment(
            tuple(Layer.from_json(one) for one in data["boundary"]),
            tuple(EscapePath.from_json(one) for one in data["escape_paths"]),
            Verdict.from_json(data["verdict"]),
            Score.from_json(data["score"]),
            tuple(KnownWay.from_json(one) for one in data["ways"]),
        )


class FixChange(NamedTuple):
    """A change that closes ways, with what it costs and the score once it is made.

    `scope` is "target", or "host" for what is changed once for many. `effort` is 1 (minutes) to
    3 (to be planned). `downtime` is none, restart, restart-all, reboot or rebuild. `score_after`
    is computed by judging the changed facts, all changes before it in the list included.
    """

    id: str
    change: str
    closes: tuple[str, ...]
    score_after: Mapping[Axis, Interval]
    effort: int
    downtime: str
    may_break: str
    scope: str = "target"
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the change as the report document holds it."""
        return {
            "id": self.id,
            "change": self.change,
            "closes": list(self.closes),
            "score_after": {axis.value: one.to_json() for axis, one in self.score_after.items()},
            "effort": self.effort,
            "downtime": self.downtime,
            "may_break": self.may_break,
            "scope": self.scope,
            "where": self.where,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> FixChange:
        """Rebuild a change from `to_json`."""
        effort = reading.number_or_none(data, "effort")
        return FixChange(
            reading.text(data, "id"),
            reading.text(data, "change"),
            reading.texts(data, "closes"),
            {Axis(a): Interval.from_json(one) for a, one in data["score_after"].items()},
            effort or 0,
            reading.text(data, "downtime"),
            reading.text(data, "may_break"),
            reading.text(data, "scope"),
            reading.text(data, "where"),
        )
