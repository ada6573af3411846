"""What a pod says of where it runs, and of what its containers are given beside their settings.

Sources: the Kubernetes API reference (PodSpec, Toleration, EnvVarSource, Volume), and the labels
and taints of control-plane nodes as kubeadm and the documentation name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from isoaudit.documents.yaml import Node
from isoaudit.probes.declared import MAX_RECORDS
from isoaudit.probes.kubernetes.context import DEFAULT, Context, note_switch
from isoaudit.probes.kubernetes.identity import note_rights
from isoaudit.probes.kubernetes.objects import scalar

_ROLE = "node-role.kubernetes.io/"
_CONTROL_PLANE = (f"{_ROLE}control-plane", f"{_ROLE}master")
_SECURITY = ("runAsNonRoot", "seccompProfile")
_OWN_SECURITY = ("allowPrivilegeEscalation", "readOnlyRootFilesystem")
_TYPES = {"containers": "container", "initContainers": "init", "ephemeralContainers": "ephemeral"}


def note_pod(context: Context) -> None:
    """Note the facts below `pod`, and the pull policy of the image."""
    facts = context.facts
    note_switch(facts, "pod.host_users", context.of_pod("hostUsers"), default=True)
    note_switch(facts, "pod.shares_processes", context.of_pod("shareProcessNamespace"))
    for path, keys in (("pod.os", ("os", "name")), ("pod.node_name", ("nodeName",))):
        said = context.container.pod.spec.get(*keys)
        if said is None:
            facts.default(path, "", f"no {'.'.join(keys)}: {DEFAULT}")
        else:
            facts.say(path, scalar(said), said)
    _note_type(context)
    _note_namespace(context)
    _note_names(context, "pod.control_plane", _control_plane(context))
    _note_names(context, "pod.secret_variables", _secret_variables(context.container.node))
    _note_names(context, "pod.image_volumes", _image_volumes(context))
    _note_unset(context)
    note_rights(context)
    _note_pull_policy(context)


def _note_type(context: Context) -> None:
    node = context.container.node
    kind = _TYPES[context.container.field]
    restart = node.get("restartPolicy")
    if kind == "init" and restart is not None and scalar(restart) == "Always":
        context.facts.say("pod.container_type", "sidecar", restart)
    else:
        context.facts.say("pod.container_type", kind, node, f"one of {context.container.field}")


def _note_namespace(context: Context) -> None:
    pod, path = context.container.pod, "pod.namespace"
    said = pod.item.get("metadata", "namespace")
    if said is not None:
        context.facts.say(path, scalar(said), said)
    else:
        # NOTE: a chart leaves it to `helm install -n`; nothing in the file could settle it.
        context.facts.beyond(path, "no namespace: whoever applies the object names it")


def _note_names(context: Context, path: str, found: Iterator[tuple[str, Node]]) -> None:
    """Note a list of names, at the place of the first one; that there are any is what counts."""
    names = list(islice(found, MAX_RECORDS))
    if names:
        values = tuple(dict.fromkeys(name for name, _ in names))
        context.facts.say(path, values, names[0][1])
    else:
        context.facts.default(path, (), f"none: {DEFAULT}")


def _control_plane(context: Context) -> Iterator[tuple[str, Node]]:
    found = context.of_pod("tolerations")
    for entry in found.elements() if found is not None else []:
        key, operator = entry.get("key"), entry.get("operator")
        if key is not None and scalar(key) in _CONTROL_PLANE:
            yield scalar(key), entry
        elif key is None and operator is not None and scalar(operator) == "Exists":
            yield "*", entry
    selector = context.of_pod("nodeSelector")
    for label, value in selector.items() if selector is not None else ():
        if label in _CONTROL_PLANE:
            yield label, value


def _secret_variables(container: Node) -> Iterator[tuple[str, Node]]:
    found = container.get("env")
    for entry in found.elements() if found is not None else []:
        name, said = entry.get("name"), entry.get("valueFrom", "secretKeyRef")
        if name is not None and said is not None:
            yield scalar(name), said
    found = container.get("envFrom")
    for entry in found.elements() if found is not None else []:
        said = entry.get("secretRef", "name")
        if said is not None:
            yield f"{scalar(said)}/*", said


def _image_volumes(context: Context) -> Iterator[tuple[str, Node]]:
    for volume in context.container.pod.volumes.values():
        said = volume.get("image", "reference")
        if said is not None:
            yield scalar(said), said


def _note_unset(context: Context) -> None:
    unset = [name for name in _SECURITY if context.setting(name) is None]
    unset += [name for name in _OWN_SECURITY if context.of_container(name) is None]
    declared = context.of_container("capabilities")
    if declared is None or declared.get("drop") is None:
        unset.append("capabilities.drop")
    anchor = context.own or context.container.node
    context.facts.say("pod.unset_security", tuple(sorted(unset)), anchor)


def _note_pull_policy(context: Context) -> None:
    path, said = "container.image.pull_policy", context.container.node.get("imagePullPolicy")
    image = context.container.node.get("image")
    if said is not None:
        context.facts.say(path, scalar(said), said)
    elif image is None:
        context.facts.unknown(path, "no image: whoever creates the pod sets it")
    else:
        text = scalar(image)
        tag = text.rpartition("/")[2].partition(":")[2]
        latest = "@" not in text and tag in {"", "latest"}
        context.facts.default(path, "Always" if latest else "IfNotPresent", DEFAULT)
