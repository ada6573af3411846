"""The options an engine's service was started with: its command line, its file, its sockets.

Sources: dockerd(8) (options, /etc/docker/daemon.json), podman-system-service(1), proc(5).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.services import Service, absolute, home_of, is_api_service, running
from isoaudit.probes.systemd import SYSTEM, listen_addresses, of_account
from isoaudit.transports import Files, Unreadable

CONFIG_FILE = "/etc/docker/daemon.json"
_SOCKETS = {
    "docker": "unix:///var/run/docker.sock",
    "podman": "unix:///run/podman/podman.sock",
}
_PROGRAMS = {"docker": "dockerd", "podman": "podman"}
_ON = frozenset({"true", "1", "t"})

SWITCHES = frozenset(
    {"allow-direct-routing", "debug", "experimental", "icc", "ip-forward-no-drop", "ip6tables",
     "iptables", "live-restore", "no-new-privileges", "selinux-enabled", "tls", "tlsverify",
     "userland-proxy"}
)  # fmt: skip
"""Options that are on or off, named alike on the command line and in the file."""

TEXTS = frozenset(
    {"bridge", "config-file", "containerd", "data-root", "default-cgroupns-mode",
     "default-ipc-mode", "default-runtime", "firewall-backend", "log-driver", "metrics-addr",
     "seccomp-profile", "storage-driver", "tlscacert", "tlscert", "tlskey", "userns-remap"}
)  # fmt: skip

LISTS = {
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "default-ulimit": "default-ulimits",
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "log-opt": "log-opts",
    "storage-opt": "storage-opts",
}
"""Options that may be given several times, by the name that the file knows them by."""

_SHORT = {"-H": "host", "-D": "debug", "-b": "bridge", "-s": "storage-driver"}


class Setting(NamedTuple):
    """The value of an option as its source holds it, and that source."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a service was told: addresses it listens on, settings, and where both were read.

    `unresolved` says why there may be more addresses; "" if these are all. `rootless` is whether
    it is known to run as an ordinary account; `config` its configuration file, "" for none.
    """

    pid: int
    hosts: tuple[str, ...]
    settings: Mapping[str, Setting]
    source: str
    unresolved: str = ""
    rootless: bool = False
    config: str = ""

    def flag(self, name: str, default: bool) -> Setting:
        """Return a switch, or what the service does without it."""
        found = self.settings.get(name)
        if found is not None and isinstance(found.value, bool):
            return found
        return Setting(default, f"{self.source}: no {name}, the engine's default")

    def text(self, name: str, default: str) -> Setting:
        """Return a text, or what the service takes without it."""
        found = self.settings.get(name)
        if found is not None and isinstance(found.value, str):
            return found
        return Setting(default, f"{self.source}: no {name}, the engine's default")

    def table(self, name: str) -> Setting:
        """Return a list of `name=value` or an object as a table, an empty one if it is not set."""
        found = self.settings.get(name)
        if found is None:
            return Setting({}, f"{self.source}: no {name}")
        if isinstance(found.value, dict):
            return found
        listed = found.value if isinstance(found.value, list) else []
        pairs = dict(entry.partition("=")[::2] for entry in listed if isinstance(entry, str))
        return Setting(pairs, found.source)


def service_options(files: Files, engine: str, endpoint: str) -> Options:
    """Return the options of the service that listens at an endpoint.

    Raises Unreadable if no process here listens there by its command line, or several do, or if
    its configuration file cannot be read.
    """
    found = [
        options
        for options in all_options(files, engine)
        if _socket(endpoint) in map(_socket, options.hosts)
    ]
    if len(found) == 1:
        return found[0]
    raise Unreadable(
        Reason.NOT_SUPPORTED,
        f"{len(found) or 'no'} processes here are seen to listen at {endpoint}",
        "Run isoaudit on the engine's own host, as root.",
    )


def all_options(files: Files, engine: str) -> Iterator[Options]:
    """Yield the options of every service of an engine that runs here; raises Unreadable."""
    for service in running(files, {_PROGRAMS[engine]}):
        if engine == "docker":
            yield dockerd_options(files, service)
        elif is_api_service(service.words):
            yield _podman(files, service)


def _podman(files: Files, service: Service) -> Options:
    """Return the addresses of `podman system service [options] [URI]`, which has no TLS."""
    source = f"/proc/{service.pid}/cmdline"
    hosts = tuple(word for word in service.words if word.startswith(("unix://", "tcp://")))
    if hosts:
        return Options(service.pid, hosts, {}, source, "", service.rootless)
    # Without an address it takes the sockets that systemd hands over, if there are any.
    hosts, unit, unresolved = _from_systemd(files, "podman", service)
    source = f"{source}, {unit}" if unit else source
    return Options(service.pid, hosts, {}, source, unresolved, service.rootless)


def dockerd_options(files: Files, service: Service) -> Options:
    """Return the options of a dockerd; raises Unreadable if its configuration file is."""
    line = f"/proc/{service.pid}/cmdline"
    given = list(_given(service.words[1:]))
    path = next((value for name, value in given if name == "config-file"), "")
    path = absolute(path, "dockerd") if path else _config_file(files, service)
    settings = {
        name: Setting(value, f"{path} {name}") for name, value in _config(files, path).items()
    }
    settings |= _from_command_line(given, line)
    told = settings["hosts"].value if "hosts" in settings else []
    told = [host for host in told if isinstance(host, str)] if isinstance(told, list) else []
    source, unresolved = f"{line}, {path}", ""
    hosts: list[str] = []
    for host in told or [""]:
        if host.startswith("fd:"):
            passed, unit, unresolved = _from_systemd(files, "docker", service)
            hosts += passed
            source = f"{source}, {unit}" if unit else source
        else:
            hosts.append(_address(host) if host else _usual("docker", service))
    return Options(service.pid, tuple(hosts), settings, source, unresolved, service.rootless, path)


def _from_command_line(given: list[tuple[str, str]], line: str) -> dict[str, Setting]:
    settings: dict[str, Setting] = {}
    for name, value in given:
        if name in LISTS:
            known = settings.get(LISTS[name], Setting([], ""))
            settings[LISTS[name]] = Setting([*known.value, value], f"{line} --{name}")
        else:
            told: bool | str = value.lower() in _ON if name in SWITCHES else value
            settings[name] = Setting(told, f"{line} --{name}")
    return settings


def _from_systemd(files: Files, engine: str, service: Service) -> tuple[tuple[str, ...], str, str]:
    """Return the addresses that systemd hands to an engine, the unit's files, what is unknown."""
    manager = SYSTEM
    try:
        if service.uid:
            manager = of_account(service.uid, home_of(files, service.uid))
        addresses, source = listen_addresses(files, f"{engine}.socket", manager)
    except Unreadable as error:
        told = f"its sockets come from systemd, and {error.cause}"
        return (_usual(engine, service),), "", told
    return tuple(addresses), source, ""


def _usual(engine: str, service: Service) -> str:
    """Return where an engine listens that was told nothing."""
    if not service.rootless:
        return _SOCKETS[engine]
    name = "docker.sock" if engine == "docker" else "podman/podman.sock"
    return f"unix:///run/user/{service.uid}/{name}"


def _config_file(files: Files, service: Service) -> str:
    """Return the configuration file of a dockerd that was told none; raises Unreadable."""
    if not service.uid:
        return CONFIG_FILE
    return f"{home_of(files, service.uid)}/.config/docker/daemon.json"


def _address(host: str) -> str:
    """Return a listener with its scheme: without one dockerd takes it for TCP."""
    return host if "://" in host else f"tcp://{host}"


def _given(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield `(option, value)` of a command line as Go's pflag reads it; a bare switch is true."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name in SWITCHES:
                yield name, value if equals else "true"
            elif name in TEXTS or name in LISTS:
                yield name, value if equals else next(rest, "")
        elif word[:2] in _SHORT:
            name = _SHORT[word[:2]]
            value = word[2:].removeprefix("=")
            if name in SWITCHES:
                yield name, value or "true"
            else:
                yield name, value or next(rest, "")


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
