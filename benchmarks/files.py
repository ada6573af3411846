"""Many deployment files: against the C loader of PyYAML reading each of them, by wall time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from generate import compose_file, manifest
from measure import HERE, ISOAUDIT, PYTHON, Command, Row, compare

_FLOOR = "`yaml.load_all(…, CSafeLoader)` of each, one process"


def rows(runs: int) -> Iterator[Row]:
    """Yield 1,000 Kubernetes manifests and 200 compose files, on one worker and on two."""
    with folder_of(manifest, "deployment-{}.yaml", 1000) as folder:
        yield from _of("1,000 Kubernetes manifests", folder, runs, aim=2)
    with folder_of(compose_file, "app-{}.compose.yaml", 200) as folder:
        yield from _of("200 compose files", folder, runs, aim=0)


@contextmanager
def folder_of(text: Callable[[int], str], name: str, count: int) -> Iterator[str]:
    """Yield a folder of generated files."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            Path(folder, name.format(number)).write_text(text(number))
        yield folder


def _of(what: str, folder: str, runs: int, *, aim: float) -> Iterator[Row]:
    floor = Command((PYTHON, str(HERE / "floor_yaml.py"), folder))
    for jobs in (2, 1):
        scan = (ISOAUDIT, "scan", folder, "-j", str(jobs), "-f", "json")
        ours, base = compare(Command(scan), floor, runs)
        yield Row(f"{what}, -j {jobs}", "wall", ours, base, _FLOOR, aim if jobs == 2 else 0)
