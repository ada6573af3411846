"""Which host paths an engine puts into a sandbox by itself, unasked."""

from __future__ import annotations

import re

from isoaudit.probes.kernel.asked import Asked
from isoaudit.probes.kernel.mountinfo import Mount

_ENGINE_PLACES = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/shm", "/run/.containerenv"}  # noqa: S108
)
_NODES = frozenset(
    {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
)
"""What every container has; in a user namespace none can be made, so runtimes bind the host's."""

_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")


def is_engines(mount: Mount, path: str | None, asked: Asked) -> bool:
    """Say whether the engine put a host path there unasked (resolv.conf, hosts, shm, null).

    Its own folder for a container carries that one's id, which nobody can know before it is made.
    A container that joins another's network gets the other's files, at the usual places only. With
    the host's IPC namespace the host's /dev/shm is bound, with a user namespace the device nodes
    that every container has (runc, createDeviceNode).
    """
    if path is None or mount.point in asked.binds:
        return False
    names = path.split("/")
    if asked.container and asked.container in names:
        return True
    if path in _NODES:
        # Over a file of /proc or /sys the null device hides it.
        return mount.point == path or (path == "/dev/null" and is_kernels(mount.point))
    if mount.point not in _ENGINE_PLACES:
        return False
    return path == mount.point == "/dev/shm" or any(  # noqa: S108 - the name of a mount
        _CONTAINER_ID.fullmatch(name) for name in names
    )


def is_kernels(point: str) -> bool:
    """Say whether a mount lies below /proc or /sys."""
    return point.startswith(("/proc/", "/sys/"))
