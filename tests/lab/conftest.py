"""Engines of the lab and what isoaudit says of their labelled targets, once for all tests.

A missing engine skips its tests and says why; ISOAUDIT_LAB=1 turns that into a failure. Each engine
has one file of tests, so that `--dist loadfile` starts it once. ISOAUDIT_RECORD=1 also records the
engines' answers, for the tests in tests/recordings to replay, and the sample in examples/evidence.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from support import labels, recording
from support.command import Run, scan
from support.docker import Docker, docker_engine
from support.libvirt import Libvirt, libvirt_engine
from support.podman import Podman, podman_engine
from support.processes import LabError

_Engine = TypeVar("_Engine", bound=recording.Lab)
# Read before the tests' own environment is cleaned.
_WHOLE = os.environ.get("ISOAUDIT_LAB") == "1"
_RECORD = os.environ.get("ISOAUDIT_RECORD") == "1"


def _started(
    name: str,
    engine: Callable[[], contextlib.AbstractContextManager[_Engine]],
    fill: Callable[[_Engine], None],
) -> Iterator[_Engine]:
    """Start an engine and make its targets; what is in the way skips, or fails in the CI."""
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(engine())
            fill(running)
        except LabError as why:
            if _WHOLE:
                pytest.fail(f"the lab is not whole: {why}", pytrace=False)
            pytest.skip(str(why))
        if _RECORD:
            recording.write(name, running)
        yield running


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    def fill(engine: Docker) -> None:
        for label in labels.load("docker").targets.values():
            engine.add(label)

    yield from _started("docker", docker_engine, fill)


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    def fill(engine: Podman) -> None:
        for label in labels.load("podman").targets.values():
            engine.create(label.name, label.options, label.state)

    yield from _started("podman", podman_engine, fill)


@pytest.fixture(scope="session")
def libvirt() -> Iterator[Libvirt]:
    def fill(engine: Libvirt) -> None:
        targets = labels.load("libvirt").targets.values()
        for label in targets:
            engine.create(label.name, label.state)
        for label in targets:
            if label.state == "running":
                engine.await_boot(label.name)

    yield from _started("libvirt", libvirt_engine, fill)


@pytest.fixture(scope="session")
def docker_run(docker: Docker) -> Run:
    """One scan of every labelled container of the docker engine."""
    return scan(docker.address("isolab-*"))


@pytest.fixture(scope="session")
def podman_run(podman: Podman) -> Run:
    """One scan of every labelled container of the podman service."""
    return scan(podman.address("isolab-*"))


@pytest.fixture(scope="session")
def libvirt_run(libvirt: Libvirt) -> Run:
    """One scan of every labelled domain."""
    return scan(libvirt.address("isolab-*"))
