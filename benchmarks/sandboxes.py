"""Sandboxes found through /proc: CPU time for each, against reading the same files and no more.

The cost of one more sandbox is what counts: (many minus few) / (their difference), of isoaudit and
of the floor alike, so that neither start-up nor the rest of the machine is in it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import HERE, ISOAUDIT, PYTHON, Broken, Command, Row, Sample, compare

_NAME = "isobench"
_FEW = 2
_FLOOR = "the same /proc files read by Python"


def rows(runs: int) -> Iterator[Row]:
    """Yield collect and scan of 10, 100 and 1,000 sandboxes; raises Broken if none can be made."""
    with tempfile.TemporaryDirectory() as folder:
        for name, aim in (("collect", 2.0), ("scan", 6.0)):
            few = _measured(name, _FEW, runs, folder)
            for count in (10, 100, 1_000):
                ours, floor = _measured(name, count, runs, folder)
                more = count - _FEW
                yield Row(
                    f"`{name}`, each of {count:,} sandboxes", "cpu",
                    _each(ours, few[0], more), _each(floor, few[1], more), _FLOOR, aim,
                )  # fmt: skip


def _each(many: Sample, few: Sample, more: int) -> Sample:
    return Sample((many.cpu - few.cpu) / more, (many.wall - few.wall) / more, many.megabytes)


def _measured(name: str, count: int, runs: int, folder: str) -> tuple[Sample, Sample]:
    with _running(count) as pids:
        listing = Path(folder) / "pids"
        listing.write_text(" ".join(map(str, pids)))
        output = f"{folder}/out.json"
        ours = [ISOAUDIT, name, f"proc:{_NAME}*", "-j", "1", "-o", output]
        ours += ["-f", "json"] if name == "scan" else []
        floor = Command((PYTHON, str(HERE / "floor_proc.py"), str(listing)))
        return compare(Command(tuple(ours)), floor, runs)


@contextmanager
def _running(count: int) -> Iterator[list[int]]:
    """Start sleeping processes in namespaces of their own, and end them whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / _NAME
        program.symlink_to("/bin/sleep")
        words = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", str(program)]
        started = [
            subprocess.Popen([*words, "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            for _ in range(count)
        ]
        try:
            for one in started:
                _await(one)
            yield [one.pid for one in started]
        finally:
            for one in started:
                os.kill(one.pid, signal.SIGKILL)
            for one in started:
                one.wait()


def _await(one: subprocess.Popen[bytes]) -> None:
    """Wait until unshare(1) has become the program; raises Broken if it could not."""
    import time

    end = time.monotonic() + 10
    while Path(f"/proc/{one.pid}/comm").read_text().strip() != _NAME:
        if one.poll() is not None or time.monotonic() > end:
            raise Broken("no sandbox can be made here (unshare --user)")
        time.sleep(0.002)
