"""The mounts and block devices of a container in a pod.

Source: the Kubernetes API reference, VolumeMount, Volume and VolumeDevice.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.model import Missing, Record, Value
from isoaudit.probes.declared import MAX_RECORDS, record
from isoaudit.probes.kubernetes.context import Context, flag
from isoaudit.probes.kubernetes.identity import account_of
from isoaudit.probes.kubernetes.mount_sets import Mount, note_company, note_host_side
from isoaudit.probes.kubernetes.objects import scalar

_PROPAGATION = {"Bidirectional": "shared", "HostToContainer": "slave"}
_OF_THE_POD = (
    *("emptyDir", "configMap", "secret", "projected", "downwardAPI", "ephemeral", "image"),
    "gitRepo",
)
"""Kinds of volumes that are made anew for every pod, or that no pod can write to."""

_BUILT_IN = ("kubernetes.io/", "hugepages-")
_CORE = frozenset({"cpu", "memory", "ephemeral-storage"})


def note_mounts(context: Context) -> None:
    """Note the parts `mount`, `device` and `device_rule`, and the token of the service account."""
    node = context.container.node
    found = node.get("volumeMounts")
    mounts = found.elements() if found is not None else []
    seen = [_mount(context, entry) for entry in mounts[: MAX_RECORDS + 1]]
    note_company(seen)
    context.facts.part("mount", (mount.record() for mount in seen))
    note_host_side(context, seen)
    context.facts.part("device", _devices(context))
    context.facts.part("device_rule", _rules(context))
    _note_token(context, mounts)


def _mount(context: Context, entry: Node) -> Mount:
    path = entry.get("mountPath")
    if path is None:
        raise entry.error("a volume mount needs a mountPath")
    read_only, propagation = entry.get("readOnly"), entry.get("mountPropagation")
    asked = scalar(propagation) if propagation is not None else ""
    fields: dict[str, Value] = {
        "mount.destination": scalar(path),
        "mount.read_only": read_only is not None and flag(read_only),
        "mount.propagation": _PROPAGATION.get(asked, "private"),
        "mount.sub_path": _inside(entry),
    }
    unread: dict[str, str | Missing] = {}
    name = entry.get("name")
    volume = context.container.pod.volumes.get(scalar(name)) if name is not None else None
    if volume is None:
        for field in ("kind", "source", "managed"):
            unread[f"mount.{field}"] = "the pod declares no volume of that name"
    else:
        _put_volume(volume, entry, fields, unread)
    return Mount(entry, fields, unread)


def _inside(entry: Node) -> bool:
    """Say whether a path inside the volume is mounted, instead of the volume itself."""
    several = (entry.get("subPath"), entry.get("subPathExpr"))
    return any(said is not None and scalar(said) != "" for said in several)


def _put_volume(
    volume: Node, entry: Node, fields: dict[str, Value], unread: dict[str, str | Missing]
) -> None:
    """Set what stands behind a mount: a path of the node, memory, or what the kubelet keeps."""
    of_host, empty = volume.get("hostPath"), volume.get("emptyDir")
    if of_host is None:
        medium = empty.get("medium") if empty is not None else None
        in_memory = medium is not None and scalar(medium) == "Memory"
        fields["mount.kind"] = "tmpfs" if in_memory else "volume"
        fields["mount.managed"] = True
        if in_memory and empty is not None:
            fields["mount.size_limited"] = empty.get("sizeLimit") is not None
        elif any(volume.get(kind) is not None for kind in _OF_THE_POD):
            fields["mount.shared_with"] = ()
        return
    fields["mount.kind"] = "bind"
    fields["mount.managed"] = False
    path, below = of_host.get("path"), entry.get("subPath")
    expression = entry.get("subPathExpr")
    if path is None:
        raise of_host.error("a hostPath needs a path")
    if expression is not None:
        if "$(" in scalar(expression):
            unread["mount.source"] = "subPathExpr depends on a variable of the container"
            return
        below = expression
    whole = posixpath.join("/", scalar(path), scalar(below).lstrip("/") if below else "")
    fields["mount.source"] = "/" + posixpath.normpath(whole).lstrip("/")


def _devices(context: Context) -> Iterator[Record]:
    """Yield block volumes by where they appear, and devices that a plugin hands out by name."""
    node = context.container.node
    if context.privileged is not None:
        # Every node of the host appears in the container, though none is named.
        yield record(context.privileged, {"device.path": "/dev", "device.destination": "/dev",
                                          "device.permissions": "rwm"})  # fmt: skip
    found = node.get("volumeDevices")
    for entry in found.elements() if found is not None else []:
        path = entry.get("devicePath")
        fields: dict[str, Value] = {"device.permissions": "rwm"}
        if path is not None:
            fields["device.destination"] = scalar(path)
        yield record(entry, fields, {"device.path": "the volume behind it decides"})
    limits = node.get("resources", "limits")
    for name, amount in limits.items() if limits is not None else ():
        if name in _CORE or name.startswith(_BUILT_IN) or scalar(amount) == "0":
            continue
        why = "the device plugin decides"
        yield record(
            amount,
            {"device.path": name},
            {"device.destination": why, "device.permissions": why},
        )


def _rules(context: Context) -> Iterator[Record]:
    """Yield the rule that a privileged container gets; a pod can name none itself."""
    if context.privileged is not None:
        fields = {"type": "a", "major": "*", "minor": "*", "access": "rwm"}
        yield record(context.privileged, {f"device_rule.{k}": v for k, v in fields.items()})


def _note_token(context: Context, mounts: list[Node]) -> None:
    """Note whether a token of the Kubernetes API is mounted, by itself or by a projected volume."""
    path = "container.service_account_token"
    volumes = context.container.pod.volumes
    for entry in mounts:
        name = entry.get("name")
        volume = volumes.get(scalar(name)) if name is not None else None
        if volume is not None and _projects_token(volume):
            context.facts.say(path, True, entry, "a projected volume holds one")
            return
    said = context.of_pod("automountServiceAccountToken")
    if said is None:
        account = account_of(context)
        said = account.get("automountServiceAccountToken") if account is not None else None
    if said is not None:
        context.facts.say(path, flag(said), said)
    else:
        remark = "Kubernetes default, unless the service account says otherwise"
        context.facts.default(path, True, remark)


def _projects_token(volume: Node) -> bool:
    projected = volume.get("projected")
    sources = projected.get("sources") if projected is not None else None
    return sources is not None and any(
        source.get("serviceAccountToken") is not None for source in sources.elements()
    )
