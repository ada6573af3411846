"""What profiles come to: selection, overrides, gates, and slips in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.errors import DefinitionError, UsageError
from isoaudit.model import Severity
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.profile import profile_names
from isoaudit.rules.select import select

CATALOGUE = load_catalogue()
HEAD = "id: mine\ntitle: My own profile\ndescription: Something of my own.\n"


def profile(tmp_path: Path, text: str, name: str = "mine") -> str:
    path = tmp_path / f"{name}.yaml"
    path.write_text(HEAD.replace("mine", name) + text)
    return str(path)


@pytest.mark.parametrize("name", profile_names())
def test_every_built_in_profile_selects_something(name: str) -> None:
    """No shipped profile is empty."""
    assert select([name], CATALOGUE).checks


def test_include_takes_ids_tags_frameworks_and_severities(tmp_path: Path) -> None:
    """Any of the four is enough to be in."""
    text = "include: {ids: [FS-00*], severities: [critical]}\nexclude: {ids: [FS-001]}\n"

    ids = {check.id for check in select([profile(tmp_path, text)], CATALOGUE).checks}

    assert "FS-002" in ids
    assert "CAP-001" in ids
    assert "FS-001" not in ids
    assert "CAP-002" not in ids


def test_an_extended_profile_keeps_its_gate_unless_told(tmp_path: Path) -> None:
    """What is not said is inherited."""
    kept = select([profile(tmp_path, "extends: [strict]\n")], CATALOGUE)
    text = "extends: [strict]\ngate: {fail_on: low}\n"
    changed = select([profile(tmp_path, text)], CATALOGUE)

    assert (Severity.HIGH, True) == (kept.gate.fail_on, kept.gate.fail_on_unknown)
    assert (Severity.LOW, True) == (changed.gate.fail_on, changed.gate.fail_on_unknown)


def test_parameters_and_severities_are_overridden(tmp_path: Path) -> None:
    """A profile's own values stand in the check that runs."""
    with_params = next(check for check in CATALOGUE.values() if "allowed" in check.params)
    text = (
        f"include: {{ids: [{with_params.id}]}}\nseverity: {{{with_params.id}: info}}\n"
        f"params: {{{with_params.id}: {{allowed: [only-this]}}}}\n"
    )

    check = select([profile(tmp_path, text)], CATALOGUE).checks[0]

    assert (Severity.INFO, ("only-this",)) == (check.severity, check.params["allowed"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("include: {ids: [FS-999]}\n", "no check 'FS-999'"),
        ("include: {tags: [no-such-tag]}\n", "no check has 'no-such-tag'"),
        ("severity: {FS-999: low}\n", "no check 'FS-999'"),
        ("params: {FS-001: {nothing: 1}}\n", "has no parameter 'nothing'"),
        ("gate: {fail_on: terrible}\n", "terrible"),
        ("extend: [default]\n", "did you mean 'extends'"),
        ("include: {ids: []}\ninclude: {ids: []}\n", "stands twice"),
    ],
)
def test_a_slip_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """A typo never silently drops checks."""
    path = profile(tmp_path, text)
    with pytest.raises(DefinitionError) as raised:
        select([path], CATALOGUE)

    assert words in raised.value.cause
    assert raised.value.cause.startswith(path + ":")


def test_profiles_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    """A circle is told as one."""
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(HEAD.replace("mine", "a") + f"extends: [{second}]\n")
    second.write_text(HEAD.replace("mine", "b") + f"extends: [{first}]\n")

    with pytest.raises(DefinitionError, match="circle: a -> b -> a"):
        select([str(first)], CATALOGUE)


def test_several_profiles_give_the_strictest_gate() -> None:
    """The union of checks runs, and the lower bar counts."""
    gate = select(["default", "strict"], CATALOGUE).gate

    assert (Severity.HIGH, True) == (gate.fail_on, gate.fail_on_unknown)


def test_two_values_for_one_parameter_are_refused(tmp_path: Path) -> None:
    """Nobody guesses which of two settings was meant."""
    mild = profile(tmp_path, "include: {ids: [FS-001]}\nseverity: {FS-001: low}\n")

    with pytest.raises(UsageError, match="different settings of FS-001"):
        select(["default", mild], CATALOGUE)


def test_an_unknown_profile_gets_a_suggestion() -> None:
    """A near miss is named."""
    with pytest.raises(UsageError) as raised:
        select(["defualt"], CATALOGUE)

    assert "Did you mean 'default'?" in raised.value.remedy


def test_a_version_that_is_not_known_yet_is_refused() -> None:
    """What it changed is not known: judging by an older one would say what nobody asked for."""
    with pytest.raises(UsageError) as caught:
        select(["pss-baseline@1.400"], CATALOGUE)

    assert "pss-baseline@1.400: the newest version known here is 1." in caught.value.cause
    assert "@latest" in caught.value.remedy
