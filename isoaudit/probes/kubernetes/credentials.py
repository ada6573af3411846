"""What a container of a pod is asked to be given by name: groups and capabilities.

Sources: the Kubernetes API reference (SecurityContext, PodSecurityContext), the Pod Security
Standards, which compare the names as they are written.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.defaults import ALL, in_kernel_order, normalise_capability
from isoaudit.probes.kubernetes.context import DEFAULT, Context, flag
from isoaudit.probes.kubernetes.objects import scalar


def note_asked(context: Context) -> None:
    """Note the capabilities that are added and dropped by name, and the group root."""
    declared = context.of_container("capabilities")
    for path, key in (
        ("container.capabilities.added", "add"),
        ("container.capabilities.dropped", "drop"),
    ):
        found = declared.get(key) if declared is not None else None
        names = tuple(scalar(entry) for entry in found.elements()) if found is not None else ()
        if found is None:
            context.facts.default(path, (), f"no capabilities.{key}: {DEFAULT}")
        else:
            context.facts.say(path, _named(names) if key == "add" else names, found)
    _note_groups(context)


def _named(names: tuple[str, ...]) -> tuple[str, ...]:
    named = {normalise_capability(name) for name in names}
    return (ALL,) * (ALL in named) + in_kernel_order(named - {ALL})


def _note_groups(context: Context) -> None:
    """Note that the process is in the node's group root; of no other number a file can tell."""
    path, users = "process.host_groups", context.of_pod("hostUsers")
    found = _group_zero(context)
    if found is None or (users is not None and not flag(users)):
        context.process.beyond(path, "whose gids they are is in the node's /etc/group")
    else:
        context.process.say(path, ("root",), found, "gid 0")


def _group_zero(context: Context) -> Node | None:
    """Return the setting that puts the process into the group 0, if one does."""
    groups = [context.setting("runAsGroup")]
    if context.shared is not None:
        groups.append(context.shared.get("fsGroup"))
        several = context.shared.get("supplementalGroups")
        groups += several.elements() if several is not None else []
    return next((node for node in groups if node is not None and scalar(node) == "0"), None)
