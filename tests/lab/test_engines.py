"""Engines that are not as they come: remapped users, a misnamed runtime, another pid namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import labels
from support.command import Run, scan
from support.docker import Docker
from support.engines import FIRST_ID
from support.pids import numbered
from support.sandboxes import pids_of

pytestmark = pytest.mark.lab_docker
_LABELS = labels.load("docker_remapped")
_OF_HOST = ("NS-001", "NS-002", "NS-003", "NS-008", "CAP-003", "CAP-004", "SEC-002")
"""Checks that a process of the host itself fails, and a plain container does not."""


@pytest.fixture(scope="module")
def remapped(remapping: Docker) -> Run:
    """One scan of every container of the engine that remaps users."""
    return scan(remapping.address("isolab-*"), "--fail-on", "never")


@pytest.fixture(scope="module")
def far(far_docker: Docker) -> Iterator[Run]:
    """One scan of a container whose pid, as its engine tells it, is that of the host's own root."""
    far_docker.create("isolab-far", [])
    with numbered(far_docker.pid("isolab-far"), ["sleep", "1d"]):
        yield scan(far_docker.address("isolab-far"), "--fail-on", "never")


def test_every_planted_weakness_is_found(remapped: Run) -> None:
    """No labelled container hides a weakness that was built into it."""
    missed = labels.false_negatives(_LABELS, remapped.by_name)
    assert 0 == len(missed), labels.told("false negatives", missed)


def test_nothing_else_is_found(remapped: Run) -> None:
    """A capability over an own user namespace is not called one over the host."""
    extra = labels.false_positives(_LABELS, remapped.by_name)
    assert 0 == len(extra), labels.told("false positives", extra)


def test_root_sees_all_of_what_runs(remapped: Run) -> None:
    """No judged check stays unknown for a container that runs on this host."""
    assert [] == labels.unknowns(_LABELS, remapped.by_name)


def test_remapped_root_is_an_ordinary_user_outside(remapped: Run) -> None:
    """Root of a remapped container is shown with the uid that it has on the host."""
    process = remapped.by_name["isolab-remapped"]["facts"]["process"][0]
    names = ("process.uid", "process.host_uid", "process.user_namespace")
    assert [0, FIRST_ID, "private"] == [process[name]["value"] for name in names]


def test_runtime_is_not_what_it_is_called(remapped: Run) -> None:
    """Asked for runsc and started by runc: something fails that does not for one of runc."""
    found = remapped.by_name
    more = labels.failed(found["isolab-runsc"]) - labels.failed(found["isolab-remapped"])
    assert set() != more


def test_no_fact_of_the_wrong_process_is_believed(far: Run) -> None:
    """The host's process that has the pid an engine far away tells lends the container nothing."""
    target = far.by_name["isolab-far"]
    believed = labels.failed(target) & set(_OF_HOST)
    assert set() == believed


def test_processes_shown_are_the_containers(far: Run, far_docker: Docker) -> None:
    """Whatever process is shown with a pid is in the container's own control group."""
    identity = far_docker.inspect("isolab-far")["Id"]
    shown = pids_of(far.by_name["isolab-far"])
    strangers = {pid for pid in shown if identity not in Path(f"/proc/{pid}/cgroup").read_text()}
    assert set() == strangers


def test_far_container_is_never_better_than_it_is(far: Run) -> None:
    """What the engine alone tells leaves a check failed or unknown where a plain one fails."""
    plain = labels.load("docker").targets["isolab-plain"].must_find
    passed = {check for check, word in labels.decided(_only(far)).items() if word == "pass"}
    assert set() == plain & passed


def _only(run: Run) -> dict[str, Any]:
    (target,) = run.report["targets"]
    found: dict[str, Any] = target
    return found
