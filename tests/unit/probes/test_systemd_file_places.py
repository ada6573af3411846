"""Namespaces, files, devices and limits of a service of systemd."""

from __future__ import annotations

import pytest
from systemd_units import unit

ROOTED = "RootDirectory=/srv/web\n"


def _mounts(lines: str) -> list[dict[str, object]]:
    return unit(lines).records("mount")


def test_nothing_is_a_service_s_own_unless_it_says_so() -> None:
    """systemd's defaults: the host's namespaces."""
    facts = unit("NoNewPrivileges=yes").facts
    for name in ("mnt", "pid", "net", "ipc", "uts", "cgroup", "time"):
        assert facts[f"process.namespaces.{name}"] == "host"
    assert facts["process.user_namespace"] == "host"
    assert facts["process.root_is_host"] is True


@pytest.mark.parametrize(
    ("line", "name"),
    [("PrivateTmp=yes", "mnt"), ("ProtectSystem=full", "mnt"), ("ProtectProc=invisible", "mnt"),
     ("BindPaths=/srv", "mnt"), ("DynamicUser=yes", "mnt"), ("PrivateNetwork=yes", "net"),
     ("PrivateNetwork=yes", "mnt"), ("PrivateIPC=yes", "ipc"), ("PrivatePIDs=yes", "pid"),
     ("ProtectHostname=yes", "uts"), ("ProtectControlGroups=private", "cgroup")],
)  # fmt: skip
def test_a_setting_gives_a_namespace(line: str, name: str) -> None:
    """systemd.exec(5)."""
    assert unit(line).facts[f"process.namespaces.{name}"] == "private"


def test_a_user_namespace_of_systemds_maps_root_to_itself() -> None:
    """Files stay whose they are."""
    facts = unit("PrivateUsers=yes").facts
    assert facts["process.user_namespace"] == "private"
    assert facts["process.user_namespace_maps_root"] is True


def test_whose_namespace_a_unit_joins_is_told_by_its_name_alone() -> None:
    """What the other unit is in, that unit says."""
    seen = unit("PrivateNetwork=yes", head="JoinsNamespaceOf=db.service")
    assert "process.namespaces.net" in seen.missing
    assert seen.facts["container.borrowed_namespaces"] == ("net:db.service",)
    path = unit("NetworkNamespacePath=/run/netns/blue")
    assert path.facts["container.namespace_paths"] == ("net:/run/netns/blue",)
    assert "process.namespaces.net" in path.missing


def test_the_hosts_root_leaves_the_list_of_mounts_open() -> None:
    """A socket that is not named lies there all the same."""
    assert "host's own files" in unit("PrivateTmp=yes").incomplete("mount")
    for line in (ROOTED, "RootImage=/srv/web.raw", "TemporaryFileSystem=/:ro"):
        seen = unit(line)
        assert seen.incomplete("mount") == ""
        assert seen.facts["process.root_is_host"] is False
    assert unit("RootDirectory=/").facts["process.root_is_host"] is True


def test_binds_are_told_with_their_places() -> None:
    """A bind that may be written to above another one can replace it."""
    root, above, below = _mounts(f"{ROOTED}BindPaths=/srv/a:/data\nBindReadOnlyPaths=-/srv/a/b:/b")
    assert (root["mount.destination"], root["mount.kind"]) == ("/", "system")
    assert (above["mount.source"], above["mount.destination"]) == ("/srv/a", "/data")
    assert (above["mount.read_only"], below["mount.read_only"]) == (False, True)
    assert below["mount.source_writers"] == ("this container",)


def test_what_a_sealed_root_leaves_writable_is_told() -> None:
    """And systemd's own folders for the service."""
    facts = unit("ProtectSystem=strict").facts
    assert facts["container.rootfs.read_only"] is True
    _, written, own = _mounts("ProtectSystem=strict\nReadWritePaths=-/etc/web\nStateDirectory=web")
    assert (written["mount.source"], written["mount.managed"]) == ("/etc/web", False)
    assert (own["mount.source"], own["mount.managed"]) == ("/var/lib/web", True)
    assert len(_mounts("ReadWritePaths=/etc/web")) == 1


def test_a_source_that_systemd_fills_in_is_open() -> None:
    """`%i` is the instance's."""
    seen = unit(f"{ROOTED}BindPaths=/srv/%i:/data")
    assert "specifier" in seen.unread("mount")[1]["mount.source"]


def test_a_tmpfs_has_nodev_and_no_bound_by_default() -> None:
    """systemd.exec(5), TemporaryFileSystem."""
    _, mount = _mounts(f"{ROOTED}TemporaryFileSystem=/var:ro,size=1M")
    assert mount["mount.options"] == ("nodev",)
    assert (mount["mount.read_only"], mount["mount.size_limited"]) == (True, True)


def test_mounts_travel_from_the_host_only_with_a_namespace_of_its_own() -> None:
    """Without one, what the service mounts the host has."""
    assert _mounts("PrivateTmp=yes")[0]["mount.propagation"] == "slave"
    assert _mounts("PrivateTmp=yes\nMountFlags=shared")[0]["mount.propagation"] == "shared"
    assert _mounts("NoNewPrivileges=yes")[0]["mount.propagation"] == "shared"


def test_the_kernels_files_are_hidden_by_name() -> None:
    """ProcSubset=pid hides all that is no process."""
    facts = unit("ProtectKernelTunables=yes\nProtectKernelLogs=yes").facts
    assert facts["container.masked_paths"] == ("/proc/kallsyms", "/proc/kcore", "/proc/kmsg")
    assert "/proc/sys" in facts["container.readonly_paths"]
    assert "/proc/keys" in unit("ProcSubset=pid").facts["container.masked_paths"]
    assert unit("PrivateTmp=yes").facts["container.masked_paths"] == ()


def test_control_groups_can_be_written_to_unless_they_are_protected() -> None:
    """As the host's mount of them."""
    assert unit("PrivateTmp=yes").facts["container.cgroup_writable"] is True
    assert unit("ProtectControlGroups=yes").facts["container.cgroup_writable"] is False


def test_every_device_is_there_unless_a_policy_says_which() -> None:
    """DeviceAllow alone makes one."""
    assert unit("PrivateTmp=yes").records("device_rule")[0]["device_rule.type"] == "a"
    for line in ("PrivateDevices=yes", "DevicePolicy=closed", "DevicePolicy=strict"):
        assert unit(line).records("device") == unit(line).records("device_rule") == []
    seen = unit("DeviceAllow=/dev/kvm rw\nDeviceAllow=block-* r\nDeviceAllow=/dev/null rw\n"
                "DeviceAllow=char-alsa")  # fmt: skip
    assert [("/dev/kvm", "/dev/kvm", "rw")] == [tuple(r.values()) for r in seen.records("device")]
    assert [("b", "*", "*", "r"), ("c", "alsa", "*", "rwm")] \
        == [tuple(r.values()) for r in seen.records("device_rule")]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("MemoryMax=512M", "container.limits.memory.bytes", 512 * 2**20),
        ("MemoryMax=infinity", "container.limits.memory.set", False),
        ("MemoryMax=50%", "container.limits.memory.set", True),
        ("MemoryLimit=1G", "container.limits.memory.bytes", 2**30),
        ("MemorySwapMax=0", "container.limits.swap.bytes", 0),
        ("TasksMax=64", "container.limits.pids.count", 64),
        ("TasksMax=infinity", "container.limits.pids.set", False),
        ("CPUQuota=12.5%", "container.limits.cpu.millicores", 125),
        ("CPUQuota=200%", "container.limits.cpu.millicores", 2000),
        ("IOReadBandwidthMax=/dev/sda 5M", "container.limits.block_io.set", True),
        ("CPUSchedulingPolicy=rr", "container.limits.cpu.realtime", True),
        ("LimitNOFILE=1024:4096", "process.limits.open_files.count", 4096),
        ("LimitNOFILE=infinity", "process.limits.open_files.set", False),
        ("LimitMEMLOCK=64K", "process.limits.locked_memory.bytes", 65536),
        ("LimitCORE=0", "process.limits.core.bytes", 0),
        ("OOMScoreAdjust=-900", "process.oom_score_adj", -900),
        ("Slice=web.slice", "container.cgroup.parent", "web.slice"),
    ],
)
def test_a_limit_is_read_in_its_units(line: str, path: str, expected: object) -> None:
    """systemd.resource-control(5), systemd.exec(5)."""
    assert expected == unit(f"PrivateTmp=yes\n{line}").facts[path]


def test_a_limit_that_the_manager_decides_is_open() -> None:
    """DefaultTasksMax, and what it hands on."""
    seen = unit("PrivateTmp=yes")
    for path in ("container.limits.pids.set", "process.limits.open_files"):
        assert "manager's own" in seen.missing[path]
    assert "container.limits.memory" in unit("PrivateTmp=yes\nMemoryMax=%i").missing


def test_a_label_is_read_and_its_absence_proves_nothing() -> None:
    """A profile may be attached by the program's path, and a domain by the policy."""
    seen = unit("PrivateTmp=yes")
    assert "container.apparmor.profile" in seen.missing
    assert "container.selinux" in seen.missing
    facts = unit("AppArmorProfile=-web\nSELinuxContext=system_u:system_r:web_t:s0").facts
    assert facts["container.apparmor.profile"] == "web"
    assert facts["container.selinux.type"] == "web_t"
