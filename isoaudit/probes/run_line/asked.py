"""What each option asks for, in the words of a compose service.

Sources: docs.docker.com (docker container run), podman-run(1). An option that is in none of these
tables has no bearing on isolation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from isoaudit.documents.variables import waiting_for
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.devices import ask_gpus
from isoaudit.probes.run_line.draft import Draft, mapping_of
from isoaudit.probes.run_line.mounts import ask_mount, ask_secret, ask_volume
from isoaudit.probes.run_line.options import SYNTAX
from isoaudit.probes.run_line.parse import Given
from isoaudit.probes.run_line.words import RunWord

SINGLE: Mapping[str, tuple[str, ...]] = {
    "cgroup-parent": ("cgroup_parent",),
    "cgroupns": ("cgroup",),
    "cpu-period": ("cpu_period",),
    "cpu-quota": ("cpu_quota",),
    "cpu-rt-runtime": ("cpu_rt_runtime",),
    "cpus": ("cpus",),
    "cpuset-cpus": ("cpuset",),
    "ipc": ("ipc",),
    "log-driver": ("logging", "driver"),
    "memory": ("mem_limit",),
    "memory-swap": ("memswap_limit",),
    "oom-kill-disable": ("oom_kill_disable",),
    "oom-score-adj": ("oom_score_adj",),
    "pid": ("pid",),
    "pids-limit": ("pids_limit",),
    "privileged": ("privileged",),
    "read-only": ("read_only",),
    "restart": ("restart",),
    "runtime": ("runtime",),
    "use-api-socket": ("use_api_socket",),
    "user": ("user",),
    "userns": ("userns_mode",),
    "uts": ("uts",),
}
"""Options of one value, the last of which counts, by the key of the service."""

LISTS: Mapping[str, tuple[str, ...]] = {
    "add-host": ("extra_hosts",),
    "cap-add": ("cap_add",),
    "cap-drop": ("cap_drop",),
    "device": ("devices",),
    "device-cgroup-rule": ("device_cgroup_rules",),
    "env": ("environment",),
    "env-file": ("env_file",),
    "group-add": ("group_add",),
    "publish": ("ports",),
    "security-opt": ("security_opt",),
    "sysctl": ("sysctls",),
    "tmpfs": ("tmpfs",),
    "volumes-from": ("volumes_from",),
}
"""Options that may be given several times, by the list of the service they add to."""

_TABLES: Mapping[str, tuple[str, ...]] = {
    "log-opt": ("logging", "options"),
    "storage-opt": ("storage_opt",),
}
"""Options of a name and a value, by the mapping of the service."""

_RATES = ("device-read-bps", "device-read-iops", "device-write-bps", "device-write-iops")
_MAPS = ("uidmap", "gidmap", "subuidname", "subgidname")


def asked_for(draft: Draft, given: Given, engine: str) -> None:
    """Put what one option asks for into a draft."""
    values = [given.value]
    if given.name in SYNTAX[engine].split:
        values = fields(given.value)
    for value in values:
        _ask(draft, given.name, value)


def _ask(draft: Draft, name: str, value: RunWord) -> None:
    if name in SINGLE:
        draft.put(SINGLE[name], value)
    elif name in LISTS:
        draft.add(LISTS[name], value)
    elif name in _TABLES:
        key, _, text = value.text.partition("=")
        draft.put((*_TABLES[name], key), value._replace(text=text))
    elif name in _RATES:
        _ask_rate(draft, name.replace("-", "_"), value)
    elif name in _MAPS:
        draft.maps.append(value)
    elif name in _OWN:
        _OWN[name](draft, value)


def _ask_rate(draft: Draft, key: str, value: RunWord) -> None:
    """Add a rate limit, given as `DEVICE:RATE`."""
    path, _, rate = value.text.rpartition(":")
    entry = {"path": value._replace(text=path), "rate": value._replace(text=rate)}
    draft.add_node(("blkio_config", key), mapping_of(entry, value.location))


def _ask_ulimit(draft: Draft, value: RunWord) -> None:
    """Set a limit given as `NAME=SOFT[:HARD]`."""
    name, _, limits = value.text.partition("=")
    soft, colon, hard = limits.partition(":")
    if not limits:
        # NOTE: podman takes `host` for all of the host's own.
        for each in ("nofile", "memlock", "core", "rtprio"):
            draft.put(("ulimits", each), value._replace(text=waiting_for("the host's own limits")))
        return
    pair = {"soft": value._replace(text=soft), "hard": value._replace(text=hard if colon else soft)}
    draft.put_node(("ulimits", name), mapping_of(pair, value.location))


def _ask_name(draft: Draft, value: RunWord) -> None:
    draft.name = value


def _ask_network(draft: Draft, value: RunWord) -> None:
    draft.networks.append(value)


def _ask_all_ports(draft: Draft, value: RunWord) -> None:
    """Leave the ports open: the image says which of them are published."""
    if value.text.lower() not in {"false", "0", "f"}:
        draft.add(("ports",), value._replace(text=waiting_for("the ports that the image exposes")))


def _ask_environment_of_host(draft: Draft, value: RunWord) -> None:
    if value.text.lower() not in {"false", "0", "f"}:
        draft.add(("environment",), value._replace(text=waiting_for("the environment around it")))


def _ask_pod(draft: Draft, value: RunWord) -> None:
    """Join a pod: whose namespaces those are, the pod decides."""
    text = waiting_for(f"the pod {value.plain}" if value.known else "a pod")
    for key in ("network_mode", "ipc", "uts", "pid"):
        if draft.get(key) is None:
            draft.put((key,), value._replace(text=text))


def _ask_seccomp_policy(draft: Draft, value: RunWord) -> None:
    if value.text != "default":
        text = f"seccomp={waiting_for('the profile that the image brings')}"
        draft.add(("security_opt",), value._replace(text=text))


def _ask_cgroups(draft: Draft, value: RunWord) -> None:
    draft.put(("cgroups",), value)


def _ask_read_only_tmpfs(draft: Draft, value: RunWord) -> None:
    draft.read_only_tmpfs = value


def _ask_systemd(draft: Draft, value: RunWord) -> None:
    draft.systemd = value


_OWN: Mapping[str, Callable[[Draft, RunWord], None]] = {
    "cgroups": _ask_cgroups,
    "env-host": _ask_environment_of_host,
    "gpus": ask_gpus,
    "mount": ask_mount,
    "name": _ask_name,
    "network": _ask_network,
    "pod": _ask_pod,
    "publish-all": _ask_all_ports,
    "read-only-tmpfs": _ask_read_only_tmpfs,
    "seccomp-policy": _ask_seccomp_policy,
    "secret": ask_secret,
    "systemd": _ask_systemd,
    "ulimit": _ask_ulimit,
    "volume": ask_volume,
}
"""Options that need more than a place."""
