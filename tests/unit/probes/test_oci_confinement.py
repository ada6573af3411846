"""Filters, labels, namespaces and hooks of an OCI bundle."""

from __future__ import annotations

import pytest
from oci_bundles import bundle, look

from isoaudit.errors import DocumentError
from isoaudit.probes.defaults import ALL_CAPABILITIES


def test_a_filter_in_the_file_is_judged_by_its_content() -> None:
    """What it closes is known as of a loaded one."""
    facts = look(lambda tree: None).facts
    assert facts["process.seccomp.mode"] == "filter"
    assert facts["container.seccomp.profile"] == "custom"
    assert facts["container.seccomp.default_action"] == "errno"
    assert facts["container.seccomp.interfaces"] == ("x86_64",)
    assert facts["process.seccomp.allows.io_uring"] is False
    assert facts["process.seccomp.allows.user_namespace"] is False


def test_a_filter_that_lets_a_call_through_says_so() -> None:
    """One more name in a rule that allows."""

    def change(tree) -> None:
        tree["linux"]["seccomp"]["syscalls"][1]["names"].append("io_uring_setup")

    assert look(change).facts["process.seccomp.allows.io_uring"] is True


def test_a_filter_for_no_machine_in_particular_leaves_its_surfaces_open() -> None:
    """Which interfaces it is loaded for, only the machine says."""
    seen = look(lambda tree: tree["linux"]["seccomp"].pop("architectures"))
    assert "process.seccomp.allows.io_uring" not in seen.facts
    assert "architectures" in seen.missing["process.seccomp.allows"]


def test_a_filter_that_is_not_understood_is_no_filter_that_closes() -> None:
    """An action nobody knows leaves the content open."""
    seen = look(lambda tree: tree["linux"]["seccomp"].update(defaultAction="SCMP_ACT_HOPE"))
    assert "unknown action" in seen.missing["container.seccomp.default_action"]
    assert not any(path.startswith("process.seccomp.allows.") for path in seen.facts)


def test_no_filter_is_mode_disabled() -> None:
    """What is absent the runtime does not do."""
    facts = look(lambda tree: tree["linux"].pop("seccomp")).facts
    assert facts["process.seccomp.mode"] == "disabled"
    assert facts["container.seccomp.profile"] == "unconfined"


def test_an_apparmor_profile_confines() -> None:
    """A runtime refuses to start with one where there is no AppArmor."""
    assert look(lambda tree: None).facts["process.apparmor.confined"] is True
    none = look(lambda tree: tree["process"].pop("apparmorProfile")).facts
    assert none["process.apparmor.confined"] is False
    assert none["container.apparmor.profile"] == "unconfined"


def test_an_selinux_label_is_taken_apart() -> None:
    """A level may hold colons of its own."""
    label = "system_u:system_r:container_t:s0:c1,c2"
    facts = look(lambda tree: tree["process"].update(selinuxLabel=label)).facts
    assert facts["container.selinux.type"] == "container_t"
    assert facts["container.selinux.disabled"] is False
    assert "level:s0:c1,c2" in facts["container.selinux.options"]
    spc = look(lambda tree: tree["process"].update(selinuxLabel="u:r:spc_t:s0")).facts
    assert spc["container.selinux.disabled"] is True


def test_without_a_label_selinux_is_not_known_to_be_off() -> None:
    """Docker writes none on a host without SELinux."""
    assert "container.selinux.disabled" in look(lambda tree: None).missing


def test_a_namespace_that_is_not_listed_is_the_hosts() -> None:
    """The runtime's own."""

    def change(tree) -> None:
        tree["linux"]["namespaces"] = [{"type": "mount"}]

    facts = look(change).facts
    assert facts["process.namespaces.mnt"] == "private"
    for name in ("pid", "net", "ipc", "uts", "cgroup", "time"):
        assert facts[f"process.namespaces.{name}"] == "host"


@pytest.mark.parametrize(
    "path", ["/proc/1/ns/net", "/proc/self/ns/net", "/var/run/docker/netns/default"]
)
def test_a_path_of_the_hosts_own_namespace_is_the_hosts(path: str) -> None:
    """Docker hands the host's network over as netns/default."""

    def change(tree) -> None:
        tree["linux"]["namespaces"] = [{"type": "network", "path": path}]

    assert look(change).facts["process.namespaces.net"] == "host"


def test_whose_another_path_is_only_the_host_tells() -> None:
    """A pod's containers join the network namespace of its first one."""

    def change(tree) -> None:
        tree["linux"]["namespaces"] = [{"type": "network", "path": "/proc/812/ns/net"}]

    seen = look(change)
    assert "process.namespaces.net" not in seen.facts
    assert seen.facts["container.namespace_paths"] == ("net:/proc/812/ns/net",)
    assert "container.borrowed_namespaces" in seen.missing


def test_a_namespace_that_stands_twice_is_refused() -> None:
    """As the specification demands of a runtime."""
    with pytest.raises(DocumentError, match="'pid' stands twice"):
        look(lambda tree: tree["linux"]["namespaces"].append({"type": "pid"}))


def test_privileged_is_told_by_what_it_comes_to() -> None:
    """Every capability and device, no filter, no hidden path."""

    def change(tree) -> None:
        for name in ("bounding", "effective", "permitted"):
            tree["process"]["capabilities"][name] = list(ALL_CAPABILITIES)
        tree["linux"].pop("seccomp")
        tree["linux"]["maskedPaths"] = []
        tree["linux"]["resources"]["devices"] = [{"allow": True, "access": "rwm"}]

    assert look(change).facts["container.privileged"] is True
    tree = bundle()
    change(tree)
    assert look(lambda t: (change(t), t["linux"].update(seccomp=bundle()["linux"]["seccomp"]))) \
        .facts["container.privileged"] is False  # fmt: skip


def test_a_hook_is_told_with_whether_the_container_can_write_to_it() -> None:
    """One at startContainer is a program of the image's."""

    def change(tree) -> None:
        tree["mounts"].append({"destination": "/opt", "type": "bind", "source": "/opt",
                               "options": ["rbind"]})  # fmt: skip
        tree["hooks"] = {
            "prestart": [{"path": "/opt/x/../agent/hook"}, {"path": "/usr/bin/hook"}],
            "startContainer": [{"path": "/opt/inside"}],
        }

    assert [
        ("/opt/agent/hook", "prestart", True, True),
        ("/usr/bin/hook", "prestart", True, False),
        ("/opt/inside", "startContainer", False, False),
    ] == [
        tuple(r[f"hook.{name}"] for name in ("path", "stage", "of_host", "writable_inside"))
        for r in look(change).records("hook")
    ]
