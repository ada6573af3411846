"""Containers of a real dockerd, audited by the real command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from same_container import SAME, in_order
from support import labels, oracle
from support.command import Run, scan
from support.docker import Docker
from support.relay import relay
from support.sandboxes import pids_of

from isoaudit.seccomp import bpf
from isoaudit.seccomp.abi import I386, X86_64
from isoaudit.seccomp.actions import Effect, effect_of
from isoaudit.seccomp.profile import read_profile
from isoaudit.seccomp.resolve import Container, Resolved
from isoaudit.seccomp.verdict import calls_of, compare, evaluate
from isoaudit.transports.ptrace import PtraceFilters

pytestmark = pytest.mark.lab_docker
_LABELS = labels.load("docker")
_DEEP = labels.deep("docker")
_OF_NEIGHBOURS = {"CAP-021"}
"""Checks that compare a container with all others of the host, other tests' ones among them."""

_RUNNING = [name for name, label in _LABELS.targets.items() if label.state != "created"]


def test_every_planted_weakness_is_found(docker_run: Run) -> None:
    """No labelled container hides a weakness that was built into it."""
    missed = labels.false_negatives(_LABELS, docker_run.by_name)
    assert 0 == len(missed), labels.told("false negatives", missed)


def test_nothing_else_is_found(docker_run: Run) -> None:
    """No labelled container fails a judged check that its label does not name."""
    extra = labels.false_positives(_LABELS, docker_run.by_name)
    assert 0 == len(extra), labels.told("false positives", extra)


def test_root_sees_all_of_what_runs(docker_run: Run) -> None:
    """No judged check stays unknown for a container that runs on this host."""
    assert [] == labels.unknowns(_LABELS, docker_run.by_name)


def test_loaded_filters_are_judged_as_labelled(docker_deep_run: Run) -> None:
    """With --deep every judged call that a loaded filter lets through is found, and no other."""
    found = docker_deep_run.by_name
    told = labels.false_negatives(_DEEP, found) + labels.false_positives(_DEEP, found)
    assert ([], []) == (told, labels.unknowns(_DEEP, found))


def test_filter_of_a_paused_container_stays_unknown(docker_deep_run: Run) -> None:
    """A frozen process cannot be stopped to read its filter: nothing is said of what it allows."""
    decided = labels.decided(docker_deep_run.by_name["isolab-paused"])
    assert set() == _DEEP.judged & decided.keys()


def test_every_failure_names_its_evidence(docker_run: Run) -> None:
    """A failed check shows at least one value, each with what was read."""
    assert [] == labels.without_evidence(docker_run.report)


def test_no_check_errs(docker_run: Run) -> None:
    """No check ends in an error of its own on real evidence."""
    assert [] == labels.erring(docker_run.report)


def test_every_container_is_audited(docker_run: Run) -> None:
    """Created, running and paused containers all get findings, and the run has no error rows."""
    audited = {name for name, target in docker_run.by_name.items() if target["findings"]}
    assert (set(_LABELS.targets), []) == (audited, docker_run.report["errors"])


@pytest.fixture(scope="module")
def by_pid(docker: Docker) -> dict[str, dict[str, Any]]:
    """What one scan tells of every running container that is named by its first process alone."""
    pids = dict(zip(docker.pids(*_RUNNING), _RUNNING, strict=True))
    run = scan(*(f"proc:{pid}" for pid in pids), "--fail-on", "never")
    return {
        pids[pid]: target
        for target in run.report["targets"]
        for pid in pids_of(target) & pids.keys()
    }


def test_every_container_is_found_by_its_pid(by_pid: dict[str, dict[str, Any]]) -> None:
    """proc:PID leads to a target of its own for every container, without its engine."""
    addresses = {target["id"] for target in by_pid.values()}
    assert (set(_RUNNING), len(_RUNNING)) == (set(by_pid), len(addresses))


def test_engine_and_kernel_are_judged_the_same(
    docker_run: Run, by_pid: dict[str, dict[str, Any]]
) -> None:
    """A container is judged the same by its engine's name and by its pid, where both can tell."""
    differing = [
        f"{name}: {check}: {word} by name, {other} by pid"
        for name, target in by_pid.items()
        for check, word in labels.decided(docker_run.by_name[name]).items()
        if check not in _OF_NEIGHBOURS
        and (other := labels.decided(target).get(check, word)) != word
    ]
    assert 0 == len(differing), labels.told("differences", differing)


def test_kernel_alone_decides_what_it_shows(by_pid: dict[str, dict[str, Any]]) -> None:
    """No check of what the kernel shows stays unknown because no engine was asked."""
    kernels = replace(_LABELS, judged=labels.load("proc").judged)
    assert [] == labels.unknowns(kernels, by_pid)


def test_planted_secret_is_nowhere(docker_run: Run) -> None:
    """The password in a container's environment is found and appears nowhere in the output."""
    shown = str(docker_run.report) + docker_run.said
    assert [] == [secret for secret in labels.PLANTED_SECRETS if secret in shown]


def test_states_are_told_apart(docker_run: Run) -> None:
    """A created, a running and a paused container are reported in that state."""
    told = {name: docker_run.by_name[name]["state"] for name in _LABELS.targets}
    assert {name: label.state for name, label in _LABELS.targets.items()} == told


def test_order_follows_the_weaknesses(docker_run: Run) -> None:
    """Privileged and with the docker socket are worse than plain, and plain than hardened."""
    found = docker_run.by_name
    counts = {name: labels.fail_counts(target) for name, target in found.items()}
    worst = min(counts["isolab-privileged"], counts["isolab-socket"])
    assert worst > counts["isolab-plain"] > counts["isolab-hardened"]


def test_container_that_vanishes_stops_no_other(docker: Docker, tmp_path: Path) -> None:
    """A container removed after it was listed becomes an error row; the others are audited."""
    doomed = docker.create("gone-doomed", [])
    docker.create("gone-stays", [])
    front = tmp_path / "docker.sock"
    trigger = f"/containers/{doomed}/json".encode()
    try:
        with relay(front, docker.socket, trigger, lambda: docker.remove("gone-doomed")):
            run = scan(f"docker+unix://{front}#gone-*")
    finally:
        docker.remove("gone-stays")
    rows = [row for row in run.report["errors"] if "gone-doomed" in row["target"]]
    assert (["gone-stays"], 1) == (_audited(run), len(rows))


def test_name_that_does_not_exist_is_an_error(docker: Docker) -> None:
    """A container asked for by name that is not there makes the run incomplete: exit 4."""
    names = ("isolab-no-such-container", "isolab-plain")
    run = scan(*map(docker.address, names), "--fail-on", "never")
    assert (4, ["isolab-plain"]) == (run.exit, _audited(run))


def test_docker_host_is_honoured(docker: Docker) -> None:
    """DOCKER_HOST leads `docker:NAME` to another engine, as it does for the docker command."""
    run = scan("docker:isolab-plain", DOCKER_HOST=f"unix://{docker.socket}")
    assert ["isolab-plain"] == _audited(run)


def _audited(run: Run) -> list[str]:
    return sorted(name for name, target in run.by_name.items() if target["findings"])


def test_default_filter_is_read_and_agrees_with_the_kernel(docker: Docker, tmp_path: Path) -> None:
    """What a container's loaded filter lets through is what the kernel says, call by call."""
    docker.create("filter-default", [])
    try:
        pid = docker.inspect("filter-default")["State"]["Pid"]
        stat = Path(f"/proc/{pid}/stat")
        before = stat.read_text().rpartition(")")[2].split()
        programs = [bpf.decode(bytes.fromhex(one)) for one in PtraceFilters().read(pid, before[19])]
        after = stat.read_text().rpartition(")")[2].split()
    finally:
        docker.remove("filter-default")
    # It may be on its way back to sleep.
    assert (before[19], True, 1) == (after[19], after[0] in "RS", len(programs))
    program = oracle.build(tmp_path)
    harmless = [oracle.harmless(one) for one in programs]
    for abi in (X86_64, I386):
        numbers = [n for n in abi.calls.values() if abi is I386 or n not in oracle.EXEMPT]
        answers = oracle.ask(program, harmless, [oracle.Asked(abi is I386, n) for n in numbers])
        allowed = {n for n in numbers if effect_of(evaluate(programs, abi, n)) is Effect.ALLOW}
        told = {n for n, errno in zip(numbers, answers, strict=True) if errno == oracle.ALLOWED}
        assert allowed == told


def test_loaded_filter_is_that_of_the_profile(docker: Docker) -> None:
    """A profile of the container's own, resolved, is what runc loaded for it."""
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        "syscalls": [
            {"names": ["mount", "umount2", "keyctl", "bpf"], "action": "SCMP_ACT_ERRNO"},
            {"names": ["socket"], "action": "SCMP_ACT_ERRNO",
             "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]},
        ],
    }  # fmt: skip
    file = docker.folder / "profile.json"
    file.write_text(json.dumps(profile))
    docker.create("filter-own", ["--security-opt", f"seccomp={file}"])
    try:
        told = docker.inspect("filter-own")
        start = (
            Path(f"/proc/{told['State']['Pid']}/stat").read_text().rpartition(")")[2].split()[19]
        )
        filters = PtraceFilters().read(told["State"]["Pid"], start)
    finally:
        docker.remove("filter-own")
    programs = tuple(bpf.decode(bytes.fromhex(one)) for one in filters)
    inlined = told["HostConfig"]["SecurityOpt"][0].partition("=")[2]
    resolved = Resolved(read_profile(json.loads(inlined)), Container(frozenset(), X86_64))
    for abi in (X86_64, I386):
        assert [] == list(compare(resolved.calls(abi), calls_of(programs, abi)))


_RESOLVED = frozenset({"container.seccomp.profile", "container.capabilities.added"})
"""What an engine was asked for, and its bundle no longer tells: it holds what came of it."""


@pytest.fixture(scope="module")
def same(docker: Docker) -> Iterator[dict[str, dict[str, dict[str, Any]]]]:
    """What one scan each tells of the same containers: as they run, and by their bundles."""
    numbers = {f"same-{number}": name for number, name in enumerate(SAME) if SAME[name].runs_here}
    bundles = docker.folder / "exec"
    try:
        for name, wanted in numbers.items():
            docker.create(name, SAME[wanted].run)
        paths = {
            str(path): name
            for name in numbers
            for path in bundles.rglob(f"{docker.inspect(name)['Id']}/config.json")
        }
        running = scan(docker.address("same-*"), "--fail-on", "never").by_name
        declared = scan(*(f"oci:{path}" for path in paths), "--fail-on", "never").report["targets"]
    finally:
        docker.remove(*numbers)
    yield {
        "running": {numbers[name]: target for name, target in running.items()},
        "bundle": {numbers[paths[target["source"]["file"]]]: target for target in declared},
    }


@pytest.mark.parametrize("name", [name for name, one in SAME.items() if one.runs_here])
@pytest.mark.parametrize("seen", ["running", "bundle"])
def test_a_container_is_what_every_language_says_it_is(
    same: dict[str, dict[str, dict[str, Any]]], seen: str, name: str
) -> None:
    """Running, and as the bundle that its runtime was given, it has the facts that files come to
    (tests/examples/test_same_container.py)."""
    found = _values(same[seen][name])
    resolved = _RESOLVED if seen == "bundle" else frozenset()
    wanted = {path: in_order(value) for path, value in SAME[name].facts.items()
              if path not in resolved}  # fmt: skip

    differing = {path: found[path] for path, value in wanted.items()
                 if path in found and found[path] != value}  # fmt: skip
    assert {} == differing
    assert len(wanted.keys() & found.keys()) >= len(wanted) // 2


def _values(target: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a container and of its only process, by path."""
    (process,) = target["facts"]["process"]
    several = target["facts"] | process
    return {path: in_order(fact["value"]) for path, fact in several.items()
            if not isinstance(fact, list)}  # fmt: skip
