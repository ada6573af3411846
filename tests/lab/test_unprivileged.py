"""The same scan by root and by a user without any rights, who may know less and never better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from support import labels
from support.command import Run, scan
from support.docker import Docker
from support.sandboxes import Sandbox, sandboxes, told_of
from support.unprivileged import AS_NOBODY, laid_open

pytestmark = [pytest.mark.lab_docker, pytest.mark.lab_sandbox]
_CONTAINERS = (
    "isolab-plain",
    "isolab-hardened",
    "isolab-user",
    "isolab-sys-admin",
    "isolab-socket",
)
_SANDBOXES = ("isolab-unshare", "isolab-unshare-root", "isolab-bwrap", "isolab-bwrap-loose")
_ALL = ("host", "proc:", "--fail-on", "never")

_HOST = 1

Boxes = Mapping[str, Sandbox]


@pytest.fixture(scope="module")
def within() -> Iterator[Sequence[str]]:
    """The words that run isoaudit where any user can read its code."""
    with laid_open() as words:
        yield words


@pytest.fixture(scope="module")
def targets(small_docker: Docker) -> Iterator[Boxes]:
    """Containers and sandboxes of root, and one sandbox (isolab-bwrap) of the unprivileged user."""
    containers, described = labels.load("docker").targets, labels.load("proc").targets
    for name in _CONTAINERS:
        small_docker.add(containers[name])
    with sandboxes(described[name] for name in _SANDBOXES) as boxes:
        yield boxes


@pytest.fixture(scope="module")
def root(targets: Boxes, within: Sequence[str]) -> Run:
    """What root sees of this host and all sandboxes on it."""
    return scan(*_ALL, within=within)


@pytest.fixture(scope="module")
def nobody(targets: Boxes, within: Sequence[str]) -> Run:
    """What a user without any rights sees of them."""
    return scan(*_ALL, within=[*within, *AS_NOBODY])


def test_report_is_whole(nobody: Run, small_docker: Docker) -> None:
    """The run ends with a report of every container that its control groups name."""
    pids = set(small_docker.pids(*_CONTAINERS))
    assert (True, set()) == (nobody.exit in (0, 4), pids - set(_by_pid(nobody)))


def test_no_check_errs(nobody: Run) -> None:
    """No check ends in an error of its own because of what could not be read."""
    assert [] == labels.erring(nobody.report)


def test_nothing_passes_that_root_does_not_see_pass(root: Run, nobody: Run) -> None:
    """A check that passes for want of rights would be a lie: compared check by check."""
    seen = {pid: labels.decided(target) for pid, target in _by_pid(root).items()}
    lies = [
        f"{target['id']}: {check}: {seen[pid].get(check, 'unknown')} to root"
        for pid, target in _by_pid(nobody).items()
        if pid in seen
        for check, word in labels.decided(target).items()
        if word == "pass" and seen[pid].get(check) != "pass"
    ]
    assert _HOST in seen
    assert 0 == len(lies), labels.told("passes for want of rights", lies)


def test_what_is_missing_says_which_right_would_help(nobody: Run) -> None:
    """Whatever was refused tells what to do about it."""
    mute = {
        (target["id"], entry["path"])
        for target in nobody.report["targets"]
        for entry in _missing(target)
        if entry["reason"] == "permission_denied" and not entry["how_to_get"]
    }
    assert set() == mute


def test_want_of_rights_is_told_from_absence(nobody: Run, small_docker: Docker) -> None:
    """Another user's namespaces are refused, which is something else than not being there."""
    target = _by_pid(nobody)[small_docker.pid("isolab-plain")]
    (finding,) = _of_check(target, "NS-001")
    assert ("unknown", {"permission_denied"}) == (
        finding["status"], {entry["reason"] for entry in finding["missing"]}
    )  # fmt: skip


def test_own_sandbox_is_seen(targets: Boxes, nobody: Run) -> None:
    """Sandboxes of one's own user are found without any rights."""
    own = {"isolab-bwrap": targets["isolab-bwrap"]}
    assert 1 == len(told_of(nobody.report, own)["isolab-bwrap"])


def test_search_says_that_it_could_not_see_everything(targets: Boxes, nobody: Run) -> None:
    """Sandboxes whose namespaces are closed are not listed, and the run says so."""
    hidden = [name for name, found in told_of(nobody.report, targets).items() if not found]
    rows = str(nobody.report["errors"]) + nobody.said
    assert (True, True) == (bool(hidden), "root" in rows)


def test_engine_that_refuses_is_an_error(
    nobody: Run, small_docker: Docker, within: Sequence[str]
) -> None:
    """An engine that was named and may not be asked makes the run incomplete: exit 4, with why."""
    address = small_docker.address("isolab-*")
    run = scan(address, *_ALL, within=[*within, *AS_NOBODY])
    (row,) = [row for row in run.report["errors"] if row["target"] == address]
    assert (4, True) == (run.exit, bool(row["how_to_get"]))


def _by_pid(run: Run) -> dict[int, dict[str, Any]]:
    """Return the targets by the pids that they can be asked for by; the host by that of init."""
    found: dict[int, dict[str, Any]] = {}
    for target in run.report["targets"]:
        words = [alias.removeprefix("proc:") for alias in target["aliases"]]
        pids = [_HOST] if target["kind"] == "host" else [int(w) for w in words if w.isdecimal()]
        found.update(dict.fromkeys(pids, target))
    return found


def _missing(target: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from target["missing"]
    for finding in target["findings"]:
        yield from finding["missing"]


def _of_check(target: Mapping[str, Any], check: str) -> list[dict[str, Any]]:
    return [finding for finding in target["findings"] if finding["check"] == check]
