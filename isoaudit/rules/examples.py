"""Runs the examples that stand inside a check: its own unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoaudit.facts.vocabulary import parts
from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Kind,
    Missing,
    Part,
    Reason,
    Record,
    Status,
    Target,
    Vantage,
)
from isoaudit.rules.check import Check
from isoaudit.rules.context import Context
from isoaudit.rules.data import frozen
from isoaudit.rules.judge import Judge


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example with what it was expected to come to, and what it came to."""

    check: str
    name: str
    expected: str
    got: str

    @property
    def ok(self) -> bool:
        """Whether the example came to what it says."""
        return self.expected == self.got


def run_examples(check: Check) -> list[ExampleResult]:
    """Run every example of a check."""
    judge = Judge([check])
    return [_run(judge, check, example) for example in check.examples]


def example_context(
    check: Check, facts: Mapping[str, Any], example: Mapping[str, Any] | None = None
) -> Context:
    """Return the context that an example's `facts` describe, as if the kernel had shown them."""
    return context_of(check.applies_to[0], facts, example)


def context_of(
    kind: Kind, facts: Mapping[str, Any], example: Mapping[str, Any] | None = None
) -> Context:
    """Return the same for a target of any kind.

    `weak` of the example names facts and parts that a file says and the kernel was not asked for,
    `incomplete` parts of which not all was read.
    """
    example = example or {}
    target = Target(id="example", kind=kind, name="example", state="running", host="example")
    weak = frozenset(example.get("weak", ()))
    own: list[Fact] = []
    host: list[Fact] = []
    engine: list[Fact] = []
    records: list[Part] = []
    for path, value in facts.items():
        if path in parts() and isinstance(value, list):
            records.append(_part(path, value, example))
            continue
        fact = _fact(path, value, weak)
        {"host": host, "engine": engine}.get(path.partition(".")[0], own).append(fact)
    missing = [
        Missing(path, Reason.PERMISSION_DENIED, "as the example says", vantage=Vantage.KERNEL)
        for path in weak
    ]
    if kind is Kind.HOST:
        return Context(target, FactSet.of([*own, *host], records, missing))
    return Context(
        target,
        FactSet.of(own, records, missing),
        FactSet.of(host),
        Record.of(engine),
    )


def _run(judge: Judge, check: Check, example: Mapping[str, Any]) -> ExampleResult:
    findings = judge.findings(check, example_context(check, example["facts"], example))
    expected = [str(example["expect"])]
    got = [_status(findings)]
    if "severity" in example:
        expected.append(example["severity"])
        got.append(findings[0].severity.value)
    if "findings" in example:
        expected.append(f"{example['findings']} findings")
        got.append(f"{len(findings)} findings")
    return ExampleResult(check.id, example["name"], ", ".join(expected), ", ".join(got))


def _status(findings: list[Finding]) -> str:
    if findings[0].status is Status.ERROR:
        return f"error: {findings[0].message}"
    return findings[0].status.value


def _part(name: str, records: list[dict[str, Any]], example: Mapping[str, Any]) -> Part:
    cut = None
    if name in example.get("incomplete", ()):
        cut = Missing(name, Reason.LIMIT, "as the example says")
    vantage = Vantage.DECLARED if name in example.get("weak", ()) else Vantage.KERNEL
    built = tuple(
        Record.of(Fact(path, frozen(value), "example", vantage) for path, value in record.items())
        for record in records
    )
    return Part(name, vantage, built, cut)


def _fact(path: str, value: Any, weak: frozenset[str]) -> Fact:
    vantage = Vantage.DECLARED if path in weak else Vantage.KERNEL
    return Fact(path, frozen(value), "example", vantage)
