"""Engines of the lab and what isoaudit says of their labelled targets, once for all tests.

A missing engine skips its tests and says why; ISOAUDIT_LAB=1 turns that into a failure. Each engine
has one file of tests, so that `--dist loadfile` starts it once. ISOAUDIT_RECORD=1 also records the
engines' answers, for the tests in tests/recordings to replay, and the sample in examples/evidence.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn, TypeVar

import pytest
from support import labels, recording
from support.command import Run, scan
from support.docker import Docker, docker_engine
from support.engines import far_engine, remapping_engine
from support.libvirt import Libvirt, libvirt_engine
from support.podman import Podman, podman_engine
from support.processes import LabError
from support.sandboxes import Sandbox, sandboxes
from support.ssh_guest import SshGuest, ssh_guest
from support.vmm import Machine, machines

_Lab = TypeVar("_Lab")
_Engine = TypeVar("_Engine", bound=recording.Lab)
# Read before the tests' own environment is cleaned.
_WHOLE = os.environ.get("ISOAUDIT_LAB") == "1"
_RECORD = os.environ.get("ISOAUDIT_RECORD") == "1"


@contextlib.contextmanager
def _standing(lab: contextlib.AbstractContextManager[_Lab]) -> Iterator[_Lab]:
    """Build a part of the lab; what is in the way skips, or fails in the CI."""
    with contextlib.ExitStack() as stack:
        try:
            built = stack.enter_context(lab)
        except LabError as why:
            _give_up(why)
        yield built


def _give_up(why: LabError) -> NoReturn:
    if _WHOLE:
        pytest.fail(f"the lab is not whole: {why}", pytrace=False)
    pytest.skip(str(why))


def _started(
    name: str,
    engine: Callable[[], contextlib.AbstractContextManager[_Engine]],
    fill: Callable[[_Engine], None],
) -> Iterator[_Engine]:
    """Start an engine and make its targets, and record them if that is asked for."""
    with _standing(_filled(engine(), fill)) as running:
        if _RECORD:
            recording.write(name, running)
        yield running


@contextlib.contextmanager
def _filled(
    engine: contextlib.AbstractContextManager[_Lab], fill: Callable[[_Lab], None]
) -> Iterator[_Lab]:
    with engine as running:
        fill(running)
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


@pytest.fixture(scope="session", name="ssh_guest")
def booted_guest() -> Iterator[SshGuest]:
    """A guest that answers SSH, booted without libvirt."""
    with _standing(ssh_guest()) as running:
        yield running


@pytest.fixture(scope="module")
def small_docker() -> Iterator[Docker]:
    """A dockerd without any container yet, for one file of tests."""
    with _standing(docker_engine()) as engine:
        yield engine


@pytest.fixture(scope="module")
def remapping() -> Iterator[Docker]:
    """A dockerd that remaps users and misnames runc, with its labelled containers."""

    def fill(engine: Docker) -> None:
        for label in labels.load("docker_remapped").targets.values():
            engine.add(label)

    with _standing(_filled(remapping_engine(), fill)) as engine:
        yield engine


@pytest.fixture(scope="module")
def far_docker() -> Iterator[Docker]:
    """A dockerd whose API tells the pids of another pid namespace."""
    with _standing(far_engine()) as engine:
        yield engine


@pytest.fixture(scope="module")
def boxes() -> Iterator[Mapping[str, Sandbox]]:
    """Every labelled sandbox that has no engine, by name."""
    with _standing(sandboxes(labels.load("proc").targets.values())) as running:
        yield running


@pytest.fixture(scope="module")
def vmms() -> Iterator[Mapping[str, Machine]]:
    """Virtual machines that no manager lists, by name."""
    with _standing(machines()) as running:
        yield running


@pytest.fixture(scope="session")
def docker_run(docker: Docker) -> Run:
    """One scan of every labelled container of the docker engine."""
    return scan(docker.address("isolab-*"))


@pytest.fixture(scope="session")
def docker_deep_run(docker: Docker) -> Run:
    """One scan of the same containers that reads the filters loaded into their processes."""
    return scan(docker.address("isolab-*"), "--deep")


@pytest.fixture(scope="session")
def podman_run(podman: Podman) -> Run:
    """One scan of every labelled container of the podman service."""
    return scan(podman.address("isolab-*"))


@pytest.fixture(scope="session")
def libvirt_run(libvirt: Libvirt) -> Run:
    """One scan of every labelled domain."""
    return scan(libvirt.address("isolab-*"))
