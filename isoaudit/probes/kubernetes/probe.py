"""Kubernetes manifests: what each container of each pod asks its node for, and its namespace.

Kubernetes' own defaults are filled in, and named as such; what the node, the image or another
object decides is noted as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError, TargetError, TemplateError
from isoaudit.facts.spec import KUBERNETES
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.declared import Sheet
from isoaudit.probes.kubernetes.cluster import Cluster
from isoaudit.probes.kubernetes.context import Context
from isoaudit.probes.kubernetes.fields import note_fields
from isoaudit.probes.kubernetes.gpu import note_gpu
from isoaudit.probes.kubernetes.mounts import note_mounts
from isoaudit.probes.kubernetes.namespace import collect_namespace
from isoaudit.probes.kubernetes.neighbours import note_neighbours
from isoaudit.probes.kubernetes.network import note_network
from isoaudit.probes.kubernetes.objects import Budget, Object, objects
from isoaudit.probes.kubernetes.pod import note_pod
from isoaudit.probes.kubernetes.security import note_security
from isoaudit.probes.kubernetes.settings import note_settings
from isoaudit.probes.kubernetes.workload import Container, containers

_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")


class KubernetesProbe:
    """Reads the pods and namespaces of one file; `shown` is the path by which they are named."""

    def __init__(self, documents: list[Node], shown: str) -> None:
        self._documents = documents
        self._shown = shown
        self._found: dict[str, Container | Object] = {}
        self._handles: dict[int, str] = {}

    def find(self) -> Sequence[Target]:
        """Return one target per container and per namespace, in the file's order.

        An object that stands in the file twice gets `~2` behind its second name. Raises
        DocumentError for a chart that was not rendered and for too much in one file.
        """
        self._found.clear()
        self._handles.clear()
        budget = Budget()
        found = list(objects(self._documents, budget))
        cluster = Cluster(found)
        times: dict[str, int] = {}
        targets = []
        for one in found:
            for path, target in self._of(one, budget, cluster):
                times[path] = times.get(path, 0) + 1
                handle = path if times[path] == 1 else f"{path}~{times[path]}"
                self._found[handle] = target
                targets.append(self._target(handle, target))
        return targets

    def _of(
        self, one: Object, budget: Budget, cluster: Cluster
    ) -> Iterator[tuple[str, Container | Object]]:
        """Yield the targets that an object is or holds."""
        if one.kind == "Namespace" and one.group in {None, ""} and one.broken is None:
            try:
                yield f"Namespace/{one.name}", one
            except TemplateError:
                raise
            except DocumentError as error:
                yield "Namespace/unnamed", one._replace(broken=error)
            return
        for container in containers([one], budget):
            container.pod.cluster = cluster
            yield container.path, container

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares of one container or namespace.

        Raises TargetError if there is no such target, DocumentError if it is malformed.
        """
        found = self._found.get(target.handle)
        if found is None:
            raise TargetError(
                f"{self._shown}: no container {target.handle!r}", "Scan the file anew."
            )
        if found.broken is not None:
            raise found.broken
        if isinstance(found, Object):
            return collect_namespace(found)
        return _collect(found, self._address_of)

    def _address_of(self, one: Container) -> str:
        """Return the id of a container as a target."""
        if not self._handles:
            self._handles.update((id(each), handle) for handle, each in self._found.items())
        return f"kubernetes:{self._shown}#{self._handles.get(id(one), one.path)}"

    def _target(self, handle: str, found: Container | Object) -> Target:
        is_container = isinstance(found, Container)
        return Target(
            id=f"kubernetes:{self._shown}#{handle}",
            kind=Kind.CONTAINER if is_container else Kind.NAMESPACE,
            name=(found.name or found.pod.name)
            if isinstance(found, Container)
            else handle.partition("/")[2],
            state="declared",
            handle=handle,
            dialect=KUBERNETES,
            location=found.node.location if isinstance(found, Container) else found.item.location,
        )


def _collect(container: Container, address: Callable[[Container], str]) -> FactSet:
    """Return what the file declares of one container; raises DocumentError if it is malformed."""
    facts, process = Sheet(container.node), Sheet(container.node)
    context = Context(container, facts, process)
    facts.say("container.platform", KUBERNETES, container.node, "a container of a pod")
    process.say("process.name", container.name, container.node, "the container")
    process.say("process.main", True, container.node, "the container")
    if container.pod.windows:
        _note_windows(facts, process)
    else:
        note_security(context)
    note_settings(context)
    note_mounts(context)
    note_network(context)
    note_gpu(context)
    note_fields(context)
    note_pod(context)
    note_neighbours(context, address)
    facts.part("process", [process.record()])
    return facts.factset()


def _note_windows(facts: Sheet, process: Sheet) -> None:
    """Note that what only Linux has is not known of a pod for Windows."""
    why = "a pod for Windows, which has nothing of that kind"
    for path in ("privileged", "rootfs.read_only", "seccomp.profile", "apparmor.profile",
                 "selinux.disabled", "masked_paths", "readonly_paths",
                 "user_namespace", "capabilities", "borrowed_namespaces"):  # fmt: skip
        facts.unknown(f"container.{path}", why)
    for path in ("root_permitted", "user_namespace", "no_new_privileges", "seccomp.mode",
                 "capabilities.effective", "capabilities.permitted", "capabilities.bounding",
                 "apparmor.confined", "host_groups", *(f"namespaces.{n}" for n in _NAMESPACES),
                 ):  # fmt: skip
        process.unknown(f"process.{path}", why)
