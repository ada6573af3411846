"""What a volume of the engine's own driver shows of the host, by the options it is made with.

The driver hands `type`, `device` and `o` to mount(2) in the engine's own namespaces. Sources:
docs.docker.com (docker volume create, driver-specific options), podman-volume-create(1), mount(8).
"""

from __future__ import annotations

from isoaudit.probes.file_systems import HOSTS_OWN
from isoaudit.probes.writers import normal

FILE_SYSTEM = "its options mount a file system: which files of the host those are, is not known"
"""Why it is not known what such a volume shows."""

_BINDS = frozenset({"", "none", "bind", "rbind"})
_NO_HOST = frozenset({"tmpfs", "ramfs"})
_REMOTE = frozenset({"nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "9p",
                     "davfs", "fuse.sshfs", "sshfs", "lustre", "afs"})  # fmt: skip
_OF_THE_HOST = {
    **HOSTS_OWN,
    "cgroup": "/sys/fs/cgroup",
    "cgroup2": "/sys/fs/cgroup",
    "proc": "/proc",
    "sysfs": "/sys",
}
"""File systems that are the host's where the engine mounts them, in namespaces that are its own."""


def shown_path(kind: str, options: str, device: str) -> str | None:
    """Return the host path that such a volume shows.

    "" if it shows nothing of the host, None if it may show any of it: a disk, an overlay, a path
    relative to where the engine happens to run.
    """
    kind = kind.strip().lower()
    if kind in _BINDS or not {"bind", "rbind"}.isdisjoint(options.split(",")):
        if device.startswith("/"):
            return normal(device)
        return "" if ":" in device else None
    if kind in _OF_THE_HOST:
        return _OF_THE_HOST[kind]
    return "" if kind in _NO_HOST | _REMOTE else None
