"""Tries the laws of the score on many random configurations, and writes what came of it.

`make fuzz` tries 20,000 containers and 20,000 VMs and writes docs/model-evidence.md: the breaches,
what a change of each weight by a fifth swaps, and how a corpus of deployment files scores.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from isoaudit.assess import load_assessor, model_version  # noqa: E402
from isoaudit.assess.assessor import Assessor  # noqa: E402
from isoaudit.audit import Request, audit  # noqa: E402
from isoaudit.audit.common import Limits  # noqa: E402
from isoaudit.model import Assessment, Axis, TargetResult  # noqa: E402
from isoaudit.targets.address import parse  # noqa: E402
from tests.property.boundary_laws import SORTS, Tally, tried  # noqa: E402
from tests.unit.assess import reference_examples  # noqa: E402

PAGE = ROOT / "docs" / "model-evidence.md"
CORPUS = "examples"
CHUNK = 250
BREACHES_SHOWN = 20
STEP = 10


def main() -> int:
    """Try, write the page, and fail if a law was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=20_000, help="configurations of each kind")
    parser.add_argument("-j", type=int, default=2, help="processes")
    chosen = parser.parse_args()
    tallies = {sort: fuzzed(sort, chosen.n, chosen.j) for sort in SORTS}
    lines = [*_head(), *_laws(tallies), *_swaps(), *_distribution()]
    PAGE.write_text("\n".join(lines) + "\n")
    broken = sum(len(one.breaches) for one in tallies.values())
    print(f"{PAGE.relative_to(ROOT)} written; {broken} breaches")
    return 1 if broken else 0


def fuzzed(sort: str, number: int, jobs: int) -> Tally:
    """Try configurations of one kind, each chunk with a seed of its own."""
    seeds = range(1000, 1000 + max(1, number // CHUNK))
    with ProcessPoolExecutor(jobs) as pool:
        tallies = list(pool.map(_chunk, [sort] * len(seeds), seeds))
    return Tally(
        sum(one.configurations for one in tallies),
        sum(one.weakenings for one in tallies),
        sum(one.hidings for one in tallies),
        tuple(breach for one in tallies for breach in one.breaches),
    )


def _chunk(sort: str, seed: int) -> Tally:
    return tried(SORTS[sort], seed, CHUNK)


def _head() -> Iterator[str]:
    yield "# Evidence for the model"
    yield ""
    yield f"Written by `make fuzz` for model {model_version()}; what the model is says"
    yield "[assessment.md](assessment.md)."
    yield ""


def _laws(tallies: dict[str, Tally]) -> Iterator[str]:
    yield "## Laws on random configurations"
    yield ""
    yield "| | configurations | protections taken away | facts hidden | breaches |"
    yield "|---|---|---|---|---|"
    for sort, one in tallies.items():
        yield (f"| {sort} | {one.configurations:,} | {one.weakenings:,} | {one.hidings:,} "
               f"| {len(one.breaches)} |")  # fmt: skip
    yield ""
    for sort, one in tallies.items():
        yield from (f"- {sort}: {breach}" for breach in one.breaches[:BREACHES_SHOWN])


def _swaps() -> Iterator[str]:
    """Tell which of the reference examples change places if one weight changes by a fifth."""
    before = _points(load_assessor())
    found: dict[tuple[str, str], set[str]] = {}
    for factor in (0.8, 1.2):
        for name, changed in reference_examples.with_each_weight(factor):
            after = _points(Assessor(changed))
            for low in before:
                for high in before:
                    if before[high] > before[low] and after[low] >= after[high]:
                        found.setdefault((low, high), set()).add(name)
    yield "## What a fifth more or less of one weight swaps"
    yield ""
    yield "| lower example | higher example | points apart | weights that level or swap them |"
    yield "|---|---|---|---|"
    for (low, high), names in sorted(found.items()):
        shown = ", ".join(sorted(names))
        yield f"| {low} | {high} | {before[high] - before[low]} | {shown} |"
    yield ""
    yield f"{len(found)} pairs of {len(before) * (len(before) - 1) // 2}."
    yield ""


def _points(assessor: Assessor) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, (context, _) in reference_examples.EVERY.items():
        assessment = assessor.assess(context)
        if assessment is not None:
            found[name] = assessment.score.escape.low
    return found


def _distribution() -> Iterator[str]:
    """Tell how the targets of the corpus score, and what their verdicts are."""
    request = Request([parse(str(ROOT / CORPUS))], (), Limits(1, 60.0))
    results = list(audit(request, lambda result: result).results)
    found = [one.assessment for one in results if isinstance(one, TargetResult)]
    assessed = [one for one in found if one is not None]
    yield f"## The corpus: {len(assessed)} targets of the files in {CORPUS}/"
    yield ""
    yield "Low and high end of each axis, as the number of targets in each ten points."
    yield ""
    yield "| axis | end | " + " | ".join(f"{n}-{n + STEP - 1}" for n in range(0, 100, STEP)) + " |"
    yield "|---|---|" + "---|" * STEP
    for axis in Axis:
        for end in ("low", "high"):
            yield f"| {axis} | {end} | {' | '.join(_counts(assessed, axis, end))} |"
    yield ""
    verdicts = Counter(
        f"{one.verdict.status}{f' ({one.verdict.goal})' if one.verdict.goal else ''}"
        for one in assessed
    )
    yield "| verdict | targets |"
    yield "|---|---|"
    for verdict, number in sorted(verdicts.items()):
        yield f"| {verdict} | {number} |"


def _counts(assessed: list[Assessment], axis: Axis, end: str) -> list[str]:
    tens = Counter(min(getattr(one.score.axes[axis], end), 99) // STEP for one in assessed)
    return [str(tens[n] or "") for n in range(STEP)]


if __name__ == "__main__":
    sys.exit(main())
