"""Which wall a workload needs: every row of the table, and the words that ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.advise.needs import Workload, workload_of
from isoaudit.advise.required import required, suffices
from isoaudit.advise.rules import load_rules
from isoaudit.errors import UsageError
from isoaudit.model import WallKind

OWN = {"data": "internal", "code": "own", "tenancy": "single"}
BRANCHES = (WallKind.MICROVM, WallKind.VM)


def workload(**answers: Any) -> Workload:
    """Return a workload: own code, unless something else is said."""
    return workload_of(OWN | answers, load_rules().questions)


@pytest.mark.parametrize(
    ("answers", "walls"),
    [
        ({}, (WallKind.SHARED_KERNEL,)),
        ({"data": "public"}, (WallKind.SHARED_KERNEL,)),
        ({"exposure": "public"}, (WallKind.HARDENED,)),
        ({"data": "sensitive"}, (WallKind.HARDENED,)),
        ({"data": "sensitive", "code": "third-party", "tenancy": "teams"}, (WallKind.HARDENED,)),
        ({"data": "regulated"}, (WallKind.HARDENED,)),
        ({"code": "third-party"}, (WallKind.HARDENED,)),
        ({"tenancy": "teams"}, (WallKind.HARDENED,)),
        ({"code": "tenant"}, (WallKind.USER_KERNEL,)),
        ({"tenancy": "customers"}, (WallKind.USER_KERNEL,)),
        ({"code": "tenant", "tenancy": "customers"}, BRANCHES),
        ({"code": "hostile"}, BRANCHES),
        ({"operator": "untrusted"}, (WallKind.VM,)),
        ({"data": "regulated", "tenancy": "customers"}, BRANCHES),
        ({"needs": ["privileged"]}, BRANCHES),
        ({"needs": ["docker-in-docker", "gpu"]}, BRANCHES),
        ({"needs": ["device"]}, BRANCHES),
        ({"needs": ["host-network"]}, BRANCHES),
        ({"operator": "untrusted", "code": "hostile"}, (WallKind.VM,)),
    ],
)
def test_each_row_of_the_table_gives_its_wall(
    answers: dict[str, Any], walls: tuple[WallKind, ...]
) -> None:
    """The strictest of all rules that fire; a microVM and a VM will do alike."""
    assert walls == required(workload(**answers)).walls


@pytest.mark.parametrize(
    ("answers", "demands"),
    [
        ({"data": "sensitive"}, {"one-level"}),
        ({"code": "third-party"}, {"network-policy"}),
        ({"code": "tenant", "tenancy": "customers"},
         {"no-shared-pages", "no-sibling-threads", "network-policy"}),
        ({"code": "hostile"}, {"disposable"}),
        ({"operator": "untrusted"}, {"confidential"}),
        ({"data": "regulated", "tenancy": "customers"},
         {"dedicated", "no-sibling-threads", "network-policy", "one-level"}),
        ({"needs": ["privileged"]}, {"inside-the-guest"}),
    ],
)  # fmt: skip
def test_what_has_to_stand_beside_the_wall(answers: dict[str, Any], demands: set[str]) -> None:
    """Of all rules that fire."""
    assert demands == {one.id for one in required(workload(**answers)).demands}


def test_every_workload_has_a_rule_that_fires() -> None:
    """Whatever is answered: none falls through to no wall at all."""
    rules = load_rules()
    questions = {question.name: list(question.words) for question in rules.questions}
    for data in questions["data"]:
        for code in questions["code"]:
            for tenancy in questions["tenancy"]:
                for exposure in questions["exposure"]:
                    one = workload(data=data, code=code, tenancy=tenancy, exposure=exposure)
                    assert required(one).rules


def test_more_trust_never_needs_more_wall() -> None:
    """Each question's words go from the harmless to the dangerous."""
    for name in ("data", "code", "tenancy", "exposure"):
        words = next(list(one.words) for one in load_rules().questions if one.name == name)
        tiers = [min(wall.tier for wall in required(workload(**{name: word})).walls)
                 for word in words]  # fmt: skip
        assert sorted(tiers) == tiers


@pytest.mark.parametrize("wall", list(WallKind))
def test_branches_do_not_stand_for_each_other(wall: WallKind) -> None:
    """A microVM is no VM; both are more than a user-space kernel."""
    assert suffices(wall, [WallKind.VM]) is (wall is WallKind.VM)
    assert suffices(wall, [WallKind.MICROVM]) is (wall is WallKind.MICROVM)
    assert suffices(wall, [WallKind.USER_KERNEL]) is (wall.tier >= 4)


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        ({"data": "sensible"}, "Did you mean sensitive?"),
        ({"dat": "public"}, "Did you mean data?"),
        ({"needs": ["gpus"]}, "Did you mean gpu?"),
        ({"code": ["own", "tenant"]}, "Give one."),
    ],
)
def test_a_word_that_answers_nothing_is_refused(answers: dict[str, Any], hint: str) -> None:
    """With what was meant."""
    with pytest.raises(UsageError) as refused:
        workload_of(answers, load_rules().questions)

    assert hint in refused.value.remedy


def test_what_nobody_said_is_assumed_and_told() -> None:
    """A newcomer's image is from elsewhere: that is the safer guess."""
    one = workload_of({"data": "public"}, load_rules().questions).to_json()

    assert one["code"] == "third-party"
    assert one["assumed"] == ["code", "tenancy", "exposure", "operator", "needs"]


def test_every_rule_and_demand_says_on_whose_word() -> None:
    """Advice without a ground is an opinion."""
    rules = load_rules()

    assert all(one.ground and one.because for one in rules.rules)
    assert all(one.ground for one in rules.demands.values())
    assert {one.id for rule in rules.rules for one in rule.demands} == set(rules.demands)
