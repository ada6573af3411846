"""Managed plugins of docker: programs from a registry that run with privileges of their own.

Source: Docker Engine API (PluginList), docs.docker.com (the plugin's config.json).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isoaudit.model import Vantage
from isoaudit.probes.base import Notes
from isoaudit.transports import EngineApi, Unreadable

_SOURCE = "plugins"
_CAPABILITIES = frozenset(
    {"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_DAC_READ_SEARCH",
     "CAP_BPF", "ALL"}
)  # fmt: skip
_BROAD = frozenset(
    {"/", "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/usr", "/var",
     "/var/lib", "/var/lib/docker", "/var/run", "/run/docker.sock", "/var/run/docker.sock"}
)  # fmt: skip
"""Host paths that hand over the host to who writes to them, or much of it to who reads them."""


def note_plugins(notes: Notes, api: EngineApi) -> None:
    """Note the `engine.plugins.*` facts: which are enabled, and which of them reach the host."""
    try:
        plugins = [plugin for plugin in api.plugins() if plugin.get("Enabled") is True]
    except Unreadable as error:
        notes.lacks(error.missing("engine.plugins", Vantage.ENGINE))
        return
    powers = {str(plugin.get("Name")): sorted(set(_powers(plugin))) for plugin in plugins}
    told = [f"{name}: {power}" for name in sorted(powers) for power in powers[name]]
    notes.fact("engine.plugins.enabled", sorted(powers), _SOURCE)
    notes.fact("engine.plugins.powerful", sorted(n for n in powers if powers[n]), _SOURCE)
    notes.fact("engine.plugins.powers", told, _SOURCE)


def _powers(plugin: dict[str, Any]) -> Iterator[str]:
    """Yield what gives a plugin the host: as it was granted, host paths as they are set now."""
    config = _table(plugin, "Config")
    linux = _table(config, "Linux")
    if linux.get("AllowAllDevices") is True:
        yield "all devices"
    if config.get("PidHost") is True:
        yield "the host's processes"
    if config.get("IpcHost") is True:
        yield "the host's shared memory"
    for name in _texts(linux, "Capabilities"):
        capability = name.upper() if name.upper() == "ALL" else _full(name)
        if capability in _CAPABILITIES:
            yield capability
    for mount in _tables(_table(plugin, "Settings"), "Mounts"):
        source = str(mount.get("Source") or "")
        if (source.rstrip("/") or source) in _BROAD:
            yield f"the host's {source}"


def _full(capability: str) -> str:
    name = capability.upper()
    return name if name.startswith("CAP_") else f"CAP_{name}"


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _tables(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(data: dict[str, Any], key: str) -> list[str]:
    value = data.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
