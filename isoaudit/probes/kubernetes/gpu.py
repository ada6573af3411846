"""How a container of a pod is given NVIDIA GPUs: by its device plugin, or by its environment alone.

Sources: the Kubernetes documentation on device plugins, the NVIDIA container toolkit's documents.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.defaults import (
    NVIDIA_CAPABILITIES,
    NVIDIA_CAPABILITIES_VARIABLE,
    NVIDIA_DEVICES_VARIABLE,
)
from isoaudit.probes.kubernetes.context import DEFAULT, Context
from isoaudit.probes.kubernetes.objects import scalar

_RESOURCES = "nvidia.com/"
_NONE = frozenset({"", "none", "void"})
_PATH = "container.gpu"


def note_gpu(context: Context) -> None:
    """Note whether the container is given GPUs, what decides which, and parts of the driver."""
    limit = _limit(context)
    variables = _variables(context)
    visible = variables.get(NVIDIA_DEVICES_VARIABLE)
    if limit is not None:
        context.facts.say(f"{_PATH}.requested", True, limit)
        context.facts.say(f"{_PATH}.by_environment", False, limit, "the device plugin decides")
    elif visible is not None and scalar(visible) not in _NONE:
        context.facts.say(f"{_PATH}.requested", True, visible)
        context.facts.say(f"{_PATH}.by_environment", True, visible)
    else:
        remark = f"no limit of {_RESOURCES}…: {DEFAULT}"
        context.facts.default(f"{_PATH}.requested", False, remark)
        context.facts.default(f"{_PATH}.by_environment", False, remark)
        return
    _note_capabilities(context, variables.get(NVIDIA_CAPABILITIES_VARIABLE))


def _limit(context: Context) -> Node | None:
    """Return the limit that asks the device plugin for a GPU."""
    limits = context.container.node.get("resources", "limits")
    for name, amount in limits.items() if limits is not None else ():
        if name.startswith(_RESOURCES) and scalar(amount) != "0":
            return amount
    return None


def _variables(context: Context) -> dict[str, Node]:
    """Return the toolkit's own variables that the pod gives a value, by name."""
    found = context.container.node.get("env")
    values: dict[str, Node] = {}
    for entry in found.elements() if found is not None else []:
        name, value = entry.get("name"), entry.get("value")
        if name is not None and value is not None:
            values[scalar(name)] = value
    return {
        name: values[name]
        for name in (NVIDIA_DEVICES_VARIABLE, NVIDIA_CAPABILITIES_VARIABLE)
        if name in values
    }


def _note_capabilities(context: Context, variable: Node | None) -> None:
    path = f"{_PATH}.capabilities"
    if variable is None:
        remedy = f"Set {NVIDIA_CAPABILITIES_VARIABLE}, as to compute,utility."
        context.facts.unknown(path, "the image's variables decide", remedy)
        return
    words = {part.strip() for part in scalar(variable).split(",")} & NVIDIA_CAPABILITIES
    context.facts.say(path, tuple(sorted(words)), variable)
