"""Facts of an engine: its runtime's version, its listeners, its registries."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_tapes import fields, write_process
from engine_records import Owned, answering, dockerd, write_dockerd
from host_trees import Locked

from isoaudit.model import Reason, Record
from isoaudit.probes.advisories import known_vulnerable
from isoaudit.probes.docker.components import is_upstream
from isoaudit.probes.docker.engine import engine_record
from isoaudit.transports.local import LocalFiles

NOVEMBER = ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]


@pytest.mark.parametrize(
    ("version", "cves"),
    [
        ("1.1.11", ["CVE-2024-21626", *NOVEMBER]),
        ("1.1.12", NOVEMBER),
        ("1.2.7", NOVEMBER),
        ("1.2.8", []),
        ("1.3.2", NOVEMBER),
        ("1.3.3", []),
        ("1.4.0-rc.2", NOVEMBER),
        ("1.4.0-rc.3", []),
        ("1.4.0", []),
        ("1.5.1", []),
        ("1.0.0-rc93", ["CVE-2024-21626", *NOVEMBER]),
    ],
)
def test_breakouts_by_version_of_runc(version: str, cves: list[str]) -> None:
    """Each series has its own first fixed release."""
    assert cves == known_vulnerable("runc", version)


@pytest.mark.parametrize(
    ("version", "commit", "upstream"),
    [
        ("1.1.12", "v1.1.12-0-g51d5e946", True),
        ("1.1.5+ds1", "1.1.5+ds1-1+deb12u1", False),
        ("1.1.12-0ubuntu2~22.04.1", "", False),
        ("1.1.12", "runc-1.1.12-1.fc39.x86_64", False),
        ("1.1.12", "", None),
    ],
)
def test_upstreams_version_is_told_from_a_distributions(
    version: str, commit: str, upstream: bool | None
) -> None:
    """A suffix or package makes it the distribution's; a plain version needs the tagged commit."""
    assert upstream is is_upstream(version, commit)


make = answering


def write_socket_unit(root: Path, *streams: str) -> None:
    """Write docker's socket unit, and a drop-in if there are streams to add."""
    unit = root / "usr/lib/systemd/system/docker.socket"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Socket]\nListenStream=/run/docker.sock\n")
    if streams:
        drop_in = root / "etc/systemd/system/docker.socket.d/tcp.conf"
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("[Socket]\n" + "".join(f"ListenStream={one}\n" for one in streams))


@pytest.mark.parametrize(
    ("words", "listeners", "unprotected"),
    [
        ((), (), ()),
        (("-H", "fd://", "--containerd=/run/c.sock"), (), ()),
        (
            ("-H", "unix:///var/run/docker.sock", "-H=tcp://0.0.0.0:2375"),
            *[("tcp://0.0.0.0:2375",)] * 2,
        ),
        (("--host=fd://", "-Htcp://:2376", "--tlsverify"), ("tcp://:2376",), ()),
        (("-H", "fd://", "-H", "0.0.0.0:2375"), *[("tcp://0.0.0.0:2375",)] * 2),
        (("-H", "fd://", "--host", "tcp://:2376", "--tls"), *[("tcp://:2376",)] * 2),
        (("-H", "fd://", "-H", "tcp://:2376", "--tlsverify=false"), *[("tcp://:2376",)] * 2),
    ],
)
def test_listeners_by_command_line(
    tmp_path: Path, words: tuple[str, ...], listeners: tuple[str, ...], unprotected: tuple[str, ...]
) -> None:
    """TCP counts as protected only if client certificates are verified."""
    write_socket_unit(tmp_path)
    record = dockerd(tmp_path, *words)
    assert (listeners, unprotected) == fields(
        record, "engine.tcp_listeners", "engine.tcp_unprotected"
    )


@pytest.mark.parametrize(
    ("streams", "listeners"),
    [
        (("2375",), ("tcp://[::]:2375",)),
        (("192.0.2.1:2375",), ("tcp://192.0.2.1:2375",)),
        (("2375", "", "/run/docker.sock"), ()),
        (("vsock:2:1234",), ()),
    ],
)
def test_sockets_that_systemd_hands_over_are_listeners(
    tmp_path: Path, streams: tuple[str, ...], listeners: tuple[str, ...]
) -> None:
    """With fd:// the socket unit and its drop-ins say where the API is, an empty one resets."""
    write_socket_unit(tmp_path, *streams)
    record = dockerd(tmp_path, "-H", "fd://")
    assert (listeners, listeners) == fields(
        record, "engine.tcp_listeners", "engine.tcp_unprotected"
    )


def podman_service(root: Path, streams: str, endpoint: str, **owners: int) -> Record:
    """Return the record of a podman that systemd handed its sockets to."""
    folder = write_process(root, 9)
    (folder / "comm").write_text("podman\n")
    (folder / "cmdline").write_text("podman\0system\0service\0")
    manager = "user" if owners else "system"
    unit = root / f"usr/lib/systemd/{manager}/podman.socket"
    unit.parent.mkdir(parents=True)
    unit.write_text(f"[Socket]\nListenStream=%t/podman/podman.sock\n{streams}")
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("mia:x:1000:1000::/home/mia:/bin/sh\n")
    api = answering(endpoint=endpoint, engine="podman")
    return engine_record(api, Owned(root, {f"/proc/{pid[1:]}": uid for pid, uid in owners.items()}))


@pytest.mark.parametrize(
    ("streams", "listeners"), [("", ()), ("ListenStream=8080\n", ("tcp://[::]:8080",))]
)
def test_podman_without_an_address_takes_what_systemd_hands_over(
    tmp_path: Path, streams: str, listeners: tuple[str, ...]
) -> None:
    """A port in its socket unit is a listener, and nobody there is asked who they are."""
    record = podman_service(tmp_path, streams, "unix:///run/podman/podman.sock")
    assert (listeners, listeners) == fields(
        record, "engine.tcp_listeners", "engine.tcp_unprotected"
    )


def test_an_accounts_podman_is_handed_sockets_by_its_own_manager(tmp_path: Path) -> None:
    """The user's units count, and %t is the account's runtime folder."""
    endpoint = "unix:///run/user/1000/podman/podman.sock"
    record = podman_service(tmp_path, "ListenStream=127.0.0.1:8080\n", endpoint, p9=1000)
    assert (("tcp://127.0.0.1:8080",),) == fields(record, "engine.tcp_listeners")


def test_sockets_from_an_unknown_unit_leave_listeners_unknown(tmp_path: Path) -> None:
    """Without a socket unit nobody can say what systemd handed over."""
    record = dockerd(tmp_path, "-H", "fd://")
    assert "no unit docker.socket" in record.missing["engine.tcp_listeners"].detail
    assert "engine.tcp_unprotected" not in record.facts


def test_a_socket_unit_that_may_not_be_read_leaves_listeners_unknown(tmp_path: Path) -> None:
    """A lack of rights is no proof that there is no TCP."""
    write_socket_unit(tmp_path, "2375")
    write_dockerd(tmp_path, "-H", "fd://")
    files = Locked(Owned(tmp_path), "/etc/systemd/system/docker.socket.d")
    record = engine_record(make(), files)
    assert "permission denied" in record.missing["engine.tcp_listeners"].detail


def test_configuration_file_counts_like_the_command_line(tmp_path: Path) -> None:
    """Addresses and switches of daemon.json are read, the command line wins."""
    config = {
        "hosts": ["unix:///var/run/docker.sock", "tcp://10.0.0.1:2376"],
        "tlsverify": True,
        "icc": False,
        "no-new-privileges": True,
    }
    record = dockerd(tmp_path, "--icc=true", config=config)
    assert (("tcp://10.0.0.1:2376",), (), True, True) == fields(
        record,
        "engine.tcp_listeners",
        "engine.tcp_unprotected",
        "engine.inter_container_traffic",
        "engine.no_new_privileges",
    )


def test_broken_configuration_file_is_missing_evidence(tmp_path: Path) -> None:
    """A daemon.json that is no JSON leaves what it might say unknown."""
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text("{")
    record = dockerd(tmp_path)
    assert Reason.PARSE_ERROR is record.missing["engine.tcp_listeners"].reason


def test_engine_elsewhere_does_not_show_its_options(tmp_path: Path) -> None:
    """The command line of a remote engine cannot be read, a local dockerd is not taken for it."""
    record = engine_record(make(endpoint="tcp://far:2375"), LocalFiles(str(tmp_path)))
    assert Reason.OTHER_HOST is record.missing["engine.tcp_listeners"].reason
    assert Reason.OTHER_HOST is record.missing["engine.inter_container_traffic"].reason


def test_listener_an_engine_warns_of_is_noted() -> None:
    """An engine's own warning of an open API is evidence, wherever it runs."""
    warning = "WARNING: API is accessible on http://0.0.0.0:2375 without encryption.\n Access …"
    record = engine_record(make({"Warnings": [warning]}, endpoint="tcp://far:2375"))
    assert (("tcp://0.0.0.0:2375",),) == fields(record, "engine.tcp_unprotected")


def test_insecure_registries_beyond_loopback() -> None:
    """Docker's own entry for loopback is none; ranges and names beyond it are."""
    config = {
        "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128", "10.0.0.0/8"],
        "IndexConfigs": {
            "hub.example": {"Secure": True},
            "localhost:5000": {"Secure": False},
            "reg.example:5000": {"Secure": False},
        },
    }
    record = engine_record(make({"RegistryConfig": config}))
    assert (("10.0.0.0/8", "reg.example:5000"),) == fields(record, "engine.insecure_registries")


def test_engine_that_tells_nothing_leaves_everything_missing() -> None:
    """Empty answers give no fact but name and address."""
    record = engine_record(make())
    assert {"engine.name", "engine.endpoint", "engine.cri.enabled"} == set(record.facts)
    assert "engine.rootless" in record.missing
