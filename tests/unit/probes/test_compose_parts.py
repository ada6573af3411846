"""Mounts, devices, ports, environment and limits of a compose service."""

from __future__ import annotations

from typing import Any

import pytest
from declared_facts import compose

from isoaudit.probes.declared import MAX_RECORDS


def _mount(volume: str, rest: str = "", shown: str = "compose.yaml") -> dict[str, Any]:
    (record,) = compose(f"volumes:\n  - {volume}", rest, shown).records("mount")
    return {path.removeprefix("mount."): value for path, value in record.items()}


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ("/:/host", {"kind": "bind", "source": "/", "destination": "/host", "read_only": False}),
        ("/var/run/docker.sock:/s:ro", {"source": "/var/run/docker.sock", "read_only": True}),
        ("/a/../etc//:/e", {"kind": "bind", "source": "/etc"}),
        ("//etc:/e", {"kind": "bind", "source": "/etc"}),
        ("~/.ssh:/s", {"kind": "bind", "source": "~/.ssh"}),
        ("./data:/d", {"kind": "bind", "source": "data"}),
        ("../data:/d", {"kind": "bind", "source": "../data"}),
        (".:/app", {"kind": "bind", "source": "."}),
        ("data:/d", {"kind": "volume", "managed": True}),
        ("/d", {"kind": "volume", "destination": "/d"}),
        ("/a:/b:ro,rshared", {"read_only": True, "propagation": "shared"}),
        ("/a:/b:rslave", {"propagation": "slave"}),
        ("/a:/b", {"propagation": "private", "managed": False}),
        ("'C:\\data:/d:ro'", {"kind": "bind", "source": "C:\\data", "read_only": True}),
        ("'${D:-/etc}:/e'", {"kind": "bind", "source": "/etc"}),
        ("'${D:-${E:-/etc}}:/e'", {"kind": "bind", "source": "/etc"}),
        ("{type: bind, source: /etc, target: /e, read_only: true}",
         {"kind": "bind", "source": "/etc", "destination": "/e", "read_only": True}),
        ("{type: bind, source: ./x, target: /x, bind: {propagation: rshared}}",
         {"source": "x", "propagation": "shared"}),
        ("{type: bind, source: data, target: /x}", {"kind": "bind", "source": "data"}),
        ("{type: volume, source: data, target: /x}", {"kind": "volume", "managed": True}),
        ("{type: volume, target: /x}", {"kind": "volume"}),
        ("{type: tmpfs, target: /x}", {"kind": "tmpfs", "managed": False}),
        ("{source: /etc, target: /x}", {"kind": "bind", "source": "/etc"}),
    ],
)  # fmt: skip
def test_volumes_in_both_forms(volume: str, expected: dict[str, Any]) -> None:
    """A path is a bind, a name a volume; options and defaults are resolved."""
    mount = _mount(volume)

    assert expected == {field: mount[field] for field in expected}


def test_a_relative_path_belongs_to_the_folder_of_the_file() -> None:
    """It is resolved lexically, whatever machine the file is read on."""
    assert "deploy/data" == _mount("./data:/d", shown="deploy/compose.yaml")["source"]
    assert "data" == _mount("../data:/d", shown="deploy/compose.yaml")["source"]


@pytest.mark.parametrize("source", ["../../var/run/docker.sock", "../etc", "../../.."])
def test_a_path_that_climbs_out_may_lead_anywhere(source: str) -> None:
    """Where it leads depends on where the file lies, so it is not known."""
    seen = compose(f"volumes: ['{source}:/x']")

    assert "mount.source" not in seen.records("mount")[0]
    assert "climbs out" in seen.unread("mount")[0]["mount.source"]


@pytest.mark.parametrize(
    ("volume", "known", "unknown"),
    [
        ("'${A}:/x'", {"mount.destination": "/x"}, {"mount.kind", "mount.source"}),
        ("'${A}/b:/x'", {"mount.kind": "bind"}, {"mount.source"}),
        ("'/a/$B:/x'", {"mount.kind": "bind"}, {"mount.source"}),
        ("'/a:/x:${MODE}'", {"mount.source": "/a"}, {"mount.read_only", "mount.propagation"}),
        ("'/a:${B}'", {"mount.source": "/a"}, {"mount.destination"}),
        ("{type: bind, source: $A, target: /x}", {"mount.kind": "bind"}, {"mount.source"}),
        ("{type: $T, source: /a, target: /x}", {"mount.destination": "/x"}, {"mount.kind"}),
        ("{type: volume, source: $A, target: /x}", {"mount.kind": "volume"}, {"mount.source"}),
        ("'/a:/x:${MODE:?set it}'", {"mount.source": "/a"}, {"mount.read_only"}),
        ("'/$${A}:/x'", {"mount.source": "/${A}"}, set()),
    ],
)
def test_a_variable_leaves_open_what_it_stands_for(
    volume: str, known: dict[str, str], unknown: set[str]
) -> None:
    """What is written out is known, what a variable would bring is not."""
    seen = compose(f"volumes:\n  - {volume}")
    record = seen.records("mount")[0]

    assert known == {path: record[path] for path in known}
    assert unknown <= set(seen.unread("mount")[0])
    assert set() == unknown & set(record)


def test_a_volume_by_a_variable_leaves_the_mounts_open() -> None:
    """`$VOLUME` could mount anything anywhere."""
    assert "variable" in compose("volumes: ['${VOLUME}']").incomplete("mount")


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ("{type: none, o: bind, device: /var/run}", "bind"),
        ("{o: bind, device: /var/run}", "bind"),
        ("{type: nfs, device: ':/export', o: addr=10.0.0.1}", "volume"),
        ("{type: tmpfs, device: tmpfs}", "volume"),
    ],
)
def test_a_named_volume_may_be_a_host_path_in_disguise(options: str, kind: str) -> None:
    """The driver's options decide, not that it has a name."""
    mount = _mount("data:/d", f"volumes:\n  data:\n    driver_opts: {options}\n")

    assert kind == mount["kind"]
    assert (kind == "volume") == mount["managed"]
    assert ("/var/run" if kind == "bind" else None) == mount.get("source")


def test_pipes_of_windows_are_passed_by() -> None:
    """They are no mounts of a Linux container."""
    service = """
    volumes:
      - {type: npipe, source: a, target: b}
      - '\\\\.\\pipe\\docker_engine:\\\\.\\pipe\\docker_engine'
    """
    assert [] == compose(service).records("mount")


def test_what_another_container_mounts_is_not_known() -> None:
    """With volumes_from the mounts are not read to their end."""
    assert "volumes_from" in compose("volumes_from: [db]").incomplete("mount")


def test_configs_and_secrets_from_a_file_are_binds() -> None:
    """A socket of the host gets in as a secret, too."""
    seen = compose(
        "secrets: [key, given]\nconfigs: [{source: conf, target: /etc/app.conf}]",
        """
        secrets: {key: {file: /var/run/docker.sock}, given: {external: true}}
        configs: {conf: {file: ./app.conf}}
        """,
    )
    found = [
        (r["mount.kind"], r.get("mount.source"), r["mount.destination"], r["mount.managed"])
        for r in seen.records("mount")
    ]

    assert [
        ("bind", "app.conf", "/etc/app.conf", False),
        ("bind", "/var/run/docker.sock", "/run/secrets/key", False),
        ("volume", None, "/run/secrets/given", True),
    ] == found


@pytest.mark.parametrize("tmpfs", ["/run", "['/run:rw,noexec']"])
def test_tmpfs_alone_or_in_a_list(tmpfs: str) -> None:
    """Both forms are one mount."""
    (record,) = compose(f"tmpfs: {tmpfs}").records("mount")

    assert ("tmpfs", "/run") == (record["mount.kind"], record["mount.destination"])


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("/dev/kvm", ("/dev/kvm", "/dev/kvm", "rwm")),
        ("'/dev/sda:/dev/x:r'", ("/dev/sda", "/dev/x", "r")),
        ("'/dev/sda:r'", ("/dev/sda", "/dev/sda", "r")),
        ("{source: /dev/a, target: /dev/b, permissions: rw}", ("/dev/a", "/dev/b", "rw")),
        ("{source: /dev/a}", ("/dev/a", "/dev/a", "rwm")),
        ("vendor.com/device=one", ("vendor.com/device=one", "vendor.com/device=one", "rwm")),
    ],
)
def test_devices_in_every_form(device: str, expected: tuple[str, str, str]) -> None:
    """Node, place and rights, by default all of them."""
    (record,) = compose(f"devices:\n  - {device}").records("device")

    assert expected == tuple(record.values())


@pytest.mark.parametrize("key", ["devices: ['$D']", "ports: ['$P:80']", "ports: [{target: $P}]",
                                 "device_cgroup_rules: ['$R']"])  # fmt: skip
def test_an_entry_by_a_variable_leaves_its_part_open(key: str) -> None:
    """What it would add is not known, so the part is not complete."""
    part = {"devices": "device", "ports": "port"}.get(key.partition(":")[0], "device_rule")

    assert "depends on" in compose(key).incomplete(part)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("c 1:3 mr", ("c", "1", "3", "mr")), ("a *:* rwm", ("a", "*", "*", "rwm")),
     ("a", ("a", "*", "*", "rwm")), ("b 8:*", ("b", "8", "*", "rwm"))],
)  # fmt: skip
def test_device_rules(rule: str, expected: tuple[str, ...]) -> None:
    """Type, numbers and rights; what is left out stands for all."""
    (record,) = compose(f"device_cgroup_rules: ['{rule}']").records("device_rule")

    assert expected == tuple(record.values())


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("3000", [("", 0, 3000, "tcp")]),
        ("8000:80", [("", 8000, 80, "tcp")]),
        ("22:22", [("", 22, 22, "tcp")]),
        ("'127.0.0.1:8001:80/udp'", [("127.0.0.1", 8001, 80, "udp")]),
        ("'127.0.0.1::80'", [("127.0.0.1", 0, 80, "tcp")]),
        ("'[::1]:8000:80'", [("::1", 8000, 80, "tcp")]),
        ("3000-3001", [("", 0, 3000, "tcp"), ("", 0, 3001, "tcp")]),
        ("'9000-9001:80-81'", [("", 9000, 80, "tcp"), ("", 9001, 81, "tcp")]),
        ("'9000-9005:80'", [("", 0, 80, "tcp")]),
        ("'${P:-8080}:80'", [("", 8080, 80, "tcp")]),
        ("{target: 80, published: '8080', host_ip: 127.0.0.1, protocol: udp, mode: host}",
         [("127.0.0.1", 8080, 80, "udp")]),
        ("{target: 80}", [("", 0, 80, "tcp")]),
        ("{target: 80, published: 8000-9000}", [("", 0, 80, "tcp")]),
    ],
)  # fmt: skip
def test_ports_in_every_form(port: str, expected: list[tuple[str, int, int, str]]) -> None:
    """Address, ports and protocol; 0 where the engine picks the port."""
    records = compose(f"ports:\n  - {port}").records("port")

    assert expected == [tuple(record.values()) for record in records]


def test_a_range_of_all_ports_is_cut_off_and_says_so() -> None:
    """A part has a limit, and a part that met it is not complete."""
    seen = compose("ports: ['1-65535:1-65535']")

    assert MAX_RECORDS == len(seen.records("port"))
    assert "more than" in seen.incomplete("port")


@pytest.mark.parametrize(
    "environment",
    ["{DB_PASSWORD: hunter22, LEVEL: info}", "['DB_PASSWORD=hunter22', 'LEVEL=info']"],
)
def test_secrets_in_the_environment_are_told_and_not_kept(environment: str) -> None:
    """Names are facts, values never are."""
    seen = compose(f"environment: {environment}")

    assert [("DB_PASSWORD", True), ("LEVEL", False)] == [
        tuple(record.values()) for record in seen.records("environment")
    ]
    assert "hunter22" not in str(seen.factset.to_json())


@pytest.mark.parametrize(
    ("value", "secret"),
    [("PASSWORD:", False), ("PASSWORD: $P", False), ("PASSWORD: '${P:-hunter22}'", True),
     ("URL: 'db://user:${P}@host'", False), ("URL: 'db://user:hunter22@host'", True),
     ("PASSWORD: '${P:?}'", False)],
)  # fmt: skip
def test_only_what_the_file_itself_holds_is_a_secret_in_it(value: str, secret: bool) -> None:
    """A variable to be filled in is none, its default is."""
    (record,) = compose(f"environment:\n  {value}").records("environment")

    assert secret == record["environment.secret"]


def test_variables_of_another_file_are_not_known() -> None:
    """With env_file the environment is not read to its end."""
    assert "env_file" in compose("env_file: .env").incomplete("environment")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("mem_limit: 512m", {"memory.set": True, "memory.bytes": 512 * 2**20}),
        ("mem_limit: 1.5gb", {"memory.bytes": 3 * 2**29}),
        ("mem_limit: 1073741824", {"memory.bytes": 2**30}),
        ("mem_limit: 0", {"memory.set": False}),
        ("mem_limit: -1", {"memory.set": False}),
        ("deploy: {resources: {limits: {memory: 1GiB, cpus: '0.5', pids: 9}}}",
         {"memory.bytes": 2**30, "cpu.set": True, "pids.count": 9}),
        ("pids_limit: -1", {"pids.set": False}),
        ("pids_limit: 100", {"pids.set": True, "pids.count": 100}),
        ("cpus: 0.5", {"cpu.set": True}),
        ("cpu_quota: 50000", {"cpu.set": True}),
        ("cpus: 0", {"cpu.set": False}),
        ("cpu_shares: 512", {"cpu.set": False}),
    ],
)  # fmt: skip
def test_limits(service: str, expected: dict[str, Any]) -> None:
    """0 and -1 are no limits; deploy's limits win; shares are no limit."""
    seen = compose(service)

    assert expected == {key: seen.facts[f"container.limits.{key}"] for key in expected}


@pytest.mark.parametrize(
    ("service", "path", "value"),
    [
        ("image: a@sha256:00", "container.image.pinned", True),
        ("image: a:latest", "container.image.pinned", False),
        ("image: a:${TAG:-1}", "container.image.reference", "a:1"),
        ("use_api_socket: true", "container.engine_api_injected", True),
        ("build: {context: ., privileged: true}", "container.build.privileged", True),
        ("build: .", "container.build.privileged", False),
        ("build: .", "container.build.entitlements", ()),
        ("image: a", "container.build.entitlements", ()),
        ("build: {context: ., network: none}", "container.build.entitlements", ()),
        ("build: {context: ., network: host}", "container.build.entitlements", ("network=host",)),
        (
            "build: {entitlements: [security.insecure, network.host], network: host}",
            "container.build.entitlements",
            ("security.insecure", "network.host", "network=host"),
        ),
        ("post_start: [{command: a}, {command: b, privileged: true}]",
         "container.lifecycle.privileged", True),
        ("runtime: runsc", "container.runtime", "runsc"),
        ("restart: always", "container.restart", "always"),
        ("read_only: true", "container.rootfs.read_only", True),
    ],
)  # fmt: skip
def test_settings_that_stand_for_themselves(service: str, path: str, value: Any) -> None:
    """Each is read where it stands."""
    assert value == compose(service).facts[path]


@pytest.mark.parametrize("service", ["build: .", "image: a:$TAG"])
def test_an_image_that_is_not_named_is_missing(service: str) -> None:
    """A build or a variable decides it."""
    assert "container.image.pinned" in compose(service).missing
