"""What real engines and the kernel said of real containers, replayed."""

from __future__ import annotations

import pytest
from docker_tapes import RECORDINGS, audit, audit_recorded, fields, only, recorded, records, value

from isoaudit.facts import vocabulary
from isoaudit.facts.spec import FactType
from isoaudit.model import FactSet, Vantage
from isoaudit.probes.defaults import ALL_CAPABILITIES, DOCKER_CAPABILITIES, PODMAN_CAPABILITIES
from isoaudit.probes.docker.engine import engine_record

ENGINE, KERNEL = Vantage.ENGINE, Vantage.KERNEL
DOCKER = sorted(f"docker/{path.stem}" for path in (RECORDINGS / "docker").glob("*.json"))
EVERY = [*DOCKER, "podman/plain"]
REFUSED = (
    "acct", "bpf", "clock", "kexec", "keyring", "module", "mount", "open_by_handle", "perf",
    "quota", "raw_io", "reboot", "setns", "swap", "syslog", "user_namespace", "userfaultfd",
)  # fmt: skip
"""What every docker's default filter refuses a container with the default capabilities."""

TYPES = {
    FactType.BOOL: bool,
    FactType.INT: int,
    FactType.STRING: str,
    FactType.LIST: tuple,
}


@pytest.mark.parametrize("recording", EVERY)
def test_every_fact_has_the_type_of_the_vocabulary(recording: str) -> None:
    """Every fact noted stands in the vocabulary and has its type."""
    seen = audit_recorded(recording)
    facts = [fact for several in seen.facts.values() for fact in several]
    for parts in seen.parts.values():
        facts += [f for part in parts for record in part.records for f in record.facts.values()]
    known = vocabulary.facts()
    assert [] == [fact for fact in facts if type(fact.value) is not TYPES[known[fact.path].type]]


@pytest.mark.parametrize("recording", EVERY)
def test_facts_survive_being_written_as_json(recording: str) -> None:
    """A fact set read back from JSON is the one that was written."""
    seen = audit_recorded(recording)
    assert seen == FactSet.from_json(seen.to_json())


@pytest.mark.parametrize("recording", EVERY)
def test_recordings_hold_no_planted_secret(recording: str) -> None:
    """The password given to a recorded container is nowhere in its recording."""
    assert "planted-secret" not in (RECORDINGS / f"{recording}.json").read_text()


def test_a_running_container_is_proven_to_run_here() -> None:
    """The id in a local process's control group joins the target to this host."""
    target, _ = audit(*recorded("docker/plain"))
    assert ("docker:isorec-plain", "running", "local") == (target.id, target.state, target.host)


def test_main_process_of_a_plain_container() -> None:
    """A plain container runs as the host's root with docker's capabilities and a filter."""
    main = only(records(audit_recorded("docker/plain"), "process", KERNEL)[0], "process")
    assert isinstance(main.pop("pid"), int)
    assert {
        "name": "sleep",
        "count": 1,
        "main": True,
        "uid": 0,
        "host_uid": 0,
        "root_permitted": True,
        "user_namespace": "host",
        "user_namespace_maps_root": True,
        "capabilities.effective": DOCKER_CAPABILITIES,
        "capabilities.permitted": DOCKER_CAPABILITIES,
        "capabilities.bounding": DOCKER_CAPABILITIES,
        "capabilities.inheritable": (),
        "capabilities.ambient": (),
        "no_new_privileges": False,
        "seccomp.mode": "filter",
        "seccomp.filters": 1,
        "lsm.label": "",
        "apparmor.confined": False,
        "namespaces.mnt": "private",
        "namespaces.pid": "private",
        "namespaces.net": "private",
        "namespaces.ipc": "private",
        "namespaces.uts": "private",
        "namespaces.cgroup": "host",
        "namespaces.time": "host",
        "root_is_host": False,
        "names": ("sleep",),
        "exceeds_main": (),
        "host_account": "root",
        "host_groups": ("root",),
        "uid_shared_with": (),
        "user_namespace_maps_root_group": True,
        "namespaces.shared_with": (),
        "oom_score_adj": 0,
        "limits.core.set": False,
        "limits.locked_memory.set": True,
        "limits.locked_memory.bytes": 8 << 20,
        "limits.open_files.set": True,
        "limits.open_files.count": 20_000,
        **{f"seccomp.allows.{what}": False for what in REFUSED},
        "seccomp.allows.ptrace": True,
    } == main


def test_processes_that_differ_are_records_of_their_own() -> None:
    """A process that entered as another user is a second record, with nothing in force."""
    _, entered = records(audit_recorded("docker/plain"), "process", KERNEL)
    assert (False, 1000, False, (), DOCKER_CAPABILITIES) == fields(
        entered,
        "process.main",
        "process.uid",
        "process.root_permitted",
        "process.capabilities.effective",
        "process.capabilities.bounding",
    )


def test_engine_and_kernel_agree_on_a_plain_container() -> None:
    """What the engine was asked for and the kernel shows are the same where nothing drifted."""
    seen = audit_recorded("docker/plain")
    asked, _ = records(seen, "process", ENGINE)
    found = records(seen, "process", KERNEL)[0]
    both = set(asked.facts) - {"process.exceeds_main"}
    assert {path: asked.facts[path].value for path in both} == {
        path: found.facts[path].value for path in both
    }


def test_mounts_of_a_plain_container() -> None:
    """A named volume, a tmpfs and the engine's own files are told apart from host paths."""
    mounts = records(audit_recorded("docker/plain"), "mount", KERNEL)
    shown = {
        fields(mount, "mount.destination", "mount.kind", "mount.managed", "mount.source_type")
        for mount in mounts
        if fields(mount, "mount.kind") != ("system",)
    }
    assert {
        ("/data", "volume", True, "directory"),
        ("/scratch", "tmpfs", False, None),
        ("/etc/resolv.conf", "bind", True, "file"),
        ("/etc/hostname", "bind", True, "file"),
        ("/etc/hosts", "bind", True, "file"),
    } == shown


def test_environment_shows_names_only() -> None:
    """Variables are listed by name, with whether they look like a secret."""
    shown = records(audit_recorded("docker/plain"), "environment", ENGINE)
    assert [("GREETING", False), ("DB_PASSWORD", True)] == [
        fields(record, "environment.name", "environment.secret") for record in shown
    ]


def test_published_port_is_listed_with_its_address() -> None:
    """A port published on loopback is one record."""
    shown = records(audit_recorded("docker/plain"), "port", ENGINE)
    wanted = {"host_address": "127.0.0.1", "host_port": 18081, "container_port": 80}
    assert [{**wanted, "protocol": "tcp"}] == [only(record, "port") for record in shown]


def test_hidden_paths_include_what_the_kernel_lacks() -> None:
    """A path that the kernel does not have counts as hidden, and the source says so."""
    seen = audit_recorded("docker/plain")
    (fact, asked) = seen.facts["container.masked_paths"]
    assert KERNEL is fact.vantage
    assert isinstance(fact.value, tuple)
    assert isinstance(asked.value, tuple)
    assert set(asked.value) <= set(fact.value)
    assert "not on this kernel: /proc/asound" in fact.source


@pytest.mark.parametrize("vantage", [ENGINE, KERNEL])
def test_hardened_container_from_both_vantages(vantage: Vantage) -> None:
    """Limits, user, capabilities and write protection show alike to engine and kernel."""
    seen = audit_recorded("docker/hardened")
    assert [67108864, 50, True, True] == [
        value(seen, path, vantage)
        for path in (
            "container.limits.memory.bytes",
            "container.limits.pids.count",
            "container.limits.cpu.set",
            "container.rootfs.read_only",
        )
    ]
    assert (1000, False, (), (), True, "filter") == fields(
        records(seen, "process", vantage)[0],
        "process.uid",
        "process.root_permitted",
        "process.capabilities.effective",
        "process.capabilities.bounding",
        "process.no_new_privileges",
        "process.seccomp.mode",
    )


def test_unlimited_container_has_no_limit_value() -> None:
    """Without a limit there is the fact that none is set, and no number."""
    seen = audit_recorded("docker/plain")
    assert False is value(seen, "container.limits.memory.set", KERNEL)
    assert "container.limits.memory.bytes" not in seen.facts


def test_privileged_container_that_never_ran() -> None:
    """A created container is judged by the engine's word alone, which lacks ulimits and groups."""
    seen = audit_recorded("docker/privileged")
    (process,) = records(seen, "process", ENGINE)
    assert (ALL_CAPABILITIES, "disabled", False) == fields(
        process,
        "process.capabilities.effective",
        "process.seccomp.mode",
        "process.apparmor.confined",
    )
    assert True is value(seen, "container.privileged", ENGINE)
    assert () == value(seen, "container.masked_paths", ENGINE)
    assert [ENGINE] == [part.vantage for part in seen.parts["process"]]
    ulimits = {f"process.limits.{name}" for name in ("open_files", "locked_memory", "core")}
    assert {*ulimits, "process.host_groups"} == {entry.path for entry in seen.all_missing()}


def test_mounted_engine_socket_is_a_socket() -> None:
    """The socket shows by the path it really has on the host, and as what it is."""
    mounts = records(audit_recorded("docker/socket"), "mount", KERNEL)
    sockets = [m for m in mounts if fields(m, "mount.source_type") == ("socket",)]
    assert [("bind", "/run/docker.sock", "/var/run/docker.sock", False)] == [
        fields(m, "mount.kind", "mount.source", "mount.destination", "mount.managed")
        for m in sockets
    ]


@pytest.mark.parametrize("vantage", [ENGINE, KERNEL])
def test_host_namespaces_show_from_both_vantages(vantage: Vantage) -> None:
    """Namespaces shared with the host are said to be the host's."""
    (process,) = records(audit_recorded("docker/host-namespaces"), "process", vantage)
    kinds = ("mnt", "pid", "net", "ipc", "uts")
    assert ("private", "host", "host", "host", "host") == fields(
        process, *(f"process.namespaces.{kind}" for kind in kinds)
    )


def test_shared_memory_of_the_host_is_the_engines_doing() -> None:
    """With the host's IPC namespace docker binds the host's /dev/shm unasked."""
    mounts = records(audit_recorded("docker/host-namespaces"), "mount", KERNEL)
    (shm,) = (m for m in mounts if fields(m, "mount.destination") == ("/dev/shm",))
    assert ("bind", "/dev/shm", True) == fields(shm, "mount.kind", "mount.source", "mount.managed")


def test_hosts_root_and_what_hangs_below_it() -> None:
    """The host's root shows as a bind of /, and the mounts that came along as binds too."""
    mounts = records(audit_recorded("docker/host-root"), "mount", KERNEL)
    shown = {
        fields(m, "mount.destination", "mount.source", "mount.read_only")
        for m in mounts
        if fields(m, "mount.kind", "mount.managed") == ("bind", False)
    }
    # The protection is not recursive in this engine: what is mounted below stays writable.
    expected = {("/host", "/", True), ("/host/proc", "/proc", False), ("/host/sys", "/sys", False)}
    assert expected <= shown


def test_unconfined_filter_shows_in_the_kernel() -> None:
    """seccomp=unconfined is asked for and found."""
    seen = audit_recorded("docker/host-root")
    assert "unconfined" == value(seen, "container.seccomp.profile", ENGINE)
    (process,) = records(seen, "process", KERNEL)
    assert ("disabled", 0) == fields(process, "process.seccomp.mode", "process.seccomp.filters")


def test_joined_namespaces_are_shared() -> None:
    """A container in another one's namespaces shares them, by inode."""
    (process,) = records(audit_recorded("docker/joined"), "process", KERNEL)
    assert ("shared", "shared", "private") == fields(
        process, "process.namespaces.net", "process.namespaces.pid", "process.namespaces.ipc"
    )


def test_joined_namespaces_are_not_known_to_be_private_by_request() -> None:
    """The container that is joined may be in the host's namespaces itself."""
    (process,) = records(audit_recorded("docker/joined"), "process", ENGINE)
    assert {"process.namespaces.net", "process.namespaces.pid"} <= set(process.missing)


def test_files_of_a_joined_network_are_the_engines() -> None:
    """resolv.conf of the container whose network is joined is no host path anyone asked for."""
    mounts = records(audit_recorded("docker/joined"), "mount", KERNEL)
    assert [] == [m for m in mounts if fields(m, "mount.managed") == (False,)]


def test_podman_gives_fewer_capabilities_and_a_task_limit() -> None:
    """Podman's own defaults are found, by its answer and in the kernel."""
    seen = audit_recorded("podman/plain")
    for vantage in (ENGINE, KERNEL):
        process = records(seen, "process", vantage)[0]
        assert (PODMAN_CAPABILITIES,) == fields(process, "process.capabilities.bounding")
        assert 2048 == value(seen, "container.limits.pids.count", vantage)


def test_podman_does_not_tell_what_its_answer_leaves_out() -> None:
    """What podman answers alike for private and host is missing, not believed."""
    (process,) = records(audit_recorded("podman/plain"), "process", ENGINE)
    assert {
        "process.uid",
        "process.host_groups",
        "process.namespaces.ipc",
        "process.namespaces.cgroup",
        "process.limits.locked_memory",
        "process.limits.core",
    } == set(process.missing)


def test_podmans_bind_mount_is_found() -> None:
    """A bind mount of podman shows with its host path; podman's own files are managed."""
    mounts = records(audit_recorded("podman/plain"), "mount", KERNEL)
    binds = [m for m in mounts if fields(m, "mount.kind", "mount.managed") == ("bind", False)]
    assert [("/etc", "/hostetc", True)] == [
        fields(m, "mount.source", "mount.destination", "mount.read_only") for m in binds
    ]


def test_engine_facts_of_debians_dockerd() -> None:
    """The engine's own settings, its listeners from its command line."""
    seen = only(engine_record(*recorded("docker/plain")), "engine")
    fixed = {
        name: seen.pop(f"{name}fixed_by_distribution") for name in ("", "containerd.", "runc.")
    }
    assert all(
        cve in fixed[name]
        for name, cve in (
            ("", "CVE-2024-41110"),  # 20.10.24+dfsg1-1+deb12u1
            ("containerd.", "CVE-2024-40635"),  # 1.6.20~ds1-1+deb12u1
            ("runc.", "CVE-2024-21626"),  # 1.1.5+ds1-1+deb12u1
        )
    )
    assert {
        "name": "docker",
        "endpoint": "unix:///var/run/docker.sock",
        "version": "20.10.24+dfsg1",
        "rootless": False,
        "user_namespace_remap": False,
        "seccomp_default": "default",
        "security_options": ("seccomp",),
        "default_runtime": "runc",
        "data_root": "/var/lib/docker",
        "data_root_separate": False,
        "data_root_mode": "0710",
        "data_root_open": False,
        "accounts": (),
        "networks.bridges": ("bridge", "isorec"),
        "networks.adjacent": (),
        "networks.ipv6": (),
        "networks.overlays": (),
        "networks.unencrypted": (),
        "networks.unprotected": (),
        "plugins.enabled": (),
        "plugins.powerful": (),
        "plugins.powers": (),
        "storage_driver": "overlay2",
        "live_restore": False,
        "debug": False,
        "experimental": False,
        "insecure_registries": (),
        "authorization_plugins": (),
        "runtimes.names": ("io.containerd.runc.v2", "io.containerd.runtime.v1.linux", "runc"),
        "runtimes.programs": ("runc",),
        "runtimes.arguments": (),
        "log_driver": "json-file",
        "log_limited": False,
        "swarm.active": False,
        "swarm.manager": False,
        "tcp_listeners": (),
        "tcp_unprotected": (),
        "service_addresses": (),
        "exposed_addresses": (),
        "inter_container_traffic": True,
        "no_new_privileges": False,
        "iptables": True,
        "ip6tables": False,
        "userland_proxy": True,
        "default_ipc_mode": "private",
        "default_cgroup_namespace": "host",
        "default_ulimits": (),
        "cri.enabled": False,
        "upstream": False,
        "containerd.version": "1.6.20~ds1",
        "containerd.upstream": False,
        "runc.version": "1.1.5+ds1",
        "runc.upstream": False,
    } == seen
