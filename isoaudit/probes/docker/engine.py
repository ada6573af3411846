"""The `engine.*` facts of one container engine, from its own answers and its start options.

Sources: Docker Engine API (SystemInfo, SystemVersion), dockerd(8), podman-system-service(1).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from isoaudit.model import Reason, Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.engine_options import Options, service_options
from isoaudit.probes.docker.options import EngineDefaults, read_defaults
from isoaudit.probes.docker.runc import note_runc
from isoaudit.transports import EngineApi, Files, Unreadable

_ACCESSIBLE = re.compile(r"API is accessible on (?:https?|tcp)://(\S+)")
_AS_ROOT = "Run isoaudit on the engine's own host, as root."


def engine_record(api: EngineApi, files: Files | None = None) -> Record:
    """Return the record of an engine that answers; `files` are those of this machine.

    What only its command line or configuration tells is missing for an engine elsewhere.
    """
    notes = Notes(Vantage.ENGINE)
    notes.fact("engine.name", api.engine, "version Components")
    notes.fact("engine.endpoint", api.endpoint, "address asked")
    try:
        version = api.version()
    except Unreadable as error:
        for path in ("engine.version", "engine.runc"):
            notes.lacks(error.missing(path, Vantage.ENGINE))
    else:
        _note_text(notes, "engine.version", version, "Version", "version")
        note_runc(notes, version)
    info: dict[str, Any] = {}
    try:
        info = api.info()
    except Unreadable as error:
        notes.lacks(error.missing("engine", Vantage.ENGINE))
    else:
        _note_info(notes, info, read_defaults(info), api.engine)
    _note_options(notes, api, files, info)
    return notes.record()


def _note_text(notes: Notes, path: str, answer: dict[str, Any], key: str, name: str) -> None:
    value = answer.get(key)
    if isinstance(value, str) and value:
        notes.fact(path, value, f"{name} {key}")
    else:
        notes.missing(path, Reason.NOT_SUPPORTED, f"{name} {key} is not in the engine's answer")


def _note_info(notes: Notes, info: dict[str, Any], defaults: EngineDefaults, engine: str) -> None:
    source = "info SecurityOptions"
    if defaults.known:
        notes.fact("engine.rootless", defaults.rootless, source)
        private = defaults.remap or defaults.rootless
        notes.fact("engine.user_namespace_remap", private, source)
        notes.fact("engine.seccomp_default", defaults.seccomp, source)
        notes.fact("engine.security_options", sorted(defaults.options), source)
    else:
        for name in ("rootless", "user_namespace_remap", "seccomp_default", "security_options"):
            detail = f"{source} is not in the engine's answer"
            notes.missing(f"engine.{name}", Reason.NOT_SUPPORTED, detail)
    _note_text(notes, "engine.default_runtime", info, "DefaultRuntime", "info")
    _note_text(notes, "engine.data_root", info, "DockerRootDir", "info")
    live = info.get("LiveRestoreEnabled")
    if engine == "docker" and isinstance(live, bool):
        notes.fact("engine.live_restore", live, "info LiveRestoreEnabled")
    registries = _insecure_registries(info.get("RegistryConfig"))
    if registries is None:
        detail = "info RegistryConfig is not in the engine's answer"
        notes.missing("engine.insecure_registries", Reason.NOT_SUPPORTED, detail)
    else:
        notes.fact("engine.insecure_registries", registries, "info RegistryConfig")


def _insecure_registries(config: Any) -> list[str] | None:
    """Return the registries beyond loopback that need no verified TLS, None if it is not told."""
    if not isinstance(config, dict):
        return None
    ranges, indexes = config.get("InsecureRegistryCIDRs"), config.get("IndexConfigs")
    found = [str(entry) for entry in ranges] if isinstance(ranges, list) else []
    for name, index in indexes.items() if isinstance(indexes, dict) else ():
        if isinstance(index, dict) and index.get("Secure") is False:
            found.append(str(name))
    return sorted({name for name in found if not _is_loopback(name)})


def _is_loopback(name: str) -> bool:
    """Say whether an address range or `host:port` never leaves the machine."""
    try:
        return ipaddress.ip_network(name, strict=False).is_loopback
    except ValueError:
        host = name.rpartition(":")[0] or name
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _note_options(notes: Notes, api: EngineApi, files: Files | None, info: dict[str, Any]) -> None:
    """Note what only the service's own options tell: its listeners and bridge settings."""
    paths = ["engine.tcp_listeners", "engine.tcp_unprotected"]
    if api.engine == "docker":
        paths += ["engine.inter_container_traffic", "engine.no_new_privileges"]
    default = "no-new-privileges" in read_defaults(info).options
    try:
        if files is None or not api.local:
            raise Unreadable(
                Reason.OTHER_HOST, "the engine's own options are on its host", _AS_ROOT
            )
        options = service_options(files, api.engine, api.endpoint)
    except Unreadable as error:
        _note_warnings(notes, info, error)
        for path in paths[2:3]:
            notes.lacks(error.missing(path, Vantage.ENGINE))
        if default:
            notes.fact("engine.no_new_privileges", True, "info SecurityOptions")
        elif api.engine == "docker":
            notes.lacks(error.missing("engine.no_new_privileges", Vantage.ENGINE))
        return
    _note_listeners(notes, options, info)
    if api.engine == "docker":
        notes.fact("engine.inter_container_traffic", options.flag("icc", True), options.source)
        privileges = default or options.flag("no-new-privileges", False)
        notes.fact("engine.no_new_privileges", privileges, options.source)


def _note_listeners(notes: Notes, options: Options, info: dict[str, Any]) -> None:
    listeners = {host for host in options.hosts if host.startswith("tcp://")}
    protected = options.flag("tlsverify", False)
    warned = _warned(info)
    unprotected = warned if protected else warned | listeners
    source = f"{options.source}, info Warnings" if warned else options.source
    notes.fact("engine.tcp_listeners", sorted(listeners | warned), source)
    notes.fact("engine.tcp_unprotected", sorted(unprotected), source)


def _note_warnings(notes: Notes, info: dict[str, Any], error: Unreadable) -> None:
    """Note the listeners an engine itself warns of, which need not be all that there are."""
    warned = _warned(info)
    for path in ("engine.tcp_listeners", "engine.tcp_unprotected"):
        if warned:
            notes.fact(path, sorted(warned), "info Warnings")
        else:
            notes.lacks(error.missing(path, Vantage.ENGINE))


def _warned(info: dict[str, Any]) -> set[str]:
    warnings = info.get("Warnings")
    texts = [w for w in warnings if isinstance(w, str)] if isinstance(warnings, list) else []
    found = (_ACCESSIBLE.search(text) for text in texts)
    return {f"tcp://{match[1].rstrip('.,')}" for match in found if match}
