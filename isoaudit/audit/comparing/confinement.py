"""What confines a container more than its engine would, as options for a copy of it.

A copy runs the same code as its original, so it must not be less confined: what takes something
away is kept. What loosens (capabilities beyond the engine's own, unconfined profiles, namespaces
of the host) is not. Source: Docker Engine API, HostConfig.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from isoaudit.probes.defaults import DOCKER_CAPABILITIES

_SWITCHED_OFF = frozenset({"unconfined", "disable", "false", "nested"})
_NAMESPACES_SHARED = ("", "host")
_LIMITS = {
    "Memory": "mem_limit",
    "MemorySwap": "memswap_limit",
    "NanoCpus": "nano_cpus",
    "CpuQuota": "cpu_quota",
    "CpuPeriod": "cpu_period",
    "CpusetCpus": "cpuset_cpus",
    "PidsLimit": "pids_limit",
}


def confinement(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `containers.create` that confine a copy as a HostConfig does."""
    dropped = _capabilities(settings.get("CapDrop"))
    added = _capabilities(settings.get("CapAdd"))
    # Only what the engine gives without being asked is given back after ALL was dropped.
    given = sorted(added.intersection(DOCKER_CAPABILITIES)) if "ALL" in dropped else []
    users = str(settings.get("UsernsMode") or "")
    options: dict[str, Any] = {
        "cap_drop": sorted(dropped),
        "cap_add": given,
        "security_opt": [one for one in settings.get("SecurityOpt") or () if _confines(str(one))],
        "read_only": bool(settings.get("ReadonlyRootfs")),
        "tmpfs": dict(settings.get("Tmpfs") or {}),
        "userns_mode": "" if users in _NAMESPACES_SHARED else users,
        **{option: _limit(settings.get(name)) for name, option in _LIMITS.items()},
    }
    return {option: value for option, value in options.items() if value}


def _capabilities(names: Iterable[str] | None) -> set[str]:
    upper = (str(name).upper() for name in names or ())
    return {name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}" for name in upper}


def _limit(value: object) -> object:
    """Return a limit; none and less than none (-1) are no limit."""
    return value if not isinstance(value, int) or value > 0 else None


def _confines(option: str) -> bool:
    """Say whether a security option keeps something on: `no-new-privileges`, a profile, a label.

    It is written with `=` or `:`; what a seccomp profile says follows its `=` whole. Podman's
    `unmask` takes away what hides parts of /proc.
    """
    if option.startswith("unmask"):
        return False
    ends = [at for at in (option.find("="), option.find(":")) if at >= 0]
    return not ends or option[min(ends) + 1 :].strip().lower() not in _SWITCHED_OFF
