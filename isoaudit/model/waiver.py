"""A waiver: that people know of a finding and accept it, why, who answers for it, until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

from isoaudit.model import reading

WaiverKind = Literal["file", "inline", "annotation", "label"]
"""Where a waiver stands: a waiver file, a comment, a Kubernetes annotation, a container's label."""

_KINDS = ("file", "inline", "annotation", "label")


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
        if kind not in _KINDS:
            raise ValueError(f"{kind!r:.40} is no kind of waiver")
        return Waiver(
            reading.text(data, "reason"),
            reading.text(data, "owner"),
            None if data["until"] is None else reading.text(data, "until"),
            reading.text(data, "source"),
            cast("WaiverKind", kind),
            reading.text(data, "approver"),
        )
