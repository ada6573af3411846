"""What dockerd does by its options where its API does not tell: filters, defaults, endpoints.

Sources: dockerd(8); the release notes of Docker Engine 19.03 (IPC is private), 20.10 (control group
namespaces), 27.0 (ip6tables is on), 28.0 (packets for unpublished ports are dropped), 28.0.2
(DOCKER_INSECURE_NO_IPTABLES_RAW), 28.2 (allow-direct-routing).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from isoaudit.model import Reason, Vantage
from isoaudit.probes.addresses import is_loopback
from isoaudit.probes.advisories import Version, parse
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.engine_networks import default_bridge_traffic
from isoaudit.probes.docker.engine_options import Options
from isoaudit.probes.docker.options import read_defaults
from isoaudit.transports import Files, Unreadable

_NO_RAW = "DOCKER_INSECURE_NO_IPTABLES_RAW"
_PRIVATE_IPC = (19, 3, 0, 0)
_IP6TABLES = (27, 0, 0, 0)
_GUARDED = (28, 0, 0, 0)
_BOUNDED_LOGS = frozenset({"local"})
_FILE_LOGS = frozenset({"json-file", "local"})

_BY_OPTIONS = (
    "iptables",
    "ip6tables",
    "userland_proxy",
    "default_ipc_mode",
    "default_cgroup_namespace",
    "default_ulimits",
    "log_limited",
    "service_addresses",
    "exposed_addresses",
    "direct_routing",
)


class Told(NamedTuple):
    """The answers of a dockerd that its settings show in, and its options or why not."""

    version: dict[str, Any]
    info: dict[str, Any]
    networks: list[dict[str, Any]] | Unreadable
    options: Options | Unreadable


def note_settings(notes: Notes, told: Told, files: Files | None) -> None:
    """Note the settings of a dockerd; those that only its options tell are missing without them."""
    options, info = told.options, told.info
    _note_traffic(notes, options, told.networks)
    _note_new_privileges(notes, options, info)
    if isinstance(options, Unreadable):
        for name in _BY_OPTIONS:
            notes.lacks(options.missing(f"engine.{name}", Vantage.ENGINE))
        return
    release = _release(told.version)
    for path, name in (
        ("engine.iptables", "iptables"),
        ("engine.userland_proxy", "userland-proxy"),
    ):
        notes.fact(path, *options.flag(name, True))
    _note_by_release(notes, options, info, release)
    _note_limits(notes, options, info)
    _note_metrics(notes, options)
    _note_direct_routing(notes, options, release, files)


def _release(version: dict[str, Any]) -> Version | None:
    try:
        return parse(str(version.get("Version")))
    except ValueError:
        return None


def _note_traffic(
    notes: Notes, options: Options | Unreadable, networks: list[dict[str, Any]] | Unreadable
) -> None:
    """Note whether containers of the default bridge reach each other: as it is, else as told."""
    path = "engine.inter_container_traffic"
    if not isinstance(networks, Unreadable):
        notes.fact(path, *default_bridge_traffic(networks))
    elif isinstance(options, Unreadable):
        notes.lacks(options.missing(path, Vantage.ENGINE))
    else:
        notes.fact(path, *options.flag("icc", True))


def _note_new_privileges(notes: Notes, options: Options | Unreadable, info: dict[str, Any]) -> None:
    path = "engine.no_new_privileges"
    if "no-new-privileges" in read_defaults(info).options:
        notes.fact(path, True, "info SecurityOptions")
    elif isinstance(options, Unreadable):
        notes.lacks(options.missing(path, Vantage.ENGINE))
    else:
        notes.fact(path, *options.flag("no-new-privileges", False))


def _note_by_release(
    notes: Notes, options: Options, info: dict[str, Any], release: Version | None
) -> None:
    """Note the settings whose defaults changed: without the release there is no default."""
    cgroups = {"1": "host", "2": "private"}.get(str(info.get("CgroupVersion")))
    ipc = "private" if release and release >= _PRIVATE_IPC else None
    ip6tables = None if release is None else release >= _IP6TABLES
    settings: tuple[tuple[str, str, type[bool | str], bool | str | None], ...] = (
        ("ip6tables", "engine.ip6tables", bool, ip6tables),
        ("default-ipc-mode", "engine.default_ipc_mode", str, ipc),
        ("default-cgroupns-mode", "engine.default_cgroup_namespace", str, cgroups),
    )
    for name, path, kind, default in settings:
        found = options.settings.get(name)
        set_to: bool | str | None = found.value if found is not None else None
        if found is not None and set_to is not None and isinstance(set_to, kind):
            notes.fact(path, set_to, found.source)
        elif default is not None:
            source = f"{options.source}: no {name}, the default of this release"
            notes.fact(path, default, source)
        else:
            detail = f"{options.source}: no {name}, and this release's default is not known"
            notes.missing(path, Reason.NOT_SUPPORTED, detail)


def _note_limits(notes: Notes, options: Options, info: dict[str, Any]) -> None:
    """Note the default ulimits, and whether the logs of containers can fill the disk."""
    limits = options.table("default-ulimits")
    notes.fact("engine.default_ulimits", sorted(map(_ulimit, limits.value.items())), limits.source)
    driver = info.get("LoggingDriver")
    if driver not in _FILE_LOGS:
        return
    given = options.table("log-opts")
    limited = driver in _BOUNDED_LOGS or "max-size" in given.value
    notes.fact("engine.log_limited", limited, f"info LoggingDriver, {given.source}")


def _ulimit(entry: tuple[str, Any]) -> str:
    """Return `nofile=1024:4096`: the file writes an object, the command line that very text."""
    name, value = entry
    if isinstance(value, dict):
        value = f"{value.get('Soft', '')}:{value.get('Hard', '')}"
    return f"{name}={value}"


def _note_metrics(notes: Notes, options: Options) -> None:
    address, source = options.text("metrics-addr", "")
    listed = [f"metrics {address}"] if address else []
    notes.fact("engine.service_addresses", listed, source)
    exposed = [] if address and is_loopback(address) else listed
    notes.fact("engine.exposed_addresses", exposed, source)


def _note_direct_routing(
    notes: Notes, options: Options, release: Version | None, files: Files | None
) -> None:
    """Note whether neighbours of the host may send packets straight to containers."""
    path = "engine.direct_routing"
    if release is None or release < _GUARDED:
        detail = "before Docker 28 that rests on the policy of the FORWARD chain, which is not read"
        notes.missing(path, Reason.NOT_SUPPORTED, detail, "See iptables -S FORWARD, or update.")
        return
    allowed = options.flag("allow-direct-routing", False)
    if allowed.value or files is None:
        notes.fact(path, *allowed)
        return
    try:
        skipped = files.has_variable(options.pid, _NO_RAW)
    except Unreadable as error:
        notes.lacks(error.missing(path, Vantage.ENGINE))
        return
    source = f"{allowed.source}, {_NO_RAW} is {'set' if skipped else 'not set'}"
    notes.fact(path, skipped, source)
