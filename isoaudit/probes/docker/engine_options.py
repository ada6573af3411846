"""The options an engine's service was started with: its command line and configuration file.

Sources: dockerd(8) (options, /etc/docker/daemon.json), podman-system-service(1), proc(5).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.kernel.machine import Machine
from isoaudit.transports import Files, Unreadable

_DOCKER_SOCKET = "unix:///var/run/docker.sock"
_PODMAN_SOCKET = "unix:///run/podman/podman.sock"
_CONFIG_FILE = "/etc/docker/daemon.json"
_ON = frozenset({"true", "1", "t"})
_SWITCHES = frozenset({"icc", "tls", "tlsverify", "no-new-privileges"})
_SHORT = {"-H": "host"}


@dataclass(frozen=True, slots=True)
class Options:
    """Addresses and switches of a service, command line over file; `source` names both."""

    hosts: tuple[str, ...]
    switches: Mapping[str, bool]
    source: str

    def flag(self, name: str, default: bool) -> bool:
        """Return a switch, or what the service does without it."""
        return self.switches.get(name, default)


def service_options(files: Files, engine: str, endpoint: str) -> Options:
    """Return the options of the service that listens at an endpoint.

    Raises Unreadable if no process here listens there by its command line, or several do, or if
    its configuration file cannot be read.
    """
    found = []
    for pid, words in _services(files, engine):
        options = _podman(pid, words) if engine == "podman" else _docker(files, pid, words)
        if _socket(endpoint) in map(_socket, options.hosts):
            found.append(options)
    if len(found) == 1:
        return found[0]
    raise Unreadable(
        Reason.NOT_SUPPORTED,
        f"{len(found) or 'no'} processes here are seen to listen at {endpoint}",
        "Run isoaudit on the engine's own host, as root.",
    )


def _services(files: Files, engine: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the pids and command lines of all services of an engine."""
    name = "podman" if engine == "podman" else "dockerd"
    for pid in Machine(files).pids:
        try:
            if files.read_text(f"/proc/{pid}/comm").rstrip("\n") != name:
                continue
            words = files.read_text(f"/proc/{pid}/cmdline").rstrip("\0").split("\0")
        except Unreadable:
            continue
        if engine != "podman" or "service" in words:
            yield pid, words


def _podman(pid: int, words: list[str]) -> Options:
    """Return the one address `podman system service [options] [URI]` was given; it has no TLS."""
    hosts = tuple(word for word in words if word.startswith(("unix://", "tcp://")))
    return Options(hosts or (_PODMAN_SOCKET,), {}, f"/proc/{pid}/cmdline")


def _docker(files: Files, pid: int, words: list[str]) -> Options:
    given = list(_given(words[1:]))
    path = next((value for name, value in given if name == "config-file"), _CONFIG_FILE)
    config = _config(files, path)
    switches = {name: config[name] is True for name in _SWITCHES if name in config}
    switches |= {name: value.lower() in _ON for name, value in given if name in _SWITCHES}
    hosts = [value for name, value in given if name == "host"]
    listed = config.get("hosts")
    hosts += [host for host in listed if isinstance(host, str)] if isinstance(listed, list) else []
    addresses = tuple(map(_address, hosts))
    return Options(addresses or (_DOCKER_SOCKET,), switches, f"/proc/{pid}/cmdline, {path}")


def _address(host: str) -> str:
    """Return a listener with its scheme: without one dockerd takes it for TCP."""
    if host.startswith("fd:") or not host:
        return _DOCKER_SOCKET
    return host if "://" in host else f"tcp://{host}"


def _given(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield `(option, value)` of a command line as Go's pflag reads it; a bare switch is true."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if equals:
                yield name, value
            elif name in _SWITCHES:
                yield name, "true"
            elif name in {"host", "config-file"}:
                yield name, next(rest, "")
        elif word[:2] in _SHORT:
            yield _SHORT[word[:2]], word[2:].removeprefix("=") or next(rest, "")


def _config(files: Files, path: str) -> dict[str, Any]:
    """Return the configuration file, an empty one if there is none; raises Unreadable."""
    try:
        data = json.loads(files.read_text(path))
    except Unreadable as error:
        if error.absent:
            return {}
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable(Reason.PARSE_ERROR, f"{path}: not valid JSON") from error
    if not isinstance(data, dict):
        raise Unreadable(Reason.PARSE_ERROR, f"{path}: a JSON object is expected")
    return data


def _socket(uri: str) -> str:
    """Return an address in the one spelling that both sides are compared in."""
    return uri.replace("unix:///var/run/", "unix:///run/").rstrip("/")
