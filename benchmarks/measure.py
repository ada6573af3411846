"""Measures child processes: CPU, wall and memory, ours and a floor in turn, medians of both."""

from __future__ import annotations

import atexit
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable
ISOAUDIT = str(Path(sys.executable).with_name("isoaudit"))
ACCEPTED = (0, 1)
"""Exit codes of a whole measurement: isoaudit says 1 for a gate that does not hold."""


class Broken(RuntimeError):
    """A measured command did not do its work, so that its time says nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process with its children took: seconds, and the most memory of one of them."""

    cpu: float
    wall: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Command:
    """What is run: its words, what it finds in the environment, and what it does beforehand."""

    words: Sequence[str]
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `aim` is the highest ratio that is still good, 0 for none."""

    work: str
    unit: str
    ours: Sample
    floor: Sample
    floor_name: str
    aim: float = 0

    @property
    def ratio(self) -> float:
        """How many times the floor isoaudit takes; not a number if a difference went under in the
        noise of what surrounds it."""
        least = min(self.of(self.ours), self.of(self.floor))
        return self.of(self.ours) / self.of(self.floor) if least > 0 else math.nan

    def of(self, sample: Sample) -> float:
        """Return what this row compares."""
        return sample.cpu if self.unit == "cpu" else sample.wall


def once(command: Command) -> Sample:
    """Run one command to its end; raises Broken if it fails.

    Memory is never below that of this process, which the kernel counts in with a forked child.
    """
    null = os.open(os.devnull, os.O_RDWR)
    environment = {**_environment(), **(command.environment or {})}
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
    started = time.perf_counter()
    pid = os.posix_spawn(command.words[0], command.words, environment, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    os.close(null)
    code = os.waitstatus_to_exitcode(status)
    if code not in ACCEPTED:
        raise Broken(f"exit {code}: {' '.join(command.words)}")
    return Sample(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


@cache
def _environment() -> dict[str, str]:
    """Return this environment as an installed isoaudit meets it: byte code kept, and not here."""
    folder = tempfile.mkdtemp(prefix="isoaudit-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def compare(ours: Command, floor: Command, runs: int) -> tuple[Sample, Sample]:
    """Run both `runs` times in turn, after once for the caches; return the medians."""
    once(floor)
    once(ours)
    pairs = [(once(floor), once(ours)) for _ in range(runs)]
    return middle([pair[1] for pair in pairs]), middle([pair[0] for pair in pairs])


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the median of every measure by itself."""
    return Sample(
        median(sample.cpu for sample in samples),
        median(sample.wall for sample in samples),
        median(sample.megabytes for sample in samples),
    )
