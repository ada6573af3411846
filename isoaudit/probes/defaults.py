"""What container engines do where nobody says otherwise: data, each entry with its source.

Every probe that resolves an absent setting takes the answer from here, so that a compose file and
a running container are measured against the same default.
"""

from __future__ import annotations

from collections.abc import Iterable

ALL_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)
"""Every capability at the place of its bit: 0 to 40 (include/uapi/linux/capability.h, Linux 6)."""

DOCKER_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SYS_CHROOT",
    "CAP_MKNOD",
    "CAP_AUDIT_WRITE",
    "CAP_SETFCAP",
)
"""The 14 that dockerd, and containerd's CRI plugin, give (docs.docker.com, `docker run`)."""

PODMAN_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_SETFCAP",
)
"""The 11 that podman gives (containers.conf(5), default_capabilities)."""

DEFAULT_CAPABILITIES = {"docker": DOCKER_CAPABILITIES, "podman": PODMAN_CAPABILITIES}
"""The default set by engine."""

NETWORK_MODES = {
    "docker": {"host": ("host", "host"), "none": ("none", "null"), "bridge": ("bridge", "bridge")},
    "podman": {
        "host": ("host", "host"),
        "none": ("none", "null"),
        "bridge": ("podman", "bridge"),
        "slirp4netns": ("slirp4netns", "slirp4netns"),
        "pasta": ("pasta", "pasta"),
    },
    "nerdctl": {"host": ("host", "host"), "none": ("none", "null"), "bridge": ("bridge", "bridge")},
}
"""Modes that name a network every engine has, or what stands in for one: its name and driver."""

READ_ONLY_TMPFS = ("/run", "/tmp", "/var/tmp")  # noqa: S108 - places inside a container
"""What podman leaves writable of a read-only root (podman-run(1), --read-only-tmpfs)."""

GIVES_OTHER_USERS = frozenset({"podman"})
"""Engines that give a user other than root what is added by name (podman-run(1), --cap-add)."""

DOCKER_MASKED_PATHS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
)
"""What every docker and containerd since 2019 hides (moby, daemon/pkg/oci/defaults.go).

Only these may be assumed of an engine of unknown version; see RECENT_MASKED_PATHS.
"""

RECENT_MASKED_PATHS = ("/proc/interrupts", "/sys/devices/virtual/powercap")
"""What newer releases hide besides: powercap since moby 24.0.7, interrupts since 28.1."""

DOCKER_READONLY_PATHS = (
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
)
"""What docker, containerd and podman leave readable only (moby, daemon/pkg/oci/defaults.go)."""

PODMAN_MASKED_PATHS = (*DOCKER_MASKED_PATHS, "/sys/dev/block", "/sys/fs/selinux")
"""What podman hides: docker's and two more (podman-run(1), `--security-opt unmask`)."""

MASKED_PATHS = {"docker": DOCKER_MASKED_PATHS, "podman": PODMAN_MASKED_PATHS}
"""The hidden paths by engine."""

PODMAN_PIDS_LIMIT = 2048
"""Tasks podman allows if no limit is named (containers.conf(5), pids_limit); docker: no limit."""

PIDS_LIMITS = {"podman": PODMAN_PIDS_LIMIT}
"""The limit of tasks by engine; one that is not here sets none."""

DEFAULT_RUNTIMES = {"docker": "runc", "nerdctl": "runc"}
"""The OCI runtime by engine: podman's is crun or runc, as it was built (containers.conf(5))."""

DEFAULT_LOG_DRIVERS = {"docker": "json-file", "nerdctl": "json-file"}
"""The log driver by engine: podman's is journald or k8s-file, as it was built."""

BOUNDED_LOG_DRIVERS = frozenset(
    {"none", "local", "journald", "syslog", "gelf", "fluentd", "awslogs", "splunk", "etwlogs",
     "gcplogs", "logentries", "passthrough"}
)  # fmt: skip
"""Log drivers with a bound of their own, or whose log is kept elsewhere (docs.docker.com)."""

CGROUPS = "/sys/fs/cgroup"
ABOVE_CGROUPS = ("/", "/sys", "/sys/fs")
"""Where the host's cgroup file systems are, and the folders that bring them along."""

TMPFS_RESTRICTIONS = ("nosuid", "nodev", "noexec")
"""What docker gives every tmpfs unless its options say otherwise (moby, daemon/oci_linux.go)."""

NVIDIA_DEVICES_VARIABLE = "NVIDIA_VISIBLE_DEVICES"
NVIDIA_CAPABILITIES_VARIABLE = "NVIDIA_DRIVER_CAPABILITIES"
NVIDIA_CAPABILITIES = frozenset(
    {"all", "compute", "compat32", "graphics", "utility", "video", "display", "ngx"}
)
"""Parts of the driver that a container may ask for (NVIDIA container toolkit)."""

ALL = "ALL"


def normalise_capability(name: str) -> str:
    """Return a capability as the kernel spells it: `net_admin` is CAP_NET_ADMIN, `all` is ALL."""
    word = name.strip().upper()
    if word == ALL or word.startswith("CAP_"):
        return word
    return f"CAP_{word}"


def in_kernel_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return capability names once each, in the kernel's order, unknown ones at the end."""
    wanted = set(names)
    known = tuple(name for name in ALL_CAPABILITIES if name in wanted)
    return (*known, *sorted(wanted.difference(ALL_CAPABILITIES)))


def effective_set(
    default: Iterable[str], add: Iterable[str], drop: Iterable[str]
) -> tuple[str, ...]:
    """Return the set that an engine gives for `--cap-add` and `--cap-drop`.

    As docker and podman read them: adding ALL gives all but those dropped by name, even beside a
    dropped ALL; dropping ALL leaves what is added; otherwise the default without the dropped
    ones, then the added ones. A capability both added and dropped by name is held (podman refuses
    that; CRI runtimes drop last).
    """
    added = {normalise_capability(name) for name in add}
    dropped = {normalise_capability(name) for name in drop}
    if ALL in added:
        return in_kernel_order(set(ALL_CAPABILITIES) - dropped)
    if ALL in dropped:
        return in_kernel_order(added)
    return in_kernel_order((set(default) - dropped) | added)


def leads_to_cgroups(path: str) -> bool:
    """Say whether a host path lies in the cgroup file systems or is a folder above them."""
    return path in ABOVE_CGROUPS or path == CGROUPS or path.startswith(f"{CGROUPS}/")


def tmpfs_options(words: Iterable[str], *, restricted: bool) -> tuple[str, ...]:
    """Return those of TMPFS_RESTRICTIONS that hold for a tmpfs with these mount options.

    `restricted` says whether they hold by default. Of two options that contradict, the last counts.
    """
    held = dict.fromkeys(TMPFS_RESTRICTIONS, restricted)
    for word in words:
        name = word.strip()
        if name in held:
            held[name] = True
        elif f"no{name}" in held:
            held[f"no{name}"] = False
    return tuple(name for name, holds in held.items() if holds)


def tmpfs_size_limited(words: Iterable[str]) -> bool:
    """Say whether the mount options of a tmpfs bound its size; 0 bounds nothing (tmpfs(5))."""
    sizes = [word.partition("=")[2] for word in words if word.startswith(("size=", "nr_blocks="))]
    return bool(sizes) and sizes[-1].strip("0 %kKmMgG") != ""
