"""What a pod and its container say, setting by setting."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import pytest
from declared_facts import Seen, kubernetes

from isoaudit.probes.defaults import ALL_CAPABILITIES, DOCKER_CAPABILITIES

EFFECTIVE = "process.capabilities.effective"
BOUNDING = "process.capabilities.bounding"


def _secure(own: str = "", pod: str = "") -> Seen:
    """Return what is seen with one security context for the container and one for the pod."""
    container = "securityContext:\n" + indent(own, "  ") if own else ""
    shared = "securityContext:\n" + indent(pod, "  ") if pod else ""
    return kubernetes(container, shared)


def test_a_container_that_says_nothing_gets_kubernetes_defaults() -> None:
    """Every default is resolved, and its source says whose it is."""
    seen = kubernetes("image: a")

    expected = {
        "container.platform": "kubernetes",
        "container.privileged": False,
        "container.rootfs.read_only": False,
        "container.user_namespace": "default",
        "container.seccomp.profile": "unconfined",
        "container.apparmor.profile": "default",
        "container.service_account_token": True,
        "container.windows_host_process": False,
        "container.restart": "always",
        "container.limits.memory.set": False,
        "container.limits.cpu.set": False,
        "process.name": "app",
        "process.main": True,
        "process.root_permitted": True,
        "process.no_new_privileges": False,
        "process.seccomp.mode": "disabled",
        "process.user_namespace": "host",
        "process.namespaces.net": "private",
        EFFECTIVE: DOCKER_CAPABILITIES,
        BOUNDING: DOCKER_CAPABILITIES,
    }
    assert expected == {path: seen.facts[path] for path in expected}
    assert "unless the kubelet sets seccompDefault" in seen.sources["process.seccomp.mode"]
    assert {
        "process.uid",
        "process.apparmor.confined",
        "process.host_groups",
        "process.namespaces.cgroup",
        "container.runtime",
        "pod.namespace",
        "pod.api_rights",
    } == set(seen.missing)


@pytest.mark.parametrize(
    ("own", "held"),
    [
        ("capabilities: {drop: [ALL]}", ()),
        ("capabilities: {drop: [all], add: [NET_BIND_SERVICE]}", ("CAP_NET_BIND_SERVICE",)),
        ("capabilities: {add: [ALL]}", ALL_CAPABILITIES),
        ("capabilities: {add: [ALL], drop: [ALL]}", ()),
        ("capabilities: {add: [CHOWN], drop: [ALL, CHOWN]}", ()),
        ("capabilities: {add: [], drop: []}", DOCKER_CAPABILITIES),
        ("privileged: true\ncapabilities: {drop: [ALL]}", ALL_CAPABILITIES),
    ],
)
def test_capabilities_are_what_a_cri_runtime_makes_of_them(own: str, held: tuple[str, ...]) -> None:
    """Drops come last, unlike with docker."""
    seen = _secure(own)

    assert held == seen.facts[EFFECTIVE]
    assert held == seen.facts[BOUNDING]


@pytest.mark.parametrize(
    ("own", "pod", "uid", "root"),
    [
        ("runAsUser: 0", "", 0, True),
        ("runAsUser: 1000", "", 1000, False),
        ("", "runAsUser: 1000", 1000, False),
        ("runAsUser: 0", "runAsUser: 1000", 0, True),
        ("runAsUser: 0", "runAsNonRoot: true", 0, True),
        ("", "runAsNonRoot: true", None, False),
        ("runAsNonRoot: false", "runAsNonRoot: true", None, True),
        ("runAsNonRoot: true", "", None, False),
    ],
)
def test_the_user_of_the_container_wins_over_the_pod_s(
    own: str, pod: str, uid: int | None, root: bool
) -> None:
    """Field by field; runAsNonRoot proves it without saying who it is."""
    seen = _secure(own, pod)

    assert uid == seen.facts.get("process.uid")
    assert root == seen.facts["process.root_permitted"]
    assert (DOCKER_CAPABILITIES if root else ()) == seen.facts[EFFECTIVE]


@pytest.mark.parametrize(
    ("own", "value"),
    [
        ("allowPrivilegeEscalation: false", True),
        ("allowPrivilegeEscalation: true", False),
        ("allowPrivilegeEscalation: false\nprivileged: true", False),
        ("allowPrivilegeEscalation: false\ncapabilities: {add: [SYS_ADMIN]}", False),
    ],
)
def test_no_new_privileges_follows_privilege_escalation(own: str, value: bool) -> None:
    """Except where privileged or SYS_ADMIN allow it in any case."""
    assert value == _secure(own).facts["process.no_new_privileges"]


@pytest.mark.parametrize(
    ("own", "pod", "profile", "mode"),
    [
        ("seccompProfile: {type: RuntimeDefault}", "", "default", "filter"),
        ("", "seccompProfile: {type: RuntimeDefault}", "default", "filter"),
        ("seccompProfile: {type: Unconfined}", "seccompProfile: {type: RuntimeDefault}",
         "unconfined", "disabled"),
        ("seccompProfile: {type: Localhost, localhostProfile: p.json}", "", "custom", "filter"),
        ("privileged: true\nseccompProfile: {type: RuntimeDefault}", "", "unconfined", "disabled"),
    ],
)  # fmt: skip
def test_seccomp(own: str, pod: str, profile: str, mode: str) -> None:
    """The container's profile wins; privileged loads none."""
    seen = _secure(own, pod)

    assert profile == seen.facts["container.seccomp.profile"]
    assert mode == seen.facts["process.seccomp.mode"]


@pytest.mark.parametrize(
    "key",
    ["seccomp.security.alpha.kubernetes.io/pod",
     "container.seccomp.security.alpha.kubernetes.io/app"],
)  # fmt: skip
def test_an_old_seccomp_annotation_proves_nothing(key: str) -> None:
    """Kubernetes no longer heeds it; whether this cluster does is not known."""
    seen = kubernetes(metadata=f"annotations: {{{key}: runtime/default}}")

    assert "1.27" in seen.missing["process.seccomp.mode"]
    assert "process.seccomp.mode" not in seen.facts


@pytest.mark.parametrize(
    ("own", "pod", "profile", "confined"),
    [
        ("appArmorProfile: {type: RuntimeDefault}", "", "default", True),
        ("", "appArmorProfile: {type: Unconfined}", "unconfined", False),
        ("appArmorProfile: {type: Localhost, localhostProfile: mine}", "", "mine", True),
        ("privileged: true", "", "unconfined", False),
        ("privileged: true\nappArmorProfile: {type: RuntimeDefault}", "", "unconfined", False),
        ("privileged: true\nappArmorProfile: {type: Localhost, localhostProfile: m}", "", "m",
         True),
    ],
)  # fmt: skip
def test_apparmor(own: str, pod: str, profile: str, confined: bool) -> None:
    """A profile by name holds beside privileged, the runtime's own does not."""
    seen = _secure(own, pod)

    assert profile == seen.facts["container.apparmor.profile"]
    assert confined == seen.facts["process.apparmor.confined"]


@pytest.mark.parametrize(
    ("value", "profile", "confined"),
    [("runtime/default", "default", True), ("localhost/mine", "mine", True),
     ("unconfined", "unconfined", False)],
)  # fmt: skip
def test_apparmor_by_annotation(value: str, profile: str, confined: bool) -> None:
    """What came before the field is still heeded."""
    key = "container.apparmor.security.beta.kubernetes.io/app"
    seen = kubernetes(metadata=f"annotations: {{{key}: {value}}}")

    assert profile == seen.facts["container.apparmor.profile"]
    assert confined == seen.facts["process.apparmor.confined"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("seLinuxOptions: {type: spc_t}", {"disabled": True, "type": "spc_t"}),
        ("seLinuxOptions: {type: x_t, level: 's0:c1'}",
         {"disabled": False, "options": ("type:x_t", "level:s0:c1")}),
        ("privileged: true", {"disabled": True, "type": ""}),
    ],
)  # fmt: skip
def test_selinux(own: str, expected: dict[str, Any]) -> None:
    """The super-privileged type and privileged switch it off."""
    seen = _secure(own)

    assert expected == {key: seen.facts[f"container.selinux.{key}"] for key in expected}


@pytest.mark.parametrize("own", ["procMount: Unmasked", "privileged: true"])
def test_unmasked_proc(own: str) -> None:
    """Nothing is hidden and nothing read-only any more."""
    seen = _secure(own)

    assert () == seen.facts["container.masked_paths"]
    assert () == seen.facts["container.readonly_paths"]


@pytest.mark.parametrize(
    ("pod", "path", "value"),
    [
        ("hostNetwork: true", "process.namespaces.net", "host"),
        ("hostNetwork: true", "process.namespaces.uts", "host"),
        ("hostNetwork: false", "process.namespaces.net", "private"),
        ("hostPID: true", "process.namespaces.pid", "host"),
        ("hostPID: false", "process.namespaces.pid", "private"),
        ("shareProcessNamespace: true", "process.namespaces.pid", "shared"),
        ("hostIPC: true", "process.namespaces.ipc", "host"),
        ("hostUsers: false", "process.user_namespace", "private"),
        ("hostUsers: false", "container.user_namespace", "private"),
        ("hostUsers: true", "process.user_namespace", "host"),
        ("runtimeClassName: gvisor", "container.runtime", "gvisor"),
        ("restartPolicy: Never", "container.restart", "no"),
        ("automountServiceAccountToken: false", "container.service_account_token", False),
        ("securityContext: {windowsOptions: {hostProcess: true}}",
         "container.windows_host_process", True),
        ("resources: {limits: {memory: 1Gi}}", "container.limits.memory.bytes", 2**30),
    ],
)  # fmt: skip
def test_settings_of_the_pod(pod: str, path: str, value: Any) -> None:
    """They hold for every container in it."""
    assert value == kubernetes(pod=pod).facts[path]


@pytest.mark.parametrize(
    ("memory", "size"),
    [("128Mi", 128 * 2**20), ("1G", 10**9), ("1e3", 1000), ("1.5Ki", 1536), ("2048", 2048),
     ("1E", 10**18), ("128000m", 128), (".5Ki", 512)],
)  # fmt: skip
def test_memory_in_every_unit(memory: str, size: int) -> None:
    """Binary, decimal and exponent suffixes."""
    seen = kubernetes(f"resources: {{limits: {{memory: {memory}}}}}")

    assert size == seen.facts["container.limits.memory.bytes"]


def _mount(mount: str, volume: str) -> tuple[dict[str, Any], dict[str, str]]:
    seen = kubernetes(f"volumeMounts: [{{name: v, {mount}}}]", f"volumes: [{{name: v, {volume}}}]")
    (record,) = seen.records("mount")
    return record, seen.unread("mount")[0]


@pytest.mark.parametrize(
    ("mount", "volume", "expected"),
    [
        ("mountPath: /h", "hostPath: {path: /}",
         {"kind": "bind", "source": "/", "read_only": False, "propagation": "private"}),
        ("mountPath: /h, readOnly: true", "hostPath: {path: /etc/}",
         {"source": "/etc", "read_only": True, "managed": False}),
        ("mountPath: /h, mountPropagation: Bidirectional", "hostPath: {path: /a}",
         {"propagation": "shared"}),
        ("mountPath: /h, mountPropagation: HostToContainer", "hostPath: {path: /a}",
         {"propagation": "slave"}),
        ("mountPath: /h, subPath: run/docker.sock", "hostPath: {path: /var}",
         {"source": "/var/run/docker.sock"}),
        ("mountPath: /h", "hostPath: {path: /a/../etc}", {"source": "/etc"}),
        ("mountPath: /h", "hostPath: {path: //etc}", {"source": "/etc"}),
        ("mountPath: /h", "emptyDir: {}", {"kind": "volume", "managed": True}),
        ("mountPath: /h", "emptyDir: {medium: Memory}", {"kind": "tmpfs"}),
        ("mountPath: /h", "secret: {secretName: s}", {"kind": "volume", "managed": True}),
    ],
)  # fmt: skip
def test_mounts(mount: str, volume: str, expected: dict[str, Any]) -> None:
    """A hostPath is a bind of the node's path, all else is kept by the kubelet."""
    record, _ = _mount(mount, volume)

    assert expected == {key: record[f"mount.{key}"] for key in expected}


def test_a_sub_path_by_a_variable_is_not_known() -> None:
    """What the container's environment says decides it."""
    record, unread = _mount("mountPath: /h, subPathExpr: $(POD)", "hostPath: {path: /var}")

    assert "mount.source" not in record
    assert "mount.source" in unread


def test_a_mount_of_no_volume_is_not_known() -> None:
    """The name leads nowhere in this file; what it is cannot be said."""
    seen = kubernetes("volumeMounts: [{name: gone, mountPath: /x}]")

    assert {"mount.kind", "mount.source", "mount.managed"} == set(seen.unread("mount")[0])


def test_a_projected_token_is_a_token() -> None:
    """It is mounted even where the automatic one is switched off."""
    seen = kubernetes(
        "volumeMounts: [{name: t, mountPath: /t}]",
        "automountServiceAccountToken: false\n"
        "volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}]",
    )

    assert seen.facts["container.service_account_token"] is True


def test_devices_of_volumes_and_plugins() -> None:
    """A block volume is known by its place, a plugin's device by its name."""
    seen = kubernetes(
        "volumeDevices: [{name: v, devicePath: /dev/x}]\n"
        "resources: {limits: {cpu: 1, vendor.example/kvm: 1, hugepages-2Mi: 1, none.example/x: 0}}"
    )
    block, plugin = seen.records("device")

    assert "/dev/x" == block["device.destination"]
    assert "device.path" in seen.unread("device")[0]
    assert "vendor.example/kvm" == plugin["device.path"]


@pytest.mark.parametrize(
    ("port", "pod", "expected"),
    [
        ("{containerPort: 80}", "", []),
        ("{containerPort: 80, hostPort: 8080}", "", [("", 8080, 80, "tcp")]),
        ("{containerPort: 80, hostPort: 80, hostIP: 127.0.0.1, protocol: UDP}", "",
         [("127.0.0.1", 80, 80, "udp")]),
        ("{containerPort: 80}", "hostNetwork: true", [("", 80, 80, "tcp")]),
    ],
)  # fmt: skip
def test_ports_that_the_node_opens(port: str, pod: str, expected: list[Any]) -> None:
    """Those with a hostPort, and on the node's network all of them."""
    seen = kubernetes(f"ports: [{port}]", pod)

    assert expected == [tuple(record.values()) for record in seen.records("port")]


@pytest.mark.parametrize(
    ("variable", "secret"),
    [
        ("{name: DB_PASSWORD, value: hunter22}", True),
        ("{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}", False),
        ("{name: DB_PASSWORD, value: $(OTHER)}", False),
        ("{name: LEVEL, value: info}", False),
    ],
)
def test_secrets_in_the_environment(variable: str, secret: bool) -> None:
    """A value in the file is one, a reference is none; values are never kept."""
    seen = kubernetes(f"env: [{variable}]")

    assert [secret] == [record["environment.secret"] for record in seen.records("environment")]
    assert "hunter22" not in str(seen.factset.to_json())


def test_variables_of_another_object_are_not_known() -> None:
    """With envFrom the environment is not read to its end."""
    seen = kubernetes("envFrom: [{secretRef: {name: a}}]")

    assert "envFrom" in seen.incomplete("environment")
