"""The limits that an engine was asked for: memory, CPU, restarts, open files.

Sources: Docker Engine API (HostConfig, Resources), moby's daemon (adaptContainerSettings,
mergeUlimits), podman 4 and 5 as they answer.
"""

from __future__ import annotations

import re

from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.options import EngineDefaults

_PODMAN_SILENT = "podman's docker-compatible API does not tell"
_CPU = "container.limits.cpu"
_PERIOD = 100_000  # microseconds, the kernel's default where CpuPeriod is 0
_BLOCK_IO = ("BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
             "BlkioDeviceWriteIOps")  # fmt: skip
_ULIMITS = {
    "nofile": ("process.limits.open_files", "count"),
    "memlock": ("process.limits.locked_memory", "bytes"),
    "core": ("process.limits.core", "bytes"),
}


def note_limits(notes: Notes, inspect: Answer, defaults: EngineDefaults) -> None:
    """Note what limits the container as a whole, as far as the answer tells."""
    host = inspect.below("HostConfig")
    _note_memory(notes, host)
    _note_pids(notes, host)
    _note_cpu(notes, host, defaults)
    _note_realtime(notes, host)
    _note_block_io(notes, host)
    _note_group(notes, host, defaults)
    _note_restart(notes, host)


def note_process_limits(notes: Notes, inspect: Answer) -> None:
    """Note the ulimits named for the container, and its score, as fields of its main process.

    A ulimit that is not named is the engine's own, or what its default-ulimits say: neither is in
    the answer.
    """
    host = inspect.below("HostConfig")
    named = _ulimits(host)
    for name, (path, unit) in _ULIMITS.items():
        if named is None:
            not_told(notes, path, host, "Ulimits")
        elif name not in named:
            detail = f"{host.source('Ulimits')} names no {name}: it is the engine's own"
            unreliable(notes, path, detail)
        else:
            limit, source = named[name], host.source("Ulimits")
            notes.fact(f"{path}.set", limit >= 0, source)
            if limit >= 0:
                notes.fact(f"{path}.{unit}", limit, source)
    score = host.number("OomScoreAdj")
    if score is None:
        not_told(notes, "process.oom_score_adj", host, "OomScoreAdj")
    else:
        notes.fact("process.oom_score_adj", score, host.source("OomScoreAdj"))


def _ulimits(host: Answer) -> dict[str, int] | None:
    """Return the hard limits by name, -1 for unlimited; podman writes RLIMIT_NOFILE for nofile."""
    listed = host.objects("Ulimits")
    if listed is None:
        return None
    found: dict[str, int] = {}
    for entry in listed:
        name, hard = entry.text("Name"), entry.number("Hard")
        if name and hard is not None:
            found[name.lower().removeprefix("rlimit_")] = hard
    return found


def _note_memory(notes: Notes, host: Answer) -> None:
    memory, path = host.number("Memory"), "container.limits.memory"
    if memory is None:
        not_told(notes, f"{path}.set", host, "Memory")
    else:
        notes.fact(f"{path}.set", memory > 0, host.source("Memory"))
        if memory > 0:
            notes.fact(f"{path}.bytes", memory, host.source("Memory"))
    _note_swap(notes, host, memory)
    disabled = host.flag("OomKillDisable")
    if disabled is None:
        not_told(notes, f"{path}.oom_kill_disabled", host, "OomKillDisable")
    else:
        notes.fact(f"{path}.oom_kill_disabled", disabled, host.source("OomKillDisable"))


def _note_swap(notes: Notes, host: Answer, memory: int | None) -> None:
    """Note the swap beyond the memory limit; the answer counts both together."""
    path, both = "container.limits.swap", host.number("MemorySwap")
    source = host.source("MemorySwap")
    if memory is None or both is None:
        not_told(notes, path, host, "Memory or MemorySwap")
        return
    if both == 0 and memory > 0 and host.engine == "docker":
        both, source = 2 * memory, f"engine default: {source} is 0, twice the memory"
    # NOTE: podman fills that default in when it creates; its 0 is what it makes of -1.
    limited = both > 0 and memory > 0
    notes.fact(f"{path}.set", limited, source)
    if limited:
        notes.fact(f"{path}.bytes", max(both - memory, 0), source)


def _note_pids(notes: Notes, host: Answer) -> None:
    pids, path = host.number("PidsLimit"), "container.limits.pids"
    if pids is None:
        not_told(notes, f"{path}.set", host, "PidsLimit")
        return
    notes.fact(f"{path}.set", pids > 0, host.source("PidsLimit"))
    if pids > 0:
        notes.fact(f"{path}.count", pids, host.source("PidsLimit"))


def _note_cpu(notes: Notes, host: Answer, defaults: EngineDefaults) -> None:
    quota, nano = host.number("CpuQuota"), host.number("NanoCpus")
    if quota is None and nano is None:
        not_told(notes, f"{_CPU}.set", host, "CpuQuota")
    else:
        share = (nano or 0) // 1_000_000
        if share <= 0 and quota is not None and quota > 0:
            share = quota * 1000 // (host.number("CpuPeriod") or _PERIOD)
        source = host.source("CpuQuota, NanoCpus")
        notes.fact(f"{_CPU}.set", (quota or 0) > 0 or (nano or 0) > 0, source)
        if share > 0:
            notes.fact(f"{_CPU}.millicores", share, source)
    cpus, path = host.text("CpusetCpus"), f"{_CPU}.pinned"
    if cpus is None:
        not_told(notes, path, host, "CpusetCpus")
    elif cpus == "":
        notes.fact(path, False, f"engine default: {host.source('CpusetCpus')} is empty")
    elif (count := count_cpus(cpus)) is None or not defaults.cpus:
        detail = f"{host.source('CpusetCpus')} is {cpus}, and how many there are is not known"
        unreliable(notes, path, detail)
    else:
        notes.fact(path, count < defaults.cpus, f"{host.source('CpusetCpus')}, info NCPU")


def count_cpus(text: str) -> int | None:
    """Return how many CPUs a list such as `0-2,8` names, None if it is no such list."""
    named: int = 0
    for entry in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*", entry)
        if match is None:
            return None
        named += int(match[2] or match[1]) - int(match[1]) + 1
    return named


def _note_realtime(notes: Notes, host: Answer) -> None:
    path, named = f"{_CPU}.realtime", _ulimits(host)
    budget = host.number("CpuRealtimeRuntime")
    if named is None or budget is None:
        not_told(notes, path, host, "CpuRealtimeRuntime or Ulimits")
        return
    granted = budget > 0 or named.get("rtprio", 0) != 0
    notes.fact(path, granted, host.source("CpuRealtimeRuntime, Ulimits"))


def _note_block_io(notes: Notes, host: Answer) -> None:
    path = "container.limits.block_io.set"
    lists = [host.objects(key) for key in _BLOCK_IO]
    if any(one is None for one in lists):
        not_told(notes, path, host, "BlkioDevice*")
        return
    limited = any((entry.number("Rate") or 0) > 0 for one in lists for entry in one or [])
    notes.fact(path, limited, host.source("BlkioDevice*"))


def _note_group(notes: Notes, host: Answer, defaults: EngineDefaults) -> None:
    parent, path = host.text("CgroupParent"), "container.cgroup.own"
    if parent is None:
        not_told(notes, "container.cgroup", host, "CgroupParent")
        return
    notes.fact("container.cgroup.parent", parent, host.source("CgroupParent"))
    if host.engine != "docker":
        unreliable(notes, path, f"--cgroups: {_PODMAN_SILENT}")
    elif defaults.rootless or not defaults.known:
        unreliable(notes, path, "a rootless engine need not be able to make control groups")
    else:
        notes.fact(path, True, "engine default: docker makes one for each container")


def _note_restart(notes: Notes, host: Answer) -> None:
    policy = host.below("RestartPolicy")
    name, retries = policy.text("Name"), policy.number("MaximumRetryCount")
    if name is None:
        not_told(notes, "container.restart", host, "RestartPolicy")
    else:
        notes.fact("container.restart", name or "no", host.source("RestartPolicy.Name"))
    if retries is None:
        not_told(notes, "container.restart_retries", policy, "MaximumRetryCount")
    else:
        notes.fact("container.restart_retries", retries, policy.source("MaximumRetryCount"))
