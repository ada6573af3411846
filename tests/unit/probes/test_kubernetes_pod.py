"""What a pod says beside its settings, and what the rest of its file says of it."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import kubernetes

from isoaudit.documents import yaml
from isoaudit.errors import DocumentError
from isoaudit.model import FactSet, Kind, Location
from isoaudit.probes.kubernetes.probe import KubernetesProbe

BARE = "spec: {containers: [{name: app, image: a}]}"
TEMPLATE = f"spec: {{template: {{{BARE}}}}}"


def _targets(text: str) -> dict[str, FactSet]:
    probe = KubernetesProbe(yaml.load_all(text, "k.yaml"), "k.yaml")
    return {target.id.partition("#")[2]: probe.collect(target) for target in probe.find()}


def _value(facts: FactSet, path: str) -> Any:
    return facts.facts[path][0].value


@pytest.mark.parametrize(
    ("pod", "path", "expected"),
    [
        ("", "pod.host_users", True),
        ("hostUsers: true", "pod.host_users", True),
        ("hostUsers: false", "pod.host_users", False),
        ("", "pod.os", ""),
        ("os: {name: windows}", "pod.os", "windows"),
        ("nodeSelector: {kubernetes.io/os: windows}", "pod.os", ""),
        ("", "pod.node_name", ""),
        ("nodeName: node-1", "pod.node_name", "node-1"),
        ("", "pod.shares_processes", False),
        ("shareProcessNamespace: true", "pod.shares_processes", True),
        ("", "pod.control_plane", ()),
        ("tolerations: [{key: a, operator: Exists}]", "pod.control_plane", ()),
        ("tolerations: [{operator: Exists}]", "pod.control_plane", ("*",)),
        ("tolerations: [{key: node-role.kubernetes.io/master, effect: NoSchedule}]",
         "pod.control_plane", ("node-role.kubernetes.io/master",)),
        ("nodeSelector: {node-role.kubernetes.io/control-plane: ''}",
         "pod.control_plane", ("node-role.kubernetes.io/control-plane",)),
        ("volumes: [{name: a, image: {reference: example/data:1}}]",
         "pod.image_volumes", ("example/data:1",)),
    ],
)  # fmt: skip
def test_what_the_pod_says_is_a_fact(pod: str, path: str, expected: Any) -> None:
    """Its default is filled in."""
    assert expected == kubernetes(pod=pod).facts[path]


@pytest.mark.parametrize(
    ("container", "path", "expected"),
    [
        ("image: a", "container.image.pull_policy", "Always"),
        ("image: a:latest", "container.image.pull_policy", "Always"),
        ("image: host:5000/a", "container.image.pull_policy", "Always"),
        ("image: a:1", "container.image.pull_policy", "IfNotPresent"),
        ("image: a@sha256:00", "container.image.pull_policy", "IfNotPresent"),
        ("image: a\nimagePullPolicy: Never", "container.image.pull_policy", "Never"),
        ("env: [{name: A, value: b}]", "pod.secret_variables", ()),
        ("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
         "pod.secret_variables", ("A",)),
        ("envFrom: [{secretRef: {name: s}}, {configMapRef: {name: c}}]",
         "pod.secret_variables", ("s/*",)),
        ("securityContext: {runAsNonRoot: true, capabilities: {drop: []}}", "pod.unset_security",
         ("allowPrivilegeEscalation", "readOnlyRootFilesystem", "seccompProfile")),
    ],
)  # fmt: skip
def test_what_the_container_says_is_a_fact(container: str, path: str, expected: Any) -> None:
    """As the API server would read it."""
    assert expected == kubernetes(container).facts[path]


@pytest.mark.parametrize(("key", "inside"), [("subPath", "a"), ("subPathExpr", "$(B)")])
def test_a_mount_of_a_path_inside_its_volume_is_told(key: str, inside: str) -> None:
    """Whatever says which path."""
    mounts = f"volumeMounts: [{{name: v, mountPath: /m, {key}: {inside}}}]"
    (record,) = kubernetes(mounts, "volumes: [{name: v, emptyDir: {}}]").records("mount")

    assert record["mount.sub_path"]


def test_every_list_of_containers_has_its_type() -> None:
    """An init container that restarts always is a sidecar."""
    found = _targets(
        "kind: Pod\nmetadata: {name: p}\nspec:\n"
        "  containers: [{name: a}]\n"
        "  initContainers: [{name: b}, {name: c, restartPolicy: Always}]\n"
        "  ephemeralContainers: [{name: d}]\n"
    )
    types = {
        name[-1]: _value(facts, "pod.container_type") for name, facts in found.items()
    }  # fmt: skip

    assert {"a": "container", "b": "init", "c": "sidecar", "d": "ephemeral"} == types


@pytest.mark.parametrize(
    ("version", "kind", "body", "expected"),
    [
        ("v1", "Pod", BARE, 1),
        ("example.com/v1", "Pod", BARE, 0),
        ("batch/v1", "Job", TEMPLATE, 1),
        ("batch.volcano.sh/v1alpha1", "Job", "spec: {tasks: [a]}", 0),
        ("extensions/v1beta1", "Deployment", TEMPLATE, 1),
        ("apps/v1", "Deployment", TEMPLATE, 1),
        ("apps.openshift.io/v1", "DeploymentConfig", TEMPLATE, 1),
        ("example.com/v1", "Deployment", "spec: {size: 3}", 0),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: {names: {kind: Pod}}", 0),
        ("example.com/v1", "Namespace", "spec: {}", 0),
    ],
)
def test_the_api_group_tells_whose_kind_it_is(
    version: str, kind: str, body: str, expected: int
) -> None:
    """Others call their own objects Job or Pod; what holds a pod's template is one all the same."""
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n{body}\n"

    assert expected == len(_targets(text))


def test_items_of_a_typed_list_are_of_its_kind_and_group() -> None:
    """As `kubectl get -o yaml` writes them: without a kind of their own."""
    text = (
        f"apiVersion: apps/v1\nkind: DeploymentList\nitems: [{{metadata: {{name: a}}, {TEMPLATE}}}]"
    )

    assert ["Deployment/default/a/app"] == list(_targets(text))


@pytest.mark.parametrize(
    "broken",
    ["kind: Pod\nkind: Pod", "kind: [Pod]", "kind: Pod\nmetadata: {name: a, name: b}",
     "kind: List\nitems: {a: b}", "kind: Namespace\nmetadata: {name: a, name: b}"],
)  # fmt: skip
def test_an_object_that_cannot_be_read_costs_only_itself(broken: str) -> None:
    """It is told, with its place, and the rest of the file is read."""
    text = f"{broken}\n---\nkind: Pod\nmetadata: {{name: good}}\n{BARE}\n"
    probe = KubernetesProbe(yaml.load_all(text, "k.yaml"), "k.yaml")
    bad, good = probe.find()

    with pytest.raises(DocumentError, match=r"^k\.yaml:[12]:"):
        probe.collect(bad)
    assert "kubernetes:k.yaml#Pod/default/good/app" == good.id
    assert probe.collect(good).facts


@pytest.mark.parametrize("body", ["spec: {replicas: 3}", "", "spec: {template: }"])
def test_a_patch_without_a_template_is_no_workload(body: str) -> None:
    """Kustomize's patches are named like what they change; alone they declare no pod."""
    assert {} == _targets(f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\n{body}\n")


def test_a_namespace_is_a_target_with_the_levels_its_labels_name() -> None:
    """Where a label is absent the API server's default holds, unless it was configured."""
    label = "pod-security.kubernetes.io"
    text = (
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n"
        f"    {label}/enforce: baseline\n    {label}/enforce-version: v1.29\n"
    )
    probe = KubernetesProbe(yaml.load_all(text, "k.yaml"), "k.yaml")
    (target,) = probe.find()
    facts = probe.collect(target)

    assert ("kubernetes:k.yaml#Namespace/shop", Kind.NAMESPACE) == (target.id, target.kind)
    below = "k8s_namespace.pod_security"
    assert ["baseline", "v1.29", "privileged", "privileged"] == [
        _value(facts, f"{below}.{word}") for word in ("enforce", "enforce_version", "audit", "warn")
    ]
    assert Location("k.yaml", 6, 41) == facts.facts[f"{below}.enforce"][0].location
    assert "unless" in facts.facts[f"{below}.warn"][0].source


ACCOUNT = "---\nkind: ServiceAccount\nmetadata: {name: robot, namespace: shop}\n"
POD = (
    "---\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"
    "spec: {serviceAccountName: robot, containers: [{name: app, image: a}]}\n"
)


def _of_pod(text: str, pod: str = POD) -> FactSet:
    return next(facts for name, facts in _targets(text + pod).items() if name.startswith("Pod"))


@pytest.mark.parametrize(
    ("said", "pod", "expected"),
    [
        ("", POD, True),
        ("automountServiceAccountToken: false\n", POD, False),
        ("automountServiceAccountToken: true\n", POD, True),
        ("automountServiceAccountToken: false\n", POD.replace("shop", "other"), True),
        ("automountServiceAccountToken: false\n",
         POD.replace("spec: {", "spec: {automountServiceAccountToken: true, "), True),
    ],
)  # fmt: skip
def test_the_service_account_decides_whether_its_token_is_mounted(
    said: str, pod: str, expected: bool
) -> None:
    """Where the pod itself does not say, and if it stands in the same file."""
    facts = _of_pod(ACCOUNT + said, pod)

    assert expected == _value(facts, "container.service_account_token")


def _rbac(rules: str, subject: str = "kind: ServiceAccount, name: robot", role: str = "r") -> str:
    return (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n"
        f"metadata: {{name: r, namespace: shop}}\nrules: [{{{rules}}}]\n"
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n"
        "metadata: {name: b, namespace: shop}\n"
        f"roleRef: {{kind: {'Role' if role == 'r' else 'ClusterRole'}, name: {role}}}\n"
        f"subjects: [{{{subject}}}]\n"
    )


CREATE = "resources: [pods], verbs: [create]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_rbac(CREATE), ("create pods",)),
        (_rbac("resources: ['*'], verbs: ['*']"), ("* *",)),
        (_rbac("resources: [secrets, pods], verbs: ['*']"), ("* secrets", "* pods")),
        (_rbac("resources: [secrets], verbs: [list, get]"), ("get secrets", "list secrets")),
        (_rbac("resources: [nodes/proxy], verbs: [get]"), ("get nodes/proxy",)),
        (_rbac(CREATE, "kind: ServiceAccount, name: robot, namespace: shop"), ("create pods",)),
        (_rbac(CREATE, "kind: Group, name: 'system:serviceaccounts:shop'"), ("create pods",)),
        (_rbac(CREATE, role="cluster-admin"), ("* *",)),
    ],
)
def test_what_the_file_binds_to_the_service_account_is_told(
    text: str, expected: tuple[str, ...]
) -> None:
    """As far as it leads to the node or to other accounts."""
    assert expected == _value(_of_pod(text), "pod.api_rights")


@pytest.mark.parametrize(
    "text",
    [
        "",
        _rbac("resources: [pods], verbs: [get, list]"),
        _rbac("resources: [configmaps], verbs: ['*']"),
        _rbac(CREATE, "kind: ServiceAccount, name: other"),
        _rbac(CREATE, "kind: ServiceAccount, name: robot, namespace: other"),
        _rbac(CREATE, "kind: User, name: robot"),
        _rbac(CREATE, role="view"),
        _rbac("resources: pods, verbs: create"),
        _rbac(CREATE).replace("rbac.authorization.k8s.io", "example.com"),
    ],
)
def test_that_it_is_given_nothing_no_file_can_tell(text: str) -> None:
    """Other files, and the cluster, may bind more."""
    facts = _of_pod(text)

    assert "pod.api_rights" not in facts.facts
    assert "others may" in facts.missing["pod.api_rights"][0].detail


def test_a_pod_without_a_namespace_is_taken_to_be_where_its_account_is() -> None:
    """A chart names the namespace in the binding's subject alone."""
    pod = POD.replace(", namespace: shop", "")
    subject = "kind: ServiceAccount, name: robot, namespace: shop"

    assert ("create pods",) == _value(_of_pod(_rbac(CREATE, subject), pod), "pod.api_rights")
    default = pod.replace("serviceAccountName: robot, ", "")
    other = _rbac(CREATE, subject.replace("robot", "default"))
    assert "pod.api_rights" not in _of_pod(other, default).facts


def test_fields_without_end_meet_a_limit() -> None:
    """What was not read leaves what rests on it undecided, and can still fail."""
    names = ", ".join(["&s {name: kernel.msgmax, value: '1'}", *["*s"] * 1000])
    seen = kubernetes(pod=f"securityContext: {{sysctls: [{names}]}}")

    assert 200 == len(seen.records("pod_field"))
    assert "more than 200" in seen.incomplete("pod_field")
