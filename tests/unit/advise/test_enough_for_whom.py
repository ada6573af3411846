"""What a wall is enough for: structure first, score second, and never on what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.advise.enough import EnoughJudge, after_ways, judge_verdict
from isoaudit.advise.required import required
from isoaudit.advise.rules import load_rules
from isoaudit.assess.truth import Truths
from isoaudit.model import (
    Assessment,
    Axis,
    EscapePath,
    Goal,
    Interval,
    Kind,
    Openness,
    Score,
    Standing,
    Step,
    Verdict,
    Wall,
    WallKind,
)
from isoaudit.rules.context import Context
from isoaudit.rules.examples import context_of
from isoaudit.rules.wall_gate import NOT_KNOWN, Wanted

CLASSES = {one.id: one for one in load_rules().classes}
QUIET_HOST = {"host.ksm.running": False, "host.smt.active": False}


def assessment(
    proven: WallKind,
    possible: WallKind | None = None,
    score: tuple[int, int] = (90, 95),
    ways: tuple[EscapePath, ...] = (),
    additions: tuple[str, ...] = (),
) -> Assessment:
    """Return an assessment with a wall, a score and ways out."""
    wall = Wall(proven, possible or proven, (), (), additions)
    axes = {axis: Interval(*score) for axis in Axis}
    return Assessment((), ways, Verdict(Standing.HOLDS, None, wall), Score(axes, {}))


def way(goal: Goal, certainty: Openness = Openness.OPEN) -> EscapePath:
    """Return a way out of one step."""
    return EscapePath(goal, certainty, (Step("ESC-900", "a way", "it is gone"),))


def context(facts: dict[str, Any] | None = None) -> Context:
    """Return a VM on a host of which these facts are known."""
    return context_of(Kind.VM, QUIET_HOST if facts is None else facts)


def enough(one: Assessment, name: str, facts: dict[str, Any] | None = None) -> bool | None:
    """Return whether a wall is enough for a class of workloads."""
    needed = required(CLASSES[name].workload)
    return EnoughJudge(Truths()).of(one, needed, context(facts)).value


@pytest.mark.parametrize(
    ("wall", "names"),
    [
        (WallKind.NONE, set()),
        (WallKind.SHARED_KERNEL, {"own-code"}),
        (WallKind.HARDENED, {"own-code", "third-party-code"}),
        (WallKind.USER_NAMESPACE, {"own-code", "third-party-code"}),
        (WallKind.USER_KERNEL, {"own-code", "third-party-code", "strangers-code"}),
        (WallKind.MICROVM, set(CLASSES) - {"untrusted-operator"}),
        (WallKind.VM, set(CLASSES) - {"untrusted-operator"}),
    ],
)
def test_a_proven_wall_is_enough_for_what_its_structure_is(wall: WallKind, names: set[str]) -> None:
    """However high its score: a perfect container stays too little for a stranger's code."""
    assert names == {name for name in CLASSES if enough(assessment(wall), name)}


def test_only_encrypted_memory_keeps_an_operator_out() -> None:
    """And only a proven one."""
    confidential = assessment(WallKind.VM, additions=("confidential",))

    assert enough(confidential, "untrusted-operator") is True
    assert enough(assessment(WallKind.VM), "untrusted-operator") is False


def test_a_wall_that_is_merely_possible_leaves_it_open() -> None:
    """Neither enough nor too little."""
    one = assessment(WallKind.SHARED_KERNEL, WallKind.VM)

    assert enough(one, "strangers-code") is None
    assert enough(one, "own-code") is True


@pytest.mark.parametrize(
    ("score", "value"), [((60, 60), True), ((59, 70), None), ((40, 59), False)]
)
def test_the_score_decides_second(score: tuple[int, int], value: bool | None) -> None:
    """Its low end must reach what is needed; its high end, for it to be possible."""
    assert enough(assessment(WallKind.USER_KERNEL, score=score), "strangers-code") is value


@pytest.mark.parametrize("goal", list(Goal))
def test_an_open_way_out_makes_it_enough_for_nobody(goal: Goal) -> None:
    """Whatever the wall; what leads to no host counts where neighbours do."""
    one = assessment(WallKind.VM, ways=(way(goal),))
    nothing = goal.is_out

    assert enough(one, "own-code") is (not nothing)
    assert enough(one, "several-customers") is (not nothing and goal is not Goal.NEIGHBOUR)


def test_a_way_that_is_not_ruled_out_leaves_it_open() -> None:
    """That is not known to be enough."""
    one = assessment(WallKind.VM, ways=(way(Goal.HOST_READ, Openness.POSSIBLE),))

    assert enough(one, "own-code") is None


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        (QUIET_HOST, True),
        ({"host.smt.active": False, "host.ksm.running": True}, None),
        ({"host.smt.active": True, "host.ksm.running": False}, False),
        ({"host.smt.active": False, "host.ksm.running": True, "vm.memory.shared_pages": False},
         True),
        ({"host.smt.active": False, "host.ksm.running": True, "vm.memory.shared_pages": True},
         False),
        ({}, None),
    ],
)  # fmt: skip
def test_what_has_to_stand_beside_a_wall_counts(facts: dict[str, Any], value: bool | None) -> None:
    """Customers beside each other share neither pages nor cores."""
    assert enough(assessment(WallKind.VM), "several-customers", facts) is value


def test_the_verdict_names_every_class_with_its_reason() -> None:
    """Once: as enough, or as not enough and why."""
    verdict = judge_verdict(assessment(WallKind.HARDENED), context())

    assert verdict.enough_for == ("own, reviewed code", "third-party code, one team")
    assert [one.workload for one in verdict.not_enough_for] == [
        "strangers' or agents' code",
        "several customers on one host",
        "a host operator who is not trusted",
    ]
    assert verdict.not_enough_for[0].because == (
        "its wall is hardened shared kernel, and user-space kernel is needed",
    )


def test_a_reason_that_is_not_certain_says_so() -> None:
    """So that nobody takes it for a fault of the wall."""
    verdict = judge_verdict(assessment(WallKind.NONE, WallKind.HARDENED), context())

    assert verdict.enough_for == ()
    assert all(text.startswith(NOT_KNOWN) for text in verdict.not_enough_for[0].because)


def test_a_profiles_workload_is_judged_by_its_name() -> None:
    """Beside the classes of every run."""
    wanted = Wanted.of("house", {"code": "tenant"})
    verdict = judge_verdict(assessment(WallKind.USER_KERNEL), context(), [wanted])

    assert "house" in verdict.enough_for


def test_ways_that_are_found_later_take_away_what_it_was_enough_for() -> None:
    """And leave what it never was, with its reason."""
    one = assessment(WallKind.HARDENED)
    one = one._replace(verdict=judge_verdict(one, context()))
    after = after_ways(one._replace(escape_paths=(way(Goal.HOST_USER),)), Kind.CONTAINER)

    assert after.verdict.enough_for == ()
    assert [named.workload for named in after.verdict.not_enough_for] == [
        one.name for one in CLASSES.values()
    ]
    assert after_ways(one, Kind.VM) == one


def test_a_profiles_workload_loses_by_a_way_out_and_by_nothing_else() -> None:
    """A way to neighbours was judged when it was."""
    neighbour = way(Goal.NEIGHBOUR)
    one = assessment(WallKind.USER_KERNEL, ways=(neighbour,))
    wanted = [Wanted.of("house", {"code": "tenant"})]
    one = one._replace(verdict=judge_verdict(one, context(), wanted))

    assert "house" in after_ways(one, Kind.VM).verdict.enough_for
    opened = one._replace(escape_paths=(neighbour, way(Goal.HOST_WRITE)))
    assert "house" not in after_ways(opened, Kind.VM).verdict.enough_for
