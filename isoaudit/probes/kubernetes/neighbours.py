"""The other containers of a pod, and the engine that one is told to ask.

Source: the Kubernetes API reference: containers of a pod share its network, IPC and UTS namespaces,
its volumes, and with `shareProcessNamespace` their processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.facts.engine_address import VARIABLES, engine_address
from isoaudit.probes.declared import not_declarable, record
from isoaudit.probes.engine_clients import (
    Neighbour,
    bounded,
    engine_of,
    is_engine,
    is_filter,
    is_of_all,
    is_of_user,
    place_of,
    relays,
)
from isoaudit.probes.kubernetes.context import DEFAULT, Context, flag
from isoaudit.probes.kubernetes.objects import scalar
from isoaudit.probes.kubernetes.workload import Container

_ADDRESS, _PLACE = "container.engine_address", "container.engine_place"
_PART = "neighbour"
_READ_ONLY = ("configMap", "secret", "projected", "downwardAPI", "image")
"""Kinds of volumes that no container writes to."""

_OF_THE_POD = (*_READ_ONLY, "emptyDir", "ephemeral", "gitRepo")
_BEFORE = "initContainers"


def note_neighbours(context: Context, address: Callable[[Container], str]) -> None:
    """Note the engine that a container is told to ask, and its neighbours in the pod."""
    asked = _note_engine(context)
    own = context.container
    found: list[Neighbour] = []
    unread = ""
    for other in own.pod.containers:
        if other is own:
            continue
        try:
            found += _of(context, other, address(other), asked)
        except DocumentError as error:
            unread = error.cause
    kept, too_many = bounded(found)
    incomplete = None
    why = unread or ("too many neighbours" if too_many else _beyond(context))
    if why:
        incomplete = not_declarable(_PART, why)
    records = [record(own.node, one.fields()) for one in kept]
    context.facts.part(_PART, records, incomplete)


def _note_engine(context: Context) -> str | None:
    """Note where variables say that an engine answers, and return it; None if it is not known."""
    facts, node = context.facts, context.container.node
    said = {scalar(name): entry for entry in _entries(node, "env")
            if (name := entry.get("name")) is not None}  # fmt: skip
    entry = next((said[name] for name in VARIABLES if name in said), None)
    if entry is None and node.get("envFrom") is not None:
        for path in (_ADDRESS, _PLACE):
            facts.unknown(path, "envFrom: which variables that gives, the cluster tells")
        return None
    if entry is None:
        facts.default(_ADDRESS, "", f"no {', '.join(VARIABLES)}: {DEFAULT}")
        facts.default(_PLACE, "none", f"no {', '.join(VARIABLES)}: {DEFAULT}")
        return ""
    value = entry.get("value")
    text = scalar(value) if value is not None else ""
    address = engine_address(text) if "$(" not in text else ""
    if not address:
        for path in (_ADDRESS, _PLACE):
            facts.unknown(path, "the address of the engine depends on what the cluster fills in")
        return None
    facts.say(_ADDRESS, address, entry)
    on_host = _switch(context, "hostNetwork")
    place = place_of(address, (), on_host=on_host)
    beside = [one for one in context.container.pod.containers if one is not context.container]
    if place == "itself" and any(_may_answer(one) for one in beside):
        place = "neighbour"
    if place == "elsewhere":
        facts.unknown(_PLACE, "whose name that is, the cluster tells")
    else:
        facts.say(_PLACE, place, entry)
    return address


def _of(context: Context, other: Container, target: str, asked: str | None) -> Iterator[Neighbour]:
    """Yield every way to another container of the pod."""
    socket = _socket(other)
    one = Neighbour(other.name, target, "net", engine_socket=engine_of(socket),
                    engine_of_user=is_of_user(socket) if socket else None)  # fmt: skip
    if one.engine_socket and (_is_filter(other) or relays(_words(other))):
        one = one._replace(passes_on=True)
    yield from _volumes(context, other, one)
    if _BEFORE in {context.container.field, other.field}:
        return
    if _switch(context, "shareProcessNamespace"):
        yield one._replace(through="pid", api=False)
    if not _may_answer(other):
        return
    if asked is None:
        yield one._replace(api=None)
    elif asked or one.engine_socket:
        yield one._replace(api=bool(asked) and place_of(asked, (), on_host=False) == "itself")


def _volumes(context: Context, other: Container, one: Neighbour) -> Iterator[Neighbour]:
    """Yield the volumes that both mount, one of the two being able to write."""
    theirs = dict(_mounted(other))
    for name, (writable, _) in _mounted(context.container):
        if name not in theirs or not (writable or theirs[name][0]):
            continue
        volume = context.container.pod.volumes.get(name)
        if volume is None or any(volume.get(kind) is not None for kind in _READ_ONLY):
            continue
        path = volume.get("hostPath", "path")
        if path is not None and is_of_all(scalar(path).rstrip("/") or "/"):
            continue
        below = f"{theirs[name][1].rstrip('/')}/"
        runs = any(text.startswith(below) for text in _words(other))
        yield one._replace(through="volume", place=name, writes=writable,
                           runs_shared=True if runs else None, api=False)  # fmt: skip


def _mounted(container: Container) -> Iterator[tuple[str, tuple[bool, str]]]:
    """Yield the volumes that a container mounts: whether it may write there, and where."""
    for entry in _entries(container.node, "volumeMounts"):
        name, path, read_only = (entry.get(key) for key in ("name", "mountPath", "readOnly"))
        if name is not None and path is not None:
            writable = read_only is None or not flag(read_only)
            yield scalar(name), (writable, scalar(path))


def _entries(node: Node, key: str) -> list[Node]:
    found = node.get(key)
    return found.elements() if found is not None else []


def _words(container: Container) -> list[str]:
    several = [*_entries(container.node, "command"), *_entries(container.node, "args")]
    return [scalar(entry) for entry in several]


def _image(container: Container) -> str:
    image = container.node.get("image")
    return scalar(image) if image is not None else ""


def _is_filter(container: Container) -> bool:
    return is_filter(_image(container))


def _may_answer(container: Container) -> bool:
    """Say whether a container shows that an engine may answer there."""
    if is_engine(_image(container)) or "dockerd" in " ".join(_words(container)):
        return True
    return bool(_socket(container))


def _socket(container: Container) -> str:
    """Return the path of the engine's socket that a container mounts, "" if none."""
    for name, _ in _mounted(container):
        volume = container.pod.volumes.get(name)
        path = volume.get("hostPath", "path") if volume is not None else None
        source = scalar(path).rstrip("/") if path is not None else ""
        if engine_of(source):
            return source
    return ""


def _switch(context: Context, key: str) -> bool:
    said = context.of_pod(key)
    return said is not None and flag(said)


def _beyond(context: Context) -> str:
    """Return what of a pod's neighbours only its node knows."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if _switch(context, key):
            return f"{key}: who else is in the node's namespaces, the node tells"
    for name, _ in _mounted(context.container):
        volume = context.container.pod.volumes.get(name)
        path = volume.get("hostPath", "path") if volume is not None else None
        if path is not None and is_of_all(scalar(path).rstrip("/") or "/"):
            continue
        if volume is None or not any(volume.get(kind) is not None for kind in _OF_THE_POD):
            if volume is not None and any(key == "emptyDir" for key, _ in volume.items()):
                continue
            return "which other pods mount its volumes, the cluster tells"
    return ""
