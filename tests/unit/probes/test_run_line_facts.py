"""What lines ask for, as facts: the same as compose's, and where engines differ."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import compose
from run_lines import run

from isoaudit.errors import DocumentError
from isoaudit.probes.defaults import ALL_CAPABILITIES, DOCKER_CAPABILITIES, PODMAN_CAPABILITIES

EFFECTIVE = "process.capabilities.effective"
_OTHERWISE = {"container.platform", "container.network.names", "container.build.privileged",
              "container.build.entitlements",
              "container.lifecycle.privileged", "container.lifecycle.root",
              "container.image.reference", "container.image.pinned", "process.name"}  # fmt: skip

SAME = [
    ("", ""),
    ("--privileged", "privileged: true"),
    ("--cap-drop ALL --cap-add NET_ADMIN", "cap_drop: [ALL]\ncap_add: [NET_ADMIN]"),
    ("--user 10001:10001", "user: '10001:10001'"),
    ("--read-only", "read_only: true"),
    ("-m 256m --memory-swap 512m", "mem_limit: 256m\nmemswap_limit: 512m"),
    ("--pids-limit 100 --cpus 0.5", "pids_limit: 100\ncpus: 0.5"),
    ("--cpu-quota 5000 --cpu-period 10000", "cpu_quota: 5000\ncpu_period: 10000"),
    ("--security-opt no-new-privileges:true", "security_opt: ['no-new-privileges:true']"),
    ("--security-opt seccomp=unconfined --security-opt label=disable",
     "security_opt: [seccomp=unconfined, label=disable]"),
    ("--security-opt systempaths=unconfined", "security_opt: [systempaths=unconfined]"),
    ("--pid host --ipc=host --uts host", "pid: host\nipc: host\nuts: host"),
    ("--cgroupns private --userns host", "cgroup: private\nuserns_mode: host"),
    ("--network host", "network_mode: host"),
    ("--net none", "network_mode: none"),
    ("--network container:db", "network_mode: container:db"),
    ("-v /etc:/etc:ro,rslave", "volumes: ['/etc:/etc:ro,rslave']"),
    ("-v data:/data:Z", "volumes: ['data:/data:Z']"),
    ("-v /data", "volumes: ['/data']"),
    ("--mount type=bind,src=/etc,dst=/e,readonly,bind-propagation=shared",
     "volumes: [{type: bind, source: /etc, target: /e, read_only: true,"
     " bind: {propagation: shared}}]"),
    ("--mount type=volume,source=d,target=/e", "volumes: [{type: volume, source: d, target: /e}]"),
    ("--tmpfs /tmp:rw,size=16m", "tmpfs: ['/tmp:rw,size=16m']"),
    ("--mount type=tmpfs,destination=/t,tmpfs-size=16m", "tmpfs: ['/t:size=16m']"),
    ("--volumes-from db", "volumes_from: [db]"),
    ("-p 80:80 -p 127.0.0.1:90-91:90-91/udp", "ports: ['80:80', '127.0.0.1:90-91:90-91/udp']"),
    ("-e A=b -e DB_PASSWORD=hunter2hunter2 -e C",
     "environment: [A=b, DB_PASSWORD=hunter2hunter2, C]"),
    ("--device /dev/kvm:/dev/kvm:r --device-cgroup-rule 'c 1:3 rwm'",
     "devices: ['/dev/kvm:/dev/kvm:r']\ndevice_cgroup_rules: ['c 1:3 rwm']"),
    ("--gpus all", "gpus: all"),
    ("--gpus '\"device=0,1\",capabilities=utility'",
     "gpus: [{device_ids: '0', capabilities: [gpu, utility]}]"),
    ("--restart on-failure:3", "restart: on-failure:3"),
    ("--ulimit nofile=1024:2048 --ulimit core=0",
     "ulimits: {nofile: {soft: 1024, hard: 2048}, core: 0}"),
    ("--sysctl net.ipv4.ip_forward=1", "sysctls: [net.ipv4.ip_forward=1]"),
    ("--add-host db:host-gateway", "extra_hosts: ['db:host-gateway']"),
    ("--log-driver local", "logging: {driver: local}"),
    ("--log-opt max-size=1m", "logging: {options: {max-size: 1m}}"),
    ("--storage-opt size=1g", "storage_opt: {size: 1g}"),
    ("--device-read-bps /dev/sda:1mb",
     "blkio_config: {device_read_bps: [{path: /dev/sda, rate: 1mb}]}"),
    ("--group-add 0 --oom-score-adj -500 --oom-kill-disable",
     "group_add: ['0']\noom_score_adj: -500\noom_kill_disable: true"),
    ("--runtime runsc --use-api-socket", "runtime: runsc\nuse_api_socket: true"),
    ("--cpuset-cpus 0 --cgroup-parent /x", "cpuset: '0'\ncgroup_parent: /x"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "service"), SAME)
def test_a_line_says_what_a_compose_file_says(line: str, service: str) -> None:
    """Fact by fact and record by record; a project's network and services are compose's."""
    asked, declared = run(f"docker run {line} nginx"), compose(service or "image: nginx")
    network = {} if "net" in line else {"container.network.names": None}

    assert _plain(declared, network) == _plain(asked, network)
    for part in set(asked.factset.parts) - {"process", "network", "neighbour"}:
        assert _comparable(declared.records(part)) == _comparable(asked.records(part)), part
        assert bool(declared.incomplete(part)) == bool(asked.incomplete(part)), part


def _plain(seen: Any, without: dict[str, None]) -> dict[str, Any]:
    gone = {*_OTHERWISE, *without}
    return {path: value for path, value in seen.facts.items() if path not in gone}


def _comparable(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # A named volume is a project's own in compose alone.
    return [{k: v for k, v in r.items() if k != "mount.shared_with"} for r in records]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("docker run x", DOCKER_CAPABILITIES),
        ("podman run x", PODMAN_CAPABILITIES),
        ("nerdctl run x", DOCKER_CAPABILITIES),
        ("podman run --cap-drop=all x", ()),
        ("podman run --cap-add=SYS_ADMIN,NET_RAW --user 1 x", ("CAP_NET_RAW", "CAP_SYS_ADMIN")),
        ("docker run --cap-add=SYS_ADMIN --user 1 x", ()),
        ("docker run --privileged x", ALL_CAPABILITIES),
        ("docker run --privileged --privileged=false x", DOCKER_CAPABILITIES),
    ],
)
def test_capabilities_are_those_of_the_engine(line: str, expected: tuple[str, ...]) -> None:
    """Podman gives fewer, and gives another user what is added."""
    assert expected == run(line).facts[EFFECTIVE]


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("podman run x", "container.limits.pids.count", 2048),
        ("docker run x", "container.limits.pids.set", False),
        ("podman run --pids-limit -1 x", "container.limits.pids.set", False),
        ("docker run x", "container.network.names", ("bridge",)),
        ("docker run --network db x", "container.network.names", ("db",)),
        (
            "docker run --network name=db,alias=a --network web x",
            "container.network.names",
            ("db", "web"),
        ),
        ("podman run --network pasta:-T,80 x", "container.network.names", ("pasta",)),
        ("podman run --network bridge:ip=10.0.0.2 x", "container.network.names", ("podman",)),
        ("podman run --network db:ip=10.0.0.2 x", "container.network.names", ("db",)),
        ("podman run --systemd=always x", "container.cgroup_writable", True),
        ("podman run x /sbin/init", "container.cgroup_writable", True),
        ("podman run --systemd=false x /sbin/init", "container.cgroup_writable", False),
        ("podman run --cgroups=disabled x", "container.cgroup.own", False),
        ("podman run --userns keep-id x", "process.user_namespace", "private"),
        ("podman run --uidmap 0:100000:65536 x", "process.user_namespace", "private"),
        ("docker run x", "container.platform", "docker_run"),
        ("docker run x", "container.runtime", "runc"),
        ("docker run --name web x", "process.name", "web"),
        ("docker run registry.example/a/b:1@sha256:0 x", "process.name", "b"),
        ("docker run '$$x'", "container.image.reference", "$x"),
    ],
)
def test_what_differs_by_engine(line: str, path: str, expected: object) -> None:
    """The defaults of each, and options that only one of them has."""
    assert expected == run(line).facts[path]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("podman run x", "container.network.names"),
        ("podman run x", "container.runtime"),
        ("podman run x", "container.log.driver"),
        ("podman run --uidmap 0:0:65536 x", "process.user_namespace"),
        ("podman run --pod web x", "process.namespaces.net"),
        ("podman run --seccomp-policy image x", "container.seccomp.profile"),
        ("podman run --systemd='${X}' x", "container.cgroup_writable"),
        ("docker run --privileged='${X}' x", "container.privileged"),
        ("docker run --network '${X}' x", "process.namespaces.net"),
        ("docker run --user '${X}' x", EFFECTIVE),
        ("docker run --memory '${X}' x", "container.limits.memory.set"),
        ("docker run --security-opt '${X}' x", "process.no_new_privileges"),
    ],
)
def test_what_a_line_does_not_tell_is_not_known(line: str, path: str) -> None:
    """A variable decides, or who runs it."""
    seen = run(line)

    assert path not in seen.facts
    assert any(path.startswith(known) for known in seen.missing)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("docker run -P x", "port"),
        ("docker run -v '${X}' x", "mount"),
        ("docker run --mount '${X}' x", "mount"),
        ("docker run --mount 'type=bind,${X}' x", "mount"),
        ("podman run --mount type=glob,src=/etc/*,dst=/x x", "mount"),
        ("docker run --env-file a.env x", "environment"),
        ("podman run --env-host x", "environment"),
        ("docker run -e '${X}' x", "environment"),
        ("docker run --device '${X}' x", "device"),
        ("docker run '${O}…' x", "mount"),
    ],
)
def test_a_part_of_which_there_may_be_more_is_not_complete(line: str, part: str) -> None:
    """Such a part passes no check."""
    assert run(line).incomplete(part)


@pytest.mark.parametrize(
    ("line", "source"),
    [("-v '${PWD}/x:/y'", None), ("-v ./x:/y", "x"), ("-v /../etc/:/y", "/etc")],
)
def test_a_source_is_where_it_leads(line: str, source: str | None) -> None:
    """A relative one from where the line stands, one that a variable begins is not known."""
    (mount,) = run(f"docker run {line} x").records("mount")

    assert "bind" == mount["mount.kind"]
    assert source == mount.get("mount.source")


def test_a_volume_whose_options_make_it_a_host_path_is_a_bind() -> None:
    """`device` names the path."""
    line = "--mount type=volume,dst=/y,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/"
    (mount,) = run(f"docker run {line} x").records("mount")

    assert ("bind", "/") == (mount["mount.kind"], mount["mount.source"])


def test_podman_leaves_some_folders_of_a_read_only_root_writable() -> None:
    """Unless it is told not to."""
    mounts = run("podman run --read-only x").records("mount")

    assert ["/run", "/tmp", "/var/tmp"] == [mount["mount.destination"] for mount in mounts]
    assert [] == run("podman run --read-only --read-only-tmpfs=false x").records("mount")


def test_doubt_leaves_nothing_that_could_pass() -> None:
    """What is said beside an unknown option may be taken back by it, and may fail all the same."""
    seen = run("docker run --privileged --read-only '${OPTS}…' --user 1 nginx")
    facts, process = seen.factset, seen.factset.parts["process"][0].records[0]

    certain = {"container.platform", "process.name", "process.main"}
    every = {*facts.facts, *process.facts} - certain
    unread = {*facts.missing, *process.missing}
    assert seen.facts["container.privileged"] is True
    assert every <= unread
    assert all(seen.incomplete(part) for part in facts.parts if part != "process")


@pytest.mark.parametrize(
    "option",
    ["--memory lots", "--cpus many", "--pids-limit x", "--ulimit nofile=x", "-p x:y",
     "--privileged=maybe"],
)  # fmt: skip
def test_a_value_that_no_engine_takes_is_an_error_with_its_place(option: str) -> None:
    """One line, at the word."""
    with pytest.raises(DocumentError, match=r"^run\.sh:1:[34]: "):
        run(f"docker run {option} x")


def test_no_value_of_a_variable_becomes_a_fact() -> None:
    """Names are kept, and whether it is a secret."""
    seen = run("docker run -e TOKEN=s3cr3t-s3cr3t-s3cr3t x")

    assert [{"environment.name": "TOKEN", "environment.secret": True}] == seen.records(
        "environment"
    )
    assert "s3cr3t" not in repr(seen.factset.to_json())
