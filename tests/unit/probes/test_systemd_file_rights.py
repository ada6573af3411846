"""Who a service of systemd runs as, what it may do, and which filters it has."""

from __future__ import annotations

import pytest
from systemd_units import unit

from isoaudit.probes.defaults import ALL_CAPABILITIES

BOUNDING, EFFECTIVE = "process.capabilities.bounding", "process.capabilities.effective"
OF_USERS = "home/.config/systemd/user/web.service"
NNP = "process.no_new_privileges"


def test_a_service_without_a_user_is_root_with_everything() -> None:
    """systemd's default for its system units."""
    facts = unit("PrivateTmp=yes").facts
    assert facts["process.uid"] == 0
    assert facts["process.root_permitted"] is True
    assert facts[EFFECTIVE] == facts[BOUNDING] == ALL_CAPABILITIES
    assert facts["process.host_groups"] == ("root",)


def test_a_name_is_resolved_on_the_host() -> None:
    """Only root and nobody are systemd's own."""
    seen = unit("PrivateTmp=yes\nUser=web")
    assert "process.root_permitted" not in seen.facts
    assert "accounts" in seen.missing["process.root_permitted"]
    assert unit("PrivateTmp=yes\nUser=nobody").facts["process.uid"] == 65534
    assert unit("PrivateTmp=yes\nUser=1000").facts["process.root_permitted"] is False
    assert "process.uid" in unit("PrivateTmp=yes\nUser=%i").missing


def test_a_user_made_for_the_service_is_never_root() -> None:
    """And can gain nothing."""
    facts = unit("DynamicUser=yes").facts
    assert facts["process.root_permitted"] is False
    assert facts[NNP] is True
    assert facts[EFFECTIVE] == ()
    assert facts["process.host_groups"] == ()
    assert facts["container.rootfs.read_only"] is True


def test_a_user_of_a_users_own_manager_is_not_known() -> None:
    """The folder tells whose manager it is."""
    seen = unit("PrivateTmp=yes", shown=OF_USERS)
    assert "process.root_permitted" in seen.missing
    assert EFFECTIVE in seen.missing


def test_a_users_own_manager_gives_file_systems_with_a_user_namespace_alone() -> None:
    """systemd.exec(5): such settings are not available to it otherwise; filters are."""
    lines = "ProtectSystem=strict\nPrivateNetwork=yes\nSystemCallFilter=@system-service\n"
    alone, held = (
        unit(lines, shown=OF_USERS).facts,
        unit(f"{lines}PrivateUsers=yes", shown=OF_USERS),
    )
    assert (alone["process.namespaces.mnt"], alone["process.namespaces.net"]) == ("host", "host")
    assert alone["container.rootfs.read_only"] is False
    assert alone["process.seccomp.mode"] == "filter"
    assert held.facts["container.rootfs.read_only"] is True
    assert held.facts["process.user_namespace_maps_root"] is False


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("CapabilityBoundingSet=CAP_CHOWN CAP_KILL", {"CAP_CHOWN", "CAP_KILL"}),
        ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=cap_kill",
         {"CAP_CHOWN", "CAP_KILL"}),
        ("CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_KILL CAP_BPF",
         {"CAP_CHOWN"}),
        ("CapabilityBoundingSet=", set()),
        ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_KILL",
         {"CAP_KILL"}),
        ("CapabilityBoundingSet=~", set(ALL_CAPABILITIES)),
        ("CapabilityBoundingSet=~CAP_KILL", set(ALL_CAPABILITIES) - {"CAP_KILL"}),
        ("PrivateDevices=yes", set(ALL_CAPABILITIES) - {"CAP_MKNOD", "CAP_SYS_RAWIO"}),
        ("ProtectClock=1\nProtectKernelModules=on\nProtectKernelLogs=true",
         set(ALL_CAPABILITIES)
         - {"CAP_SYS_TIME", "CAP_WAKE_ALARM", "CAP_SYS_MODULE", "CAP_SYSLOG"}),
    ],
)  # fmt: skip
def test_the_bounding_set_is_what_all_lines_come_to(lines: str, expected: set[str]) -> None:
    """systemd.exec(5): merged in their order, and less what other settings take."""
    assert expected == set(unit(lines).facts[BOUNDING])


def test_a_user_other_than_root_holds_the_ambient_set_alone() -> None:
    """What execution leaves of it."""
    facts = unit("User=1000\nAmbientCapabilities=CAP_NET_BIND_SERVICE").facts
    assert facts[EFFECTIVE] == ("CAP_NET_BIND_SERVICE",)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("NoNewPrivileges=yes", True),
        ("PrivateTmp=yes\nUser=1000", False),
        ("RestrictRealtime=yes\nUser=1000", True),
        ("RestrictRealtime=yes\nUser=1000\nNoNewPrivileges=no", True),
        ("RestrictRealtime=yes", False),
        ("RestrictRealtime=no\nPrivateTmp=yes\nUser=1000", False),
        ("SystemCallFilter=@system-service\nUser=1000\nAmbientCapabilities=CAP_SYS_ADMIN", False),
        ("ProtectProc=invisible\nUser=1000", False),
        ("RestrictRealtime=yes\nUser=web", None),
    ],
)
def test_filters_imply_no_new_privileges_for_who_is_not_root(
    lines: str, expected: bool | None
) -> None:
    """systemd.exec(5): the kernel takes no filter of an ordinary user otherwise."""
    assert expected == unit(lines).facts.get(NNP)


def test_groups_with_rights_over_the_host_are_told_by_name() -> None:
    """The names are the host's own."""
    facts = unit("PrivateTmp=yes\nUser=1000\nGroup=web\nSupplementaryGroups=docker kvm audio").facts
    assert facts["process.host_groups"] == ("docker", "kvm")
    assert "process.host_groups" in unit("PrivateTmp=yes\nUser=1000").missing


def test_a_command_with_full_privileges_is_not_confined() -> None:
    """`+` takes users, capabilities, filters and file systems of its own away."""
    lines = "DynamicUser=yes\nProtectSystem=strict\nSystemCallFilter=@basic-io\n"
    lines += "CapabilityBoundingSet=\nPrivateNetwork=yes"
    facts = unit(lines, start="+/usr/bin/web").facts
    assert facts["process.uid"] == 0
    assert facts[BOUNDING] == ALL_CAPABILITIES
    assert facts["process.seccomp.mode"] == "disabled"
    assert facts["container.rootfs.read_only"] is False
    assert facts["process.namespaces.net"] == "private"


def test_a_command_that_keeps_the_user_is_root() -> None:
    """`!` leaves the sandbox and takes the user away."""
    facts = unit("User=1000\nPrivateDevices=yes", start="!/usr/bin/web").facts
    assert facts["process.uid"] == 0
    assert "CAP_MKNOD" not in facts[BOUNDING]


def test_a_filter_is_loaded_by_any_setting_that_needs_one() -> None:
    """But only SystemCallFilter makes a profile."""
    facts = unit("RestrictRealtime=yes").facts
    assert facts["process.seccomp.mode"] == "filter"
    assert facts["container.seccomp.profile"] == "unconfined"
    assert unit("PrivateTmp=yes").facts["process.seccomp.mode"] == "disabled"


@pytest.mark.parametrize(
    ("lines", "surface", "expected"),
    [
        ("SystemCallFilter=@system-service", "mount", False),
        ("SystemCallFilter=@system-service", "keyring", True),
        ("SystemCallFilter=@system-service\nSystemCallFilter=~@keyring", "keyring", False),
        ("SystemCallFilter=~@mount", "mount", False),
        ("SystemCallFilter=~mount:EPERM", "mount", True),
        ("SystemCallFilter=~@mount", "bpf", True),
        ("SystemCallFilter=~bpf:EPERM", "bpf", False),
        ("SystemCallFilter=@of-tomorrow", "bpf", None),
        ("SystemCallFilter=@of-tomorrow bpf", "bpf", True),
        ("SystemCallFilter=~@known", "bpf", False),
        ("RestrictRealtime=yes", "bpf", True),
        ("ProtectKernelModules=yes", "module", False),
        ("ProtectKernelLogs=yes", "syslog", False),
        ("ProtectClock=yes", "clock", False),
        ("RestrictNamespaces=yes", "user_namespace", False),
        ("RestrictNamespaces=yes", "setns", False),
        ("RestrictNamespaces=net", "user_namespace", False),
        ("RestrictNamespaces=net", "setns", True),
        ("RestrictNamespaces=~user", "user_namespace", False),
        ("RestrictNamespaces=user net", "user_namespace", True),
        ("RestrictNamespaces=no\nRestrictRealtime=yes", "user_namespace", True),
        ("RestrictAddressFamilies=AF_INET", "af_alg", None),
        ("RestrictAddressFamilies=AF_INET\nSystemCallArchitectures=native", "af_alg", False),
        ("RestrictAddressFamilies=~AF_ALG\nSystemCallArchitectures=native", "af_alg", False),
        ("RestrictAddressFamilies=~AF_ALG\nSystemCallArchitectures=native", "af_vsock", True),
        ("RestrictAddressFamilies=none\nSystemCallArchitectures=native", "af_vsock", False),
    ],
)
def test_what_a_filter_lets_through_is_told_where_it_is_known(
    lines: str, surface: str, expected: bool | None
) -> None:
    """By the calls of systemd's groups, and the settings that close one thing alone."""
    assert expected == unit(lines).facts.get(f"process.seccomp.allows.{surface}")


def test_the_default_action_is_that_of_the_list() -> None:
    """A list of what is allowed ends the process, or returns an error number."""
    path = "container.seccomp.default_action"
    assert unit("SystemCallFilter=@basic-io").facts[path] == "kill_process"
    assert unit("SystemCallFilter=~@mount").facts[path] == "allow"
    errno = "SystemCallFilter=@basic-io\nSystemCallErrorNumber=EPERM"
    assert unit(errno).facts[path] == "errno"
