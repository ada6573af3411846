"""The Pod Security Standards as a table: what is set, and which checks fail of it at which version.

Every row starts from a pod that passes everything. `fails` names the failing checks by number for
each minor version at which the row is judged: the newest, and those around a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, NamedTuple

NEWEST = 37
LISTS = ("containers", "initContainers", "ephemeralContainers")

Fails = dict[int, set[int]]


class Case(NamedTuple):
    """A setting of the pod (`pod`), of one of its containers (`own`), or an annotation."""

    name: str
    fails: Fails
    pod: Mapping[str, Any] = MappingProxyType({})
    own: Mapping[str, Any] = MappingProxyType({})
    notes: Mapping[str, str] = MappingProxyType({})


def always(*numbers: int) -> Fails:
    return {0: set(numbers) & _ALWAYS, NEWEST: set(numbers)}


_ALWAYS = {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 15}
"""Those whose control existed from the first version on, and looked at fields."""

NOTHING: Fails = {0: set(), NEWEST: set()}


def good_container(name: str) -> dict[str, Any]:
    """Return a container that the level restricted admits at every version."""
    return {
        "name": name,
        "image": "a",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            "capabilities": {"drop": ["ALL"]},
        },
    }


def merged(base: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with what `change` sets, mapping by mapping; None takes a key away."""
    result = deepcopy(base)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = deepcopy(value)
    return result


def pod_of(case: Case, where: str) -> dict[str, Any]:
    """Return the case's pod: beside the container in question, in the list `where`, a good one."""
    spec: dict[str, Any] = {"containers": [good_container("other")]}
    spec.setdefault(where, []).append(merged(good_container("odd"), case.own))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": dict(case.notes)},
        "spec": merged(spec, case.pod),
    }


def _security(**settings: Any) -> dict[str, Any]:
    return {"securityContext": settings}


def _both(name: str, fails: Fails, **settings: Any) -> list[Case]:
    """Return a setting that pods and containers both have, once for each."""
    return [
        Case(f"{name} of the pod", fails, pod=_security(**settings)),
        Case(f"{name} of a container", fails, own=_security(**settings)),
    ]


def _host_namespaces() -> list[Case]:
    names = ("hostNetwork", "hostPID", "hostIPC")
    return [
        *(Case(f"{name} {value}", always(2) if value else NOTHING, pod={name: value})
          for name in names for value in (True, False)),
        Case("hostNetwork makes ports host ports", always(2, 6), pod={"hostNetwork": True},
             own={"ports": [{"containerPort": 80}]}),
    ]  # fmt: skip


_CORE = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
         "persistentVolumeClaim", "projected", "secret")  # fmt: skip
_OTHER = ("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "fc", "flexVolume",
          "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "iscsi", "nfs",
          "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos",
          "vsphereVolume")  # fmt: skip


def _volumes() -> list[Case]:
    def case(kind: str, source: Any, fails: Fails) -> Case:
        return Case(f"volume {kind}", fails, pod={"volumes": [{"name": "data", kind: source}]})

    return [
        *(case(kind, {}, NOTHING) for kind in _CORE),
        *(case(kind, {}, always(13)) for kind in _OTHER),
        case("hostPath", {"path": "/data"}, always(5, 13)),
        Case("a volume of no type is an emptyDir", NOTHING, pod={"volumes": [{"name": "data"}]}),
    ]


_SYSCTLS = {
    0: ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
    27: ("net.ipv4.ip_local_reserved_ports",),
    29: ("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
         "net.ipv4.tcp_keepalive_probes"),
    32: ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
    37: ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"),
}  # fmt: skip


def _sysctls() -> list[Case]:
    def case(name: str, fails: Fails) -> Case:
        return Case(f"sysctl {name}", fails,
                    pod=_security(sysctls=[{"name": name, "value": "1"}]))  # fmt: skip

    since = [(minor, name) for minor, names in _SYSCTLS.items() for name in names]
    return [
        *(case(name, NOTHING if not minor else {minor - 1: {12}, minor: set(), NEWEST: set()})
          for minor, name in since),
        case("kernel.msgmax", always(12)),
        case("net/ipv4/tcp_syncookies", always(12)),
    ]  # fmt: skip


def _profiles() -> list[Case]:
    cases: list[Case] = []
    for kind in ("type", "user", "role"):
        cases += _both(f"SELinux {kind} odd", always(9), seLinuxOptions={kind: "odd"})
        cases += _both(f"SELinux {kind} empty", NOTHING, seLinuxOptions={kind: ""})
    for word in ("container_t", "container_init_t", "container_kvm_t"):
        cases += _both(f"SELinux {word}", NOTHING, seLinuxOptions={"type": word})
    engine = {30: {9}, 31: set(), NEWEST: set()}
    cases += _both("SELinux container_engine_t", engine,
                   seLinuxOptions={"type": "container_engine_t"})  # fmt: skip
    cases += _both("SELinux level", NOTHING, seLinuxOptions={"level": "s0:c1,c2"})
    open_ = {18: set(), 19: {11, 17}, NEWEST: {11, 17}}
    cases += _both("seccomp Unconfined", open_, seccompProfile={"type": "Unconfined"})
    local = {"type": "Localhost", "localhostProfile": "a.json"}
    cases += _both("seccomp Localhost", NOTHING, seccompProfile=local)
    cases += _both("AppArmor Unconfined", always(8), appArmorProfile={"type": "Unconfined"})
    cases += _both("AppArmor RuntimeDefault", NOTHING, appArmorProfile={"type": "RuntimeDefault"})
    cases += _both("AppArmor Localhost", NOTHING, appArmorProfile=local)
    cases += _both("HostProcess", always(1), windowsOptions={"hostProcess": True})
    cases += _both("no HostProcess", NOTHING, windowsOptions={"hostProcess": False})
    return cases


def _annotations() -> list[Case]:
    apparmor = "container.apparmor.security.beta.kubernetes.io/odd"
    own, whole = ("container.seccomp.security.alpha.kubernetes.io/odd",
                  "seccomp.security.alpha.kubernetes.io/pod")  # fmt: skip
    old = {18: {11}, 19: set(), NEWEST: set()}
    return [
        Case("annotation AppArmor unconfined", always(8), notes={apparmor: "unconfined"}),
        *(Case(f"annotation AppArmor {word!r}", NOTHING, notes={apparmor: word})
          for word in ("runtime/default", "localhost/a", "")),
        *(Case(f"annotation {key} {word!r}", {18: set(), NEWEST: set()}, notes={key: word})
          for key in (own, whole) for word in ("runtime/default", "docker/default", "localhost/a")),
        *(Case(f"annotation {key} {word!r}", old, notes={key: word})
          for key in (own, whole) for word in ("unconfined", "")),
    ]  # fmt: skip


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _hosts() -> list[Case]:
    cases = []
    late = {33: set(), 34: {7}, NEWEST: {7}}
    for handler in ("httpGet", "tcpSocket"):
        for host, fails in (("10.0.0.1", late), ("", NOTHING), (None, NOTHING)):
            action = {handler: {"port": 80} | ({} if host is None else {"host": host})}
            cases += [Case(f"{probe} {handler} {host!r}", fails, own={probe: action})
                      for probe in _PROBES]  # fmt: skip
            cases += [Case(f"{hook} {handler} {host!r}", fails, own={"lifecycle": {hook: action}})
                      for hook in ("postStart", "preStop")]  # fmt: skip
    return cases


_MAY_ADD = ("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETFCAP",
            "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")  # fmt: skip


def _capabilities() -> list[Case]:
    def add(name: str, fails: Fails) -> Case:
        return Case(f"adds {name}", fails, own=_security(capabilities={"add": [name]}))

    undropped = {21: set(), 22: {18}, NEWEST: {18}}
    return [
        *(add(name, undropped) for name in _MAY_ADD),
        add("NET_BIND_SERVICE", NOTHING),
        *(add(name, {21: {4}, 22: {4, 18}, NEWEST: {4, 18}})
          for name in ("NET_RAW", "SYS_ADMIN", "ALL", "CAP_CHOWN", "chown")),
        *(Case(f"drops {names}", undropped, own=_security(capabilities={"drop": names}))
          for names in ([], ["NET_RAW"], ["all"], ["CAP_ALL"])),
        Case("drops ALL and another", NOTHING,
             own=_security(capabilities={"drop": ["KILL", "ALL"]})),
        Case("no capabilities", undropped, own=_security(capabilities=None)),
        Case("no capabilities, for Windows", {24: {18}, 25: set(), NEWEST: set()},
             pod={"os": {"name": "windows"}}, own=_security(capabilities=None)),
    ]  # fmt: skip


def _own_settings() -> list[Case]:
    unmasked = _security(procMount="Unmasked")
    escalation = {7: set(), 8: {14}, NEWEST: {14}}
    return [
        Case("privileged", always(3), own=_security(privileged=True)),
        Case("not privileged", NOTHING, own=_security(privileged=False)),
        Case("procMount Default", NOTHING, own=_security(procMount="Default")),
        Case("procMount Unmasked", {0: {10}, 34: {10}, 35: {10, 19}, NEWEST: {10, 19}},
             own=unmasked),
        Case("procMount Unmasked, own users", {34: {10}, 35: {19}, NEWEST: {19}},
             pod={"hostUsers": False}, own=unmasked),
        Case("procMount Unmasked, the host's users", {34: {10}, 35: {10, 19}},
             pod={"hostUsers": True}, own=unmasked),
        Case("hostPort", always(6), own={"ports": [{"containerPort": 80, "hostPort": 8080}]}),
        Case("hostPort 0", NOTHING, own={"ports": [{"containerPort": 80, "hostPort": 0}]}),
        Case("a port of its own", NOTHING, own={"ports": [{"containerPort": 80}]}),
        Case("escalation allowed", escalation, own=_security(allowPrivilegeEscalation=True)),
        Case("escalation unset", escalation, own=_security(allowPrivilegeEscalation=None)),
        Case("escalation unset, for Windows", {24: {14}, 25: set(), NEWEST: set()},
             pod={"os": {"name": "windows"}}, own=_security(allowPrivilegeEscalation=None)),
        Case("escalation unset, for Linux", {24: {14}, 25: {14}},
             pod={"os": {"name": "linux"}}, own=_security(allowPrivilegeEscalation=None)),
        Case("escalation unset, on nodes with Windows", {25: {14}},
             pod={"nodeSelector": {"kubernetes.io/os": "windows"}},
             own=_security(allowPrivilegeEscalation=None)),
    ]  # fmt: skip


def _users() -> list[Case]:
    root = {22: set(), 23: {16}, 34: {16}, NEWEST: {16}}
    unset = _security(runAsNonRoot=None)
    free = {34: {15}, 35: set(), NEWEST: set()}
    no_filter = {18: set(), 19: {17}, NEWEST: {17}}
    return [
        *_both("runAsUser 0", root, runAsUser=0),
        *_both("runAsUser 1", NOTHING, runAsUser=1),
        Case("runAsUser 0, own users", {34: {16}, 35: set(), NEWEST: set()},
             pod={"hostUsers": False}, own=_security(runAsUser=0)),
        *_both("runAsNonRoot false", always(15), runAsNonRoot=False),
        Case("runAsNonRoot unset", always(15), own=unset),
        Case("runAsNonRoot of the pod", NOTHING, pod=_security(runAsNonRoot=True), own=unset),
        Case("runAsNonRoot unset, own users", free, pod={"hostUsers": False}, own=unset),
        Case("runAsNonRoot false, own users", free, pod={"hostUsers": False},
             own=_security(runAsNonRoot=False)),
        Case("seccomp unset", no_filter, own=_security(seccompProfile=None)),
        Case("seccomp of the pod", NOTHING,
             pod=_security(seccompProfile={"type": "RuntimeDefault"}),
             own=_security(seccompProfile=None)),
        Case("seccomp unset, for Windows", {24: {17}, 25: set(), NEWEST: set()},
             pod={"os": {"name": "windows"}}, own=_security(seccompProfile=None)),
    ]  # fmt: skip


CASES = [
    *_host_namespaces(), *_volumes(), *_sysctls(), *_profiles(), *_annotations(), *_hosts(),
    *_capabilities(), *_own_settings(), *_users(),
]  # fmt: skip
