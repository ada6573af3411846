"""Kubernetes manifests: what each container of each pod asks its node for.

Kubernetes' own defaults are filled in, and named as such; what the node, the image or another
object decides is noted as missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.documents.yaml import Node
from isoaudit.errors import TargetError
from isoaudit.facts.spec import KUBERNETES
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.declared import Sheet
from isoaudit.probes.kubernetes.context import Context
from isoaudit.probes.kubernetes.fields import note_fields
from isoaudit.probes.kubernetes.gpu import note_gpu
from isoaudit.probes.kubernetes.mounts import note_mounts
from isoaudit.probes.kubernetes.network import note_network
from isoaudit.probes.kubernetes.pod import note_pod
from isoaudit.probes.kubernetes.security import note_security
from isoaudit.probes.kubernetes.settings import note_settings
from isoaudit.probes.kubernetes.workload import Container, containers

_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")


class KubernetesProbe:
    """Reads the pods of one file; `shown` is the path by which targets are named."""

    def __init__(self, documents: list[Node], shown: str) -> None:
        self._documents = documents
        self._shown = shown
        self._found: dict[str, Container] = {}

    def find(self) -> Sequence[Target]:
        """Return one target per container, in the file's order.

        An object that stands in the file twice gets `~2` behind its second name. Raises
        DocumentError for a chart that was not rendered and for too much in one file.
        """
        self._found.clear()
        targets = []
        times: dict[str, int] = {}
        for container in containers(self._documents):
            path = container.path
            times[path] = times.get(path, 0) + 1
            handle = path if times[path] == 1 else f"{path}~{times[path]}"
            self._found[handle] = container
            targets.append(self._target(handle, container))
        return targets

    def collect(self, target: Target) -> FactSet:
        """Return what the file declares of one container.

        Raises TargetError if there is no such container, DocumentError if it is malformed.
        """
        container = self._found.get(target.handle)
        if container is None:
            raise TargetError(
                f"{self._shown}: no container {target.handle!r}", "Scan the file anew."
            )
        if container.broken is not None:
            raise container.broken
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
        facts.part("process", [process.record()])
        return facts.factset()

    def _target(self, handle: str, container: Container) -> Target:
        return Target(
            id=f"kubernetes:{self._shown}#{handle}",
            kind=Kind.CONTAINER,
            name=container.name or container.pod.name,
            state="declared",
            handle=handle,
            dialect=KUBERNETES,
            location=container.node.location,
        )


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
