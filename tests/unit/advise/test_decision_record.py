"""The decision on one workload: what is proposed, why not the others, until when it holds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from isoaudit.advise.advice import advise
from isoaudit.advise.candidates import candidates, load_ways
from isoaudit.advise.decision import Decision, decision, in_months
from isoaudit.advise.needs import workload_of
from isoaudit.advise.rules import load_rules
from isoaudit.assess import load_assessor
from isoaudit.model import Kind
from isoaudit.rules.examples import context_of

_DAY = date(2026, 8, 31)
_PROCESS: dict[str, Any] = {
    "process.name": "web",
    "process.root_permitted": False,
    "process.user_namespace": "host",
    "process.capabilities.effective": [],
    "process.seccomp.exploits_reachable": 12,
}


def decided(facts: dict[str, Any], kind: Kind = Kind.CONTAINER, **answers: str) -> Decision:
    """Return the decision on a target with some facts and a workload."""
    assessor, context = load_assessor(), context_of(kind, facts)
    assessment = assessor.assess(context)
    assert assessment is not None
    advised = advise(context, assessment, workload_of(answers, load_rules().questions), assessor)
    found = candidates(context, assessment, assessor, tuple(load_ways()), advised.required)
    return decision(context, advised, found, _DAY)


def test_a_workload_of_which_little_is_known_gets_no_proposal() -> None:
    """What is not known proposes nothing, and says what would have to be."""
    found = decided({"container.kernel": "host", "process": [_PROCESS]})

    assert found.proposed is None
    assert all(option.against for option in found.options)
    assert found.considered is found.options[0]
    assert found.options[0].is_current
    assert found.unknown


def test_a_runtime_that_is_missing_rejects_an_option() -> None:
    """And one that is not known to be there does, in other words."""
    facts = {"container.kernel": "host", "process": [_PROCESS]}
    missing = decided({**facts, "engine.runtimes.names": ["runc"]})
    unknown = decided(facts)

    (gvisor,) = [one for one in missing.options if "gVisor" in one.title]
    assert "missing here: runsc among the engine's runtimes" in gvisor.against
    (gvisor,) = [one for one in unknown.options if "gVisor" in one.title]
    assert "not known whether here: runsc among the engine's runtimes" in gvisor.against


def test_one_bug_in_the_hosts_kernel_is_told_with_the_exploits_it_reaches() -> None:
    """If they were counted for every process; else their number is not known."""
    facts = {"container.kernel": "host"}
    other = {key: value for key, value in _PROCESS.items() if "exploits" not in key}

    assert "12 of 78" in decided({**facts, "process": [_PROCESS]}).kernel
    both = decided({**facts, "process": [_PROCESS, {**other, "process.name": "sh"}]})
    assert "is not known" in both.kernel


def test_a_guest_is_not_out_by_a_bug_in_the_hosts_kernel_alone() -> None:
    """A VM has no other options, and a kernel of its own."""
    found = decided({"vm.kernel": "guest", "vm.accelerator": "kvm"}, Kind.VM)

    assert [one.title for one in found.options] == ["as it runs now"]
    assert "no way out" in found.kernel


@pytest.mark.parametrize(
    ("day", "review"),
    [
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2026, 12, 1), date(2027, 6, 1)),
        (date(2027, 8, 29), date(2028, 2, 29)),
    ],
)
def test_it_is_looked_at_again_in_half_a_year(day: date, review: date) -> None:
    """On the same day, or the last of a shorter month."""
    assert in_months(day, 6) == review
