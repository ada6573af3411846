"""Copies that `isoaudit compare --measure` starts are as confined as the original, or more."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.command import isoaudit
from support.docker import Docker
from support.folder import ROOT

pytestmark = pytest.mark.lab_docker

VM = str(ROOT / "examples" / "libvirt" / "lean.xml")
NAME = "isolab-to-copy"
PREFIX = "isoaudit-measure-"
SECONDS = 60
CONFINED = ("--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--cap-add", "CHOWN", "--read-only",
            "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined",
            "--pids-limit", "20", "--memory", "64m")  # fmt: skip


@contextlib.contextmanager
def _original(docker: Docker, *options: str, image: str = "isolab/busybox:1") -> Iterator[None]:
    docker.cli("run", "--detach", "--name", NAME, *options, image, "sleep", "1d")
    try:
        yield
    finally:
        docker.remove(NAME)


@contextlib.contextmanager
def _measuring(docker: Docker) -> Iterator[subprocess.Popen[bytes]]:
    """Run a comparison that starts many copies, and end it if it still runs."""
    words = ("compare", docker.address(NAME), VM, "--measure", "--runs", "20", "-f", "json")
    with subprocess.Popen(
        [sys.executable, "-m", "isoaudit", *words], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait(SECONDS)


def _copies(docker: Docker) -> list[str]:
    return docker.cli("ps", "--all", "--quiet", "--filter", f"name={PREFIX}").split()


def _first_copy(docker: Docker, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return what the engine says of a copy while it is there."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(Exception):  # it may be gone before it is asked about
            for name in _copies(docker):
                return docker.inspect(name)
    raise AssertionError(f"no copy was seen; exit {process.poll()}")


def test_a_copy_is_as_confined_as_its_original(docker: Docker) -> None:
    """It runs the same code: what was taken away stays so, what was loosened is not."""
    with _original(docker, *CONFINED), _measuring(docker) as process:
        host = _first_copy(docker, process)["HostConfig"]

    assert ["ALL"] == host["CapDrop"]
    assert ["CAP_CHOWN"] == host["CapAdd"]
    assert ["no-new-privileges"] == host["SecurityOpt"]
    assert (True, 20, 64 << 20) == (host["ReadonlyRootfs"], host["PidsLimit"], host["Memory"])


def test_a_copy_of_a_confined_container_is_measured(docker: Docker) -> None:
    """A confined copy still starts and answers."""
    with _original(docker, *CONFINED):
        done = isoaudit(
            "compare", docker.address(NAME), VM, "--measure", "--runs", "1", "-f", "json"
        )
    rows = json.loads(done.stdout)["rows"]

    assert "measured" in {row["a"]["state"] for row in rows if row["dimension"] == "performance"}
