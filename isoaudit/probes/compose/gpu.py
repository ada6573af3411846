"""How a compose service is given NVIDIA GPUs: by a device request, or by its environment alone.

Sources: the Compose specification (`gpus`, `deploy.resources.reservations.devices`), the NVIDIA
container toolkit's documents on its variables.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.environment import environment
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service
from isoaudit.probes.compose.values import Word, word
from isoaudit.probes.defaults import (
    NVIDIA_CAPABILITIES,
    NVIDIA_CAPABILITIES_VARIABLE,
    NVIDIA_DEVICES_VARIABLE,
)

_RESERVED = ("deploy", "resources", "reservations", "devices")
_VARIABLES = (NVIDIA_DEVICES_VARIABLE, NVIDIA_CAPABILITIES_VARIABLE)
_RUNTIME = "nvidia"
_REQUESTED = "container.gpu.requested"
_BY_ENVIRONMENT = "container.gpu.by_environment"
_CAPABILITIES = "container.gpu.capabilities"


def note_gpu(service: Service) -> None:
    """Note whether the service is given GPUs, what decides which, and parts of the driver."""
    requests = list(_requests(service))
    variables = _variables(service)
    runtime = service.word("runtime")
    asked = not requests and runtime is not None and runtime.text == _RUNTIME
    if requests:
        service.facts.say(_REQUESTED, True, requests[0])
        service.facts.say(_BY_ENVIRONMENT, False, requests[0], "a device request decides")
    elif asked and runtime is not None and NVIDIA_DEVICES_VARIABLE in variables:
        for path in (_REQUESTED, _BY_ENVIRONMENT):
            service.facts.say(path, True, variables[NVIDIA_DEVICES_VARIABLE].node)
    elif asked and runtime is not None:
        # The image may well bring the variable: those of CUDA do.
        for path in (_REQUESTED, _BY_ENVIRONMENT):
            service.facts.unknown(path, "the runtime is nvidia, and the image's variables decide")
    elif runtime is not None and runtime.depends:
        for path in (_REQUESTED, _BY_ENVIRONMENT):
            service.facts.unknown(path, runtime.open, FOLLOW)
    else:
        remark = f"no {service.key('gpus')} and no nvidia runtime: {ENGINE_DEFAULT}"
        service.facts.default(_REQUESTED, False, remark)
        service.facts.default(_BY_ENVIRONMENT, False, remark)
    if requests or asked:
        _note_capabilities(service, requests, variables.get(NVIDIA_CAPABILITIES_VARIABLE))


def _requests(service: Service) -> Iterator[Node]:
    """Yield the requests for a GPU of NVIDIA's; `gpus: all` is one."""
    found = service.get("gpus")
    if found is not None and found.is_scalar:
        yield found
    for key in (("gpus",), _RESERVED):
        listed = service.get(*key)
        for entry in listed.elements() if listed is not None and listed.is_list else []:
            driver = entry.get("driver") if entry.is_map else None
            named = word(driver).text if driver is not None else ""
            if named == _RUNTIME or (named == "" and (key == ("gpus",) or "gpu" in _named(entry))):
                yield entry


def _named(entry: Node) -> list[str]:
    found = entry.get("capabilities") if entry.is_map else None
    return [word(one).text for one in found.elements()] if found is not None else []


def _variables(service: Service) -> dict[str, Word]:
    """Return the toolkit's own variables that the file sets, by name."""
    variables = environment(service).variables
    return {name: variables[name] for name in _VARIABLES if name in variables}


def _note_capabilities(service: Service, requests: list[Node], variable: Word | None) -> None:
    """Note the parts of the driver; those of a request count before those of the variable."""
    named = {name for request in requests for name in _named(request)} & NVIDIA_CAPABILITIES
    if named:
        service.facts.say(_CAPABILITIES, tuple(sorted(named)), requests[0])
    elif variable is None:
        remedy = "Name them in the request: `capabilities: [gpu, compute, utility]`."
        service.facts.unknown(_CAPABILITIES, "the image's variables decide", remedy)
    elif variable.depends:
        service.facts.unknown(_CAPABILITIES, variable.open, FOLLOW)
    else:
        words = {part.strip() for part in variable.text.split(",")} & NVIDIA_CAPABILITIES
        service.facts.say(_CAPABILITIES, tuple(sorted(words)), variable.node)
