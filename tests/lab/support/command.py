"""The real command, run as a user runs it, and what it reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from support.folder import ROOT


@dataclass(frozen=True, slots=True)
class Run:
    """One run of isoaudit: exit code, report, what it said on stderr, seconds it took, its pid."""

    exit: int
    report: dict[str, Any]
    said: str
    seconds: float
    pid: int = 0

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """The targets of the report by their names."""
        return {target["name"]: target for target in self.report["targets"]}


@dataclass(frozen=True, slots=True)
class Said:
    """What a run of any command of isoaudit wrote: its exit code and the bytes of both streams."""

    exit: int
    stdout: bytes
    stderr: bytes
    pid: int


def scan(*args: str, within: Sequence[str] = (), timeout: float = 120, **environment: str) -> Run:
    """Run `isoaudit scan ARGS -f json`, without this session's own settings.

    `within` is a command that runs another in surroundings of its own, in its own process.
    """
    begun = time.monotonic()
    done = isoaudit("scan", *args, "-f", "json", within=within, timeout=timeout, **environment)
    seconds = time.monotonic() - begun
    said = done.stderr.decode()
    assert done.stdout, f"exit {done.exit}, no report:\n{said}"
    return Run(done.exit, json.loads(done.stdout), said, seconds, done.pid)


def isoaudit(
    *args: str, within: Sequence[str] = (), timeout: float = 120, **environment: str
) -> Said:
    """Run any command of isoaudit in an empty folder, without a terminal."""
    kept = {name: value for name, value in os.environ.items() if _neutral(name)}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [*within, sys.executable, "-m", "isoaudit", *args],
            env=kept | {"PYTHONPATH": str(ROOT)} | environment,
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process,
    ):  # fmt: skip
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return Said(process.returncode, stdout, stderr, process.pid)


def _neutral(name: str) -> bool:
    return not name.startswith(("ISOAUDIT_", "DOCKER_", "CONTAINER_", "LIBVIRT_")) and name != "CI"
