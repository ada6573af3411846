"""The text that an encoder writes is that of `json.dumps`, whatever it remembers."""

from __future__ import annotations

import json

import pytest

from isoaudit.model import Fact, FactSet, Missing, Part, Reason, Record, Vantage
from isoaudit.model.encoding import Encoder

LOOKALIKE = '"process.pid": {"value": 1, "source": "x", "vantage": "kernel"}'


def process(pid: int, name: str = "sh") -> Record:
    facts = (("process.name", name), ("process.pid", pid), ("process.names", (name, "é")))
    return Record.of(
        (Fact(path, value, "x", Vantage.KERNEL) for path, value in facts),
        [Missing("process.pid", Reason.LIMIT, name)],
    )


@pytest.mark.parametrize("name", ["sh", LOOKALIKE, f"a, {LOOKALIKE}, b"])
def test_parts_that_are_kin_keep_their_own_pids(name: str) -> None:
    """Also where a process calls itself what a pid looks like in JSON."""
    encoder = Encoder()
    kin = [
        Part("process", Vantage.KERNEL, (process(pid, name), process(pid + 1, name)), kin=7)
        for pid in (1, 20, 300)
    ]

    assert [json.dumps(part.to_json()) for part in kin] == [encoder.part(part) for part in kin]


def test_parts_without_a_pid_are_kin_as_they_are() -> None:
    """Mounts of sandboxes made alike are the same to the byte."""
    record = Record.of([Fact("mount.kind", "bind", "x", Vantage.KERNEL)])
    several = [Part("mount", Vantage.KERNEL, (record, record), kin=8) for _ in range(2)]
    encoder = Encoder()

    assert [json.dumps(part.to_json()) for part in several] == list(map(encoder.part, several))


def test_a_fact_set_reads_as_its_own_json() -> None:
    """Several vantages of a fact and of a part stand beside each other."""
    facts = [Fact("container.pid", 1, "x", vantage) for vantage in (Vantage.KERNEL, Vantage.ENGINE)]
    parts = [
        Part("process", vantage, (process(2),)) for vantage in (Vantage.KERNEL, Vantage.ENGINE)
    ]
    seen = FactSet.of(facts, parts, [Missing("drift", Reason.NOT_REQUESTED)])

    assert json.dumps(seen.to_json()) == Encoder().factset(seen)
