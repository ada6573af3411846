"""Sandboxes of many tools, found through /proc and audited by the real command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support import labels, processes
from support.command import Run, scan
from support.docker import Docker
from support.folder import ROOT
from support.sandboxes import Sandbox, pids_of, told_of

pytestmark = [pytest.mark.lab_sandbox, pytest.mark.lab_docker]
_LABELS = labels.load("proc")
_APART = {name for name, label in _LABELS.targets.items() if label.apart}
_LOOK = ("--fail-on", "never")
_OF_NEIGHBOURS = {"CAP-021", "FS-025"}
"""Checks of what else runs on the host, other tests' sandboxes and engines among it."""

Boxes = Mapping[str, Sandbox]
Targets = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def everything(boxes: Boxes) -> Run:
    """One scan of all that /proc shows."""
    return scan("proc:", *_LOOK)


@pytest.fixture(scope="module")
def found(boxes: Boxes, everything: Run) -> Targets:
    """The target of every labelled sandbox in that scan."""
    told = told_of(everything.report, boxes)
    return {name: targets[0] for name, targets in told.items() if targets}


def test_every_sandbox_is_found_once(boxes: Boxes, everything: Run) -> None:
    """All processes of one sandbox are one target, and those of two are two."""
    told = told_of(everything.report, boxes)
    assert dict.fromkeys(_APART, 1) == {name: len(told[name]) for name in _APART}


def test_no_two_sandboxes_are_taken_for_one(found: Targets) -> None:
    """Sandboxes that share a control group and a tool stay apart."""
    assert len(_APART) == len({found[name]["id"] for name in _APART if name in found})


def test_service_that_confines_itself_is_none(boxes: Boxes, everything: Run) -> None:
    """A filter and no-new-privileges alone, in the host's namespaces, make no sandbox."""
    told = told_of(everything.report, boxes)
    assert {} == {name: told[name] for name in boxes.keys() - _APART if told[name]}


def test_every_planted_weakness_is_found(found: Targets) -> None:
    """No labelled sandbox hides a weakness that was built into it."""
    missed = [line for line in labels.false_negatives(_LABELS, found) if _names_one(line)]
    assert 0 == len(missed), labels.told("false negatives", missed)


def test_nothing_else_is_found(found: Targets) -> None:
    """No labelled sandbox fails a judged check that its label does not name."""
    extra = labels.false_positives(_LABELS, found)
    assert 0 == len(extra), labels.told("false positives", extra)


def test_root_sees_all_of_them(found: Targets) -> None:
    """No judged check stays unknown for a sandbox that runs on this host."""
    assert [] == labels.unknowns(_LABELS, found)


def test_every_failure_names_its_evidence(found: Targets) -> None:
    """A failed check shows at least one value, each with what was read."""
    assert [] == labels.without_evidence({"targets": list(found.values())})


def test_no_check_errs(found: Targets) -> None:
    """No check ends in an error of its own on real evidence."""
    assert [] == labels.erring({"targets": list(found.values())})


def test_addresses_say_where_they_were_found(found: Targets) -> None:
    """A sandbox without an engine has a target of kind container under proc:, on this host."""
    told = {(t["id"].partition(":")[0], t["kind"], t["host"] is None) for t in found.values()}
    assert {("proc", "container", False)} == told


def test_names_say_what_runs_there(found: Targets) -> None:
    """A name holds the tool that made the sandbox, and the name it was given or its program."""
    assert {} == {
        name: target["name"]
        for name, target in found.items()
        if not all(word in target["name"] for word in _LABELS.targets[name].named)
    }


def test_rights_over_an_own_user_namespace_are_none_over_the_host(found: Targets) -> None:
    """All capabilities in a user namespace of its own are never called critical."""
    critical = {
        finding["check"]
        for finding in found["isolab-unshare"]["findings"]
        if finding["status"] == "fail" and finding["severity"] == "critical"
    }
    assert set() == {check for check in critical if check.startswith("CAP-")}


def test_pid_leads_to_the_sandbox_around_it(boxes: Boxes, found: Targets) -> None:
    """proc:PID of any process inside asks for the whole sandbox, which is judged the same."""
    wanted = {name: box for name, box in boxes.items() if name in _APART}
    run = scan(*(f"proc:{box.pid}" for box in wanted.values()), *_LOOK)
    told = told_of(run.report, wanted)
    assert dict.fromkeys(wanted, 1) == {name: len(targets) for name, targets in told.items()}
    differing = [
        f"{name}: {check}: {word} of all, {again} by pid"
        for name in wanted
        for check, word in _statuses(found[name]).items()
        if check not in _OF_NEIGHBOURS
        and (again := _statuses(told[name][0]).get(check, "nothing")) != word
    ]
    assert 0 == len(differing), labels.told("differences", differing)


def test_pids_lead_to_addresses_of_their_own(boxes: Boxes) -> None:
    """Sandboxes asked for by pid in one scan have ids apart, also if they are namesakes."""
    wanted = [name for name in boxes if name.startswith("isolab-bwrap")]
    run = scan(*(f"proc:{boxes[name].pid}" for name in wanted), *_LOOK)
    assert len(wanted) == len({target["id"] for target in run.report["targets"]})


def test_name_is_a_pattern(boxes: Boxes, found: Targets) -> None:
    """proc:NAME asks for the sandboxes whose names match, and for no other."""
    name = found["isolab-bwrap"]["name"]
    run = scan(f"proc:{name[:-1]}?", *_LOOK)
    told = {target["name"] for target in run.report["targets"]}
    assert (True, True) == (name in told, all(len(one) == len(name) for one in told))


def test_pid_of_nobody_is_an_error(boxes: Boxes) -> None:
    """A process that is not there makes the run incomplete; the others are audited."""
    gone = _ended_pid()
    run = scan(f"proc:{gone}", f"proc:{boxes['isolab-bwrap'].pid}", *_LOOK)
    assert (4, 1) == (run.exit, len(run.report["targets"]))


@pytest.mark.parametrize("options", ["-mniu", "-mniuC"])
def test_auditor_does_not_list_itself(boxes: Boxes, options: str) -> None:
    """isoaudit in a sandbox of its own, with the host's /proc, lists the others and not its own."""
    run = scan("proc:", *_LOOK, within=["unshare", options])
    told = told_of(run.report, boxes)
    listed = [target["id"] for target in run.report["targets"] if run.pid in _every_pid(target)]
    assert ([], _APART) == (listed, {name for name, targets in told.items() if targets} & _APART)


def test_auditor_that_sees_only_itself_lists_nothing(boxes: Boxes) -> None:
    """Where /proc shows only isoaudit itself, no sandbox is listed, least of all its own."""
    run = scan("proc:", "host", *_LOOK, within=["unshare", "-mpf", "--mount-proc"])
    assert [] == [target["id"] for target in run.report["targets"] if target["kind"] != "host"]


def test_auditor_in_a_container_does_not_list_its_own(small_docker: Docker) -> None:
    """isoaudit in a container with the host's PID namespace and files lists its neighbours only."""
    small_docker.create("isolab-neighbour", [])
    own_pid = small_docker.folder / "auditor.pid"
    within = [
        "docker", "--host", f"unix://{small_docker.socket}", "run", "--name", "isolab-auditor",
        "--pid", "host", "--cap-add", "SYS_PTRACE", "--cap-add", "SYS_ADMIN", "--volume", "/:/host",
        "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
        "isolab/busybox:1", "sh", "-c", f'echo $$ >/host{own_pid}; exec chroot /host "$@"', "sh",
        "env", f"PYTHONPATH={ROOT}",
    ]  # fmt: skip
    run = scan("proc:", *_LOOK, within=within)
    listed = [_every_pid(target) for target in run.report["targets"]]
    neighbour, own = small_docker.pid("isolab-neighbour"), int(own_pid.read_text())
    assert (1, 0) == tuple(sum(pid in pids for pids in listed) for pid in (neighbour, own))


def _every_pid(target: Mapping[str, Any]) -> set[int]:
    """Return the pids that a target's facts name and those by which it can be asked for."""
    words = (alias.removeprefix("proc:") for alias in target["aliases"])
    return pids_of(target) | {int(word) for word in words if word.isdecimal()}


def _statuses(target: Mapping[str, Any]) -> dict[str, str]:
    """Return what every check came to: all that its findings say."""
    statuses: dict[str, set[str]] = {}
    for finding in target["findings"]:
        statuses.setdefault(finding["check"], set()).add(finding["status"])
    return {check: " and ".join(sorted(words)) for check, words in statuses.items()}


def _names_one(line: str) -> bool:
    """Say whether a line is about a sandbox, not about what is none."""
    return line.partition(":")[0] in _APART


def _ended_pid() -> int:
    """Return the pid of a process that has ended, which no other has got since."""
    while processes.birth(pid := int(processes.run("sh", "-c", "echo $$"))) is not None:
        pass
    return pid
