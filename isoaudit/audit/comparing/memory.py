"""Memory that a workload takes of its host: a container by its control group, a VM by its VMM.

Sources: cgroups(7), Documentation/admin-guide/cgroup-v1/memory, proc_pid_smaps(5) and _stat(5).
"""

from __future__ import annotations

import os
from pathlib import Path

from isoaudit.audit.comparing.measures import Measure

_ROOT = "/sys/fs/cgroup"
_KIB = 1024
_KEEPERS = ("containerd-shim", "conmon")
"""Who waits for a container as long as it runs, by the beginning of its name."""


def of_control_group(pid: int) -> Measure:
    """Return what a process's memory control group holds, without file pages nobody uses.

    Raises OSError or ValueError for one that cannot be read.
    """
    groups = [line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    for _, controllers, path in groups:
        if "memory" in controllers.split(","):
            folder = f"{_ROOT}/memory{path}"
            used = int(Path(folder, "memory.usage_in_bytes").read_text())
            return Measure(used - _stat(folder, "total_inactive_file"), "cgroup")
    unified = [path for _, controllers, path in groups if not controllers]
    if not unified:
        raise ValueError("no memory control group")
    folder = f"{_ROOT}{unified[0]}"
    used = int(Path(folder, "memory.current").read_text())
    return Measure(used - _stat(folder, "inactive_file"), "cgroup")


def _stat(folder: str, name: str) -> int:
    for line in Path(folder, "memory.stat").read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def of_process(pid: int) -> Measure:
    """Return a process's share of memory (Pss), its part of shared pages counted."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return Measure(int(line.split()[1]) * _KIB, "Pss")
    raise ValueError("no Pss in smaps_rollup")


def of_keeper(pid: int) -> Measure:
    """Return what the process that waits for a container takes, by the container's first process.

    One that keeps several (a pod's) counts with its part. Raises ValueError where there is none.
    """
    parent = int(_fields(pid)[1])
    name = Path(f"/proc/{parent}/comm").read_text().strip()
    if not name.startswith(_KEEPERS):
        raise ValueError("what waits for it is not known")
    found = of_process(parent)
    kept = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return Measure((found.value or 0) / max(1, len(kept)), name)


def available() -> int:
    """Return the memory of this host that new workloads could take, in bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * _KIB
    raise ValueError("no MemAvailable in /proc/meminfo")


def age_of(pid: int) -> float:
    """Return for how many seconds a process has run."""
    started = int(_fields(pid)[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


def _fields(pid: int) -> list[str]:
    """Return what stands in a process's stat from its state on."""
    # NOTE: the name in parentheses may hold anything; what follows the last one does not.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def boot_id() -> str:
    """Return what tells this boot of this kernel from every other, "" if it cannot be read."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
