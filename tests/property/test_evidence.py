"""Missing evidence is never a pass: held to for every shipped check."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.facts.vocabulary import parts, root
from isoaudit.model import Missing, Status
from isoaudit.resources import data_dir
from isoaudit.rules.check import Check
from isoaudit.rules.context import Context
from isoaudit.rules.examples import example_context
from isoaudit.rules.folder import check_files
from isoaudit.rules.judge import Judge
from isoaudit.rules.load import load_check

CHECKS = [load_check(path, path.name) for path in check_files(data_dir("checks"))]


def _pass_examples(check: Check) -> list[dict[str, Any]]:
    return [dict(example["facts"]) for example in check.examples if example["expect"] == "pass"]


def _without_each_fact(facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the facts once for every fact, part and record field, each time without that one."""
    thinner: list[tuple[str, dict[str, Any]]] = []
    for path, value in facts.items():
        rest = {key: one for key, one in facts.items() if key != path}
        thinner.append((path, rest))
        if path in parts() and isinstance(value, list):
            for index, record in enumerate(value):
                for name in record:
                    fewer = {key: one for key, one in record.items() if key != name}
                    records = [*value[:index], fewer, *value[index + 1 :]]
                    thinner.append((name, {**facts, path: records}))
    return thinner


def _status(judge: Judge, check: Check, context: Context) -> Status:
    return judge.findings(check, context)[0].status


def _decided_otherwise(judge: Judge, check: Check, facts: dict[str, Any], path: str) -> bool:
    """Say whether the check passes whatever the missing fact would have been.

    That is so if no value of its type makes it fail: the other branches decide.
    """
    if path in parts():
        return False
    for value in _values(check, path):
        for filled in _filled(check, facts, path, value):
            if _status(judge, check, example_context(check, filled)) is Status.FAIL:
                return False
    return True


def _values(check: Check, path: str) -> list[Any]:
    """Return values of a fact's type: usual ones and every word that stands in a condition."""
    from isoaudit.facts.spec import FactType
    from isoaudit.facts.vocabulary import facts

    words = [check.passes.source] + ([check.when.source] if check.when else [])
    text = " ".join(words)
    quoted = text.replace("'", '"').split('"')[1::2]
    listed = [v for value in check.params.values() if isinstance(value, tuple) for v in value]
    strings = ["", "x", "/", "/etc", "host", "private", "shared", *quoted, *listed]
    match facts()[path].type:
        case FactType.BOOL:
            return [True, False]
        case FactType.INT:
            return [-1, 0, 1, 2, 3, 1000, 2375, 2376, 16509, 65535]
        case FactType.STRING:
            return strings
        case _:
            return [[], *[[one] for one in strings], strings]


def _filled(check: Check, facts: dict[str, Any], path: str, value: Any) -> list[dict[str, Any]]:
    part = root(path)
    if part != check.each:
        return [{**facts, path: value}]
    records = facts.get(part, [])
    return [
        {**facts, part: [*records[:i], {**record, path: value}, *records[i + 1 :]]}
        for i, record in enumerate(records)
        if path not in record
    ]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_pass_without_one_of_its_facts_is_no_pass(check: Check) -> None:
    """Deleting a fact from a pass leaves no pass, unless another branch decides alone."""
    judge = Judge([check])
    for facts in _pass_examples(check):
        for path, thinner in _without_each_fact(facts):
            if _status(judge, check, example_context(check, thinner)) is not Status.PASS:
                continue

            assert _decided_otherwise(judge, check, thinner, path), (
                f"{check.id} passes without {path}, and some value of it would fail"
            )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_without_any_evidence_is_unknown(check: Check) -> None:
    """Of a target of which nothing was seen, every check is unknown and says what it lacked."""
    finding = Judge([check]).findings(check, example_context(check, {}))[0]

    assert finding.status is Status.UNKNOWN
    assert finding.missing
    assert all(isinstance(entry, Missing) for entry in finding.missing)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_weaker_evidence_never_turns_into_a_pass(check: Check) -> None:
    """What a stronger vantage might contradict can fail a check, and cannot make it pass."""
    judge = Judge([check])
    for facts in _pass_examples(check):
        own = [path for path in facts if root(path) not in {"host", "engine"}]
        without = {path: value for path, value in facts.items() if path not in own}
        if _status(judge, check, example_context(check, without)) is Status.PASS:
            continue  # the host's facts decide alone

        status = _status(judge, check, example_context(check, facts, {"weak": own}))

        assert status is not Status.PASS


@pytest.mark.parametrize("check", [c for c in CHECKS if c.each], ids=lambda check: check.id)
def test_an_unfinished_part_never_passes(check: Check) -> None:
    """A part that was not read to its end can fail a check, and cannot make it pass."""
    judge = Judge([check])
    for facts in _pass_examples(check):
        context = example_context(check, facts, {"incomplete": [check.each]})

        assert _status(judge, check, context) is not Status.PASS
