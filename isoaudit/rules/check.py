"""What a check is, once loaded: frozen, with its conditions compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from isoaudit.model import Kind, Severity, Value
from isoaudit.rules.cel import Condition


class Level(NamedTuple):
    """A severity, and the condition under which it applies; None always does."""

    severity: Severity
    when: Condition | None = None


class Check(NamedTuple):
    """One check. `each` names the part whose records it judges; "" is the target itself.

    `change` says how a running VM is changed to pass: live, restart, guest_driver (the
    guest needs a driver first) or guest_abi (the guest sees another machine); "" if nobody says.
    """

    id: str
    title: str
    levels: tuple[Level, ...]
    applies_to: tuple[Kind, ...]
    tags: tuple[str, ...]
    each: str
    when: Condition | None
    passes: Condition
    params: Mapping[str, Value]
    message: str
    rationale: str
    remediation: Mapping[str, str]
    references: Mapping[str, tuple[str, ...]]
    examples: tuple[Mapping[str, Any], ...]
    file: str
    change: str = ""

    @property
    def severity(self) -> Severity:
        """The worst severity it can have."""
        return min((level.severity for level in self.levels), key=lambda one: one.rank)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every fact path its conditions read, severity levels aside."""
        paths = set(self.passes.reads) | set(self.when.reads if self.when else ())
        return tuple(sorted(paths))

    def about(self) -> dict[str, Any]:
        """Return what the report document says of the check itself."""
        about = {
            "title": self.title,
            "severity": self.severity.value,
            "tags": list(self.tags),
            "rationale": self.rationale,
            "remediation": dict(self.remediation),
            "references": {name: list(ids) for name, ids in self.references.items()},
        }
        return about | ({"change": self.change} if self.change else {})
