"""What shipped checks say of a virtual machine's facts."""

from __future__ import annotations

from isoaudit.model import FactSet, Kind, Status, Target
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.context import Context
from isoaudit.rules.judge import Judge


def verdicts(facts: FactSet, *ids: str) -> dict[str, str]:
    """Return the worst status of each check for a running VM."""
    checks = load_catalogue()
    target = Target("vmm:t", Kind.VM, "t", "running", host="h")
    found: dict[str, str] = {}
    for name in ids:
        judge = Judge([checks[name]])
        statuses = {finding.status for finding in judge.judge(Context(target, facts, facts))}
        order = (Status.ERROR, Status.FAIL, Status.UNKNOWN, Status.PASS, Status.NOT_APPLICABLE)
        found[name] = next(str(status) for status in order if status in statuses)
    return found
