"""The limits, logs and restarts of compose services, each setting in all its forms."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import compose

from isoaudit.errors import DocumentError

SWAP = "container.limits.swap"


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("mem_limit: 100\nmemswap_limit: 150", (True, 50)),
        ("mem_limit: 100\nmemswap_limit: 100", (True, 0)),
        ("mem_limit: 100\nmemswap_limit: -1", (False, None)),
        ("mem_limit: 100\nmemswap_limit: 0", (True, 100)),
        ("mem_limit: 1k", (True, 1024)),
        ("deploy: {resources: {limits: {memory: 100}}}\nmemswap_limit: 150", (True, 50)),
        ("mem_limit: 0\nmemswap_limit: 150", (False, None)),
        ("image: a", (False, None)),
    ],
)
def test_swap_beyond_the_memory_limit(service: str, expected: tuple[bool, int | None]) -> None:
    """Both are given together; without a word of swap docker allows as much again."""
    facts = compose(service).facts
    assert expected == (facts[f"{SWAP}.set"], facts.get(f"{SWAP}.bytes"))


@pytest.mark.parametrize("service", ["mem_limit: ${M}", "mem_limit: 1g\nmemswap_limit: ${S}"])
def test_swap_that_depends_on_a_variable(service: str) -> None:
    """A variable in either leaves it open."""
    assert "depends on" in compose(service).missing[SWAP]


@pytest.mark.parametrize(
    ("service", "millicores"),
    [
        ("cpus: 0.5", 500),
        ('deploy: {resources: {limits: {cpus: "1.5"}}}', 1500),
        ("cpu_quota: 50000", 500),
        ("cpu_quota: 50000\ncpu_period: 25000", 2000),
        ("cpu_quota: 50ms\ncpu_period: 0.2s", 250),
        ("cpus: 2\ncpu_quota: 50000", 2000),
        ("cpus: 0", None),
        ("cpu_quota: -1", None),
    ],
)
def test_share_of_cpu_time(service: str, millicores: int | None) -> None:
    """CPUs come before a quota; a quota is of a period, which is 100 ms if not named."""
    facts = compose(service).facts
    assert (millicores is not None, millicores) == (
        facts["container.limits.cpu.set"],
        facts.get("container.limits.cpu.millicores"),
    )


@pytest.mark.parametrize("value", ["inf", "nan", "half", "1e400"])
def test_what_is_no_share_is_an_error(value: str) -> None:
    """A value that docker would refuse is no limit and no absence of one."""
    with pytest.raises(DocumentError, match="a number is expected"):
        compose(f"cpus: {value}")


@pytest.mark.parametrize(
    ("service", "path", "expected"),
    [
        ("cpuset: 0-1", "limits.cpu.pinned", True),
        ("image: a", "limits.cpu.pinned", False),
        ("cpu_rt_runtime: 400ms", "limits.cpu.realtime", True),
        ("cpu_rt_runtime: 0", "limits.cpu.realtime", False),
        ("cpu_rt_runtime: 0us", "limits.cpu.realtime", False),
        ("ulimits: {rtprio: 5}", "limits.cpu.realtime", True),
        ("ulimits: {rtprio: {soft: 0, hard: 9}}", "limits.cpu.realtime", True),
        ("ulimits: {rtprio: 0}", "limits.cpu.realtime", False),
        ("image: a", "limits.cpu.realtime", False),
        ("oom_kill_disable: true", "limits.memory.oom_kill_disabled", True),
        ("image: a", "limits.memory.oom_kill_disabled", False),
        ("blkio_config: {weight: 300}", "limits.block_io.set", False),
        (
            "blkio_config: {device_read_iops: [{path: /dev/sda, rate: 120}]}",
            "limits.block_io.set",
            True,
        ),
        ("cgroup_parent: /batch", "cgroup.parent", "/batch"),
        ("image: a", "cgroup.parent", ""),
        ("storage_opt: {size: 1k}", "storage.limit.bytes", 1024),
        ("image: a", "storage.limit.set", False),
        ("volumes: [/a, 'b:/b', './c:/c']", "storage.scratch_volumes", ("/a",)),
        ("volumes: [{type: volume, target: /d}]", "storage.scratch_volumes", ("/d",)),
        ("volumes: [{type: tmpfs, target: /e}]", "storage.scratch_volumes", ()),
    ],
)
def test_settings_and_their_defaults(service: str, path: str, expected: Any) -> None:
    """What is said counts, and what is not said is docker's default."""
    assert expected == compose(service).facts[f"container.{path}"]


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("cpuset: ${C}", "limits.cpu.pinned"),
        ("cpu_rt_runtime: ${R}", "limits.cpu.realtime"),
        ("blkio_config: {device_read_bps: [{path: /a, rate: '${R}'}]}", "limits.block_io.set"),
        ("oom_kill_disable: ${O}", "limits.memory.oom_kill_disabled"),
        ("cgroup_parent: ${G}", "cgroup.parent"),
        ("storage_opt: {size: '${S}'}", "storage.limit.set"),
        ("volumes: ['/${V}']", "storage.scratch_volumes"),
        ("logging: {driver: '${D}'}", "log.bounded"),
        ("logging: {options: {max-size: '${S}'}}", "log.bounded"),
        ("restart: ${R}", "restart"),
        ("cpu_quota: 1\ncpu_period: ${P}", "limits.cpu.millicores"),
    ],
)
def test_what_a_variable_makes_up_is_missing(service: str, path: str) -> None:
    """Nothing is assumed for a variable without a default."""
    assert "depends on" in compose(service).missing[f"container.{path}"]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("ulimits: {nofile: 65535}", (True, 65535)),
        ("ulimits: {nofile: {soft: 10, hard: 20}}", (True, 20)),
        ("ulimits: {nofile: -1}", (False, None)),
    ],
)
def test_ulimits_in_both_forms(service: str, expected: tuple[bool, int | None]) -> None:
    """The hard limit counts, and -1 is none."""
    facts, path = compose(service).facts, "process.limits.open_files"
    assert expected == (facts[f"{path}.set"], facts.get(f"{path}.count"))


def test_ulimit_that_is_not_named_is_the_engines() -> None:
    """What the engine allows by itself is not in the file."""
    seen = compose("ulimits: {core: 0}")
    assert 0 == seen.facts["process.limits.core.bytes"]
    assert "the engine's own" in seen.missing["process.limits.locked_memory"]


@pytest.mark.parametrize(("service", "score"), [("oom_score_adj: -500", -500), ("image: a", 0)])
def test_score_for_the_kernels_choice(service: str, score: int) -> None:
    """It is 0 unless the file says otherwise."""
    assert score == compose(service).facts["process.oom_score_adj"]


@pytest.mark.parametrize(
    ("service", "driver", "bounded"),
    [
        ("image: a", "json-file", False),
        ("logging: {driver: json-file}", "json-file", False),
        ("logging: {options: {max-size: 10m}}", "json-file", True),
        ("logging: {options: {max-size: '-1'}}", "json-file", False),
        ("logging: {driver: local}", "local", True),
        ("logging: {driver: none}", "none", True),
        ("logging: {driver: acme/logs}", "acme/logs", None),
        ("log_driver: syslog", "syslog", True),
    ],
)
def test_log_by_driver_and_size(service: str, driver: str, bounded: bool | None) -> None:
    """Docker's own driver has no end without a size; of a plugin nothing is known."""
    facts = compose(service).facts
    assert (driver, bounded) == (
        facts["container.log.driver"],
        facts.get("container.log.bounded"),
    )


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("image: a", ("no", 0)),
        ("restart: always", ("always", 0)),
        ("restart: 'on-failure:5'", ("on-failure", 5)),
        ("restart: 'no'", ("no", 0)),
        ("deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}", ("on-failure", 3)),
        ("deploy: {restart_policy: {condition: none}}", ("no", 0)),
        ("deploy: {restart_policy: {delay: 5s}}", ("always", 0)),
        ("restart: 'no'\ndeploy: {restart_policy: {condition: any}}", ("always", 0)),
    ],
)
def test_restart_policy_in_both_places(service: str, expected: tuple[str, int]) -> None:
    """The one under `deploy` counts if there are two, and without a condition it is any."""
    facts = compose(service).facts
    assert expected == (facts["container.restart"], facts["container.restart_retries"])


def test_extended_service_proves_no_default() -> None:
    """What the other service says may be anything."""
    seen = compose("extends: {service: base}")
    paths = ("restart", "log.bounded", "limits.swap.set", "cgroup.parent", "storage.limit.set")
    assert [] == [path for path in paths if f"container.{path}" in seen.facts]
