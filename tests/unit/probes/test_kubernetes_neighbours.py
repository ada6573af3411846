"""The other containers of a pod, and the engine that one of them is told to ask."""

from __future__ import annotations

from typing import Any

import pytest

from isoaudit.documents import yaml
from isoaudit.probes.kubernetes.probe import KubernetesProbe

POD = """
kind: Pod
metadata: {{name: p}}
spec:
  {pod}
  containers:
  - name: web
    {web}
  - name: other
    {other}
  volumes:
  - {{name: tmp, emptyDir: {{}}}}
  - {{name: conf, configMap: {{name: c}}}}
  - {{name: sock, hostPath: {{path: /var/run/docker.sock}}}}
  - {{name: data, persistentVolumeClaim: {{claimName: d}}}}
"""
LOCAL = "env: [{name: DOCKER_HOST, value: 'tcp://localhost:2375'}]"


def seen(web: str = "image: w", other: str = "image: x", pod: str = "hostname: h") -> Any:
    """Return what is seen of the container web of a pod."""
    opened = KubernetesProbe(yaml.load_all(POD.format(web=web, other=other, pod=pod), "p.yaml"),
                             "p.yaml")  # fmt: skip
    return opened.collect(opened.find()[0])


def neighbours(found: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the neighbours by their names and how they are reached."""
    plain = [
        {path.removeprefix("neighbour."): fact.value for path, fact in record.facts.items()}
        for record in found.parts["neighbour"][0].records
    ]
    return {(one["name"], one["through"]): one for one in plain}


def place(found: Any) -> Any:
    """Return where an engine is said to answer."""
    facts = found.facts.get("container.engine_place")
    return facts[0].value if facts else None


def test_a_plain_pod_shares_nothing_that_counts() -> None:
    """Its containers reach each other's ports, as over any network."""
    found = seen()
    assert ({}, None) == (neighbours(found), found.parts["neighbour"][0].incomplete)
    assert "none" == place(found)


def test_an_engine_beside_it_is_asked_at_localhost() -> None:
    """As pods of CI runners do with a sidecar that is an engine."""
    found = seen(LOCAL, "image: docker:27-dind")
    assert "neighbour" == place(found)
    (one,) = neighbours(found).values()
    assert ("other", "net", True, "", "kubernetes:p.yaml#Pod/default/p/other") == tuple(
        one[key] for key in ("name", "through", "api", "engine_socket", "target")
    )


def test_a_sidecar_that_passes_the_nodes_engine_on() -> None:
    """It holds the socket; its image is one that hands it out."""
    other = "image: tecnativa/docker-socket-proxy\n    volumeMounts: [{name: sock, mountPath: /s}]"
    (one,) = neighbours(seen(LOCAL, other)).values()
    assert ("docker", True, True) == (one["engine_socket"], one["api"], one["passes_on"])


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("{name: tmp, mountPath: /t}", "{name: tmp, mountPath: /t, readOnly: true}", True),
        ("{name: tmp, mountPath: /t, readOnly: true}", "{name: tmp, mountPath: /t}", False),
        ("{name: conf, mountPath: /t}", "{name: conf, mountPath: /t}", None),
        ("{name: sock, mountPath: /t}", "{name: sock, mountPath: /t}", None),
    ],
)
def test_a_volume_of_the_pod(mine: str, theirs: str, expected: bool | None) -> None:
    """What no container can write to, and the socket of an engine, make no neighbours."""
    found = neighbours(seen(f"volumeMounts: [{mine}]", f"volumeMounts: [{theirs}]"))
    assert expected is found.get(("other", "volume"), {}).get("writes")


def test_processes_are_shared_where_the_pod_says_so() -> None:
    """Who runs as whom, the images decide."""
    (one,) = neighbours(seen(pod="shareProcessNamespace: true")).values()
    assert ("pid", None) == (one["through"], one.get("traceable"))


@pytest.mark.parametrize(
    ("web", "pod"),
    [
        ("volumeMounts: [{name: data, mountPath: /d}]", "hostname: h"),
        ("image: w", "hostNetwork: true"),
    ],
)
def test_what_only_the_cluster_knows_is_left_open(web: str, pod: str) -> None:
    """Claims are other pods' too; on the node's network every workload is reached."""
    assert seen(web, pod=pod).parts["neighbour"][0].incomplete is not None


@pytest.mark.parametrize(
    "env",
    [
        "env: [{name: DOCKER_HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]",
        "env: [{name: DOCKER_HOST, value: 'tcp://$(NODE):2375'}]",
        "envFrom: [{configMapRef: {name: c}}]",
    ],
)
def test_an_address_that_the_cluster_fills_in_is_not_known(env: str) -> None:
    """Where that leads, only the running pod shows."""
    assert None is place(seen(env))
