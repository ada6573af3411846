"""Less evidence never looks better: one answer of a recorded run, or a part of one, is taken away.

An answer that holds several files, links, descriptors or device nodes loses one of them at a time,
as it does where the kernel shows some of them and not others.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from support import labels
from support.replaying import ENGINES, Tapes, in_place, opened, tapes

from isoaudit.audit import Request, audit
from isoaudit.audit.common import Limits
from isoaudit.model import RunError, Status, TargetResult
from isoaudit.probes.host import HostProbe
from isoaudit.probes.table import Opened
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.rules.check import Check
from isoaudit.targets.address import parse
from isoaudit.transports import EngineApi, Files
from isoaudit.transports.tape import Tape, record, replay

REMOVALS = 60
"""Answers taken away per engine, and as many parts of answers: of as many kinds as there are, alike
in every run. A file or link of a process is a kind of its own, and every such kind is tried."""

DENIED = {"error": ["permission_denied", "taken away by the test", "Run as root.", False]}
_ORDER = (Status.PASS, Status.NOT_APPLICABLE, Status.UNKNOWN, Status.ERROR, Status.FAIL)

Question = tuple[str, str, str]
"""The tape that holds an answer, `api` or `files`, its key there, and a part of it; "" for all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One audit of a target and its host: each check's worst status, and what was asked for it."""

    statuses: Mapping[tuple[str, str], Status]
    errors: tuple[RunError, ...]
    asked: frozenset[Question]


@cache
def _checks() -> tuple[Check, ...]:
    return tuple(load_catalogue().values())


def _audit(engine: str, on: Tapes, name: str) -> Seen:
    """Audit one recorded target and its host through the real pipeline."""
    heard: dict[str, Tape] = {"api": {}, "files": {}}
    api = record(replay(on["api"], EngineApi), heard["api"], tuple(on["api"]["attributes"]))
    files = record(replay(on["files"], Files), heard["files"])
    openers = {
        "host": lambda: Opened(HostProbe(files)),
        engine: lambda: opened(engine, api, files),
    }
    addresses = [parse("host"), parse(f"{engine}:{name}")]
    with in_place(**openers):
        results = list(audit(Request(addresses, _checks(), Limits(1, 60.0)), _same).results)
    statuses: dict[tuple[str, str], Status] = {}
    for result in results:
        for finding in result.findings if isinstance(result, TargetResult) else ():
            place = (result.target.name, finding.check)
            statuses[place] = max(statuses.get(place, Status.PASS), finding.status, key=_badness)
    asked = frozenset((tape, key, "") for tape in heard for key in heard[tape]["calls"])
    asked |= {(tape, key, part) for tape, key, _ in asked for part in _parts(on, tape, key)}
    return Seen(statuses, tuple(r for r in results if isinstance(r, RunError)), asked)


def _same(result: TargetResult) -> TargetResult:
    return result


def _badness(status: Status) -> int:
    return _ORDER.index(status)


@cache
def _whole(engine: str) -> dict[str, Seen]:
    """Audit every target of an engine with all its evidence."""
    return {
        name: _audit(engine, tapes(engine), name) for name in sorted(labels.load(engine).targets)
    }


@cache
def _chosen(engine: str) -> list[tuple[Question, str]]:
    """Choose questions, first one of each kind, and for each a target that rests on its answer."""
    dice = random.Random(engine)  # noqa: S311 - the same choice in every run
    asking: dict[Question, list[str]] = {}
    for name, seen in _whole(engine).items():
        for question in seen.asked:
            if _answered(engine, question):
                asking.setdefault(question, []).append(name)
    questions = sorted(asking)
    dice.shuffle(questions)
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(_kind(question), []).append(question)
    chosen: list[Question] = []
    for whole in (True, False):
        mine = [several for several in kinds.values() if (several[0][2] == "") is whole]
        firsts = [several[0] for several in mine]
        rest = [one for several in mine for one in several[1:]]
        chosen += [*firsts, *rest][: max(REMOVALS, 0 if whole else len(firsts))]
    return [(one, dice.choice(asking[one])) for one in chosen]


def _answered(engine: str, question: Question) -> bool:
    """Say whether there is an answer to take away: one that proves absence counts too."""
    tape, key, _ = question
    call = tapes(engine)[tape]["calls"].get(key, DENIED)
    return "answer" in call or bool(call["error"][3])


def _parts(on: Tapes, tape: str, key: str) -> list[str]:
    """Return the names of what an answer of several files, links or nodes holds."""
    answer, (method, *_) = on[tape]["calls"].get(key, DENIED).get("answer"), json.loads(key)
    if answer is None:
        return []
    if method == "read_process":
        return sorted(answer["values"])
    if method == "descriptors":
        return [f"{kind} {one}" for kind in ("links", "mounts") for one in sorted(answer[kind])]
    if method == "device_nodes":
        return [node["path"] for node in answer["nodes"]]
    return []


def _less(method: str, answer: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return an answer without one of its parts, in the form the transports give it then."""
    if method == "read_process":
        kept = {name: text for name, text in answer["values"].items() if name != part}
        return {"values": kept, "errors": {**answer["errors"], part: DENIED["error"]}}
    if method == "device_nodes":
        nodes = [node for node in answer["nodes"] if node["path"] != part]
        return {"nodes": nodes, "complete": False}
    kind, number = part.split(" ")
    if kind == "mounts":
        return {**answer, "mounts": {**answer["mounts"], number: ""}}
    left = {k: {n: v for n, v in answer[k].items() if n != number} for k in ("links", "mounts")}
    return {**left, "complete": False}


def _kind(question: Question) -> str:
    """Return what questions have in common that differ in ids and numbers only."""
    return re.sub(r"[0-9a-f]{12,}|[0-9a-f-]{36}|\d+", "#", json.dumps(question))


def _without(on: Tapes, question: Question) -> dict[str, Tape]:
    """Return tapes on which the answer to one question, or a part of it, may not be given."""
    tape, key, part = question
    call: Mapping[str, Any] = DENIED
    if part:
        call = {"answer": _less(json.loads(key)[0], on[tape]["calls"][key]["answer"], part)}
    calls = {**on[tape]["calls"], key: call}
    return {**on, tape: {**on[tape], "calls": calls}}


@cache
def _thinner(engine: str) -> list[tuple[Question, str, Seen]]:
    """Audit the chosen targets again, each without the answer to its question."""
    return [
        (question, name, _audit(engine, _without(tapes(engine), question), name))
        for question, name in _chosen(engine)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_taking_an_answer_away_closes_nothing(engine: str) -> None:
    """Without an answer no failed or undecided check passes or ceases to apply."""
    better = []
    for question, name, seen in _thinner(engine):
        before = _whole(engine)[name].statuses
        for place, status in seen.statuses.items():
            if _badness(status) < _badness(Status.UNKNOWN) <= _badness(before[place]):
                better.append(f"{place}: {before[place].value} -> {status.value} by {question}")
    assert [] == better


@pytest.mark.parametrize("engine", ENGINES)
def test_taking_an_answer_away_breaks_no_check(engine: str) -> None:
    """A missing answer leads to a status, never to an error of a check's own."""
    broken = [
        (place, question)
        for question, _, seen in _thinner(engine)
        for place, status in seen.statuses.items()
        if status is Status.ERROR
    ]
    assert [] == broken


@pytest.mark.parametrize("engine", ENGINES)
def test_a_target_that_is_lost_is_told(engine: str) -> None:
    """A target, or a host, that cannot be read any more stands in the report as an error."""
    silent = []
    for question, name, seen in _thinner(engine):
        audited = {target for target, _ in seen.statuses}
        if {target for target, _ in _whole(engine)[name].statuses} - audited and not seen.errors:
            silent.append((question, name))
    assert [] == silent


@pytest.mark.parametrize("engine", ENGINES)
def test_the_removals_reach_the_findings(engine: str) -> None:
    """What is taken away is evidence: much of it changes a finding or loses a target."""
    biting = [
        question
        for question, name, seen in _thinner(engine)
        if seen.errors or seen.statuses != _whole(engine)[name].statuses
    ]
    assert len(biting) > REMOVALS // 3
