"""The real command, run as a user runs it, and what it reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of isoaudit: exit code, report, what it said on stderr, and seconds it took."""

    exit: int
    report: dict[str, Any]
    said: str
    seconds: float

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """The targets of the report by their names."""
        return {target["name"]: target for target in self.report["targets"]}


def scan(*args: str, timeout: float = 120, **environment: str) -> Run:
    """Run `isoaudit scan ARGS -f json -o FILE`, without this session's own settings."""
    kept = {name: value for name, value in os.environ.items() if _neutral(name)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "isoaudit", "scan", *args, "-f", "json", "-o", str(path)],
            env=kept | {"PYTHONPATH": str(_ROOT)} | environment,
            cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - begun
        assert path.exists(), f"exit {done.returncode}, no report:\n{done.stderr}{done.stdout}"
        return Run(done.returncode, json.loads(path.read_text()), done.stderr, seconds)


def _neutral(name: str) -> bool:
    return not name.startswith(("ISOAUDIT_", "DOCKER_", "CONTAINER_", "LIBVIRT_")) and name != "CI"
