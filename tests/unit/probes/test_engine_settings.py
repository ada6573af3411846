"""What dockerd does by its options and its networks, and what its API tells of the rest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from docker_tapes import fields
from engine_records import DOCKER_29, Owned, answering, dockerd, write_dockerd

from isoaudit.model import Reason
from isoaudit.probes.docker.engine import engine_record

BRIDGE = {
    "Name": "bridge",
    "Driver": "bridge",
    "Options": {
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.enable_icc": "false",
    },
}

OPEN = {**BRIDGE, "Options": {"com.docker.network.bridge.default_bridge": "true"}}


@pytest.mark.parametrize(
    ("fact", "words", "config", "expected"),
    [
        ("iptables", (), {}, True),
        ("iptables", ("--iptables=false",), {}, False),
        ("iptables", (), {"iptables": False}, False),
        ("iptables", ("--iptables",), {"iptables": False}, True),
        ("userland_proxy", (), {}, True),
        ("userland_proxy", (), {"userland-proxy": False}, False),
        ("ip6tables", ("--ip6tables",), {}, True),
        ("default_ipc_mode", ("--default-ipc-mode", "shareable"), {}, "shareable"),
        ("default_cgroup_namespace", (), {"default-cgroupns-mode": "host"}, "host"),
        ("default_ulimits", ("--default-ulimit", "nofile=1:2"), {}, ("nofile=1:2",)),
        (
            "default_ulimits",
            (),
            {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}},
            ("nofile=1:2",),
        ),
    ],
)
def test_an_option_is_read_from_the_command_line_over_the_file(
    tmp_path: Path, fact: str, words: tuple[str, ...], config: dict[str, Any], expected: Any
) -> None:
    """Either place counts, the command line stands, and without both the default does."""
    assert (expected,) == fields(dockerd(tmp_path, *words, config=config), f"engine.{fact}")


@pytest.mark.parametrize(
    "config",
    [
        {"log-opts": 5, "default-ulimits": True, "runtimes": "x", "hosts": 7},
        {"ip6tables": "yes", "default-ipc-mode": False, "metrics-addr": [], "iptables": "no"},
    ],
)
def test_settings_of_another_type_are_not_taken(tmp_path: Path, config: dict[str, Any]) -> None:
    """dockerd refuses such a file; whoever wrote it does not make the audit fall over."""
    api = answering({"LoggingDriver": "json-file"}, DOCKER_29)
    record = dockerd(tmp_path, config=config, api=api)
    assert (True, True, "private", ()) == fields(
        record,
        "engine.iptables",
        "engine.ip6tables",
        "engine.default_ipc_mode",
        "engine.default_ulimits",
    )


def test_a_file_named_from_an_unknown_folder_is_not_read(tmp_path: Path) -> None:
    """What dockerd's folder was when it started is not known, and isoaudit's is another."""
    record = dockerd(tmp_path, "--config-file", "daemon.json")
    assert "started in" in record.missing["engine.iptables"].detail


def test_a_default_says_that_it_is_one(tmp_path: Path) -> None:
    """A value that nobody set names the places where it was looked for."""
    fact = dockerd(tmp_path).facts["engine.iptables"]
    assert "/etc/docker/daemon.json: no iptables, the engine's default" in fact.source


@pytest.mark.parametrize(
    ("release", "cgroups", "expected"),
    [
        ("29.3.1", "2", (True, "private", "private")),
        ("26.1.4", "1", (False, "private", "host")),
        ("20.10.24+dfsg1", "2", (False, "private", "private")),
        ("18.9.0", "", (False, None, None)),
        ("", "2", (None, None, "private")),
    ],
)
def test_defaults_go_by_the_release(
    tmp_path: Path, release: str, cgroups: str, expected: tuple[Any, ...]
) -> None:
    """A default that changed is known for the releases that are known, and for no other."""
    api = answering({"CgroupVersion": cgroups}, {"Version": release})
    record = dockerd(tmp_path, api=api)
    assert expected == fields(
        record, "engine.ip6tables", "engine.default_ipc_mode", "engine.default_cgroup_namespace"
    )


@pytest.mark.parametrize(
    ("networks", "expected"),
    [([BRIDGE], False), ([], False), ([OPEN], True)],
)
def test_the_bridge_itself_outranks_what_was_asked_for(
    tmp_path: Path, networks: list[dict[str, Any]], expected: bool
) -> None:
    """Whether containers reach each other is seen of the default bridge, if there is one."""
    told = f"--icc={str(not expected).lower()}"
    record = dockerd(tmp_path, told, api=answering(networks=networks))
    assert (expected,) == fields(record, "engine.inter_container_traffic")


def test_without_networks_the_option_decides(tmp_path: Path) -> None:
    """An engine that does not list its networks is judged by what it was started with."""
    record = dockerd(tmp_path, "--icc=false")
    assert (False,) == fields(record, "engine.inter_container_traffic")
    assert "engine.networks" in record.missing


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("127.0.0.1:9323", ()),
        ("[::1]:9323", ()),
        ("0.0.0.0:9323", ("metrics 0.0.0.0:9323",)),
        (":9323", ("metrics :9323",)),
        ("10.0.0.7:9323", ("metrics 10.0.0.7:9323",)),
    ],
)
def test_metrics_that_other_machines_reach(
    tmp_path: Path, address: str, exposed: tuple[str, ...]
) -> None:
    """Only loopback keeps the metrics to this machine; no host at all is every address."""
    record = dockerd(tmp_path, config={"metrics-addr": address})
    assert ((f"metrics {address}",), exposed) == fields(
        record, "engine.service_addresses", "engine.exposed_addresses"
    )


@pytest.mark.parametrize(
    ("driver", "options", "expected"),
    [
        ("json-file", None, False),
        ("json-file", {"max-size": "10m"}, True),
        ("local", None, True),
        ("journald", None, None),
    ],
)
def test_log_files_are_bounded_by_an_option_or_by_their_driver(
    tmp_path: Path, driver: str, options: dict[str, str] | None, expected: bool | None
) -> None:
    """json-file grows without end unless told not to; what writes no files needs no bound."""
    config = {"log-opts": options} if options else {}
    record = dockerd(tmp_path, config=config, api=answering({"LoggingDriver": driver}))
    assert (expected,) == fields(record, "engine.log_limited")


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        ({}, b"HOME=/\0", False),
        ({"allow-direct-routing": True}, b"", True),
        ({}, b"HOME=/\0DOCKER_INSECURE_NO_IPTABLES_RAW=1\0", True),
        ({}, b"X=DOCKER_INSECURE_NO_IPTABLES_RAW=1\0", False),
    ],
)
def test_neighbours_are_let_in_by_option_or_by_variable(
    tmp_path: Path, config: dict[str, Any], environment: bytes, expected: bool
) -> None:
    """Either switches the protection of Docker 28 off."""
    folder = write_dockerd(tmp_path, config=config)
    (folder / "environ").write_bytes(environment)
    record = engine_record(answering(version=DOCKER_29), Owned(tmp_path))
    assert (expected,) == fields(record, "engine.direct_routing")


def test_the_variable_that_cannot_be_looked_for_leaves_it_unknown(tmp_path: Path) -> None:
    """Without a readable environment nobody knows, and a pass is none."""
    record = dockerd(tmp_path, api=answering(version=DOCKER_29))
    assert "environ" in record.missing["engine.direct_routing"].detail


def test_an_older_docker_has_no_protection_to_look_for(tmp_path: Path) -> None:
    """Before Docker 28 the host's own filter decides, which is not read."""
    record = dockerd(tmp_path, api=answering(version={"Version": "27.5.1"}))
    assert Reason.NOT_SUPPORTED is record.missing["engine.direct_routing"].reason


def test_swarm_as_a_manager_tells_it() -> None:
    """Keys and certificates of the swarm are in a manager's own answer."""
    spec = {
        "EncryptionConfig": {"AutoLockManagers": True},
        "CAConfig": {"NodeCertExpiry": 7_776_000_000_000_000},
    }
    swarm = {
        "LocalNodeState": "active",
        "ControlAvailable": True,
        "Managers": 3,
        "Cluster": {"Spec": spec},
    }
    names = ("active", "manager", "autolock", "certificate_days", "managers")
    record = engine_record(answering({"Swarm": swarm}))
    assert (True, True, True, 90, 3) == fields(record, *(f"engine.swarm.{n}" for n in names))


def test_a_worker_of_a_swarm_knows_nothing_of_its_keys() -> None:
    """What only managers know is no fact of a worker."""
    swarm = {"LocalNodeState": "active", "ControlAvailable": False, "Cluster": None}
    record = engine_record(answering({"Swarm": swarm}))
    assert (True, False, None) == fields(
        record, "engine.swarm.active", "engine.swarm.manager", "engine.swarm.autolock"
    )


def test_a_locked_manager_is_one() -> None:
    """A manager that waits for its unlock key has its keys locked."""
    swarm = {"LocalNodeState": "locked", "ControlAvailable": False}
    record = engine_record(answering({"Swarm": swarm}))
    assert (True, True) == fields(record, "engine.swarm.manager", "engine.swarm.autolock")


def test_runtimes_with_what_they_start_and_their_arguments() -> None:
    """Docker's own names for runc are none of the registered programs."""
    runtimes = {
        "runc": {"path": "runc"},
        "io.containerd.runc.v2": {"path": "runc"},
        "gvisor": {"path": "/opt/runsc", "runtimeArgs": ["--network=host"]},
        "kata": {"runtimeType": "io.containerd.kata.v2"},
    }
    record = engine_record(answering({"Runtimes": runtimes}))
    assert (
        ("/opt/runsc", "io.containerd.kata.v2", "runc"),
        ("gvisor: --network=host",),
    ) == fields(record, "engine.runtimes.programs", "engine.runtimes.arguments")


@pytest.mark.parametrize(
    ("plugins", "expected"),
    [
        ({"Authorization": None}, ()),
        ({"Authorization": ["opa"]}, ("opa",)),
        ({}, None),
        (None, None),
    ],
)
def test_authorization_plugins(plugins: Any, expected: tuple[str, ...] | None) -> None:
    """A null is none; an answer without the key tells nothing."""
    record = engine_record(answering({"Plugins": plugins}))
    assert (expected,) == fields(record, "engine.authorization_plugins")


def write_socket(root: Path, mode: int, group: int) -> Owned:
    """Write a machine with docker's socket, of which a group is the owner."""
    write_dockerd(root)
    socket = root / "var/run/docker.sock"
    socket.parent.mkdir(parents=True)
    os.mkfifo(socket)
    socket.chmod(mode)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/group").write_text(f"root:x:0:\ndocker:x:{group}:eve,root\n")
    (root / "etc/passwd").write_text(f"mia:x:7:{group}::/home/mia:/bin/sh\n")
    for folder in (root, root / "var", root / "var/run"):
        folder.chmod(0o755)
    return Owned(root)


@pytest.mark.parametrize(
    ("mode", "accounts"),
    [(0o600, ()), (0o660, ("eve", "mia")), (0o666, ("everyone",))],
)
def test_accounts_that_reach_the_socket(
    tmp_path: Path, mode: int, accounts: tuple[str, ...]
) -> None:
    """Members of the socket's group by either file, root aside; everyone if it is open to all."""
    record = engine_record(answering(), write_socket(tmp_path, mode, 0))
    assert (accounts,) == fields(record, "engine.accounts")


def test_accounts_that_a_directory_may_add_are_not_known(tmp_path: Path) -> None:
    """An empty group is no proof where members may come from LDAP."""
    files = write_socket(tmp_path, 0o660, 0)
    (tmp_path / "etc/group").write_text("docker:x:0:\n")
    (tmp_path / "etc/passwd").write_text("")
    (tmp_path / "etc/nsswitch.conf").write_text("group: files ldap\n")
    record = engine_record(answering(), files)
    assert "ldap" in record.missing["engine.accounts"].detail


MOUNTS = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("mounts", "separate"),
    [
        ("", False),
        ("2 1 8:2 / /var/lib/docker rw - ext4 /dev/sda2 rw\n", True),
        ("2 1 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw\n", False),
        ("2 1 8:2 / /var rw - ext4 /dev/sda2 rw\n", False),
        ("2 1 8:2 / /var/lib/dock rw - ext4 /dev/sda2 rw\n", False),
    ],
)
def test_a_data_root_of_its_own(tmp_path: Path, mounts: str, separate: bool) -> None:
    """A folder that dockerd mounts onto itself is no file system of its own, nor is /var."""
    folder = write_dockerd(tmp_path)
    (tmp_path / "proc/1").mkdir()
    (tmp_path / "proc/1/mountinfo").write_text(MOUNTS + mounts)
    assert folder.exists()
    record = engine_record(answering({"DockerRootDir": "/var/lib/docker"}), Owned(tmp_path))
    assert (separate,) == fields(record, "engine.data_root_separate")


@pytest.mark.parametrize(
    ("mode", "above", "is_open"),
    [(0o710, 0o755, False), (0o711, 0o755, True), (0o755, 0o755, True), (0o711, 0o700, False)],
)
def test_who_gets_into_the_data_root(tmp_path: Path, mode: int, above: int, is_open: bool) -> None:
    """It takes a way through every folder above it."""
    write_dockerd(tmp_path)
    root = tmp_path / "srv/docker"
    root.mkdir(parents=True)
    root.chmod(mode)
    root.parent.chmod(above)
    tmp_path.chmod(0o755)
    record = engine_record(answering({"DockerRootDir": "/srv/docker"}), Owned(tmp_path))
    root.parent.chmod(0o755)
    assert (is_open,) == fields(record, "engine.data_root_open")


def test_an_absent_data_root_proves_nothing(tmp_path: Path) -> None:
    """An engine in a mount namespace of its own has its data where nobody here looks."""
    record = dockerd(tmp_path, api=answering({"DockerRootDir": "/var/lib/docker"}))
    assert "engine.data_root_open" in record.missing


def test_a_rootless_dockerd_listens_and_reads_at_its_accounts_own_places(tmp_path: Path) -> None:
    """Without options its socket is below /run/user and its file below the account's home."""
    write_dockerd(tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("mia:x:1000:1000::/home/mia:/bin/sh\n")
    config = tmp_path / "home/mia/.config/docker/daemon.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"iptables": false}')
    api = answering(endpoint="unix:///run/user/1000/docker.sock")
    record = engine_record(api, Owned(tmp_path, {"/proc/9": 1000}))
    assert (False, ()) == fields(record, "engine.iptables", "engine.tcp_listeners")
