"""Kubernetes manifests: which objects hold pods, and the containers in them.

Source: the Kubernetes API reference, workload resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from isoaudit.documents.limits import MAX_DEPTH
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.model import Record

MAX_OBJECTS = 20_000
"""Most objects and containers read from one file: lists of aliases can name millions."""

_TEMPLATE = ("spec", "template")
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
}
_WORKLOADS = frozenset(
    {"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job"}
    | set(_TEMPLATES)
)
_LISTS = ("containers", "initContainers", "ephemeralContainers")
_RAW = "{{"


@dataclass(eq=False)
class Pod:
    """A pod, or the template of one, with what all its containers share."""

    kind: str
    namespace: str
    name: str
    item: Node
    template: Node | None
    names: frozenset[str] = frozenset()
    """What its containers are called."""

    fields: tuple[Record, ...] | None = None
    """Records of its own fields, which all its containers share, once one of them was read."""

    @cached_property
    def spec(self) -> Node:
        """The pod's specification; raises DocumentError if there is none."""
        spec = self.template.get("spec") if self.template is not None else None
        if spec is None:
            raise self.item.error(f"{self.kind} {self.name!r} declares no pod")
        return spec

    @cached_property
    def security(self) -> Node | None:
        """The security context of the pod."""
        return self.spec.get("securityContext")

    @cached_property
    def windows(self) -> bool:
        """Whether only nodes with Windows run it: what Linux isolates by does not exist there."""
        for path in (("os", "name"), ("nodeSelector", "kubernetes.io/os")):
            said = self.spec.get(*path)
            if said is not None:
                return scalar(said) == "windows"
        return False

    @cached_property
    def annotations(self) -> Node | None:
        """The annotations of the pod."""
        return self.template.get("metadata", "annotations") if self.template is not None else None

    @cached_property
    def volumes(self) -> dict[str, Node]:
        """The volumes by name."""
        entries = self.spec.get("volumes")
        named = {}
        for entry in entries.elements() if entries is not None else []:
            name = entry.get("name")
            if name is not None:
                named[scalar(name)] = entry
        return named


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """A container of a pod, in the list `field` of it.

    `broken` says why it, or the pod as a whole, cannot be read.
    """

    pod: Pod
    name: str
    node: Node
    field: str = "containers"
    broken: DocumentError | None = None

    @property
    def ephemeral(self) -> bool:
        """Whether it is put into the pod while that runs, to look at it."""
        return self.field == "ephemeralContainers"

    @property
    def path(self) -> str:
        """What the container is called inside the file."""
        pod = self.pod
        path = f"{pod.kind}/{pod.namespace}/{pod.name}"
        return f"{path}/{self.name}" if self.name else path


def containers(documents: list[Node]) -> Iterator[Container]:
    """Yield every container of every pod that the documents declare, in their order.

    Raises DocumentError for more than MAX_OBJECTS, and for a chart that was not rendered.
    """
    budget = [MAX_OBJECTS]
    for document in documents:
        for kind, item in _objects(document, "", budget, 0):
            pod = _pod(kind, item)
            if pod is not None:
                yield from _containers(pod, budget)


def scalar(node: Node) -> str:
    """Return a single value; raises DocumentError, which names a template that was not rendered."""
    if node.is_scalar:
        text = node.text()
        if _RAW in text:
            raise raw_template(node)
        return text
    try:
        if node.is_map:
            node.keyed()
    except DocumentError:
        # NOTE: YAML reads `{{ .Values.x }}` as a mapping whose key is a mapping.
        raise raw_template(node) from None
    return node.text()


def raw_template(node: Node) -> DocumentError:
    """Return the error for a chart whose templates were not rendered."""
    return node.error(
        "looks like a raw Helm template", "Scan the output of `helm template` instead."
    )


def _objects(node: Node, kind: str, budget: list[int], depth: int) -> Iterator[tuple[str, Node]]:
    """Yield an object, or the objects of a list, each with its kind."""
    if not node.is_map:
        return
    _spend(node, budget)
    said = node.get("kind")
    if said is not None:
        kind = scalar(said)
    items = node.get("items") if kind.endswith("List") else None
    if items is None:
        yield kind, node
        return
    if depth > MAX_DEPTH:
        raise node.error("lists in lists without end, not read")
    for item in items.elements():
        yield from _objects(item, kind.removesuffix("List"), budget, depth + 1)


def _spend(node: Node, budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise node.error(f"more than {MAX_OBJECTS} objects in one file, not read")


def _pod(kind: str, item: Node) -> Pod | None:
    """Return the pod of an object; None if the object is no workload.

    An unknown kind that holds a pod template where a Deployment does (a Rollout, a
    DeploymentConfig) is one.
    """
    template: Node | None = None
    try:
        template = item.get(*_TEMPLATES.get(kind, _TEMPLATE))
        if kind not in _WORKLOADS and not _holds_containers(template):
            return None
    except DocumentError:
        if kind not in _WORKLOADS:
            return None
    metadata = item.get("metadata")
    namespace = _word(metadata, "namespace") or "default"
    name = _word(metadata, "name") or _word(metadata, "generateName") or "unnamed"
    return Pod(kind, namespace, name, item, template)


def _holds_containers(template: Node | None) -> bool:
    return template is not None and template.get("spec", "containers") is not None


def _word(node: Node | None, key: str) -> str:
    found = node.get(key) if node is not None and node.is_map else None
    return scalar(found) if found is not None else ""


def _containers(pod: Pod, budget: list[int]) -> Iterator[Container]:
    try:
        entries = [
            (key, entry)
            for key in _LISTS
            if (found := pod.spec.get(key)) is not None
            for entry in found.elements()
        ]
        if not entries:
            raise pod.item.error(f"{pod.kind} {pod.name!r} declares no container")
    except DocumentError as error:
        yield Container(pod, "", pod.item, broken=error)
        return
    several: list[Container] = []
    for index, (key, entry) in enumerate(entries):
        _spend(entry, budget)
        try:
            several.append(Container(pod, _name(entry) or str(index), entry, key))
        except DocumentError as error:
            several.append(Container(pod, str(index), entry, key, broken=error))
    pod.names = frozenset(container.name for container in several)
    yield from several


def _name(entry: Node) -> str:
    name = entry.get("name")
    return scalar(name) if name is not None else ""
