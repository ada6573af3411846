"""Copies are as confined as their originals, and removed when isoaudit is told to end."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from isoaudit.audit.comparing.confinement import confinement
from isoaudit.audit.comparing.ending import cleared_up


def test_nothing_is_added_for_a_container_as_it_comes() -> None:
    """The engine's own defaults hold for its copy."""
    settings: dict[str, Any] = {
        "CapAdd": None, "CapDrop": None, "SecurityOpt": None, "ReadonlyRootfs": False, "Memory": 0,
        "PidsLimit": None, "UsernsMode": "", "NanoCpus": 0, "MemorySwap": 0, "CpusetCpus": "",
    }  # fmt: skip

    assert {} == confinement(settings)


@pytest.mark.parametrize(
    "settings",
    [{"CapAdd": ["SYS_ADMIN"]}, {"Privileged": True}, {"UsernsMode": "host"}, {"PidMode": "host"},
     {"Binds": ["/:/host"]}, {"Devices": [{"PathOnHost": "/dev/kvm"}]}, {"PidsLimit": -1},
     {"SecurityOpt": ["seccomp=unconfined", "apparmor:unconfined", "label=disable",
                      "systempaths=unconfined", "no-new-privileges:false", "unmask=ALL"]},
     {"MemorySwap": -1}],
    ids=lambda settings: next(iter(settings)),
)  # fmt: skip
def test_what_loosens_a_container_is_not_its_copys(settings: dict[str, Any]) -> None:
    """A copy gets no more than its engine gives to any."""
    assert {} == confinement(settings)


@pytest.mark.parametrize(
    "option",
    ["no-new-privileges", "no-new-privileges:true", "apparmor=own", "label=type:own_t",
     'seccomp={"defaultAction": "SCMP_ACT_ERRNO"}', "mask=/proc/latency_stats"],
)  # fmt: skip
def test_what_confines_a_container_confines_its_copy(option: str) -> None:
    """A profile and a label of its own are kept."""
    assert {"security_opt": [option]} == confinement({"SecurityOpt": [option]})


def test_limits_and_namespaces_are_kept() -> None:
    """Memory, processes, CPUs, a file system that is not written, own user namespace."""
    settings = {
        "Memory": 64 << 20, "PidsLimit": 20, "NanoCpus": 10**9, "CpusetCpus": "0",
        "ReadonlyRootfs": True, "Tmpfs": {"/run": ""}, "UsernsMode": "auto",
    }  # fmt: skip

    assert {
        "mem_limit": 64 << 20, "pids_limit": 20, "nano_cpus": 10**9, "cpuset_cpus": "0",
        "read_only": True, "tmpfs": {"/run": ""}, "userns_mode": "auto",
    } == confinement(settings)  # fmt: skip


@pytest.mark.parametrize(
    ("dropped", "added", "kept"),
    [(["ALL"], ["CHOWN", "NET_ADMIN"], ["CAP_CHOWN"]), (["all"], ["CAP_CHOWN"], ["CAP_CHOWN"]),
     (["ALL"], ["ALL"], []), (["NET_RAW"], ["CHOWN"], [])],
)  # fmt: skip
def test_only_the_engines_own_capabilities_are_given_back(
    dropped: list[str], added: list[str], kept: list[str]
) -> None:
    """And only where all of them were dropped before."""
    assert kept == confinement({"CapDrop": dropped, "CapAdd": added}).get("cap_add", [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_was_started_is_removed_when_told_to_end(number: signal.Signals) -> None:
    """The signal becomes an exit, so that `finally` runs; then it means what it meant before."""
    removed = []
    before = signal.getsignal(number)

    with pytest.raises(SystemExit) as ended, cleared_up():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            os.kill(os.getpid(), number)  # a second one does not stop the removal
            removed.append(True)

    assert (128 + number, [True]) == (ended.value.code, removed)
    assert before == signal.getsignal(number)


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    """As under nohup(1)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cleared_up():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.SIG_IGN == signal.getsignal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
