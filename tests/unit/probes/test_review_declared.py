"""What a file says in a roundabout way is not taken for harmless."""

from __future__ import annotations

import pytest
from declared_facts import compose, kubernetes

NET, PID = "process.namespaces.net", "process.namespaces.pid"
BOUNDING = "process.capabilities.bounding"


@pytest.mark.parametrize(
    ("service", "rest", "path"),
    [
        ("network_mode: 'service:db'", "  db: {network_mode: host}", NET),
        ("pid: 'service:db'", "  db: {pid: host}", PID),
        (
            "network_mode: 'service:db'",
            "  db: {network_mode: 'service:end'}\n  end: {network_mode: host}",
            NET,
        ),
        (
            "network_mode: 'service:db'",
            "  db: {networks: [host]}\nnetworks: {host: {external: true}}",
            NET,
        ),
    ],
)
def test_namespace_of_a_service_that_is_in_the_hosts(service: str, rest: str, path: str) -> None:
    """Whoever joins a service joins what that one has joined."""
    assert "host" == compose(service, f"{rest}\nx-end: 1").facts[path]


@pytest.mark.parametrize(
    ("service", "rest"),
    [
        ("network_mode: 'container:x'", ""),
        ("network_mode: 'service:db'", "  db: {network_mode: '${NET}'}"),
        ("network_mode: 'service:db'", "  db: {network_mode: 'container:x'}"),
        ("network_mode: 'service:db'", "  db: {extends: {service: gone}}"),
    ],
)
def test_namespace_that_only_the_host_knows_is_missing(service: str, rest: str) -> None:
    """A container outside the file may well be in the host's namespace."""
    assert NET in compose(service, f"{rest}\nx-end: 1").missing


@pytest.mark.parametrize("rest", ["  db: {image: a}", "  db: {network_mode: 'service:web'}", ""])
def test_namespace_of_an_ordinary_service_is_shared(rest: str) -> None:
    """A service with a namespace of its own shares it; a circle of services has no end."""
    assert "shared" == compose("network_mode: 'service:db'", f"{rest}\nx-end: 1").facts[NET]


@pytest.mark.parametrize(
    "networks",
    [
        "networks: {host: {external: true}}",
        "networks: {host: {external: {name: host}}}",
        "networks: {host: {name: host, external: true}}",
    ],
)
def test_external_network_called_host_is_the_hosts(networks: str) -> None:
    """Without a name of its own an external network has that of its key."""
    assert "host" == compose("networks: [host]", networks).facts[NET]
    assert "host" == compose("networks: {host: {}}", networks).facts[NET]


def test_network_of_the_project_may_be_called_host() -> None:
    """Compose puts the project's name before it, and external: false changes nothing."""
    assert "private" == compose("networks: [host]", "networks: {host: {}}").facts[NET]
    said = "networks: {host: {external: false}}"
    assert "private" == compose("networks: [host]", said).facts[NET]


@pytest.mark.parametrize("part", ["device", "device_rule"])
def test_service_that_may_be_privileged_may_have_every_device(part: str) -> None:
    """A variable that decides over privileged leaves the devices open."""
    assert "depends on ${P}" in compose("privileged: ${P}").incomplete(part)
    assert "" == compose("privileged: ${P:-false}").incomplete(part)


def test_windows_options_are_merged_field_by_field() -> None:
    """A container that sets another field of them keeps the pod's hostProcess."""
    pod = "securityContext: {windowsOptions: {hostProcess: true}}"
    path = "container.windows_host_process"
    own = "securityContext: {{windowsOptions: {{{}}}}}"
    assert True is kubernetes(own.format("runAsUserName: x"), pod).facts[path]
    assert False is kubernetes(own.format("hostProcess: false"), pod).facts[path]


def test_drop_with_a_prefix_drops_nothing_for_sure() -> None:
    """Containerd puts CAP_ before every name, and knows no CAP_CAP_SYS_ADMIN."""
    seen = kubernetes("securityContext: {capabilities: {add: [ALL], drop: [CAP_SYS_ADMIN]}}")
    assert "CAP_SYS_ADMIN" in seen.facts[BOUNDING]


@pytest.mark.parametrize(
    "pod", ["os: {name: windows}", "nodeSelector: {kubernetes.io/os: windows}"]
)
def test_pod_for_windows_is_not_judged_by_what_linux_has(pod: str) -> None:
    """It has no capabilities and no seccomp filter to drop or to set; its mounts are judged."""
    seen = kubernetes("image: a", pod)
    assert {BOUNDING, NET, "process.seccomp.mode", "container.privileged"} <= set(seen.missing)
    assert False is seen.facts["container.windows_host_process"]
    assert NET in kubernetes("image: a", "os: {name: linux}").facts


@pytest.mark.parametrize("uid", [-1, 2**32])
def test_number_that_is_no_user_id_proves_nothing(uid: int) -> None:
    """Cut to 32 bits it may be root's."""
    seen = kubernetes(f"securityContext: {{runAsUser: {uid}}}")
    assert True is seen.facts["process.root_permitted"]


@pytest.mark.parametrize("external", ["true", "{name: w}", "'${E}'"])
def test_volume_made_outside_the_file_may_be_a_host_path(external: str) -> None:
    """`docker volume create` takes any folder for `device`, which the file does not show."""
    seen = compose("volumes: ['data:/v']", f"volumes: {{data: {{external: {external}}}}}")
    assert {"mount.kind", "mount.source", "mount.managed"} == set(seen.unread("mount")[0])
    (kept,) = compose("volumes: ['data:/v']", "volumes: {data: {external: false}}").records("mount")
    assert "volume" == kept["mount.kind"]


@pytest.mark.parametrize("option", ["", "${X:-}", "=true"])
def test_security_option_without_a_name_is_none(option: str) -> None:
    """An empty entry asks for nothing, least of all for no-new-privileges."""
    seen = compose(f"security_opt: ['{option}']")
    assert False is seen.facts["process.no_new_privileges"]
    assert "process.apparmor.confined" in seen.missing


@pytest.mark.parametrize("path", ["/dev/../dev/mem", "//dev/./mem", "/dev/mem/"])
def test_device_is_known_by_the_shortest_form_of_its_path(path: str) -> None:
    """Whoever writes a detour gets the same device."""
    (device,) = compose(f"devices: ['{path}:/dev/x']").records("device")
    assert ("/dev/mem", "/dev/x") == (device["device.path"], device["device.destination"])
