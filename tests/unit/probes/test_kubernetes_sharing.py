"""What a container of a pod shares, and is given by name: mounts, groups, capabilities, GPUs."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import pytest
from declared_facts import Seen, kubernetes

from isoaudit.model import Reason


def _secure(own: str = "", pod: str = "", rest: str = "") -> Seen:
    container = "securityContext:\n" + indent(own, "  ") if own else ""
    shared = "securityContext:\n" + indent(pod, "  ") if pod else ""
    return kubernetes(container, f"{shared}\n{rest}")


@pytest.mark.parametrize(
    ("own", "added", "dropped"),
    [
        ("", (), ()),
        ("capabilities: {drop: [ALL]}", (), ("ALL",)),
        ("capabilities: {drop: [all, NET_RAW]}", (), ("all", "NET_RAW")),
        ("capabilities: {add: [NET_ADMIN, CHOWN]}", ("CAP_CHOWN", "CAP_NET_ADMIN"), ()),
        ("capabilities: {add: [ALL]}", ("ALL",), ()),
    ],
)
def test_capabilities_asked_for_by_name(
    own: str, added: tuple[str, ...], dropped: tuple[str, ...]
) -> None:
    """Added ones as the kernel spells them, dropped ones as they are written."""
    facts = _secure(own).facts
    assert added == facts["container.capabilities.added"]
    assert dropped == facts["container.capabilities.dropped"]


@pytest.mark.parametrize(
    ("own", "pod", "rest", "expected"),
    [
        ("runAsGroup: 0", "", "", ("root",)),
        ("", "runAsGroup: 0", "", ("root",)),
        ("runAsGroup: 5", "runAsGroup: 0", "", None),
        ("", "fsGroup: 0", "", ("root",)),
        ("", "supplementalGroups: [5, 0]", "", ("root",)),
        ("", "supplementalGroups: [5]", "", None),
        ("runAsGroup: 0", "", "hostUsers: false", None),
        ("", "", "", None),
    ],
)
def test_of_groups_only_gid_0_is_known(
    own: str, pod: str, rest: str, expected: tuple[str, ...] | None
) -> None:
    """Whose another number is, only the node tells; in a user namespace 0 is nobody's."""
    assert expected == _secure(own, pod, rest).facts.get("process.host_groups")


def test_a_pod_with_users_of_its_own_maps_nobody_elses() -> None:
    """The kubelet gives every such pod a range of its own."""
    names = ("maps_root", "maps_root_group", "shared_ids")
    paths = [f"process.user_namespace_{name}" for name in names]
    private, host = kubernetes(pod="hostUsers: false"), kubernetes()
    assert [False] * 3 == [private.facts.get(path) for path in paths]
    assert [None] * 3 == [host.facts.get(path) for path in paths]


def test_a_pod_borrows_and_relabels_nothing() -> None:
    """It has no words for either."""
    facts = kubernetes().facts
    assert () == facts["container.borrowed_namespaces"]
    assert () == facts["container.relabelled_paths"]


def _mounts(*mounts: str, volumes: str) -> Seen:
    listed = "\n".join(f"  - {mount}" for mount in mounts)
    return kubernetes(f"volumeMounts:\n{listed}", f"volumes: [{volumes}]")


@pytest.mark.parametrize(
    ("mount", "volume", "expected"),
    [
        ("{name: v, mountPath: /m}", "hostPath: {path: /sys/fs/cgroup}", True),
        ("{name: v, mountPath: /m, readOnly: true}", "hostPath: {path: /sys/fs/cgroup}", False),
        ("{name: v, mountPath: /m}", "hostPath: {path: /}", True),
        ("{name: v, mountPath: /m, subPath: srv}", "hostPath: {path: /}", False),
        ("{name: v, mountPath: /m, subPathExpr: $(X)}", "hostPath: {path: /sys}", None),
        ("{name: v, mountPath: /m}", "emptyDir: {}", False),
    ],
)
def test_whether_cgroups_can_be_written(mount: str, volume: str, expected: bool | None) -> None:
    """A hostPath on the way to them brings them along."""
    seen = _mounts(mount, volumes=f"{{name: v, {volume}}}")
    assert expected is seen.facts.get("container.cgroup_writable")


def test_a_privileged_container_writes_to_cgroups() -> None:
    """The runtime leaves `ro` out for it."""
    assert True is _secure("privileged: true").facts["container.cgroup_writable"]


@pytest.mark.parametrize(
    ("volume", "shared", "limited"),
    [
        ("emptyDir: {}", (), None),
        ("secret: {secretName: s}", (), None),
        ("emptyDir: {medium: Memory}", None, False),
        ("emptyDir: {medium: Memory, sizeLimit: 1Mi}", None, True),
        ("persistentVolumeClaim: {claimName: c}", None, None),
        ("hostPath: {path: /srv}", None, None),
    ],
)
def test_what_is_made_for_the_pod_is_shared_with_no_other(
    volume: str, shared: tuple[str, ...] | None, limited: bool | None
) -> None:
    """Who else has a claim or a path of the node, only the cluster and the node tell."""
    (record,) = _mounts("{name: v, mountPath: /m}", volumes=f"{{name: v, {volume}}}").records(
        "mount"
    )
    assert (shared, limited) == (record.get("mount.shared_with"), record.get("mount.size_limited"))


def test_a_path_below_another_writable_one_can_be_replaced_from_inside() -> None:
    """A subPath of what is mounted whole as well is such a path."""
    seen = _mounts(
        "{name: v, mountPath: /a}",
        "{name: v, mountPath: /b, subPath: b}",
        volumes="{name: v, hostPath: {path: /srv}}",
    )
    writers = [record.get("mount.source_writers") for record in seen.records("mount")]
    (first, _) = seen.factset.parts["mount"][0].records
    assert [None, ("this container",)] == writers
    assert Reason.NOT_DECLARABLE is first.missing["mount.source_writers"].reason


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ("image: a", (False, False, None)),
        ("resources: {limits: {nvidia.com/gpu: 1}}", (True, False, None)),
        ("resources: {limits: {nvidia.com/gpu: 0}}", (False, False, None)),
        ("env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]", (True, True, None)),
        ("env: [{name: NVIDIA_VISIBLE_DEVICES, value: void}]", (False, False, None)),
        ("resources: {limits: {nvidia.com/gpu: 1}}\n"
         "env: [{name: NVIDIA_DRIVER_CAPABILITIES, value: 'compute,utility'}]",
         (True, False, ("compute", "utility"))),
        ("resources: {limits: {nvidia.com/gpu: 1}}\n"
         "env: [{name: NVIDIA_DRIVER_CAPABILITIES, value: hunter2}]", (True, False, ())),
    ],
)  # fmt: skip
def test_what_decides_about_gpus(container: str, expected: tuple[Any, ...]) -> None:
    """The device plugin, or the environment; of its value only known words are kept."""
    facts = kubernetes(container).facts
    names = ("requested", "by_environment", "capabilities")
    assert expected == tuple(facts.get(f"container.gpu.{name}") for name in names)
