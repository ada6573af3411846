"""One container of a pod with its settings, as the topics of the probe read it."""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.declared import Sheet
from isoaudit.probes.kubernetes.objects import scalar
from isoaudit.probes.kubernetes.workload import Container

DEFAULT = "Kubernetes default"


class Context:
    """A container with the sheets its facts go to, and the settings that apply to it."""

    __slots__ = ("container", "facts", "own", "privileged", "process", "shared")

    def __init__(self, container: Container, facts: Sheet, process: Sheet) -> None:
        self.container = container
        self.facts = facts
        self.process = process
        self.own = container.node.get("securityContext")
        self.shared = container.pod.security
        said = self.of_container("privileged")
        self.privileged = said if said is not None and flag(said) else None

    def of_container(self, key: str) -> Node | None:
        """Return a setting that only a container's own security context has."""
        return self.own.get(key) if self.own is not None else None

    def setting(self, key: str) -> Node | None:
        """Return a setting of the container, or else of its pod: the container's wins."""
        found = self.own.get(key) if self.own is not None else None
        if found is None and self.shared is not None:
            found = self.shared.get(key)
        return found

    def of_pod(self, key: str) -> Node | None:
        """Return a setting of the pod's specification."""
        return self.container.pod.spec.get(key)


def flag(node: Node) -> bool:
    """Return a setting as true or false; raises DocumentError, also for a raw template."""
    scalar(node)
    return node.boolean()


def note_switch(sheet: Sheet, path: str, said: Node | None, default: bool = False) -> None:
    """Note a truth value, or Kubernetes' default where it is not declared."""
    if said is None:
        sheet.default(path, default, DEFAULT)
    else:
        sheet.say(path, flag(said), said)
