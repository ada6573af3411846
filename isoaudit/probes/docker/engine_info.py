"""What an engine tells of itself in GET /info.

Source: Docker Engine API (SystemInfo); podman's compatible answer.
"""

from __future__ import annotations

from typing import Any

from isoaudit.model import Reason
from isoaudit.probes.addresses import is_loopback
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.options import read_defaults

_BUILT_IN = frozenset({"io.containerd.runc.v2", "io.containerd.runtime.v1.linux"})
_DAY = 86_400 * 1_000_000_000


def note_info(notes: Notes, info: dict[str, Any], engine: str) -> None:
    """Note the facts that GET /info gives; what it should give and lacks is missing."""
    _note_defaults(notes, info)
    for path, key in (
        ("engine.default_runtime", "DefaultRuntime"),
        ("engine.data_root", "DockerRootDir"),
        ("engine.storage_driver", "Driver"),
    ):
        _note_text(notes, path, info, key)
    _note_registries(notes, info)
    _note_runtimes(notes, info)
    if engine != "docker":
        return
    _note_text(notes, "engine.log_driver", info, "LoggingDriver")
    for path, key in (
        ("engine.live_restore", "LiveRestoreEnabled"),
        ("engine.debug", "Debug"),
        ("engine.experimental", "ExperimentalBuild"),
    ):
        _note_flag(notes, path, info, key)
    _note_authorization(notes, info)
    _note_swarm(notes, info)


def authorization_plugins(info: dict[str, Any]) -> list[str] | None:
    """Return the names of the plugins that may refuse a request, None if it is not told."""
    plugins = info.get("Plugins")
    if not isinstance(plugins, dict) or "Authorization" not in plugins:
        return None
    listed = plugins["Authorization"] or []
    return sorted(str(name) for name in listed) if isinstance(listed, list) else None


def _note_defaults(notes: Notes, info: dict[str, Any]) -> None:
    source = "info SecurityOptions"
    defaults = read_defaults(info)
    if not defaults.known:
        for name in ("rootless", "user_namespace_remap", "seccomp_default", "security_options"):
            _not_told(notes, f"engine.{name}", "SecurityOptions")
        return
    notes.fact("engine.rootless", defaults.rootless, source)
    private = defaults.remap or defaults.rootless
    notes.fact("engine.user_namespace_remap", private, source)
    notes.fact("engine.seccomp_default", defaults.seccomp, source)
    notes.fact("engine.security_options", sorted(defaults.options), source)


def _note_text(notes: Notes, path: str, info: dict[str, Any], key: str) -> None:
    value = info.get(key)
    if isinstance(value, str) and value:
        notes.fact(path, value, f"info {key}")
    else:
        _not_told(notes, path, key)


def _note_flag(notes: Notes, path: str, info: dict[str, Any], key: str) -> None:
    value = info.get(key)
    if isinstance(value, bool):
        notes.fact(path, value, f"info {key}")
    else:
        _not_told(notes, path, key)


def _not_told(notes: Notes, path: str, key: str) -> None:
    detail = f"info {key} is not in the engine's answer"
    notes.missing(path, Reason.NOT_SUPPORTED, detail)


def _note_registries(notes: Notes, info: dict[str, Any]) -> None:
    """Note the registries beyond loopback that need no verified TLS."""
    config = info.get("RegistryConfig")
    if not isinstance(config, dict):
        _not_told(notes, "engine.insecure_registries", "RegistryConfig")
        return
    ranges, indexes = config.get("InsecureRegistryCIDRs"), config.get("IndexConfigs")
    found = [str(entry) for entry in ranges] if isinstance(ranges, list) else []
    for name, index in indexes.items() if isinstance(indexes, dict) else ():
        if isinstance(index, dict) and index.get("Secure") is False:
            found.append(str(name))
    beyond = sorted({name for name in found if not is_loopback(name)})
    notes.fact("engine.insecure_registries", beyond, "info RegistryConfig")


def _note_runtimes(notes: Notes, info: dict[str, Any]) -> None:
    """Note the registered runtimes, what each of them starts, and with which arguments."""
    runtimes = info.get("Runtimes")
    if not isinstance(runtimes, dict):
        _not_told(notes, "engine.runtimes", "Runtimes")
        return
    programs: set[str] = set()
    arguments: list[str] = []
    for name in sorted(runtimes):
        entry = _below(runtimes, name)
        given = entry.get("runtimeArgs")
        arguments += [f"{name}: {word}" for word in given] if isinstance(given, list) else []
        if name not in _BUILT_IN:
            programs.add(str(entry.get("path") or entry.get("runtimeType") or name))
    source = "info Runtimes"
    notes.fact("engine.runtimes.names", sorted(map(str, runtimes)), source)
    notes.fact("engine.runtimes.programs", sorted(programs), source)
    if any(".runsc." in program for program in programs) and not arguments:
        notes.missing("engine.runtimes.arguments", Reason.NOT_SUPPORTED,
                      "gVisor's shim takes them from a file of its own")  # fmt: skip
    else:
        notes.fact("engine.runtimes.arguments", arguments, source)


def _note_authorization(notes: Notes, info: dict[str, Any]) -> None:
    plugins = authorization_plugins(info)
    if plugins is None:
        _not_told(notes, "engine.authorization_plugins", "Plugins.Authorization")
    else:
        notes.fact("engine.authorization_plugins", plugins, "info Plugins.Authorization")


def _note_swarm(notes: Notes, info: dict[str, Any]) -> None:
    """Note whether it takes part in a swarm; what a manager alone knows, if it is one."""
    swarm = info.get("Swarm")
    state = swarm.get("LocalNodeState") if isinstance(swarm, dict) else None
    if not isinstance(swarm, dict) or not isinstance(state, str):
        _not_told(notes, "engine.swarm", "Swarm")
        return
    source = "info Swarm"
    manager = swarm.get("ControlAvailable") is True
    notes.fact("engine.swarm.active", state not in {"", "inactive"}, f"{source}.LocalNodeState")
    notes.fact("engine.swarm.manager", manager or state == "locked", f"{source}.ControlAvailable")
    if state == "locked":
        notes.fact("engine.swarm.autolock", True, f"{source}.LocalNodeState locked")
    if not manager:
        return
    spec = _below(_below(swarm, "Cluster"), "Spec")
    if "EncryptionConfig" in spec:
        lock = _below(spec, "EncryptionConfig").get("AutoLockManagers") is True
        notes.fact("engine.swarm.autolock", lock, f"{source}.Cluster.Spec.EncryptionConfig")
    expiry = _below(spec, "CAConfig").get("NodeCertExpiry")
    if isinstance(expiry, int) and not isinstance(expiry, bool):
        days = -(-expiry // _DAY)
        notes.fact("engine.swarm.certificate_days", days, f"{source}.Cluster.Spec.CAConfig")
    managers = swarm.get("Managers")
    if isinstance(managers, int) and not isinstance(managers, bool):
        notes.fact("engine.swarm.managers", managers, f"{source}.Managers")


def _below(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}
