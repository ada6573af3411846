"""A waiver: that people know of a finding and accept it, why, who answers for it, until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast, get_args

from isoaudit.model import reading

WaiverKind = Literal["file", "inline", "annotation", "label"]
"""Where a waiver stands: a waiver file, a comment, a Kubernetes annotation, a container's label."""

WaiverState = Literal["used", "unused", "expired", "invalid", "refused", "not_run"]
"""What became of a waiver: it covers a finding; none is there; its last day has passed; it cannot
be read or gives no reason; what is audited may not say it; its checks are not those of this run."""


class Waiver(NamedTuple):
    """Why a finding is accepted. It is attached to the finding, whose status it never changes.

    `until` is the last day on which it holds, as an ISO 8601 date in UTC, or None. `source` says
    where it was written: `waivers.yaml:12`, `compose.yaml:7`, `docker inspect Config.Labels`.
    """

    reason: str
    owner: str
    until: str | None
    source: str
    kind: WaiverKind
    approver: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the waiver as the report document holds it."""
        return {
            "reason": self.reason,
            "owner": self.owner,
            "until": self.until,
            "source": self.source,
            "kind": self.kind,
            "approver": self.approver,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Waiver:
        """Rebuild a waiver from `to_json`; raises ValueError for a kind that there is not."""
        kind = reading.text(data, "kind")
        if kind not in get_args(WaiverKind):
            raise ValueError(f"{kind!r:.40} is no kind of waiver")
        return Waiver(
            reading.text(data, "reason"),
            reading.text(data, "owner"),
            None if data["until"] is None else reading.text(data, "until"),
            reading.text(data, "source"),
            cast("WaiverKind", kind),
            reading.text(data, "approver"),
        )


class InlineWaiver(NamedTuple):
    """A waiver that stands in what is audited: in a comment, an annotation or a label.

    A comment speaks of what stands in `line` of `file`: of findings whose evidence does, and of a
    target that begins there as a whole. An annotation speaks of the targets that begin in the lines
    of `span`, both ends included; what is not in the file at all begins in line 0. A label speaks
    of the target called `name`, or of a span. `problem` says why it cannot count. `whole` is false
    where only a part of the file was asked for: that it covers nothing says nothing then.
    """

    checks: tuple[str, ...]
    waiver: Waiver
    file: str = ""
    line: int = 0
    span: tuple[int, int] | None = None
    name: str = ""
    problem: str = ""
    whole: bool = True

    @property
    def key(self) -> tuple[str, tuple[str, ...], str]:
        """What makes it the same waiver in another revision of the file, wherever it stands."""
        return (self.file, self.checks, self.waiver.reason)


class WaiverUse(NamedTuple):
    """A waiver as a run met it: whose findings it is about, how many they are, what became of it.

    `checks` and `targets` are ids or patterns of them; an inline waiver names no targets.
    """

    checks: tuple[str, ...]
    targets: tuple[str, ...]
    fingerprint: str
    waiver: Waiver
    state: WaiverState
    findings: int = 0
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the use as the report document holds it."""
        return {
            "checks": list(self.checks),
            "targets": list(self.targets),
            "fingerprint": self.fingerprint,
            **self.waiver.to_json(),
            "state": self.state,
            "findings": self.findings,
            "why": self.why,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> WaiverUse:
        """Rebuild a use from `to_json`; raises ValueError for a state that there is not."""
        state = reading.text(data, "state")
        if state not in get_args(WaiverState):
            raise ValueError(f"{state!r:.40} is no state of a waiver")
        return WaiverUse(
            reading.texts(data, "checks"),
            reading.texts(data, "targets"),
            reading.text(data, "fingerprint"),
            Waiver.from_json(data),
            cast("WaiverState", state),
            reading.number_or_none(data, "findings") or 0,
            reading.text(data, "why"),
        )
