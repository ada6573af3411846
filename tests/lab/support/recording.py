"""Records the lab: every labelled target and the host, through the pipeline of a real run.

The transports redact what an engine or libvirt says, support.own_files what the machine's files
hold. An engine of the lab is recorded as if it answered at the usual address, so that a target is
`docker:isolab-plain` whenever it is recorded.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from support import labels, replaying
from support.folder import BASE
from support.libvirt import OWN_PATHS
from support.own_files import HOST_NAME, OwnFiles

from isoaudit.audit import Request, collect
from isoaudit.audit.common import Limits
from isoaudit.probes.host import HostProbe
from isoaudit.probes.table import Opened
from isoaudit.targets.address import parse
from isoaudit.transports import docker, libvirt
from isoaudit.transports.tape import Tape, record

_SECONDS = 60.0
_DROPPED = frozenset({"IndexServerAddress", "Registries", "HttpProxy", "HttpsProxy", "NoProxy"})


@dataclass(frozen=True, slots=True)
class _Places:
    """Where an engine of the lab answers, where it usually does, and which paths are its own."""

    address: str
    usual: str
    paths: Mapping[str, str]


_PLACES = {
    "docker": _Places(
        "unix://{folder}/docker.sock",
        "unix:///var/run/docker.sock",
        {"/var/run/docker.sock": "docker.sock", "/run/docker.sock": "docker.sock"},
    ),
    "podman": _Places(
        "unix://{folder}/podman.sock",
        "unix:///run/podman/podman.sock",
        {"/run/podman/podman.sock": "podman.sock"},
    ),
    "libvirt": _Places(
        "qemu:///system?socket={folder}/run/libvirt-sock",
        "qemu:///system",
        {path: name for name, path in OWN_PATHS.items()},
    ),
}


class Lab(Protocol):
    """A running engine of the lab."""

    @property
    def folder(self) -> Path:
        """Where everything lies that the engine makes."""
        ...


def write(engine: str, lab: Lab) -> None:
    """Record an engine of the lab, and collect the sample evidence anew."""
    places = _PLACES[engine]
    uri = places.address.format(folder=lab.folder)
    tapes: dict[str, Tape] = {"api": {}, "files": {}}
    own = _AtUsualAddress(lab.folder, places, uri)
    files = record(own, tapes["files"])
    with contextlib.ExitStack() as stack:
        api = _recorded_api(engine, uri, places.usual, tapes["api"], stack)
        openers = {
            "host": lambda: Opened(HostProbe(files)),
            engine: lambda: replaying.opened(engine, api, files),
        }
        stack.enter_context(replaying.in_place(**openers))
        addresses = [parse("host"), parse(f"{engine}:isolab-*")]
        around = collect(Request(addresses, (), Limits(2, _SECONDS)), lambda _: None)
    assert around.errors == (), f"not recorded: {around.errors}"
    text = json.dumps(tapes, sort_keys=True, separators=(",", ":"))
    text = text.replace(str(lab.folder), str(BASE / engine))
    leaked = [secret for secret in labels.PLANTED_SECRETS if secret in text]
    assert leaked == [], "not recorded: a secret would be on the tape"
    _keep(engine, gzip.compress(text.encode(), mtime=0))


class _AtUsualAddress(OwnFiles):
    """The files of an engine, in whose command line it listens at the usual address."""

    def __init__(self, folder: Path, places: _Places, uri: str) -> None:
        super().__init__(folder, places.paths)
        self._uri, self._usual = uri, places.usual

    def read_text(self, path: str, limit: int = 1_048_576) -> str:
        """Return a file's text without what is not the lab's."""
        return super().read_text(path, limit).replace(self._uri, self._usual)


class _LabEngine:
    """The lab's container engine without this machine's name and the registries it knows."""

    def __init__(self, api: Any, usual: str) -> None:
        self._api, self.endpoint = api, usual

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def info(self) -> dict[str, Any]:
        """Return the answer of GET /info; of the registries only which ranges are insecure."""
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

    def __init__(self, api: Any, usual: str) -> None:
        self._api, self.uri, self.local = api, usual, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def version(self) -> dict[str, Any]:
        """Return the versions."""
        return {**self._api.version(), "hostname": HOST_NAME}


def _recorded_api(
    engine: str, uri: str, usual: str, tape: Tape, stack: contextlib.ExitStack
) -> Any:
    if engine == "libvirt":
        return record(_LabLibvirt(libvirt.connect(uri), usual), tape, ("uri", "local"))
    connection = stack.enter_context(contextlib.closing(docker.connect(uri, _SECONDS)))
    api = _LabEngine(connection, usual)
    return record(api, tape, ("endpoint", "engine", "local"))


def _keep(engine: str, data: bytes) -> None:
    """Write the tapes whole, and the sample from the latest of all engines."""
    replaying.TAPES.mkdir(exist_ok=True)
    lock = os.open(replaying.TAPES, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the engines are recorded side by side
        replaying.tape_file(engine).write_bytes(data)
        replaying.tapes.cache_clear()
        if all(replaying.tape_file(sampled).exists() for sampled in replaying.SAMPLED):
            replaying.write_sample()
    finally:
        os.close(lock)
