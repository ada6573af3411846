"""Privileges and namespaces of a compose service, setting by setting."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import compose

from isoaudit.probes.defaults import ALL_CAPABILITIES, DOCKER_CAPABILITIES, DOCKER_MASKED_PATHS

EFFECTIVE = "process.capabilities.effective"
BOUNDING = "process.capabilities.bounding"
WITHOUT_RAW = tuple(name for name in DOCKER_CAPABILITIES if name != "CAP_NET_RAW")


@pytest.mark.parametrize(
    ("service", "held"),
    [
        ("cap_drop: [ALL]", ()),
        ("cap_drop: [all]\ncap_add: [net_bind_service]", ("CAP_NET_BIND_SERVICE",)),
        ("cap_drop: [NET_RAW]", WITHOUT_RAW),
        ("cap_drop: [CAP_NET_RAW]", WITHOUT_RAW),
        ("cap_drop: NET_RAW", WITHOUT_RAW),
        ("cap_add: [ALL]", ALL_CAPABILITIES),
        ("cap_add: [ALL]\ncap_drop: [ALL]", ALL_CAPABILITIES),
        ("privileged: true\ncap_drop: [ALL]", ALL_CAPABILITIES),
        ("privileged: ${P:-true}", ALL_CAPABILITIES),
        ("privileged: 'yes'", ALL_CAPABILITIES),
        ("cap_add: []", DOCKER_CAPABILITIES),
    ],
)
def test_capabilities_are_what_the_engine_makes_of_them(
    service: str, held: tuple[str, ...]
) -> None:
    """Added, dropped and privileged, in the spellings that engines take."""
    seen = compose(service)

    assert held == seen.facts[EFFECTIVE]
    assert held == seen.facts[BOUNDING]


@pytest.mark.parametrize(
    ("user", "uid", "root"),
    [("0", 0, True), ("root", 0, True), ("0:1000", 0, True), ("root:root", 0, True),
     ("1000", 1000, False), ("'1000:0'", 1000, False), ("${USER_ID:-1000}", 1000, False),
     ("'+0'", 0, True), ("'00'", 0, True), ("'1000:${GID}'", 1000, False)],
)  # fmt: skip
def test_a_number_says_who_the_user_is(user: str, uid: int, root: bool) -> None:
    """Engines take a number for a uid, whatever the image says."""
    seen = compose(f"user: {user}")

    assert (uid, root) == (seen.facts["process.uid"], seen.facts["process.root_permitted"])


def test_a_user_other_than_root_has_nothing_in_force() -> None:
    """Effective and permitted are empty; what exec could give is not."""
    seen = compose("user: '1000'\ncap_add: [SYS_ADMIN]")

    assert () == seen.facts[EFFECTIVE]
    assert () == seen.facts["process.capabilities.permitted"]
    assert "CAP_SYS_ADMIN" in seen.facts[BOUNDING]


@pytest.mark.parametrize("user", ["web", "web:web", "${UID}", "${UID}:1000", "1000${X}", "'-1'"])
def test_a_user_that_is_no_number_proves_nothing(user: str) -> None:
    """The image, or the environment, says who that is: root is not ruled out."""
    seen = compose(f"user: {user}")

    assert "process.uid" in seen.missing
    assert EFFECTIVE in seen.missing
    assert seen.facts["process.root_permitted"] is True


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("[no-new-privileges]", {"process.no_new_privileges": True}),
        ("['no-new-privileges:true']", {"process.no_new_privileges": True}),
        ("[no-new-privileges=true]", {"process.no_new_privileges": True}),
        ("['no-new-privileges:false']", {"process.no_new_privileges": False}),
        (
            "['seccomp:unconfined']",
            {"container.seccomp.profile": "unconfined", "process.seccomp.mode": "disabled"},
        ),
        (
            "[seccomp=./profile.json]",
            {"container.seccomp.profile": "custom", "process.seccomp.mode": "filter"},
        ),
        ("[seccomp=builtin]", {"container.seccomp.profile": "default"}),
        (
            "['apparmor:unconfined']",
            {"container.apparmor.profile": "unconfined", "process.apparmor.confined": False},
        ),
        (
            "[apparmor=docker-default]",
            {"container.apparmor.profile": "default", "process.apparmor.confined": True},
        ),
        ("['apparmor:mine']", {"container.apparmor.profile": "mine"}),
        ("['label:disable']", {"container.selinux.disabled": True}),
        (
            "['label:type:spc_t']",
            {"container.selinux.disabled": True, "container.selinux.type": "spc_t"},
        ),
        (
            "['label:level:s0:c1,c2', 'label=user:u']",
            {"container.selinux.options": ("level:s0:c1,c2", "user:u")},
        ),
        (
            "[systempaths=unconfined]",
            {"container.masked_paths": (), "container.readonly_paths": ()},
        ),
        ("[unmask=ALL]", {"container.masked_paths": (), "container.readonly_paths": ()}),
        ("[unmask=/proc/kcore]", {"container.readonly_paths": ("/proc/bus", "/proc/fs",
                                  "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")}),
        ("[label=nested]", {"container.masked_paths": DOCKER_MASKED_PATHS}),
    ],
)  # fmt: skip
def test_security_options_in_every_spelling(options: str, expected: dict[str, Any]) -> None:
    """Both separators are taken, and each option says what it says."""
    seen = compose(f"security_opt: {options}")

    assert expected == {path: seen.facts[path] for path in expected}


def test_privileged_takes_every_protection_off() -> None:
    """What privileged switches off is said where privileged stands."""
    seen = compose("image: a\nprivileged: true")

    expected = {
        "container.seccomp.profile": "unconfined",
        "process.seccomp.mode": "disabled",
        "container.apparmor.profile": "unconfined",
        "process.apparmor.confined": False,
        "container.selinux.disabled": True,
        "container.masked_paths": (),
        "container.readonly_paths": (),
    }
    assert expected == {path: seen.facts[path] for path in expected}
    assert {"compose.yaml:4:17"} == {seen.sources[path].split()[0] for path in expected}


def test_privileged_leaves_what_is_asked_for_by_name() -> None:
    """A profile named beside privileged is loaded all the same."""
    seen = compose("privileged: true\nsecurity_opt: [seccomp=./p.json, apparmor=mine]")

    assert "filter" == seen.facts["process.seccomp.mode"]
    assert seen.facts["process.apparmor.confined"] is True


def test_privileged_by_a_variable_leaves_open_what_depends_on_it() -> None:
    """Nothing that privileged would take away may count as there."""
    seen = compose("privileged: $PRIVILEGED")

    for path in ("container.privileged", BOUNDING, "process.seccomp.mode",
                 "process.apparmor.confined", "container.selinux.disabled",
                 "container.masked_paths"):  # fmt: skip
        assert path not in seen.facts
        assert "depends on ${PRIVILEGED}" == seen.missing[path]


def test_an_option_by_a_variable_may_be_any_option() -> None:
    """`security_opt: [$OPT]` leaves every option open."""
    seen = compose("security_opt: ['${OPT}']")

    for path in ("process.seccomp.mode", "process.apparmor.confined",
                 "process.no_new_privileges", "container.selinux.type",
                 "container.masked_paths"):  # fmt: skip
        assert path not in seen.facts
        assert "depends on ${OPT}" == seen.missing[path]


def test_a_profile_by_a_variable_leaves_only_itself_open() -> None:
    """`seccomp:$PROFILE` says nothing of AppArmor."""
    seen = compose("security_opt: ['seccomp:${P}']")

    assert "depends on ${P}" == seen.missing["process.seccomp.mode"]
    assert seen.facts["container.apparmor.profile"] == "default"
    assert seen.facts["container.selinux.disabled"] is False


def test_an_added_capability_by_a_variable_leaves_the_sets_open() -> None:
    """It could be any capability, or all."""
    seen = compose("cap_drop: [ALL]\ncap_add: ['${CAP}']")

    assert "depends on ${CAP}" == seen.missing[BOUNDING]


@pytest.mark.parametrize(
    ("service", "path", "value"),
    [
        ("pid: host", "process.namespaces.pid", "host"),
        ("pid: 'service:db'", "process.namespaces.pid", "shared"),
        ("ipc: host", "process.namespaces.ipc", "host"),
        ("ipc: shareable", "process.namespaces.ipc", "private"),
        ("uts: host", "process.namespaces.uts", "host"),
        ("network_mode: host", "process.namespaces.net", "host"),
        ("network_mode: none", "process.namespaces.net", "private"),
        ("network_mode: 'service:db'", "process.namespaces.net", "shared"),
        ("network_mode: ${NET:-host}", "process.namespaces.net", "host"),
        ("cgroup: host", "process.namespaces.cgroup", "host"),
        ("cgroup: host", "container.cgroup_namespace", "host"),
        ("userns_mode: host", "process.user_namespace", "host"),
        ("userns_mode: 'keep-id:uid=5'", "process.user_namespace", "private"),
        ("pid: 'ns:/proc/1/ns/pid'", "process.namespaces.pid", "host"),
        ("pid: 'ns:/run/x'", "container.namespace_paths", ("pid:/run/x",)),
    ],
)
def test_namespaces_by_their_modes(service: str, path: str, value: Any) -> None:
    """Each mode is the host's, another container's, or the container's own."""
    assert value == compose(service).facts[path]


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("pid: ${MODE}", "process.namespaces.pid"),
        ("network_mode: $NET", "process.namespaces.net"),
        ("network_mode: 'ns:/run/netns/x'", "process.namespaces.net"),
        ("userns_mode: ${U}", "process.user_namespace"),
        ("userns_mode: odd", "process.user_namespace"),
        ("read_only: ${RO}", "container.rootfs.read_only"),
    ],
)
def test_what_a_file_leaves_open_is_missing(service: str, path: str) -> None:
    """A variable without default, and a path of a namespace, are never guessed."""
    seen = compose(service)

    assert path not in seen.facts
    assert path in seen.missing


@pytest.mark.parametrize("networks", ["[outside]", "{outside: {}}"])
def test_an_external_network_named_host_is_the_host_s(networks: str) -> None:
    """The name decides, not what the file calls it."""
    seen = compose(f"networks: {networks}", "networks:\n  outside: {external: true, name: host}\n")

    assert "host" == seen.facts["process.namespaces.net"]


@pytest.mark.parametrize("key", ["pid", "ipc"])
def test_the_host_s_processes_cost_the_selinux_label(key: str) -> None:
    """The engine leaves the label out beside pid or ipc of the host."""
    assert compose(f"{key}: host").facts["container.selinux.disabled"] is True
    labelled = compose(f"{key}: host\nsecurity_opt: ['label:type:x_t']")
    assert labelled.facts["container.selinux.disabled"] is False
