"""The part `pod_field`: what the Pod Security Standards look at, field by field, where it is set.

The standards judge fields as they are written, those of the pod also where every container
overrides them; so this part merges nothing. What must be set and is not is a field without values.

Source: the Pod Security Standards, and the admission controller's checks of them
(k8s.io/pod-security-admission).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from isoaudit.documents.yaml import Node
from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.declared import record
from isoaudit.probes.kubernetes.context import Context, flag
from isoaudit.probes.kubernetes.objects import scalar
from isoaudit.probes.kubernetes.workload import Pod

APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/"
SECCOMP_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"

_MOST = 200
"""Most fields read of one container and its pod: every container has those of its pod, and lists of
aliases make thousands of either. Pods as people write them have some ten."""

_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
_HANDLERS = ("httpGet", "tcpSocket")
_SELINUX = ("type", "user", "role")


def note_fields(context: Context) -> None:
    """Note the part `pod_field`: fields of the pod, which all its containers have, and its own."""
    pod = context.container.pod
    if pod.fields is None:
        pod.fields = tuple(islice(_of_pod(pod), _MOST + 1))
    found = tuple(islice(chain(pod.fields, _of_container(context)), _MOST + 1))
    incomplete = None
    if len(found) > _MOST:
        detail = f"more than {_MOST} fields that the Pod Security Standards restrict"
        incomplete = Missing("pod_field", Reason.LIMIT, detail, vantage=Vantage.DECLARED)
    context.facts.part("pod_field", found[:_MOST], incomplete)


def _field(node: Node, path: str, name: str, values: tuple[str, ...]) -> Record:
    return record(
        node, {"pod_field.path": path, "pod_field.name": name, "pod_field.values": values}
    )


def _switch(node: Node) -> tuple[str, ...]:
    return ("true" if flag(node) else "false",)


def _of_pod(pod: Pod) -> Iterator[Record]:
    for name in _HOST_NAMESPACES:
        said = pod.spec.get(name)
        if said is not None:
            yield _field(said, f"spec.{name}", name, _switch(said))
    yield from _volumes(pod)
    yield from _annotations(pod)
    if pod.security is None:
        return
    yield from _of_both(pod.security, "spec.securityContext")
    found = pod.security.get("sysctls")
    for entry in found.elements() if found is not None else []:
        said = entry.get("name")
        if said is not None:
            path = f"spec.securityContext.sysctls[{scalar(said)}]"
            yield _field(said, path, "sysctl", (scalar(said),))


def _volumes(pod: Pod) -> Iterator[Record]:
    """Yield every volume, mounted or not, by its type; one without any is an emptyDir."""
    found = pod.spec.get("volumes")
    for entry in found.elements() if found is not None else []:
        kinds, name = [], ""
        for key, source in entry.items():
            if key == "name":
                name = scalar(source)
            elif not source.is_null:
                kinds.append(key)
        path = f"spec.volumes[{name}]"
        if len(kinds) == 1:
            path = f"{path}.{kinds[0]}"
        yield _field(entry, path, "volume", tuple(kinds) or ("emptyDir",))


def _annotations(pod: Pod) -> Iterator[Record]:
    """Yield the annotations that came before the fields, those of no container of the pod too."""
    if pod.annotations is None:
        return
    for key, value in pod.annotations.items():
        if key == SECCOMP_POD_ANNOTATION:
            yield _annotation(key, value, "seccomp")
            continue
        prefix, _, name = key.rpartition("/")
        if f"{prefix}/" == APPARMOR_ANNOTATION and name not in pod.names:
            yield _annotation(key, value, "apparmor")


def _annotation(key: str, value: Node, what: str) -> Record:
    path = f"metadata.annotations[{key}]"
    return _field(value, path, f"annotation.{what}", (scalar(value),))


def _of_both(security: Node, path: str) -> Iterator[Record]:
    """Yield what the security contexts of pods and of containers both have."""
    for name in ("runAsNonRoot", "runAsUser"):
        said = security.get(name)
        if said is not None:
            values = _switch(said) if name == "runAsNonRoot" else (str(_number(said)),)
            yield _field(said, f"{path}.{name}", name, values)
    for name in ("seccompProfile", "appArmorProfile"):
        profile = security.get(name)
        if profile is not None:
            said = profile.get("type")
            values = (scalar(said) if said is not None else "",)
            yield _field(said or profile, f"{path}.{name}.type", f"{name}.type", values)
    options = security.get("seLinuxOptions")
    for key in _SELINUX if options is not None else ():
        said = options.get(key) if options is not None else None
        if said is not None:
            name = f"seLinuxOptions.{key}"
            yield _field(said, f"{path}.{name}", name, (scalar(said),))
    said = security.get("windowsOptions", "hostProcess")
    if said is not None:
        name = "windowsOptions.hostProcess"
        yield _field(said, f"{path}.{name}", name, _switch(said))


def _of_container(context: Context) -> Iterator[Record]:
    container = context.container
    path = f"spec.{container.field}[{container.name}]"
    inner = f"{path}.securityContext"
    if context.own is not None:
        yield from _of_both(context.own, inner)
        for name in ("privileged", "procMount"):
            said = context.own.get(name)
            if said is not None:
                values = _switch(said) if name == "privileged" else (scalar(said),)
                yield _field(said, f"{inner}.{name}", name, values)
    yield from _required(context, inner)
    yield from _ports(context, path)
    yield from _hosts(container.node, path)
    annotations = container.pod.annotations
    for prefix, what in ((APPARMOR_ANNOTATION, "apparmor"), (SECCOMP_ANNOTATION, "seccomp")):
        said = annotations.get(prefix + container.name) if annotations is not None else None
        if said is not None:
            yield _annotation(prefix + container.name, said, what)


def _required(context: Context, path: str) -> Iterator[Record]:
    """Yield what the level restricted demands, without values where it is not set."""
    anchor = context.container.node
    for name in ("runAsNonRoot", "seccompProfile"):
        if context.setting(name) is None:
            field = name if name == "runAsNonRoot" else f"{name}.type"
            yield _field(anchor, f"{path}.{field}", field, ())
    said, name = context.of_container("allowPrivilegeEscalation"), "allowPrivilegeEscalation"
    values = _switch(said) if said is not None else ()
    yield _field(said or anchor, f"{path}.{name}", name, values)
    declared = context.of_container("capabilities")
    for key in ("add", "drop"):
        found = declared.get(key) if declared is not None else None
        names = tuple(scalar(entry) for entry in found.elements()) if found is not None else ()
        if found is not None or key == "drop":
            name = f"capabilities.{key}"
            yield _field(found or declared or anchor, f"{path}.{name}", name, names)


def _ports(context: Context, path: str) -> Iterator[Record]:
    network = context.of_pod("hostNetwork")
    on_host = network is not None and flag(network)
    found = context.container.node.get("ports")
    for index, entry in enumerate(found.elements() if found is not None else []):
        said = entry.get("hostPort")
        # NOTE: the API server itself fills in hostPort where a pod is on its node's network.
        if said is None and on_host:
            said = entry.get("containerPort")
        if said is not None:
            values = (str(_number(said)),)
            yield _field(said, f"{path}.ports[{index}].hostPort", "hostPort", values)


def _hosts(container: Node, path: str) -> Iterator[Record]:
    """Yield the hosts that probes and lifecycle hooks are sent to instead of to the pod."""
    for outer, names in ((None, _PROBES), ("lifecycle", _HOOKS)):
        holder = container if outer is None else container.get(outer)
        for name in names if holder is not None else ():
            action = holder.get(name) if holder is not None else None
            for handler in _HANDLERS if action is not None else ():
                said = action.get(handler, "host") if action is not None else None
                if said is not None:
                    where = f"{outer}.{name}" if outer else name
                    yield _field(said, f"{path}.{where}.{handler}.host", "host", (scalar(said),))


def _number(node: Node) -> int:
    scalar(node)
    return node.integer()
