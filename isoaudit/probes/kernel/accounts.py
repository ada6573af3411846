"""Accounts and groups of the host that the ids of a sandbox's processes belong to (passwd(5))."""

from __future__ import annotations

from functools import cached_property

from isoaudit.model import Reason
from isoaudit.probes.writers import account_names
from isoaudit.transports import Files, Unreadable

_POWERFUL = frozenset(
    {
        *("root", "docker", "podman", "disk", "kvm", "libvirt", "shadow", "adm"),
        *("systemd-journal", "lxd", "incus", "incus-admin"),
    }
)
"""Groups that open more than what their members own (vocabulary, process.host_groups)."""


class Accounts:
    """The account files of this machine. `inside` is whether isoaudit itself is in a container,
    whose files are not the host's. Every property raises Unreadable."""

    def __init__(self, files: Files, *, inside: bool) -> None:
        self._files = files
        self._inside = inside

    @cached_property
    def users(self) -> dict[int, str]:
        """Names of accounts by uid."""
        return self._read("/etc/passwd")

    @cached_property
    def powerful_groups(self) -> dict[int, str]:
        """Names of the groups that open something on the host, by gid."""
        names = self._read("/etc/group")
        return {gid: name for gid, name in {0: "root", **names}.items() if name in _POWERFUL}

    def _read(self, path: str) -> dict[int, str]:
        if self._inside:
            raise Unreadable(
                Reason.OTHER_HOST,
                f"{path} is that of the container isoaudit runs in",
                "Run isoaudit on the host itself.",
            )
        return account_names(self._files.read_text(path))
