"""What a report says of a check, and of a way out of several steps: that of all its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ANY_DIALECT = "any"
"""What a remedy is held by that is put in the words of no dialect: one of a step of a way out."""

Checks = Mapping[str, Mapping[str, Any]]


def about_of(checks: Checks, name: str) -> Mapping[str, Any]:
    """Return what a report holds about the id of a finding; nothing of one that it does not know.

    `ESC-043+ESC-006` is a way of two steps: whatever ends one of them ends it, and it is as bad as
    what its last step leads to.
    """
    if name in checks:
        return checks[name]
    steps = [checks[step] for step in name.split("+") if step in checks]
    if "+" not in name or not steps:
        return {}
    return {
        "title": ", then: ".join(step["title"] for step in steps),
        "severity": steps[-1]["severity"],
        "tags": list(dict.fromkeys(tag for step in steps for tag in step["tags"])),
        "rationale": " ".join(step["rationale"] for step in steps if step["rationale"]),
        "remediation": _either(steps),
        "references": steps[-1]["references"],
    }


def _either(steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the remedies of all steps, by dialect; each of them is enough."""
    names = dict.fromkeys(name for step in steps for name in step["remediation"])
    return {
        name: "; or ".join(
            dict.fromkeys(
                step["remediation"][name] for step in steps if step["remediation"].get(name)
            )
        )
        for name in names
    }
