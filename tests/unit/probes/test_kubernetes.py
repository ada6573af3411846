"""Kubernetes manifests as a whole: which containers are found, and what stops one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared_facts import kubernetes

from isoaudit.documents import yaml
from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import Kind, Location
from isoaudit.probes.kubernetes.objects import MAX_OBJECTS
from isoaudit.probes.kubernetes.probe import KubernetesProbe

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "kubernetes"
POD = "spec: {containers: [{name: app, image: a}]}"
TEMPLATE = "spec: {template: {spec: {containers: [{name: app, image: a}]}}}"


def _probe(text: str) -> KubernetesProbe:
    return KubernetesProbe(yaml.load_all(text, "k.yaml"), "k.yaml")


def _ids(text: str) -> list[str]:
    return [target.id.partition("#")[2] for target in _probe(text).find()]


def _object(kind: str, body: str, name: str = "web") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{body}\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Pod", POD),
        ("Deployment", TEMPLATE),
        ("DaemonSet", TEMPLATE),
        ("StatefulSet", TEMPLATE),
        ("ReplicaSet", TEMPLATE),
        ("ReplicationController", TEMPLATE),
        ("Job", TEMPLATE),
        ("CronJob", f"spec: {{jobTemplate: {{{TEMPLATE}}}}}"),
        ("PodTemplate", f"template: {{{POD}}}"),
        ("Rollout", TEMPLATE),
    ],
)
def test_every_kind_of_workload_holds_a_pod(kind: str, body: str) -> None:
    """The pod is found where each kind keeps it, unknown kinds that look alike included."""
    assert [f"{kind}/default/web/app"] == _ids(_object(kind, body))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\n---\n",
        "- a\n",
        "a\n",
        _object("Service", "spec: {ports: [{port: 80}]}"),
        _object("ConfigMap", "data: {a: b}"),
        _object("Odd", "spec: [a]"),
        _object("Odd", "spec: {template: a}"),
        _object("List", "items: []"),
    ],
)
def test_what_is_no_workload_has_no_targets(text: str) -> None:
    """Services, configuration and scraps are passed by."""
    assert [] == _ids(text)


def test_a_target_is_named_by_kind_namespace_name_and_container() -> None:
    """All containers of a pod are targets, those that run before and beside it too."""
    text = (
        "kind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers: [{name: app}]\n"
        "  initContainers: [{name: setup}]\n  ephemeralContainers: [{name: debug}]\n"
    )
    found = _probe(text).find()

    assert ["app", "setup", "debug"] == [target.name for target in found]
    assert "kubernetes:k.yaml#Pod/shop/web/app" == found[0].id
    assert Location("k.yaml", 4, 16) == found[0].location
    assert ("declared", "kubernetes") == (found[0].state, found[0].dialect)


def test_lists_are_opened() -> None:
    """Objects in lists, nested and typed ones too, are found like any others."""
    pod = f"{{kind: Pod, metadata: {{name: a}}, {POD}}}"
    bare = f"{{metadata: {{name: b}}, {POD}}}"
    text = (
        f"kind: List\nitems:\n  - {pod}\n"
        f"  - {{kind: List, items: [{{kind: PodList, items: [{bare}]}}]}}\n"
    )

    assert ["Pod/default/a/app", "Pod/default/b/app"] == _ids(text)


def test_json_is_read_like_yaml() -> None:
    """A manifest in JSON gives the same target, with its place."""
    text = '{"kind": "Pod", "metadata": {"name": "a"},\n "spec": {"containers": [{"name": "b"}]}}'
    (target,) = _probe(text).find()

    assert Location("k.yaml", 2, 26) == target.location


def test_what_stands_in_a_file_twice_is_told_apart() -> None:
    """Both are audited, under two names."""
    pod = _object("Pod", POD)

    assert ["Pod/default/web/app", "Pod/default/web/app~2"] == _ids(f"{pod}---\n{pod}")


@pytest.mark.parametrize(
    "body",
    ["", "spec: []", "spec: {}", "spec: {containers: {}}", "spec: {containers: app}",
     "spec: {containers: []}", "spec: {containers: [{name: a}], initContainers: b}"],
)  # fmt: skip
def test_a_workload_whose_pod_cannot_be_taken_apart_is_one_broken_target(body: str) -> None:
    """It is listed under the workload's own name, so that it is not overlooked."""
    probe = _probe(_object("Pod", body))
    (target,) = probe.find()

    assert target.id.endswith("#Pod/default/web")
    with pytest.raises(DocumentError, match=r"^k\.yaml:"):
        probe.collect(target)


@pytest.mark.parametrize(
    "broken",
    [
        "app",
        "[app]",
        "{name: [a]}",
        "{name: a, securityContext: [a]}",
        "{name: a, securityContext: {privileged: maybe}}",
        "{name: a, securityContext: {runAsUser: root}}",
        "{name: a, securityContext: {capabilities: {add: SYS_ADMIN}}}",
        "{name: a, securityContext: {seccompProfile: {type: Odd}}}",
        "{name: a, securityContext: {seccompProfile: RuntimeDefault}}",
        "{name: a, securityContext: {appArmorProfile: {type: Odd}}}",
        "{name: a, volumeMounts: [{name: x}]}",
        "{name: a, resources: {limits: {memory: lots}}}",
        "{name: a, resources: {limits: {memory: 1e999}}}",
        "{name: a, resources: {limits: [a]}}",
        "{name: a, ports: [{containerPort: 80, hostPort: 99999}]}",
        "{name: a, env: {A: b}}",
        "{name: a, name: b}",
    ],
)
def test_a_malformed_container_costs_only_itself(broken: str) -> None:
    """It says where it is broken when it is read, and leaves its neighbour alone."""
    probe = _probe(
        f"kind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - {broken}\n"
        "    - {name: good, image: a}\n"
    )
    bad, good = probe.find()

    with pytest.raises(DocumentError, match=r"^k\.yaml:5:"):
        probe.collect(bad)
    assert probe.collect(good).facts["container.image.reference"][0].value == "a"


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\nmetadata: {name: '{{ .Release.Name }}'}\n" + POD,
        "kind: '{{ .Values.kind }}'\nmetadata: {name: a}\n" + POD,
    ],
)
def test_a_raw_chart_is_refused_by_its_names(text: str) -> None:
    """A template that happens to be YAML is still no manifest."""
    with pytest.raises(DocumentError, match="raw Helm template"):
        _ids(text)


@pytest.mark.parametrize(
    "container",
    ["image: '{{ .Values.image }}'", "securityContext: {privileged: {{ .Values.p }}}",
     "securityContext:\n  privileged: {{ .Values.p }}"],
)  # fmt: skip
def test_a_raw_chart_is_refused_by_its_values(container: str) -> None:
    """A value to be filled in is never taken for one."""
    with pytest.raises(DocumentError, match="raw Helm template"):
        kubernetes(container)


def test_a_target_of_another_file_is_refused() -> None:
    """A container that is not there is an error, never an empty set of facts."""
    (target,) = _probe(_object("Pod", POD)).find()

    with pytest.raises(TargetError, match="no container"):
        _probe("").collect(target)


@pytest.mark.parametrize("depth", [3, 8])
def test_lists_of_aliases_meet_a_limit(depth: int) -> None:
    """Ten lists of ten lists of ten lists name more pods than are read."""
    lines = [f"a0: &a0 {{kind: Pod, metadata: {{name: a}}, {POD}}}"]
    lines += [
        f"a{n}: &a{n} {{kind: List, items: [{', '.join([f'*a{n - 1}'] * 60)}]}}"
        for n in range(1, depth + 1)
    ]
    text = "\n".join(lines) + f"\nkind: List\nitems: [*a{depth}]\n"

    with pytest.raises(DocumentError, match=f"more than {MAX_OBJECTS}"):
        _ids(text)


def test_a_list_within_itself_is_refused() -> None:
    """An alias may lead back to where it stands."""
    with pytest.raises(DocumentError, match="not read"):
        _ids("&a {kind: List, items: [*a]}")


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_can_be_read(example: Path) -> None:
    """The shipped examples declare pods, all of which give facts."""
    probe = KubernetesProbe(yaml.load_all(example.read_text(), example.name), example.name)
    targets = probe.find()

    assert targets
    for target in targets:
        parts = probe.collect(target).parts
        assert (target.kind is Kind.CONTAINER) == ("process" in parts)
