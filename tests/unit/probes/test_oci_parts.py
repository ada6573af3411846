"""Mounts, devices and limits of an OCI bundle."""

from __future__ import annotations

from typing import Any

import pytest
from oci_bundles import look

from isoaudit.errors import DocumentError

DENY = {"allow": False, "access": "rwm"}


def _mount(**entry: Any) -> dict[str, Any]:
    """Return the record of one more mount of the hardened example."""
    return look(lambda tree: tree["mounts"].append(entry)).records("mount")[-1]


def _rules(*rules: dict[str, Any]) -> list[tuple[str, ...]]:
    seen = look(lambda tree: tree["linux"]["resources"].update(devices=list(rules)))
    return [tuple(record.values()) for record in seen.records("device_rule")]


def test_a_bind_is_known_by_its_type_or_its_option() -> None:
    """`type` of a bind may be anything, even none."""
    for entry in ({"type": "bind"}, {"type": "none", "options": ["rbind"]}, {"options": ["bind"]}):
        record = _mount(source="/srv/data/", destination="/data", **entry)
        assert record["mount.kind"] == "bind"
        assert record["mount.source"] == "/srv/data"
        assert record["mount.read_only"] is False


def test_a_relative_source_lies_below_the_bundle() -> None:
    """The specification's words for binds."""
    record = _mount(source="../shared", destination="/data", options=["bind", "ro"])
    assert record["mount.source"] == "shared"
    assert record["mount.read_only"] is True


def test_a_bind_without_a_word_on_propagation_follows_the_root() -> None:
    """runc makes all of it a slave where nothing is said; a new file system starts private."""
    bind = {"source": "/srv", "destination": "/data", "options": ["bind"]}

    def change(tree) -> None:
        tree["linux"].pop("rootfsPropagation")
        tree["mounts"] = [bind, {"destination": "/t", "type": "tmpfs", "source": "tmpfs"}]

    words = [record["mount.propagation"] for record in look(change).records("mount")]
    assert words == ["slave", "slave", "private"]


def test_a_shared_root_shows_as_a_mount_of_its_own() -> None:
    """What is mounted inside then travels to the host."""
    seen = look(lambda tree: tree["linux"].update(rootfsPropagation="rshared"))
    root = seen.records("mount")[0]
    assert (root["mount.destination"], root["mount.propagation"]) == ("/", "shared")


def test_what_engines_put_in_is_told_from_what_was_asked_for() -> None:
    """Their own folder for a container carries its id; a volume lies in their store."""
    own = f"/var/lib/docker/containers/{'a' * 64}/hosts"
    hosts = _mount(source=own, destination="/etc/hosts", options=["rbind"])
    assert (hosts["mount.kind"], hosts["mount.managed"]) == ("bind", True)
    assert _mount(source="/etc/hosts", destination="/etc/hosts",
                  options=["rbind"])["mount.managed"] is False  # fmt: skip
    volume = "/var/lib/docker/volumes/data/_data"
    kept = _mount(source=volume, destination="/data", options=["rbind"])
    assert (kept["mount.kind"], kept["mount.managed"]) == ("volume", True)


def test_a_tmpfs_says_what_it_refuses_and_whether_it_is_bounded() -> None:
    """Nothing holds that is not named."""
    record = _mount(type="tmpfs", source="tmpfs", destination="/t", options=["nodev"])
    assert record["mount.kind"] == "tmpfs"
    assert record["mount.options"] == ("nodev",)
    assert record["mount.size_limited"] is False


def test_a_cgroup_file_system_is_writable_unless_it_says_ro() -> None:
    """The last of contradicting options counts."""
    kind = {"type": "cgroup", "source": "cgroup", "destination": "/sys/fs/cgroup"}
    sealed = look(lambda t: t.update(mounts=[{**kind, "options": ["rw", "ro"]}])).facts
    open_ = look(lambda t: t.update(mounts=[{**kind, "options": ["ro", "rw"]}])).facts
    assert sealed["container.cgroup_writable"] is False
    assert open_["container.cgroup_writable"] is True


def test_a_device_is_named_by_its_numbers_whatever_it_is_called_inside() -> None:
    """Its access is what the rules leave of it."""

    def change(tree) -> None:
        tree["linux"]["devices"] = [
            {"path": "/dev/null", "type": "c", "major": 1, "minor": 3},
            {"path": "/dev/harmless", "type": "b", "major": 8, "minor": 17},
            {"path": "/dev/own", "type": "c", "major": 60, "minor": 1},
        ]
        rule = {"allow": True, "type": "b", "major": 8, "minor": 17, "access": "wr"}
        tree["linux"]["resources"]["devices"] = [DENY, rule]

    seen = look(change)
    assert [
        ("/dev/sdb1", "/dev/harmless", "rw", "block"),
        ("/dev/own", "/dev/own", "", "character"),
    ] == [tuple(record.values()) for record in seen.records("device")]
    assert seen.records("device_rule") == []


def test_rules_count_in_their_order() -> None:
    """A refusal of everything forgets those before it, one of the same devices takes back."""
    allow = {"allow": True, "type": "c", "major": 13, "access": "rw"}
    assert [("c", "13", "*", "rw")] == _rules(DENY, allow)
    assert [] == _rules(allow, DENY)
    assert [("c", "13", "*", "r")] == _rules(allow, {**allow, "allow": False, "access": "w"})
    assert [("a", "*", "*", "rwm")] == _rules(DENY, {"allow": True})


def test_what_every_runtime_allows_is_no_rule() -> None:
    """Nor is making nodes that cannot be opened."""
    null = {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"}
    nodes = {"allow": True, "type": "b", "access": "m"}
    assert [] == _rules(DENY, null, nodes)


def test_device_rules_have_a_bound() -> None:
    """Taking rules back looks at all of those before."""
    with pytest.raises(DocumentError, match="more than 256 device rules"):
        _rules(*[DENY] * 257)


def test_limits_are_those_of_the_control_group() -> None:
    """Swap is counted with memory."""
    facts = look(lambda tree: None).facts
    assert facts["container.limits.memory.bytes"] == 134217728
    assert facts["container.limits.swap.bytes"] == 0
    assert facts["container.limits.pids.count"] == 64
    assert facts["container.limits.cpu.millicores"] == 500
    assert facts["container.limits.block_io.set"] is False


@pytest.mark.parametrize("limit", [0, -1, 2**63, 2**64 - 1])
def test_a_limit_that_limits_nothing_is_none(limit: int) -> None:
    """-1, and what no machine has."""
    seen = look(lambda tree: tree["linux"]["resources"]["memory"].update(limit=limit))
    assert seen.facts["container.limits.memory.set"] is False


def test_files_of_cgroup_v2_are_written_last() -> None:
    """`unified` names them as they are called."""

    def change(tree) -> None:
        tree["linux"]["resources"]["unified"] = {
            "memory.max": "max", "pids.max": "7", "cpu.max": "20000 100000", "memory.swap.max": "0",
            "io.max": "8:0 rbps=1048576",
        }  # fmt: skip

    facts = look(change).facts
    assert facts["container.limits.memory.set"] is False
    assert facts["container.limits.pids.count"] == 7
    assert facts["container.limits.cpu.millicores"] == 200
    assert facts["container.limits.swap.bytes"] == 0
    assert facts["container.limits.block_io.set"] is True


def test_a_limit_of_2_to_the_64_is_none() -> None:
    """RLIM_INFINITY, which docker writes for `unlimited`."""
    infinite = {"type": "RLIMIT_NOFILE", "hard": 2**64 - 1, "soft": 1024}
    facts = look(lambda tree: tree["process"].update(rlimits=[infinite])).facts
    assert facts["process.limits.open_files.set"] is False


def test_a_limit_that_is_not_named_is_the_runtimes_own() -> None:
    """It hands its own on, which the file does not know."""
    seen = look(lambda tree: tree["process"].pop("rlimits"))
    assert "the runtime's own" in seen.missing["process.limits.open_files"]


def test_parameters_of_the_kernel_are_records() -> None:
    """Forwarding is told by either of its names."""
    seen = look(lambda tree: tree["linux"].update(sysctl={"net.ipv4.ip_forward": "1"}))
    assert [{"sysctl.name": "net.ipv4.ip_forward", "sysctl.value": "1"}] == seen.records("sysctl")
    assert seen.facts["container.network.forwarding"] is True


def test_the_control_group_an_engine_chooses_is_none_asked_for() -> None:
    """`SLICE:PREFIX:NAME` is systemd's form."""
    for path, parent in (("/docker/abc", ""), ("system.slice:docker:abc", ""),
                         ("/kubepods/besteffort/abc", "/kubepods/besteffort"),
                         ("mine.slice:x:abc", "mine.slice")):  # fmt: skip
        seen = look(lambda tree, path=path: tree["linux"].update(cgroupsPath=path))
        assert parent == seen.facts["container.cgroup.parent"]
        assert seen.facts["container.cgroup.own"] is True
    assert look(lambda t: t["linux"].update(cgroupsPath="/")).facts["container.cgroup.own"] is False


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (["PATH=/bin"], ("", "none")),
        (["DOCKER_HOST=tcp://u:pw@host.docker.internal:2375"],
         ("tcp://host.docker.internal:2375", "host")),
        (["DOCKER_HOST=unix:///run/docker.sock"], ("unix:///run/docker.sock", "socket")),
        (["DOCKER_HOST=tcp://localhost:2375"], ("tcp://localhost:2375", None)),
        (["DOCKER_HOST=???"], (None, None)),
    ],
)  # fmt: skip
def test_the_engine_that_it_is_told_to_ask(
    variables: list[str], expected: tuple[str | None, str | None]
) -> None:
    """Address and place of what its variables name; a name is somebody's, whose is not told."""
    facts = look(lambda tree: tree["process"].update(env=variables)).facts
    assert expected == tuple(facts.get(f"container.engine_{name}") for name in ("address", "place"))
