"""A second reading of the Pod Security Standards: of a whole pod, in plain Python, without facts.

It shares nothing with what it is compared to but the source: the standards' documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TYPES = {"", "container_t", "container_init_t", "container_kvm_t"}
_ADDABLE = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
            "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}  # fmt: skip
_CORE = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
         "persistentVolumeClaim", "projected", "secret"}  # fmt: skip
_SYSCTLS = {
    "kernel.shm_rmid_forced": 0, "net.ipv4.ip_local_port_range": 0, "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0, "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.tcp_rmem": 32, "net.ipv4.tcp_notsent_lowat": 37,
}  # fmt: skip
_NONE: dict[str, Any] = {}


def violated(pod: dict[str, Any], minor: int) -> set[str]:
    """Return the controls of both levels that refuse a pod at a version."""
    spec = pod["spec"]
    containers = [c for key, several in spec.items() if key.lower().endswith("containers")
                  for c in several]  # fmt: skip
    whole = spec.get("securityContext", _NONE)
    own = [c.get("securityContext", _NONE) for c in containers]
    notes = pod["metadata"].get("annotations", _NONE)
    names = {c["name"] for c in containers}
    return {
        *_hosts_side(spec, containers, minor),
        *_confinement([whole, *own], minor),
        *_proc([whole, *own], minor, own_users=spec.get("hostUsers") is False),
        *_annotations(notes, names, minor),
        *_restricted(spec, whole, own, minor),
    }


def _hosts_side(
    spec: dict[str, Any], containers: list[dict[str, Any]], minor: int
) -> Iterator[str]:
    if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        yield "hostNamespaces"
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        if "hostPath" in kinds:
            yield "hostPathVolumes"
        if kinds and not kinds & _CORE:
            yield "restrictedVolumes"
    for container in containers:
        for port in container.get("ports", []):
            if port.get("hostPort") or spec.get("hostNetwork"):
                yield "hostPorts"
        probe = container.get("livenessProbe", _NONE)
        hook = container.get("lifecycle", _NONE).get("preStop", _NONE)
        actions = [*probe.values(), *hook.values()]
        if minor >= 34 and any(action.get("host") for action in actions):
            yield "hostProbesAndHostLifecycle"


def _confinement(contexts: list[dict[str, Any]], minor: int) -> Iterator[str]:
    for context in contexts:
        if context.get("windowsOptions", _NONE).get("hostProcess"):
            yield "windowsHostProcess"
        if context.get("privileged"):
            yield "privileged"
        if set(context.get("capabilities", _NONE).get("add", [])) - _ADDABLE:
            yield "capabilities_baseline"
        if context.get("appArmorProfile", _NONE).get("type") == "Unconfined":
            yield "appArmorProfile"
        options = context.get("seLinuxOptions", _NONE)
        types = _TYPES | ({"container_engine_t"} if minor >= 31 else set())
        if options.get("type", "") not in types or options.get("user") or options.get("role"):
            yield "seLinuxOptions"
        if minor >= 19 and context.get("seccompProfile", _NONE).get("type") == "Unconfined":
            yield "seccompProfile_baseline"
        if any(_SYSCTLS.get(sysctl["name"], 99) > minor for sysctl in context.get("sysctls", [])):
            yield "sysctls"


def _proc(contexts: list[dict[str, Any]], minor: int, *, own_users: bool) -> Iterator[str]:
    if all(context.get("procMount", "Default") == "Default" for context in contexts):
        return
    if minor < 35 or not own_users:
        yield "procMount"
    if minor >= 35:
        yield "procMount_restricted"


def _annotations(notes: dict[str, str], names: set[str], minor: int) -> Iterator[str]:
    for key, value in notes.items():
        prefix, _, name = key.partition("/")
        if value != "unconfined":
            continue
        if "apparmor" in prefix:
            yield "appArmorProfile"
        elif minor < 19 and (name in names or name == "pod"):
            yield "seccompProfile_baseline"


def _restricted(
    spec: dict[str, Any], whole: dict[str, Any], own: list[dict[str, Any]], minor: int
) -> Iterator[str]:
    own_users = minor >= 35 and spec.get("hostUsers") is False
    windows = minor >= 25 and spec.get("os", _NONE).get("name") == "windows"
    merged = [{**whole, **context} for context in own]
    if not own_users:
        if whole.get("runAsNonRoot") is False:
            yield "runAsNonRoot"
        if any(context.get("runAsNonRoot") is not True for context in merged):
            yield "runAsNonRoot"
        if minor >= 23 and any(context.get("runAsUser") == 0 for context in (whole, *own)):
            yield "runAsUser"
    if windows:
        return
    if minor >= 8 and any(context.get("allowPrivilegeEscalation") is not False for context in own):
        yield "allowPrivilegeEscalation"
    asked = [context.get("seccompProfile", _NONE).get("type") for context in merged]
    if minor >= 19:
        if whole.get("seccompProfile", _NONE).get("type") == "Unconfined":
            yield "seccompProfile_restricted"
        if not set(asked) <= {"RuntimeDefault", "Localhost"}:
            yield "seccompProfile_restricted"
    for context in own:
        capabilities = context.get("capabilities", _NONE)
        if minor >= 22 and (
            "ALL" not in capabilities.get("drop", [])
            or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}
        ):
            yield "capabilities_restricted"
