"""How a container is given NVIDIA GPUs: by a device request, or by its environment alone.

Sources: Docker Engine API (DeviceRequest), the NVIDIA container toolkit's documents on the
variables NVIDIA_VISIBLE_DEVICES and NVIDIA_DRIVER_CAPABILITIES.
"""

from __future__ import annotations

from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import (
    NVIDIA_CAPABILITIES,
    NVIDIA_CAPABILITIES_VARIABLE,
    NVIDIA_DEVICES_VARIABLE,
)
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.options import EngineDefaults

_RUNTIME = "nvidia"


def note_gpu(notes: Notes, inspect: Answer, defaults: EngineDefaults) -> None:
    """Note whether the container is given GPUs, what decides which, and parts of the driver."""
    host, config = inspect.below("HostConfig"), inspect.below("Config")
    entries = config.names("Env")
    if entries is None:
        not_told(notes, "container.gpu", config, "Env")
        return
    variables = {entry.partition("=")[0] for entry in entries}
    requests = [one for one in host.objects("DeviceRequests") or [] if _is_nvidias(one)]
    runtime = host.text("Runtime") or defaults.runtime
    asked = runtime == _RUNTIME and NVIDIA_DEVICES_VARIABLE in variables and not requests
    source = host.source("DeviceRequests") if requests else host.source("Runtime")
    notes.fact("container.gpu.requested", bool(requests) or asked, source)
    notes.fact("container.gpu.by_environment", asked, f"{source}, {config.source('Env')}")
    if asked or requests:
        _note_capabilities(notes, host, requests, NVIDIA_CAPABILITIES_VARIABLE in variables)


def _is_nvidias(request: Answer) -> bool:
    """Say whether a device request asks for a GPU of NVIDIA's; a CDI name says whose it is."""
    if request.text("Driver") == "cdi":
        return any("nvidia" in name for name in request.names("DeviceIDs") or [])
    return request.text("Driver") in {"", _RUNTIME} and "gpu" in _capabilities(request)


def _capabilities(request: Answer) -> set[str]:
    """Return the capabilities of a request, which come as a list of alternatives."""
    several = request.raw("Capabilities")
    lists = several if isinstance(several, list) else []
    return {word for one in lists if isinstance(one, list) for word in one if isinstance(word, str)}


def _note_capabilities(notes: Notes, host: Answer, requests: list[Answer], variable: bool) -> None:
    path = "container.gpu.capabilities"
    asked = {word for request in requests for word in _capabilities(request)}
    named = sorted(asked & NVIDIA_CAPABILITIES)
    if named or not variable:
        notes.fact(path, named, host.source("DeviceRequests"))
    else:
        unreliable(notes, path, f"{NVIDIA_CAPABILITIES_VARIABLE} decides, whose value is not kept")
