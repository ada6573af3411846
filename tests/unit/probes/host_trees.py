"""Small hosts in a folder, for the tests of the host probe."""

from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path
from typing import Any

from isoaudit.model import FactSet, Reason
from isoaudit.probes.host import HostProbe
from isoaudit.transports.base import Files, FileStat, Unreadable
from isoaudit.transports.local import LocalFiles

BASE = {
    "/proc/sys/kernel/hostname": "node\n",
    "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
    "/proc/sys/kernel/version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)\n",
    "/proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet\n",
    "/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vmx lm\n",
    "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "/proc/1/comm": "systemd\n",
    "/sys/kernel/mm/ksm/run": "0\n",
    "/sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor\n",
    "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    "/sys/module/apparmor/parameters/enabled": "Y\n",
    "/dev/null": "",
    "/etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
    "/etc/group": "root:x:0:\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
}


class Locked:
    """Files of which some are refused, as they are to whoever is not root."""

    def __init__(self, files: Files, *paths: str) -> None:
        self._files = files
        self._paths = paths

    def _check(self, path: str) -> None:
        if self._paths and path.startswith(self._paths):
            raise Unreadable(
                Reason.PERMISSION_DENIED, f"{path}: permission denied", "Run isoaudit as root."
            )

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        self._check(path)
        return self._files.read_text(path, limit)

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        self._check(path)
        return self._files.read_gzip(path, limit)

    def read_link(self, path: str) -> str:
        self._check(path)
        return self._files.read_link(path)

    def list_names(self, path: str) -> list[str]:
        self._check(path)
        return self._files.list_names(path)

    def stat(self, path: str) -> FileStat:
        self._check(path)
        return self._files.stat(path)

    def read_paragraph(self, path: str, first: str) -> str:
        self._check(path)
        return self._files.read_paragraph(path, first)

    def has_variable(self, pid: int, name: str) -> bool:
        self._check(f"/proc/{pid}/environ")
        return self._files.has_variable(pid, name)


class Owned(Locked):
    """Files that belong to root but for some: the tests may not be root, and cannot give away."""

    def __init__(self, files: Files, **owners: tuple[int, int]) -> None:
        super().__init__(files)
        self._owners = owners

    def stat(self, path: str) -> FileStat:
        seen = super().stat(path)
        name = path.rpartition("/")[2].replace(".", "_")
        uid, gid = self._owners.get(name, (0, 0))
        return FileStat({**seen, "uid": uid, "gid": gid})


def tree(root: Path, files: dict[str, str | None] | None = None) -> LocalFiles:
    """Write BASE and `files` below `root`; None leaves a file of BASE out."""
    for path, text in {**BASE, **(files or {})}.items():
        if text is not None:
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return LocalFiles(str(root))


def built_with(root: Path, options: str) -> None:
    """Write /proc/config.gz below `root`: the options, as `USER_NS=y KEXEC=n`."""
    lines = ["#", "# Linux/x86 6.1.76 Kernel Configuration", "#"]
    for word in options.split():
        name, _, value = word.partition("=")
        lines.append(f"# CONFIG_{name} is not set" if value == "n" else f"CONFIG_{name}={value}")
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/config.gz").write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))


def bind_socket(root: Path, path: str, mode: int) -> None:
    """Make a Unix socket below `root`; its name may be longer than an address can be."""
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(target.parent)
        try:
            server.bind(target.name)
        finally:
            os.chdir(here)
    target.chmod(mode)


def collect(files: Files) -> FactSet:
    """Return what the host probe sees."""
    probe = HostProbe(files)
    return probe.collect(probe.find()[0])


def value(facts: FactSet, path: str) -> Any:
    """Return the strongest value of a path."""
    return facts.facts[path][0].value


def records(facts: FactSet, part: str) -> list[dict[str, Any]]:
    """Return a part's records as plain values, by field names without the part's."""
    return [
        {path.partition(".")[2]: fact.value for path, fact in record.facts.items()}
        for record in facts.parts[part][0].records
    ]


def reason(facts: FactSet, path: str) -> Reason:
    """Return why a path is missing; it must not have a value too."""
    assert path not in facts.facts
    return facts.missing[path][0].reason
