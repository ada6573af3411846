"""Kubernetes manifests: which objects hold pods, and the containers in them.

Source: the Kubernetes API reference, workload resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError, TemplateError
from isoaudit.model import Record
from isoaudit.probes.kubernetes.cluster import Cluster
from isoaudit.probes.kubernetes.objects import Budget, Object, scalar

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
_GROUPS = frozenset({"", "apps", "batch", "extensions"})
"""API groups that the workloads are or once were of."""

_LISTS = ("containers", "initContainers", "ephemeralContainers")


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

    containers: tuple[Container, ...] = ()
    """All of its containers."""

    fields: tuple[Record, ...] | None = None
    """Records of its own fields, which all its containers share, once one of them was read."""

    cluster: Cluster | None = None
    """What else the file declares."""

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


def containers(found: Iterable[Object], budget: Budget) -> Iterator[Container]:
    """Yield every container of every pod that the objects declare, in their order.

    An object that cannot be read is one broken container. Raises DocumentError for a chart that
    was not rendered and for too much in one file.
    """
    for one in found:
        try:
            if one.broken is not None:
                raise one.broken
            pod = _pod(one)
        except TemplateError:
            raise
        except DocumentError as error:
            nameless = Pod(one.kind or "Object", "default", "unnamed", one.item, None)
            yield Container(nameless, "", one.item, broken=error)
            continue
        if pod is not None:
            yield from _containers(pod, budget)


def _pod(one: Object) -> Pod | None:
    """Return the pod of an object; None if the object is no workload.

    An unknown kind that holds a pod template where a Deployment does (a Rollout, a
    DeploymentConfig) is one, and so is a kind of another API group that is called as one of ours.
    """
    known = one.kind in _WORKLOADS and (one.group is None or one.group in _GROUPS)
    template: Node | None = None
    try:
        template = one.item.get(*_TEMPLATES.get(one.kind, _TEMPLATE) if known else _TEMPLATE)
        if not known and not _holds_containers(template):
            return None
    except DocumentError:
        if not known:
            return None
    else:
        if template is None and one.kind != "Pod":
            return None  # no template at all: a patch, as kustomize has them, and no workload
    return Pod(one.kind, one.namespace or "default", one.name, one.item, template)


def _holds_containers(template: Node | None) -> bool:
    return template is not None and template.get("spec", "containers") is not None


def _containers(pod: Pod, budget: Budget) -> Iterator[Container]:
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
        budget.spend(entry)
        try:
            several.append(Container(pod, _name(entry) or str(index), entry, key))
        except DocumentError as error:
            several.append(Container(pod, str(index), entry, key, broken=error))
    pod.names = frozenset(container.name for container in several)
    pod.containers = tuple(several)
    yield from several


def _name(entry: Node) -> str:
    name = entry.get("name")
    return scalar(name) if name is not None else ""
