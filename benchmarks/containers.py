"""Running containers: against the docker SDK listing and inspecting them, by wall time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from measure import HERE, ISOAUDIT, PYTHON, Broken, Command, Row, compare

_PREFIX = f"isobench-{os.getpid()}"
_FLOOR = "docker SDK: list, inspect each"


def rows(runs: int) -> Iterator[Row]:
    """Yield 1, 10 and 100 containers; raises Broken where no dockerd has the lab's image."""
    for count in (1, 10, 100):
        with _running(count) as prefix:
            floor = Command((PYTHON, str(HERE / "floor_docker.py"), prefix))
            for jobs in (1, 2, 4) if count == 100 else (2,):
                scan = (ISOAUDIT, "scan", f"docker:{prefix}*", "-f", "json", "-j", str(jobs))
                ours, base = compare(Command(scan), floor, runs)
                aim = 1.3 if (count, jobs) == (100, 2) else 0
                work = f"{count} running container{'s' * (count > 1)}, -j {jobs}"
                yield Row(work, "wall", ours, base, _FLOOR, aim)


@contextmanager
def _running(count: int) -> Iterator[str]:
    """Start containers that sleep, and remove them whatever happens."""
    prefix = f"{_PREFIX}-{count}-"
    try:
        _lab(prefix, count)
        yield prefix
    finally:
        _lab(prefix, 0)


def _lab(prefix: str, count: int) -> None:
    words = [PYTHON, str(HERE / "lab_docker.py"), prefix, str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no word why"]
        raise Broken(f"no dockerd with the image lab/busybox: {lines[-1]}")
