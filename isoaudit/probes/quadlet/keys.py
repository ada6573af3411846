"""The keys of Quadlet's sections, each as the option of `podman run` that it stands for.

Source: podman-systemd.unit(5), tables of [Container] and [Pod], of podman 4.4 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple


class Form(Enum):
    """How the values of a key become those of an option."""

    EACH = auto()
    """One of every assignment."""
    LAST = auto()
    """That of the last assignment."""
    WORDS = auto()
    """One of every word."""
    FLAG = auto()
    """True or false, by the last assignment."""


class Key(NamedTuple):
    """A key: its option, how its values are read, and what stands before each of them."""

    option: str
    form: Form = Form.LAST
    before: str = ""


def keys_in(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_E, _W, _F = Form.EACH, Form.WORDS, Form.FLAG

SHARED: Mapping[str, Key] = {
    "AddHost": Key("add-host", _E),
    "GIDMap": Key("gidmap", _E),
    "Network": Key("network", _E),
    "PublishPort": Key("publish", _E),
    "SubGIDMap": Key("subgidname"),
    "SubUIDMap": Key("subuidname"),
    "UIDMap": Key("uidmap", _E),
    "UserNS": Key("userns"),
    "Volume": Key("volume", _E),
}
"""Keys of containers and pods alike."""

CONTAINER: Mapping[str, Key] = {
    **SHARED,
    "AppArmor": Key("security-opt", before="apparmor="),
    "AddCapability": Key("cap-add", _W),
    "AddDevice": Key("device", _E),
    "CgroupsMode": Key("cgroups"),
    "ContainerName": Key("name"),
    "DropCapability": Key("cap-drop", _W),
    "Environment": Key("env", _W),
    "EnvironmentFile": Key("env-file", _E),
    "EnvironmentHost": Key("env-host", _F),
    "GroupAdd": Key("group-add", _E),
    "LogDriver": Key("log-driver"),
    "LogOpt": Key("log-opt", _E),
    "Mask": Key("security-opt", before="mask="),
    "Memory": Key("memory"),
    "Mount": Key("mount", _E),
    "NoNewPrivileges": Key("security-opt", _F, "no-new-privileges="),
    "PidsLimit": Key("pids-limit"),
    "ReadOnly": Key("read-only", _F),
    "ReadOnlyTmpfs": Key("read-only-tmpfs", _F),
    "SeccompProfile": Key("security-opt", before="seccomp="),
    "Secret": Key("secret", _E),
    "SecurityLabelDisable": Key("security-opt", _F, "label=disable"),
    "SecurityLabelFileType": Key("security-opt", before="label=filetype:"),
    "SecurityLabelLevel": Key("security-opt", before="label=level:"),
    "SecurityLabelNested": Key("security-opt", _F, "label=nested"),
    "SecurityLabelType": Key("security-opt", before="label=type:"),
    "ShmSize": Key("shm-size"),
    "Sysctl": Key("sysctl", _W),
    "Tmpfs": Key("tmpfs", _E),
    "Ulimit": Key("ulimit", _E),
    "Unmask": Key("security-opt", before="unmask="),
}
"""Keys of [Container] that bear on isolation, but those that need more than an option."""

OWN = keys_in("""
    ContainersConfModule Exec GlobalArgs Group Image Pod PodmanArgs RemapGid RemapUid RemapUidSize
    RemapUsers Rootfs User VolatileTmp
""")
"""Keys of [Container] that are read by themselves."""

HARMLESS = keys_in("""
    Annotation AutoUpdate DNS DNSOption DNSSearch Entrypoint ExposeHostPort HealthCmd HealthInterval
    HealthLogDestination HealthMaxLogCount HealthMaxLogSize HealthOnFailure HealthRetries
    HealthStartPeriod HealthStartupCmd HealthStartupInterval HealthStartupRetries
    HealthStartupSuccess HealthStartupTimeout HealthTimeout HostName HttpProxy IP IP6 Label
    NetworkAlias Notify Pull ReloadCmd ReloadSignal Retry RetryDelay RunInit ServiceName
    StartWithPod StopSignal StopTimeout Timezone WorkingDir
""")
"""Keys of [Container] that have no bearing on isolation."""

LABELS = frozenset({"label=disable", "label=nested"})
"""Options that stand for themselves where their key is true, and are left out where it is not."""

SPELLINGS: Mapping[str, str] = {
    "blkio_config": "--device-read-bps or the like in PodmanArgs",
    "cap_add": "AddCapability",
    "cap_drop": "DropCapability",
    "cgroup": "--cgroupns in PodmanArgs",
    "cgroup_parent": "--cgroup-parent in PodmanArgs",
    "cpu_quota": "--cpu-quota in PodmanArgs",
    "cpu_rt_runtime": "--cpu-rt-runtime in PodmanArgs",
    "cpus": "--cpus in PodmanArgs",
    "cpuset": "--cpuset-cpus in PodmanArgs",
    "devices": "AddDevice",
    "environment": "Environment",
    "extra_hosts": "AddHost",
    "gpus": "--gpus in PodmanArgs",
    "group_add": "GroupAdd",
    "image": "Image",
    "ipc": "--ipc in PodmanArgs",
    "logging driver": "LogDriver",
    "logging.options": "LogOpt",
    "mem_limit": "Memory",
    "memswap_limit": "--memory-swap in PodmanArgs",
    "network_mode": "Network",
    "networks": "Network",
    "oom_kill_disable": "--oom-kill-disable in PodmanArgs",
    "oom_score_adj": "--oom-score-adj in PodmanArgs",
    "pid": "--pid in PodmanArgs",
    "pids_limit": "PidsLimit",
    "ports": "PublishPort",
    "privileged": "--privileged in PodmanArgs",
    "read_only": "ReadOnly",
    "restart": "--restart in PodmanArgs",
    "runtime": "--runtime in GlobalArgs",
    "security_opt": "SeccompProfile, NoNewPrivileges and the like",
    "storage_opt": "--storage-opt in PodmanArgs",
    "sysctls": "Sysctl",
    "use_api_socket": "shorthand for the engine's API",
    "user": "User",
    "userns_mode": "UserNS",
    "uts": "--uts in PodmanArgs",
    "volumes": "Volume",
}
"""The keys by those of compose that they stand for."""
