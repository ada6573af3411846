"""Storage, sysctls and names of pods."""

from __future__ import annotations

import pytest
from declared_facts import kubernetes

from isoaudit.errors import DocumentError

SCRATCH = "container.storage.scratch_volumes"
ALIASES = "container.network.host_aliases"


def test_limit_of_ephemeral_storage() -> None:
    """It is in bytes; without it there is none."""
    facts = kubernetes("resources: {limits: {ephemeral-storage: 1Ki}}").facts
    assert (True, 1024) == (
        facts["container.storage.limit.set"],
        facts["container.storage.limit.bytes"],
    )
    assert False is kubernetes("image: a").facts["container.storage.limit.set"]


@pytest.mark.parametrize(
    ("volume", "mount", "expected"),
    [
        ("emptyDir: {}", "", ("/tmp",)),
        ("emptyDir: ", "", ("/tmp",)),
        ("emptyDir: {sizeLimit: 1Gi}", "", ()),
        ("emptyDir: {medium: Memory}", "", ()),
        ("emptyDir: {}", ", readOnly: true", ()),
        ("configMap: {name: c}", "", ()),
    ],
)
def test_scratch_volumes(volume: str, mount: str, expected: tuple[str, ...]) -> None:
    """An emptyDir on disk that has no size and can be written to."""
    mounts = f"volumeMounts: [{{name: v, mountPath: /tmp{mount}}}]"
    assert expected == kubernetes(mounts, f"volumes: [{{name: v, {volume}}}]").facts[SCRATCH]


@pytest.mark.parametrize(
    ("limit", "expected"), [("500m", 500), ('"2"', 2000), ("1n", 1), ("0", None)]
)
def test_share_of_cpu_time(limit: str, expected: int | None) -> None:
    """Quantities are in thousandths of a CPU, rounded up as the kubelet does."""
    facts = kubernetes(f"resources: {{limits: {{cpu: {limit}}}}}").facts
    assert expected == facts.get("container.limits.cpu.millicores")
    assert (expected is not None) is facts["container.limits.cpu.set"]


def test_sysctls_of_the_pod() -> None:
    """Each is a record with dots for slashes; forwarding is a fact where one sets it."""
    pod = "securityContext: {sysctls: [{name: net/ipv4/ip_forward, value: '1'}]}"
    seen = kubernetes("image: a", pod)
    assert [{"sysctl.name": "net.ipv4.ip_forward", "sysctl.value": "1"}] == seen.records("sysctl")
    assert True is seen.facts["container.network.forwarding"]
    assert [] == kubernetes("image: a").records("sysctl")


def test_sysctl_without_a_value_is_an_error() -> None:
    """Kubernetes refuses it."""
    with pytest.raises(DocumentError, match="name and a value"):
        kubernetes("image: a", "securityContext: {sysctls: [{name: x}]}")


def test_host_aliases_may_lead_anywhere() -> None:
    """Without any none leads to the node; with one the file does not tell."""
    assert () == kubernetes("image: a").facts[ALIASES]
    seen = kubernetes("image: a", "hostAliases: [{ip: 10.0.0.1, hostnames: [db]}]")
    assert "does not tell" in seen.missing[ALIASES]


def test_restart_policy_of_the_container_comes_first() -> None:
    """A container may have its own."""
    facts = kubernetes("restartPolicy: Always", "restartPolicy: Never").facts
    assert "always" == facts["container.restart"]
