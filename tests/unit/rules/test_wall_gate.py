"""The gate on walls: what a profile wants of one, and what of that is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.advise.needs import workload_of
from isoaudit.advise.rules import load_rules
from isoaudit.errors import DefinitionError
from isoaudit.model import NotEnough, Severity, Standing, Verdict, Wall, WallKind
from isoaudit.rules.gate import count_walls, describe
from isoaudit.rules.profile import load_profile
from isoaudit.rules.select import Gate, gate_of, of_saved, saved, strictest
from isoaudit.rules.wall_gate import Wanted

HOUSE = Wanted.of("house", {"code": "tenant"})
WALL = Wall(WallKind.HARDENED, WallKind.HARDENED)


def verdict(*because: str) -> Verdict:
    """Return a verdict that names the house, as enough if there is no reason against it."""
    if not because:
        return Verdict(Standing.HOLDS, None, WALL, ("house",))
    return Verdict(Standing.HOLDS, None, WALL, (), (NotEnough("house", because),))


def gate(*, unknown: bool = False) -> Gate:
    """Return a gate that wants a wall for the house."""
    return Gate(None, fail_on_unknown=unknown, wanted=(HOUSE,))


def test_a_wall_that_is_enough_breaks_nothing() -> None:
    """Nor does a target without a boundary, nor a gate that wants none."""
    assert count_walls("a", verdict(), gate()).fails == 0
    assert count_walls("a", None, gate(unknown=True)).fails == 0
    assert count_walls("a", verdict("too thin"), Gate()).fails == 0


def test_a_wall_that_is_not_enough_fails_with_its_reason() -> None:
    """In words that say whose wall, for whom and why not."""
    found = count_walls("docker:web", verdict("too thin"), gate())

    assert found.fails == 1
    assert found.short == ("docker:web: not enough for house: too thin",)


@pytest.mark.parametrize(("unknown", "counted"), [(False, 0), (True, 1)])
def test_what_is_not_known_counts_with_fail_on_unknown(unknown: bool, counted: int) -> None:
    """Otherwise it is told as an unknown that did not count."""
    found = count_walls("docker:web", verdict("not known: it is not proven"), gate(unknown=unknown))

    assert (0, counted, 1) == (found.fails, found.unknown, found.open_unknown)
    assert len(found.short) == counted


def test_a_workload_that_was_never_judged_is_not_known() -> None:
    """As where a saved report is gated by another profile."""
    other = Verdict(Standing.HOLDS, None, WALL, ("another",))

    assert count_walls("a", other, gate(unknown=True)).unknown == 1


def test_the_strictest_gate_wants_all_walls() -> None:
    """And says so in its words, and when it was saved."""
    both = strictest([gate(), Gate(Severity.HIGH, wanted=(Wanted("other"),))])

    assert "a wall that is enough for house, other" in describe(both)
    assert [one.name for one in of_saved(saved(both, strict_waivers=False)).wanted] == [
        "house",
        "other",
    ]


@pytest.mark.parametrize("name", sorted(load_rules().named))
def test_the_profile_of_a_workload_wants_what_advice_calls_by_its_name(name: str) -> None:
    """`advise --class NAME` and `scan -p NAME` are about the same workload."""
    profile = load_profile(name)

    assert workload_of(profile.workload, load_rules().questions) == load_rules().named[name]
    assert [one.name for one in gate_of([name]).wanted] == [name]


def test_a_wall_without_a_workload_is_refused(tmp_path: Path) -> None:
    """It would want nothing, and look as if it did."""
    file = tmp_path / "house.yaml"
    file.write_text("id: house\ntitle: The house\ndescription: What is wanted here.\n"
                    "gate: {wall: true}\n")  # fmt: skip

    with pytest.raises(DefinitionError, match="says nothing without `workload`"):
        gate_of([str(file)])


def test_a_profile_may_take_back_what_it_starts_from(tmp_path: Path) -> None:
    """With `wall: false`."""
    file = tmp_path / "house.yaml"
    file.write_text("id: house\ntitle: The house\ndescription: What is wanted here.\n"
                    "extends: [multi-tenant]\ngate: {wall: false}\n")  # fmt: skip

    assert gate_of([str(file)]).wanted == ()
