"""An engine that takes connections and never answers: `--timeout` ends the wait for it alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_COMPOSE = "services:\n  web:\n    image: registry.invalid/web\n"


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """Give a UNIX socket whose server accepts (the kernel does, up to the backlog) and is mute."""
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(16)
        yield path


def _scan(folder: Path, *targets: str) -> tuple[int, dict[str, Any], float]:
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "isoaudit", "scan", *targets, "--timeout", "3",
         "--fail-on", "never", "-f", "json", "-o", "report.json"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith(("ISOAUDIT_", "DOCKER_"))}
        | {"PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    report = folder / "report.json"
    assert report.exists(), done.stderr
    return done.returncode, json.loads(report.read_text()), time.monotonic() - begun


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_hanging_engine_ends_in_one_error_row(silent: Path, engine: str, tmp_path: Path) -> None:
    """A mute engine costs its timeout and one error row; a file beside it is audited."""
    (tmp_path / "compose.yaml").write_text(_COMPOSE)
    code, report, seconds = _scan(tmp_path, f"{engine}+unix://{silent}#web", "./compose.yaml")
    audited = [target["name"] for target in report["targets"] if target["findings"]]
    assert (4, ["web"], 1) == (code, audited, len(report["errors"]))
    assert seconds < 15


def test_hanging_engine_is_told_as_a_timeout(silent: Path, tmp_path: Path) -> None:
    """The error row says how long was waited and what to do."""
    (tmp_path / "compose.yaml").write_text(_COMPOSE)
    _, report, _ = _scan(tmp_path, f"docker+unix://{silent}#web", "./compose.yaml")
    row = report["errors"][0]
    assert "3" in row["message"]
    assert row["how_to_get"]
