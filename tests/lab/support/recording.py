"""Records the lab: every labelled target and the host, through the pipeline of a real run.

What is no matter of the lab never reaches a tape: other processes, other engines' mounts, this
machine's connections and its name. The transports redact what an engine or libvirt says; command
lines, which no fact holds, are redacted here. The folder and the sockets of one run of the lab are
called by lasting names, so that addresses on the tapes are the usual ones, `docker:isolab-plain`.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from support import labels, processes, replaying
from support.folder import BASE

from isoaudit.audit import Request, collect
from isoaudit.audit.common import Limits
from isoaudit.probes.host import HostProbe
from isoaudit.probes.host.kernel import relevant_words
from isoaudit.probes.table import Opened
from isoaudit.targets.address import parse
from isoaudit.transports.libvirt_redaction import redact_arguments
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import Tape, record

HOST_NAME = "isolab-host"
_USUAL = {
    "docker": ("unix://{folder}/docker.sock", "unix:///var/run/docker.sock"),
    "podman": ("unix://{folder}/podman.sock", "unix:///run/podman/podman.sock"),
    "libvirt": ("qemu:///system?socket={folder}/run/libvirt-sock", "qemu:///system"),
}
_HOST_MOUNTS = re.compile(r"/|/(proc|sys|dev|run)|/(dev|sys/fs)/.*")
_ELSEWHERE = re.compile(r"/(var/lib/docker|run/docker/netns|run/netns|mnt|var/isolab)(/|$)")
_INSTEAD = {
    "/proc/sys/kernel/hostname": f"{HOST_NAME}\n",
    "/proc/1/comm": "init\n",
    "/proc/1/cmdline": "/sbin/init\0",
}
_SOCKET_TABLES = {"/net/tcp": 9, "/net/tcp6": 9, "/net/unix": 6}  # the column of the inode
_SECONDS = 60.0


class Lab(Protocol):
    """A running engine of the lab."""

    @property
    def folder(self) -> Path:
        """Where everything lies that the engine makes."""
        ...


def write(engine: str, lab: Lab) -> None:
    """Record an engine of the lab, and collect the sample evidence anew."""
    uri, usual = _USUAL[engine]
    uri = uri.format(folder=lab.folder)
    tapes: dict[str, Tape] = {"api": {}, "files": {}}
    files = record(LabFiles(lab.folder), tapes["files"])
    api = _recorded_api(engine, uri, tapes["api"])
    openers = {
        "host": lambda: Opened(HostProbe(files)),
        engine: lambda: replaying.opened(engine, api, files),
    }
    with replaying.in_place(**openers):
        addresses = [parse("host"), parse(f"{engine}:isolab-*")]
        bundle = collect(Request(addresses, (), Limits(2, _SECONDS)), "")
    if bundle.errors:
        raise processes.LabError(f"not recorded: {bundle.errors[0].message}")
    text = json.dumps(tapes, sort_keys=True, separators=(",", ":"))
    text = text.replace(uri, usual).replace(str(lab.folder), str(BASE / engine))
    leaked = [secret for secret in labels.PLANTED_SECRETS if secret in text]
    if leaked:
        raise processes.LabError(f"not recorded: {leaked} would be on the tape")
    _keep(engine, gzip.compress(text.encode(), mtime=0))


def _keep(engine: str, data: bytes) -> None:
    """Write the tapes whole, and the sample from the latest of all engines."""
    replaying.TAPES.mkdir(exist_ok=True)
    lock = os.open(replaying.TAPES, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the engines are recorded side by side
        replaying.tape_file(engine).write_bytes(data)
        replaying.tapes.cache_clear()
        if all(map(Path.exists, map(replaying.tape_file, replaying.SAMPLED))):
            replaying.write_sample()
    finally:
        os.close(lock)


def _recorded_api(engine: str, uri: str, tape: Tape) -> Any:
    if engine == "libvirt":
        from isoaudit.transports import libvirt

        return record(_LabLibvirt(libvirt.connect(uri)), tape, ("uri", "local"))
    from isoaudit.transports import docker

    api = _LabEngine(docker.connect(uri, _SECONDS))
    return record(api, tape, ("endpoint", "engine", "local"))


class LabFiles(LocalFiles):
    """This machine's files, with the processes, mounts and listeners of one engine of the lab."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = str(folder)
        self._pids = {1, 2} | processes.naming(self._folder)

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder; of /proc the lab's processes and the first two."""
        names = super().list_names(path)
        if path != "/proc":
            return names
        return [name for name in names if not name.isdecimal() or int(name) in self._pids]

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text without what is not the lab's."""
        text = super().read_text(path, limit)
        if path in _INSTEAD:
            return _INSTEAD[path]
        if path.startswith("/proc/"):
            return self._process_text(path, text)
        if path.startswith("/etc/libvirt/"):
            return _only(text, lambda line: not line.startswith("#"))
        if path in ("/etc/passwd", "/etc/group"):
            return _without_people(path, text)
        return text

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
            return _only(text, lambda line: self._is_ours(line.split(" ")[4], host=host))
        for name, column in _SOCKET_TABLES.items():
            if path.endswith(name):
                head, *rows = text.splitlines(keepends=True)
                kept = [row for row in rows if row.split()[column] in self._sockets]
                return "".join([head, *kept])
        return text

    def _is_ours(self, point: str, *, host: bool) -> bool:
        if self._folder in point:
            return True
        if host:
            return _HOST_MOUNTS.fullmatch(point) is not None
        return _ELSEWHERE.search(point) is None

    @cached_property
    def _sockets(self) -> set[str]:
        """The inodes of the sockets that the lab's processes hold."""
        found = set()
        for pid in self._pids - {1, 2}:
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                link = os.readlink(entry) if entry.is_symlink() else ""
                found.update(re.findall(r"socket:\[(\d+)\]", link))
        return found


class _LabEngine:
    """The lab's container engine without this machine's name and the registries it knows."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def info(self) -> dict[str, Any]:
        """Return the answer of GET /info; of the registries only whether one is insecure."""
        answer = {key: value for key, value in self._api.info().items() if key not in _DROPPED}
        registries = answer.get("RegistryConfig")
        if isinstance(registries, dict):
            ranges = registries.get("InsecureRegistryCIDRs")
            answer["RegistryConfig"] = {"InsecureRegistryCIDRs": ranges, "IndexConfigs": {}}
        return answer | {"Name": HOST_NAME}

    def containers(self) -> list[dict[str, Any]]:
        """Return the labelled containers' entries."""
        found: list[dict[str, Any]] = self._api.containers()
        return [entry for entry in found if entry["Names"][0].startswith("/isolab-")]


class _LabLibvirt:
    """The lab's libvirt without this machine's name."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def version(self) -> dict[str, Any]:
        """Return the versions."""
        return {**self._api.version(), "hostname": HOST_NAME}


_DROPPED = frozenset({"IndexServerAddress", "Registries", "HttpProxy", "HttpsProxy", "NoProxy"})


def _without_people(path: str, text: str) -> str:
    """Return an account file without the accounts and members that a system does not make."""
    system = _only(text, lambda line: not 1000 <= int(line.split(":")[2]) < 60_000)
    return re.sub(r":[^:\n]*$", ":", system, flags=re.M) if path == "/etc/group" else system


def _outside(text: str) -> str:
    """Return a cgroup file in which the group that the tests run in is the top of its hierarchy."""
    own = dict(_group(line) for line in Path("/proc/self/cgroup").read_text().splitlines())
    groups = [_group(line) for line in text.splitlines()]
    return "".join(f"{top}/{'' if own.get(top) == path else path[1:]}\n" for top, path in groups)


def _group(line: str) -> tuple[str, str]:
    number, controllers, path = line.split(":", 2)
    return f"{number}:{controllers}:", path


def _only(text: str, wanted: Callable[[str], bool]) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if wanted(line))
