"""Ways out and score of a thousand targets, against judging the same targets by all checks.

What each costs is the child that does it less the child that only reads: (ours - reading) and
(floor - reading), of medians in one run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from generate import compose_file, manifest
from measure import HERE, PYTHON, Command, Row, Sample, compare

_MANIFESTS = 500
_PROJECTS = 335
_FLOOR = "judging the same targets by the checks of the default profile"


def rows(runs: int) -> Iterator[Row]:
    """Yield one row for a thousand containers of manifests, and one for a thousand of compose."""
    with tempfile.TemporaryDirectory() as folder:
        manifests, projects = Path(folder) / "k8s", Path(folder) / "compose"
        manifests.mkdir()
        for number in range(_MANIFESTS):
            (manifests / f"{number}.yaml").write_text(manifest(number))
        for number in range(_PROJECTS):
            project = projects / str(number)
            project.mkdir(parents=True)
            (project / "compose.yaml").write_text(compose_file(number))
        for name, path in (("Kubernetes", manifests), ("compose", projects)):
            yield _row(name, path, runs)


def _row(name: str, path: Path, runs: int) -> Row:
    ways, checks = compare(_child("ways", path), _child("checks", path), runs)
    reading, _ = compare(_child("nothing", path), _child("nothing", path), runs)
    return Row(f"ways out and score of 1,000 {name} containers", "cpu",
               _without(ways, reading), _without(checks, reading), _FLOOR, 1.0)  # fmt: skip


def _child(work: str, path: Path) -> Command:
    return Command((PYTHON, str(HERE / "judge_bundle.py"), work, str(path)))


def _without(sample: Sample, reading: Sample) -> Sample:
    return Sample(sample.cpu - reading.cpu, sample.wall - reading.wall, sample.megabytes)
