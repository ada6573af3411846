"""Limits, image, ports and environment of a container in a pod.

Source: the Kubernetes API reference, Container, ResourceRequirements and Quantity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.facts.redaction import looks_secret, redact_text
from isoaudit.model import Record
from isoaudit.probes.declared import not_declared, record
from isoaudit.probes.kubernetes.context import Context, flag, note_switch
from isoaudit.probes.kubernetes.objects import scalar
from isoaudit.regex import regex

_QUANTITY = regex(
    r"[+-]?([0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,3}|[KMGTPE]i|[numkMGTPE])?"
)
_SCALE = {
    suffix: 10.0**power
    for suffix, power in zip("numkMGTPE", (-9, -6, -3, *range(3, 19, 3)), strict=True)
}
_SCALE |= {f"{suffix}i": 1024.0**power for power, suffix in enumerate("KMGTPE", 1)}
_RESTART = {"Always": "always", "OnFailure": "on-failure", "Never": "no"}
_REFERENCE = regex(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)")
_NO_LIMIT = "no limit: Kubernetes default, unless a LimitRange of the namespace sets one"
_PORTS = 65_535


def note_settings(context: Context) -> None:
    """Note limits, image, runtime, restart policy, and the parts `port` and `environment`."""
    _note_image(context)
    _note_limits(context)
    _note_storage(context)
    runtime = context.of_pod("runtimeClassName")
    restart = context.container.node.get("restartPolicy") or context.of_pod("restartPolicy")
    if runtime is not None:
        context.facts.say("container.runtime", scalar(runtime), runtime)
    else:
        detail = "no runtimeClassName: the node decides"
        context.facts.beyond("container.runtime", detail)
    if restart is not None:
        word = scalar(restart)
        context.facts.say("container.restart", _RESTART.get(word, word), restart)
    else:
        context.facts.default("container.restart", "always", "Kubernetes default")
    note_switch(context.facts, "container.windows_host_process", _host_process(context))
    context.facts.part("port", _ports(context))
    _note_environment(context)


def _host_process(context: Context) -> Node | None:
    """Return the switch for Windows HostProcess: `windowsOptions` are merged field by field."""
    for security in (context.own, context.shared):
        found = security.get("windowsOptions", "hostProcess") if security is not None else None
        if found is not None:
            return found
    return None


def quantity(node: Node) -> float:
    """Return a quantity such as `128Mi` or `500m`; raises DocumentError for anything else."""
    text = scalar(node).strip()
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise node.error(f"a quantity is expected here, not {text[:40]!r}")
    suffix = match[2] or ""
    exponent = suffix if suffix[1:] and suffix[0] in "eE" else ""
    number = float(match[1] + exponent) * (1.0 if exponent else _SCALE.get(suffix, 1.0))
    if not math.isfinite(number) or number >= 2**63:
        raise node.error("a quantity beyond 64 bits stands here")
    return -number if text.startswith("-") else number


def _note_image(context: Context) -> None:
    image = context.container.node.get("image")
    if image is None:
        for path in ("container.image.reference", "container.image.pinned"):
            context.facts.unknown(path, "no image: whoever creates the pod sets it")
        return
    text = scalar(image)
    context.facts.say("container.image.reference", redact_text(text), image)
    context.facts.say("container.image.pinned", "@" in text, image)


def _note_limits(context: Context) -> None:
    memory, cpu = _limit(context, "memory"), _limit(context, "cpu")
    path = "container.limits.memory"
    if memory is None:
        context.facts.default(f"{path}.set", False, _NO_LIMIT)
    else:
        size = int(quantity(memory))
        context.facts.say(f"{path}.set", size > 0, memory)
        if size > 0:
            context.facts.say(f"{path}.bytes", size, memory)
    path = "container.limits.cpu"
    context.facts.default(f"{path}.pinned", False, "the node pins only who has a limit")
    if cpu is None:
        context.facts.default(f"{path}.set", False, _NO_LIMIT)
    else:
        share = math.ceil(quantity(cpu) * 1000)
        context.facts.say(f"{path}.set", share > 0, cpu)
        if share > 0:
            context.facts.say(f"{path}.millicores", share, cpu)


def _note_storage(context: Context) -> None:
    """Note the limit of ephemeral storage, which counts the writable layer, logs and emptyDirs."""
    said, path = _limit(context, "ephemeral-storage"), "container.storage.limit"
    if said is None:
        context.facts.default(f"{path}.set", False, _NO_LIMIT)
    else:
        size = int(quantity(said))
        context.facts.say(f"{path}.set", size > 0, said)
        if size > 0:
            context.facts.say(f"{path}.bytes", size, said)
    scratch, path = list(_scratch(context)), "container.storage.scratch_volumes"
    if scratch:
        context.facts.say(path, tuple(sorted(scalar(node) for node in scratch)), scratch[0])
    else:
        context.facts.default(path, (), "no emptyDir on disk without a sizeLimit")


def _scratch(context: Context) -> Iterator[Node]:
    """Yield where a writable emptyDir on the node's disk is mounted that has no size."""
    found = context.container.node.get("volumeMounts")
    for entry in found.elements() if found is not None else []:
        name, path, read_only = (entry.get(key) for key in ("name", "mountPath", "readOnly"))
        volume = context.container.pod.volumes.get(scalar(name)) if name is not None else None
        if volume is None or path is None or (read_only is not None and flag(read_only)):
            continue
        # NOTE: `emptyDir: {}` is an empty mapping, `emptyDir:` alone a null: both are one.
        if "emptyDir" not in volume.keyed():
            continue
        medium, size = volume.get("emptyDir", "medium"), volume.get("emptyDir", "sizeLimit")
        if size is None and (medium is None or scalar(medium) == ""):
            yield path


def _limit(context: Context, resource: str) -> Node | None:
    """Return a limit of the container, or else of the whole pod."""
    own = context.container.node.get("resources", "limits", resource)
    return (
        own if own is not None else context.container.pod.spec.get("resources", "limits", resource)
    )


def _ports(context: Context) -> Iterator[Record]:
    """Yield the ports that the node opens: on its network, every port that is declared."""
    network = context.of_pod("hostNetwork")
    on_host = network is not None and flag(network)
    found = context.container.node.get("ports")
    for entry in found.elements() if found is not None else []:
        inside, outside = entry.get("containerPort"), entry.get("hostPort")
        address, protocol = entry.get("hostIP"), entry.get("protocol")
        outside = outside or (inside if on_host else None)
        if inside is None or outside is None:
            continue
        yield record(
            entry,
            {
                "port.host_address": scalar(address) if address is not None else "",
                "port.host_port": _port(outside),
                "port.container_port": _port(inside),
                "port.protocol": scalar(protocol).lower() if protocol is not None else "tcp",
            },
        )


def _port(node: Node) -> int:
    scalar(node)
    number = node.integer()
    if not 0 <= number <= _PORTS:
        raise node.error("a port lies between 1 and 65535")
    return number


def _note_environment(context: Context) -> None:
    node = context.container.node
    found = node.get("env")
    entries = found.elements() if found is not None else []
    incomplete = None
    if node.get("envFrom") is not None:
        incomplete = not_declared("environment", "envFrom: the variables of another object")
    records = (one for entry in entries if (one := _variable(entry)) is not None)
    context.facts.part("environment", records, incomplete)


def _variable(entry: Node) -> Record | None:
    """Return a variable; one whose value comes from another object is no secret in the file."""
    name, value = entry.get("name"), entry.get("value")
    if name is None:
        return None
    written = _REFERENCE.sub("", scalar(value)) if value is not None else ""
    text = scalar(name)
    return record(
        entry, {"environment.name": text, "environment.secret": looks_secret(text, written)}
    )
