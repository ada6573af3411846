"""Containers and sandboxes that do what they can to hold up, mislead or harm whoever looks."""

from __future__ import annotations

import contextlib
import os
import signal
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import labels, processes
from support.command import Run, isoaudit, scan
from support.docker import Docker
from support.pids import numbered
from support.relay import relay
from support.sandboxes import Sandbox, pids_of, sandboxes, told_of
from support.traps import trap

pytestmark = [pytest.mark.lab_docker, pytest.mark.lab_sandbox]
_SECONDS = 60
_BYSTANDERS = ("isolab-plain", "isolab-hardened", "isolab-socket")
_HOSTILE = "unshare -pfmniu --mount-proc {python} {support}/hostile.py"
_SANDBOXES = {
    "mounts": f"{_HOSTILE} mounts 90000 {{sleep}}",
    "threads": f"{_HOSTILE} threads 10000 {{sleep}}",
    "processes": f"{_HOSTILE} processes 700 {{sleep}}",
    "leaderless": f"{_HOSTILE} leaderless 0 {{sleep}}",
    "two-faced": f"{_HOSTILE} two-faced 0 {{sleep}}",
    "names": f"{_HOSTILE} names 0 {{sleep}}",
}
_OF_ROOT = {"CAP-002", "CAP-003", "CAP-017", "CAP-018", "SEC-002", "FS-013"}
"""Checks that root of the host without a filter never passes."""

_OF_NEIGHBOURS = {"CAP-021"}
"""Checks that compare a container with all others of the host, other tests' ones among them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The engine with its containers, the sandboxes, and what no output may hold."""

    docker: Docker
    boxes: Mapping[str, Sandbox]
    secret: str
    calm: Run

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of all that is hostile, and of the bystanders."""
        return (
            self.docker.address("isolab-*"),
            *(f"proc:{box.pid}" for box in self.boxes.values()),
        )


@pytest.fixture(scope="module")
def stage(small_docker: Docker) -> Iterator[Stage]:
    """Bystanders that were audited while all was calm, then everything hostile beside them."""
    described = labels.load("docker").targets
    for name in _BYSTANDERS:
        small_docker.add(described[name])
    calm = scan(small_docker.address("isolab-*"), "--fail-on", "never")
    secret = trap(small_docker)
    small_docker.create("isolab-restless", [], command=["sh", "-c", "while :; do sleep 0.02; done"])
    wanted = [labels.unlabelled(name, command) for name, command in _SANDBOXES.items()]
    with sandboxes(wanted) as boxes:
        yield Stage(small_docker, boxes, secret, calm)


@pytest.fixture(scope="module")
def storm(stage: Stage) -> Run:
    """One scan of everything hostile and of the bystanders, which has to end in time."""
    return scan(*stage.addresses, "--fail-on", "never", timeout=_SECONDS)


def test_audit_ends_in_time(storm: Run) -> None:
    """Everything hostile together takes no minute."""
    assert storm.seconds < _SECONDS


def test_scan_of_all_that_proc_shows_ends_in_time(stage: Stage) -> None:
    """So does looking for sandboxes, which finds the hostile ones."""
    run = scan("proc:", "--fail-on", "never", timeout=_SECONDS)
    told = told_of(run.report, stage.boxes)
    assert [] == [name for name in stage.boxes if not told[name]]


def test_hostile_sandboxes_are_reported(stage: Stage, storm: Run) -> None:
    """Each of them is one target with findings, whatever of it stays unknown."""
    told = told_of(storm.report, stage.boxes)
    assert dict.fromkeys(stage.boxes, 1) == {
        name: len([t for t in targets if t["findings"]]) for name, targets in told.items()
    }


def test_hostile_containers_are_reported(storm: Run) -> None:
    """So are the containers, and nothing of the run is lost in an error row."""
    found = {name for name, target in storm.by_name.items() if target["findings"]}
    assert {"isolab-traps", "isolab-restless"} <= found
    assert [] == storm.report["errors"]


def test_bystanders_are_judged_as_before(stage: Stage, storm: Run) -> None:
    """What is hostile changes no finding of any other container."""
    changed = [
        f"{name}: {finding}"
        for name in _BYSTANDERS
        for finding in _told(stage.calm.by_name[name]) ^ _told(storm.by_name[name])
    ]
    assert 0 == len(changed), labels.told("changed findings", sorted(changed))


def test_nothing_hostile_passes_as_hardened(stage: Stage, storm: Run) -> None:
    """A sandbox too large to be read, or with processes that hide, fails or stays unknown."""
    told = told_of(storm.report, stage.boxes)
    passed = {name: _passed(targets[0]) & _OF_ROOT for name, targets in told.items()}
    del passed["two-faced"]  # has a test of its own
    assert {} == {name: checks for name, checks in passed.items() if checks}


def test_what_hides_its_threads_is_unknown(stage: Stage, storm: Run) -> None:
    """A process without its first thread may hold anything: no check of processes passes."""
    (target,) = told_of(storm.report, stage.boxes)["leaderless"]
    assert set() == _passed(target) & {
        "NS-001",
        "NS-002",
        "NS-003",
        "SEC-002",
        "CAP-003",
        "CAP-005",
    }


def test_rights_of_another_thread_count(stage: Stage, storm: Run) -> None:
    """What the first thread of a process gave up passes for none that another one still holds."""
    (target,) = told_of(storm.report, stage.boxes)["two-faced"]
    assert set() == _passed(target) & {"CAP-002", "CAP-003", "CAP-004", "CAP-006", "CAP-017"}


def test_no_two_targets_are_called_the_same(storm: Run) -> None:
    """Sandboxes that are asked for by pid keep ids apart, also if their processes are namesakes."""
    ids = [target["id"] for target in storm.report["targets"]]
    assert sorted(set(ids)) == sorted(ids)


def test_traps_are_judged_as_a_plain_container(storm: Run) -> None:
    """What a container puts into its own folders makes nothing of it better."""
    plain = labels.load("docker").targets["isolab-plain"].must_find
    assert set() == plain - labels.failed(storm.by_name["isolab-traps"])


@pytest.mark.parametrize("words", [("json",), ("table",), ("table", "--verbose")], ids=" ".join)
def test_nothing_raw_reaches_the_terminal(stage: Stage, words: tuple[str, ...]) -> None:
    """No escape sequence, line break or change of direction of a name, no line of a file."""
    args = ("scan", *stage.addresses, "--color", "never", "-f", *words)
    done = isoaudit(*args, timeout=_SECONDS)
    text = (done.stdout + done.stderr).decode()
    shadow = Path("/etc/shadow").read_text().splitlines()
    leaked = [line for line in (stage.secret, *shadow) if line in text]
    assert (1, [], set()) == (done.exit, leaked, _raw(text))


def test_pid_given_out_again_is_not_believed(stage: Stage, tmp_path: Path) -> None:
    """A container ends between the engine's word and the look at its pid: the host's by then."""
    docker, name = stage.docker, "gone-reused"
    docker.create(name, [])
    pid = docker.pid(name)
    with contextlib.ExitStack() as stack:

        def reuse() -> None:
            os.kill(pid, signal.SIGKILL)
            processes.await_ready(
                lambda: processes.birth(pid) is None, "the end", None, docker.folder / "log"
            )
            stack.enter_context(numbered(pid, ["sleep", "1d"]))

        front = tmp_path / "docker.sock"
        trigger = f"/containers/{docker.inspect(name)['Id']}/json".encode()
        with relay(front, docker.socket, trigger, reuse, answered=True):
            run = scan(f"docker+unix://{front}#{name}", "--fail-on", "never")
        assert processes.birth(pid) is not None, "not staged: the pid is free"
    docker.remove(name)
    shown = {one for target in run.report["targets"] for one in pids_of(target)}
    failed = {check for t in run.report["targets"] for check in labels.failed(t)}
    assert (set(), set()) == (
        shown & {pid},
        failed & {"NS-001", "NS-002", "NS-003", "NS-008", "SEC-002"},
    )


def test_sandbox_that_ends_stops_no_other(stage: Stage) -> None:
    """A sandbox that ends while all are read costs its own row at most."""
    with sandboxes([labels.unlabelled("brief", "unshare -pfm --mount-proc {sleep} 1d")]) as brief:
        pid = brief["brief"].pid
    run = scan(stage.docker.address("isolab-plain"), f"proc:{pid}", "--fail-on", "never")
    assert (4, ["isolab-plain"]) == (run.exit, [t["name"] for t in run.report["targets"]])


def _told(target: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Return the findings of a target, as far as they are not about one pid or its neighbours."""
    return {
        (finding["check"], finding["status"], finding["severity"])
        for finding in target["findings"]
        if finding["check"] not in _OF_NEIGHBOURS
    }


def _passed(target: Mapping[str, Any]) -> set[str]:
    return {check for check, word in labels.decided(target).items() if word == "pass"}


def _raw(text: str) -> set[str]:
    """Return the characters that could do something to a terminal; line ends are the report's."""
    return {one for one in set(text) - {"\n"} if unicodedata.category(one) in {"Cc", "Cf", "Cs"}}
