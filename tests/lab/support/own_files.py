"""This machine's files as far as they are one engine's of the lab: what a recording may hold.

Other processes, other engines' mounts, this machine's connections, people's accounts and its name
are left out before anything is recorded; command lines, which no fact holds, are redacted.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from support import processes

from isoaudit.probes.host.kernel import relevant_words
from isoaudit.transports.base import FileStat, ProcessFiles
from isoaudit.transports.libvirt_redaction import redact_arguments, redact_xml
from isoaudit.transports.local import LocalFiles

HOST_NAME = "isolab-host"
_INSTEAD = {
    "/proc/sys/kernel/hostname": f"{HOST_NAME}\n",
    "/proc/1/comm": "init\n",
    "/proc/1/cmdline": "/sbin/init\0",
}
_SOCKET_TABLES = {"/net/tcp": 9, "/net/tcp6": 9, "/net/unix": 6}
"""Tables of sockets, with the column that holds the inode (proc_net(5))."""

_CONTAINER = re.compile(r"[0-9a-f]{64}")
_HOST_MOUNTS = re.compile(r"/|/(proc|sys|dev|run)|/(dev|sys/fs)/.*")
_ELSEWHERE = re.compile(r"/(var/lib/docker|run/docker/netns|run/netns|mnt|var/isolab)(/|$)")


class OwnFiles(LocalFiles):
    """The files of this machine, with the processes, mounts and sockets of one engine.

    `folder` is where the engine keeps all that is its own; a path that begins with a key of
    `paths` leads to the value below that folder, as it does for the engine or its clients.
    """

    def __init__(self, folder: Path, paths: Mapping[str, str]) -> None:
        super().__init__()
        self._folder = str(folder)
        self._paths = {usual: f"{folder}/{own}" for usual, own in paths.items()}
        own = processes.naming(self._folder)
        self._pids = {1, 2} | own | _in_groups_of(own)

    def read_link(self, path: str) -> str:
        """Return where a symbolic link points, or what a /proc link says."""
        return super().read_link(self._place(path))

    def stat(self, path: str) -> FileStat:
        """Return what a path is, symbolic links followed."""
        return super().stat(self._place(path))

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder; of /proc the engine's processes and the first two."""
        names = super().list_names(self._place(path))
        if path != "/proc":
            return names
        return [name for name in names if not name.isdecimal() or int(name) in self._pids]

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text without what is not the lab's."""
        text = super().read_text(self._place(path), limit)
        if path in _INSTEAD:
            return _INSTEAD[path]
        if path.startswith("/proc/"):
            return self._process_text(path, text)
        if path.startswith("/etc/libvirt/"):
            return _without_comments(text) if path.endswith(".conf") else redact_xml(text)
        if path in ("/etc/passwd", "/etc/group"):
            return _without_people(path, text)
        return text

    def read_process(
        self, pid: int, texts: Sequence[str], links: Sequence[str], limit: int = 65_536
    ) -> ProcessFiles:
        """Return a process's files without what is not the lab's."""
        read = super().read_process(pid, texts, links, limit)
        for name in set(texts) & set(read["values"]):
            text = read["values"][name]
            read["values"][name] = self._process_text(f"/proc/{pid}/{name}", text)
        return read

    def read_gzip(self, path: str, limit: int = 1_048_576) -> str:
        """Return the options of the kernel that are set, which are the shorter half."""
        return _without_comments(super().read_gzip(path, limit))

    def _place(self, path: str) -> str:
        for usual, own in self._paths.items():
            if path == usual or path.startswith(f"{usual}/"):
                return own + path.removeprefix(usual)
        return path

    def _process_text(self, path: str, text: str) -> str:
        """Return a file below /proc without secrets and without other groups, mounts, sockets."""
        if path == "/proc/cmdline":
            return " ".join(relevant_words(text)) + "\n"
        if path.endswith("/cmdline"):
            return "\0".join(redact_arguments(text.split("\0")))
        if path.endswith("/cgroup"):
            return _outside(text)
        if path.endswith("/mountinfo"):
            host = path in ("/proc/1/mountinfo", "/proc/self/mountinfo")
            return _only(text, lambda line: self._is_own(line.split(" ")[4], host=host))
        for name, column in _SOCKET_TABLES.items():
            if path.endswith(name):
                head, *rows = text.splitlines(keepends=True)
                return head + "".join(r for r in rows if r.split()[column] in self._sockets)
        return text

    def _is_own(self, point: str, *, host: bool) -> bool:
        if self._folder in point:
            return True
        if host:
            return _HOST_MOUNTS.fullmatch(point) is not None
        return _ELSEWHERE.search(point) is None

    @cached_property
    def _sockets(self) -> set[str]:
        """The inodes of the sockets that the engine's processes hold."""
        entries: list[Path] = []
        for pid in self._pids - {1, 2}:
            with contextlib.suppress(OSError):  # it has ended
                entries += Path(f"/proc/{pid}/fd").iterdir()
        links: list[str] = []
        for entry in entries:
            with contextlib.suppress(OSError):  # it was closed
                links.append(os.readlink(entry))
        return {link[8:-1] for link in links if link.startswith("socket:[")}


def _links(folder: Path) -> Iterator[str]:
    """Yield where the links in a folder of /proc lead, save those that are gone meanwhile."""
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            with contextlib.suppress(OSError):
                yield os.readlink(entry)


def _in_groups_of(pids: set[int]) -> set[int]:
    """Return the processes in the control groups of containers that these are in.

    What was executed in a container has no parent in it.
    """
    containers = {name for pid in pids for name in _containers(pid)}
    everyone = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return {pid for pid in everyone if not containers.isdisjoint(_containers(pid))}


def _containers(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return _CONTAINER.findall(Path(f"/proc/{pid}/cgroup").read_text())
    return []


def _without_comments(text: str) -> str:
    return _only(text, lambda line: bool(line.strip()) and not line.startswith("#"))


def _without_people(path: str, text: str) -> str:
    """Return an account file without the accounts and members that a system does not make."""
    system = _only(text, lambda line: not 1000 <= int(line.split(":")[2]) < 60_000)
    return re.sub(r":[^:\n]*$", ":", system, flags=re.MULTILINE) if "group" in path else system


def _outside(text: str) -> str:
    """Return a cgroup file in which the group that the tests run in is the top of its hierarchy."""
    own = dict(_group(line) for line in Path("/proc/self/cgroup").read_text().splitlines())
    groups = [_group(line) for line in text.splitlines()]
    return "".join(f"{top}{'/' if own.get(top) == path else path}\n" for top, path in groups)


def _group(line: str) -> tuple[str, str]:
    number, controllers, path = line.split(":", 2)
    return f"{number}:{controllers}:", path


def _only(text: str, wanted: Callable[[str], bool]) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if wanted(line))
