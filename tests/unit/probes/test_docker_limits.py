"""Limits, logs and restarts as engines answer: nulls, absent keys, docker's ways and podman's."""

from __future__ import annotations

from typing import Any

import pytest
from docker_tapes import audit, engine, fields, inspected, records, value

from isoaudit.model import FactSet, Vantage
from isoaudit.probes.docker.limits import count_cpus
from isoaudit.probes.docker.storage import log_is_bounded, read_size

ENGINE = Vantage.ENGINE
INFO = {"SecurityOptions": [], "NCPU": 4}


def seen(name: str = "docker", info: dict[str, Any] | None = None, **host: Any) -> FactSet:
    """Return what is seen of a container with these settings."""
    return audit(engine(inspected(**host), name=name, info=info or INFO))[1]


def reasons(found: FactSet) -> set[str]:
    """Return the paths that are missing, those of the main process too."""
    return {entry.path for entry in found.all_missing()}


@pytest.mark.parametrize(
    ("name", "memory", "swap", "limited", "size"),
    [
        ("docker", 100, 150, True, 50),
        ("docker", 100, 100, True, 0),
        ("docker", 100, -1, False, None),
        ("docker", 100, 0, True, 100),
        ("docker", 0, 0, False, None),
        ("docker", 0, -1, False, None),
        ("podman", 100, 200, True, 100),
        ("podman", 100, 0, False, None),
    ],
)
def test_swap_is_what_both_exceed_memory_by(
    name: str, memory: int, swap: int, limited: bool, size: int | None
) -> None:
    """Docker's 0 is its default of as much again, podman's 0 is what it makes of no limit."""
    found = seen(name, Memory=memory, MemorySwap=swap)
    assert (limited, size) == (
        value(found, "container.limits.swap.set", ENGINE),
        value(found, "container.limits.swap.bytes", ENGINE),
    )


@pytest.mark.parametrize(
    ("host", "millicores"),
    [
        ({"NanoCpus": 500_000_000}, 500),
        ({"CpuQuota": 50_000}, 500),
        ({"CpuQuota": 50_000, "CpuPeriod": 25_000}, 2000),
        ({"CpuQuota": 50_000, "CpuPeriod": 100_000, "NanoCpus": 500_000_000}, 500),
        ({}, None),
        ({"CpuQuota": -1}, None),
    ],
)
def test_share_of_cpu_time(host: dict[str, int], millicores: int | None) -> None:
    """A share is given in CPUs or as a quota of a period, which is 100 ms if not named."""
    found = seen(**host)
    assert (millicores is not None, millicores) == (
        value(found, "container.limits.cpu.set", ENGINE),
        value(found, "container.limits.cpu.millicores", ENGINE),
    )


@pytest.mark.parametrize(
    ("cpus", "expected"), [("0-1", True), ("3", True), ("0-3", False), ("", False), ("a", None)]
)
def test_cpuset_of_all_cpus_pins_nothing(cpus: str, expected: bool | None) -> None:
    """It takes fewer CPUs than the engine's host has."""
    found = seen(CpusetCpus=cpus)
    assert expected is value(found, "container.limits.cpu.pinned", ENGINE)
    assert (expected is None) is ("container.limits.cpu.pinned" in reasons(found))


def test_cpuset_beside_an_unknown_number_of_cpus() -> None:
    """If the engine does not say how many there are, nothing is concluded."""
    found = seen(info={"SecurityOptions": []}, CpusetCpus="0-1")
    assert "container.limits.cpu.pinned" in reasons(found)


@pytest.mark.parametrize(
    ("text", "count"), [("0", 1), ("0-2,8", 4), (" 1 , 2 ", 2), ("", None), ("0-", None)]
)
def test_lists_of_cpus(text: str, count: int | None) -> None:
    """A list names single CPUs and ranges; what is no list has no count."""
    assert count == count_cpus(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ({"CpuRealtimeRuntime": 950_000}, True),
        ({"Ulimits": [{"Name": "rtprio", "Hard": 5, "Soft": 0}]}, True),
        ({"Ulimits": [{"Name": "RLIMIT_RTPRIO", "Hard": -1, "Soft": -1}]}, True),
        ({"Ulimits": [{"Name": "rtprio", "Hard": 0, "Soft": 0}]}, False),
        ({}, False),
    ],
)
def test_realtime_by_budget_or_priority(host: dict[str, Any], expected: bool) -> None:
    """Either is enough, in docker's spelling and in podman's."""
    found = seen(**{"CpuRealtimeRuntime": 0, "Ulimits": None, **host})
    assert expected is value(found, "container.limits.cpu.realtime", ENGINE)


def test_rate_of_a_device_is_a_limit_and_a_weight_is_none() -> None:
    """Only a rate above 0 limits block I/O."""
    path, lists = "container.limits.block_io.set", ("ReadBps", "WriteBps", "ReadIOps", "WriteIOps")
    none: dict[str, Any] = {f"BlkioDevice{name}": [] for name in lists}
    rate = {"BlkioDeviceWriteIOps": [{"Path": "/dev/sda", "Rate": 100}]}
    assert False is value(seen(**none, BlkioWeight=500), path, ENGINE)
    assert True is value(seen(**{**none, **rate}), path, ENGINE)


def test_ulimits_that_are_named_and_those_that_are_not() -> None:
    """A named one is known by its hard limit, any other is the engine's own and missing."""
    listed = [{"Name": "nofile", "Soft": 1, "Hard": 9}, {"Name": "RLIMIT_MEMLOCK", "Hard": -1}]
    (record,) = records(seen(Ulimits=listed, OomScoreAdj=-5), "process", ENGINE)
    assert (True, 9, False, None, -5) == fields(
        record,
        "process.limits.open_files.set",
        "process.limits.open_files.count",
        "process.limits.locked_memory.set",
        "process.limits.core.set",
        "process.oom_score_adj",
    )
    assert "process.limits.core" in record.missing


@pytest.mark.parametrize(
    ("policy", "name", "retries"),
    [
        ({"Name": "on-failure", "MaximumRetryCount": 3}, "on-failure", 3),
        ({"Name": "", "MaximumRetryCount": 0}, "no", 0),
        ({"Name": "always"}, "always", None),
    ],
)
def test_restart_policy(policy: dict[str, Any], name: str, retries: int | None) -> None:
    """No name is the policy no; retries that are not told are not 0."""
    found = seen(RestartPolicy=policy)
    assert (name, retries) == (
        value(found, "container.restart", ENGINE),
        value(found, "container.restart_retries", ENGINE),
    )


@pytest.mark.parametrize(
    ("driver", "largest", "bounded"),
    [
        ("json-file", "", False),
        ("json-file", "10m", True),
        ("json-file", "-1", False),
        ("json-file", "0", False),
        ("local", "", True),
        ("journald", "", True),
        ("none", "", True),
        ("acme/logs:2", "", None),
    ],
)
def test_log_bounded_by_driver_and_size(driver: str, largest: str, bounded: bool | None) -> None:
    """Docker's own driver has no end without a size, of a plugin nothing is known."""
    assert bounded is log_is_bounded(driver, largest)


def test_podman_hides_its_log_driver() -> None:
    """Podman answers json-file for every driver but none."""
    log = {"Type": "json-file", "Config": None}
    assert "container.log" in reasons(seen("podman", LogConfig=log))
    found = seen("podman", LogConfig={**log, "Type": "none"})
    assert True is value(found, "container.log.bounded", ENGINE)


def test_options_left_out_by_docker_are_none_and_by_podman_unknown() -> None:
    """Docker omits empty tables, podman these tables always."""
    paths = ("container.storage.limit.set", "sysctl")
    assert set() == set(paths) & reasons(seen("docker"))
    assert set(paths) <= reasons(seen("podman"))


@pytest.mark.parametrize(
    ("text", "size"), [("5G", 5 * 1024**3), ("10m", 10 * 1024**2), ("7", 7), ("x", None)]
)
def test_sizes_of_storage_options(text: str, size: int | None) -> None:
    """Sizes are powers of 1024; a size that is not understood still limits."""
    assert size == read_size(text)
    found = seen(StorageOpt={"size": text})
    assert (True, size) == (
        value(found, "container.storage.limit.set", ENGINE),
        value(found, "container.storage.limit.bytes", ENGINE),
    )


def test_scratch_volumes_are_those_without_a_name() -> None:
    """An anonymous volume that can be written to counts, a named or read-only one does not."""
    volume = {"Type": "volume", "Driver": "local", "RW": True}
    mounts = [
        {**volume, "Name": "ab" * 32, "Destination": "/scratch"},
        {**volume, "Name": "cd" * 32, "Destination": "/fixed", "RW": False},
        {**volume, "Name": "data", "Destination": "/data"},
        {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": True},
    ]
    found = audit(engine({**inspected(), "Mounts": mounts}, volumes=[]))[1]
    assert ("/scratch",) == value(found, "container.storage.scratch_volumes", ENGINE)


@pytest.mark.parametrize(
    ("name", "info", "own"),
    [
        ("docker", {"SecurityOptions": []}, True),
        ("docker", {"SecurityOptions": ["name=rootless"]}, None),
        ("podman", {"SecurityOptions": []}, None),
    ],
)
def test_control_group_of_its_own(name: str, info: dict[str, Any], own: bool | None) -> None:
    """Docker makes one for each container; rootless, and with podman, that may be otherwise."""
    found = seen(name, info, CgroupParent="/batch")
    assert ("/batch", own) == (
        value(found, "container.cgroup.parent", ENGINE),
        value(found, "container.cgroup.own", ENGINE),
    )


@pytest.mark.parametrize("running", [True, False])
def test_ports_of_a_running_container_are_those_that_are_open(running: bool) -> None:
    """In the host's network nothing is published of what was asked for."""
    inspect = inspected(7 if running else 0, PortBindings={"80/tcp": [{"HostPort": "80"}]})
    inspect["NetworkSettings"] = {"Ports": {}, "Networks": {}}
    found = audit(engine(inspect))[1]
    assert (0 if running else 1) == len(records(found, "port", ENGINE))
