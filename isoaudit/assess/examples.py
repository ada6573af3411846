"""Runs the examples that stand inside an escape primitive: its own unit tests."""

from __future__ import annotations

from pathlib import Path

from isoaudit.assess.definitions import load_primitive
from isoaudit.assess.trial import Trier
from isoaudit.assess.truth import Truths
from isoaudit.assess.ways import WayFinder
from isoaudit.rules.examples import ExampleResult, context_of


def run_primitive_examples(path: Path, shown: str) -> list[ExampleResult]:
    """Run every example of a primitive's file; raises DefinitionError if it does not load."""
    primitive, examples = load_primitive(path, shown)
    finder = WayFinder([primitive], Trier(Truths()))
    results: list[ExampleResult] = []
    for example in examples:
        found = finder.find(context_of(primitive.kinds[0], example["facts"], example))
        expected, got = [str(example["expect"])], [found.known[0].state.value]
        if "goal" in example:
            expected.append(example["goal"])
            got.append(found.paths[0].goal.value if found.paths else "no goal")
        results.append(
            ExampleResult(primitive.id, example["name"], ", ".join(expected), ", ".join(got))
        )
    return results
