"""Random configurations of containers and VMs as facts, and what weakens or hides a part of one.

A configuration is what an example of a check holds: facts by path, records by part. Each weakening
takes one protection away, as an operator could, and returns None where there is none to take.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from isoaudit.seccomp import exploits, surfaces

Configuration = dict[str, Any]
Weakening = Callable[[Configuration, Random], Configuration | None]


def _words(text: str, prefix: str = "") -> tuple[str, ...]:
    return tuple(prefix + word for word in text.split())


DEFAULT_SET = _words(
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP "
    "SETGID SETPCAP SETUID SYS_CHROOT", "CAP_"
)  # fmt: skip
FURTHER = _words(
    "SYS_ADMIN NET_ADMIN SYS_PTRACE DAC_READ_SEARCH SYS_MODULE SYS_RAWIO BPF PERFMON SYSLOG "
    "SYS_TIME SYS_BOOT SYS_NICE SYS_RESOURCE AUDIT_CONTROL MAC_ADMIN LINUX_IMMUTABLE", "CAP_"
)  # fmt: skip
SURFACES = tuple(surface.name for surface in surfaces.SURFACES)
NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")
FOLDERS = (
    "/", "/etc", "/root", "/home", "/home/ann/.ssh", "/var/log", "/var/lib/docker", "/srv/data",
    "/proc", "/sys", "/sys/fs/cgroup", "/dev", "/usr/bin", "/run", "/var/run/docker.sock",
    "/run/user/1000", "/tmp/.X11-unix", "/boot", "/lib/modules",
)  # fmt: skip
DEVICES = ("/dev/sda", "/dev/kvm", "/dev/mem", "/dev/fuse", "/dev/net/tun", "/dev/kmsg",
           "/dev/vhost-net", "/dev/dri/card0")  # fmt: skip
FEATURES = ("modules", "devmem", "devport", "kcore", "sysrq", "uevent_helper", "kexec", "bpf",
            "user_namespaces", "io_uring", "keys", "perf_events", "userfaultfd", "binfmt_misc",
            "af_packet", "kprobes", "fuse")  # fmt: skip
MASKED = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/sched_debug", "/sys/firmware")
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def container(random: Random) -> Configuration:
    """Return a random container, from one that is given everything to a hardened one."""
    trust = random.random()

    def maybe(weight: float = 1.0) -> bool:
        return random.random() < trust * weight

    private = maybe(0.5)
    facts: Configuration = {
        "process": [_process(random, maybe, private) for _ in range(random.choice((1, 1, 2)))],
        "mount": [_mount(random, maybe) for _ in range(random.choice((0, 0, 1, 2)))],
        "device": [_device(random) for _ in range(random.choice((0, 0, 0, 1)))],
        "device_rule": [_rule(random) for _ in range(random.choice((0, 0, 0, 1)))],
        "control_socket": [_socket(random) for _ in range(random.choice((0, 0, 0, 1)))],
        "network": [
            {"network.name": "n", "network.driver": "bridge", "network.default": not maybe()}
        ],
        "descriptor": [],
        "sysctl": [],
        "environment": [],
        "port": [],
        "nested": [],
        "neighbour": [],
        "container.kernel": random.choice(("host", "host", "host", "sentry")),
        "container.privileged": False,
        "container.seccomp.profile": "custom",
        "container.selinux.disabled": not maybe(),
        "container.masked_paths": list(MASKED) if maybe(1.5) else [],
        "container.readonly_paths": list(READ_ONLY) if maybe(1.5) else [],
        "container.rootfs.read_only": maybe(),
        "container.cgroup_writable": not maybe(1.5),
        "container.cgroup.own": True,
        "container.host_root_mapped": not private,
        "container.limits.memory.set": maybe(),
        "container.limits.memory.oom_kill_disabled": False,
        "container.limits.pids.set": maybe(),
        "container.limits.cpu.set": maybe(),
        "container.limits.block_io.set": maybe(),
        "container.storage.limit.set": maybe(),
        "sentry.seccomp.mode": "filter" if maybe(1.5) else "disabled",
        "engine.rootless": False,
        "engine.runc.known_vulnerable": [] if maybe() else ["CVE-2024-21626"],
        **host_of(random, maybe),
    }
    return facts


def _process(random: Random, maybe: Callable[..., bool], private: bool) -> dict[str, Any]:
    root = not maybe()
    bounding = [] if maybe() else list(DEFAULT_SET)
    if not maybe(1.5):
        bounding += random.sample(FURTHER, random.choice((1, 2)))
    held = bounding if root else []
    uid = 0 if root else 1000
    filtered = maybe(1.3) or random.random() < 0.5
    return counted({
        "process.name": "app",
        "process.uid": uid,
        "process.host_uid": uid + (100_000 if private else 0),
        "process.root_permitted": root,
        "process.no_new_privileges": maybe(),
        "process.user_namespace": "private" if private else "host",
        "process.user_namespace_maps_root": not private,
        "process.user_namespace_maps_root_group": not private,
        "process.user_namespace_shared_ids": False,
        "process.uid_shared_with": [] if maybe() else ["other"],
        "process.host_account": "",
        "process.host_groups": [],
        "process.root_is_host": False,
        "process.capabilities.effective": held,
        "process.capabilities.permitted": held,
        "process.capabilities.inheritable": [],
        "process.capabilities.ambient": [],
        "process.capabilities.bounding": bounding,
        "process.seccomp.mode": "filter" if filtered else "disabled",
        **{
            f"process.seccomp.allows.{name}": not filtered or not maybe(1.5) for name in SURFACES
        },
        "process.apparmor.confined": maybe(),
        "process.lsm.label": "docker-default" if maybe() else "",
        **{
            f"process.namespaces.{name}": "private" if maybe(1.5) else random.choice(
                ("host", "shared", "private", "private")
            )
            for name in NAMESPACES
        },
        "process.namespaces.shared_with": [],
    }, "process")  # fmt: skip


def counted(facts: Configuration, whose: str) -> Configuration:
    """Return facts with the number of known exploits that follows from the others."""
    held = {*facts[f"{whose}.capabilities.effective"], *facts[f"{whose}.capabilities.permitted"]}
    allowed = {name: facts[f"{whose}.seccomp.allows.{name}"] for name in SURFACES}
    ordinary = {surface.name: True for surface in surfaces.ORDINARY}
    reached = exploits.count({**allowed, **ordinary}, held)
    return {**facts, f"{whose}.seccomp.exploits_reachable": reached.high}


def _mount(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    source = random.choice(FOLDERS)
    return {
        "mount.kind": "bind",
        "mount.source": source,
        "mount.destination": "/mnt",
        "mount.file_system": {"/proc": "proc", "/sys": "sysfs"}.get(source, "ext4"),
        "mount.read_only": maybe(),
        "mount.propagation": "private" if maybe(1.5) else "shared",
        "mount.source_type": "socket" if source.endswith(".sock") else "directory",
        "mount.managed": False,
        "mount.options": ["nosuid", "nodev"] if maybe() else [],
        "mount.shared_with": [] if maybe() else ["other"],
        "mount.source_writers": [],
    }


def _device(random: Random) -> dict[str, Any]:
    path = random.choice(DEVICES)
    return {"device.path": path, "device.destination": path,
            "device.permissions": random.choice(("r", "rw", "rwm")),
            "device.type": "block" if path == "/dev/sda" else "character"}  # fmt: skip


def _rule(random: Random) -> dict[str, Any]:
    return {"device_rule.type": random.choice("abc"), "device_rule.major": "*",
            "device_rule.minor": "*", "device_rule.access": random.choice(("r", "rwm")),
            "device_rule.nodes_can_be_made": random.random() < 0.5}  # fmt: skip


def _socket(random: Random) -> dict[str, Any]:
    return {
        "control_socket.service": random.choice(("docker", "containerd", "libvirt", "podman")),
        "control_socket.host_path": "/run/engine.sock",
        "control_socket.path": "/run/engine.sock",
        "control_socket.itself": True,
        "control_socket.permitted": random.random() < 0.5,
    }


def host_of(random: Random, maybe: Callable[..., bool]) -> Configuration:
    return {
        "host.mac.module": "apparmor",
        "host.mac.enforcing": maybe(1.5),
        "host.cgroup.version": 2 if maybe() else 1,
        "host.kernel.lockdown": "confidentiality" if maybe(0.7) else "none",
        "host.kernel.known_vulnerable": [] if maybe() else ["CVE-2024-1086"],
        "host.kernel.module_signatures": maybe(),
        "host.kernel.lsm": ["apparmor"],
        "host.smt.active": not maybe(),
        "host.ksm.running": not maybe(),
        "host.cpu.unmitigated": [] if maybe() else ["l1tf"],
        "host.virtualized": False,
        "host.kvm.available": True,
        "host.kvm.nested": not maybe(),
        "host.kvm.known_vulnerable": [] if maybe() else ["CVE-2026-53359"],
        "host.sysctl.core_pattern": "core",
        "host.sysctl.ptrace_scope": 1 if maybe() else 0,
        "host.sysctl.dmesg_restrict": 1 if maybe() else 0,
        "host.sysctl.kptr_restrict": 1 if maybe() else 0,
        "host.sysctl.modules_disabled": 1 if maybe(0.5) else 0,
        "host.sysctl.unprivileged_bpf_disabled": 2 if maybe() else 0,
        "host.sysctl.perf_event_paranoid": 3 if maybe() else 1,
        "host.vfio.unsafe_interrupts": not maybe(1.5),
        "host.vfio.unsafe_noiommu": False,
        "host.iommu.units": ["dmar0"] if maybe(1.5) else [],
        **{f"host.feature.{name}": not maybe(0.3) for name in FEATURES},
    }


# -- taking protections away ---------------------------------------------------------------


def setting(path: str, weak: Any) -> Weakening:
    def weaken(facts: Configuration, random: Random) -> Configuration | None:
        if path not in facts or facts[path] == weak:
            return None
        return {**facts, path: weak}

    weaken.__name__ = f"{path} = {weak}"
    return weaken


def setting_each(part: str, changes: dict[str, Any]) -> Weakening:
    def weaken(facts: Configuration, random: Random) -> Configuration | None:
        records = facts.get(part) or []
        changed = [{**one, **changes} for one in records]
        return None if changed == records else {**facts, part: changed}

    weaken.__name__ = f"{part}: {changes}"
    return weaken


def _without_filter(facts: Configuration, random: Random) -> Configuration | None:
    changes = {"process.seccomp.mode": "disabled",
               **{f"process.seccomp.allows.{name}": True for name in SURFACES}}  # fmt: skip
    return _recounted(setting_each("process", changes)(facts, random) or facts, facts)


def _recounted(changed: Configuration, facts: Configuration) -> Configuration | None:
    """Return changed facts with what follows from them, None if nothing changed."""
    records = [counted(one, "process") for one in changed["process"]]
    changed = {**changed, "process": records}
    return None if changed == facts else changed


def _as_root(facts: Configuration, random: Random) -> Configuration | None:
    changed = copy.deepcopy(facts)
    for one in changed["process"]:
        shift = one["process.host_uid"] - one["process.uid"]
        one |= {"process.root_permitted": True, "process.uid": 0, "process.host_uid": shift,
                "process.capabilities.effective": one["process.capabilities.bounding"],
                "process.capabilities.permitted": one["process.capabilities.bounding"]}  # fmt: skip
    return _recounted(changed, facts)


def _without_user_namespace(facts: Configuration, random: Random) -> Configuration | None:
    changed = copy.deepcopy(facts)
    for one in changed["process"]:
        one |= {"process.user_namespace": "host", "process.user_namespace_maps_root": True,
                "process.user_namespace_maps_root_group": True,
                "process.host_uid": one["process.uid"]}  # fmt: skip
    changed["container.host_root_mapped"] = True
    return None if changed == facts else changed


def _capability(facts: Configuration, random: Random) -> Configuration | None:
    changed = copy.deepcopy(facts)
    new = random.choice(FURTHER + DEFAULT_SET)
    for one in changed["process"]:
        for field in ("effective", "permitted", "bounding"):
            held = one[f"process.capabilities.{field}"]
            # What the bounding set gains a process of another user does not hold.
            if new not in held and (field == "bounding" or one["process.root_permitted"]):
                one[f"process.capabilities.{field}"] = [*held, new]
    return _recounted(changed, facts)


def _record(part: str, make: Callable[[Random], dict[str, Any]]) -> Weakening:
    def weaken(facts: Configuration, random: Random) -> Configuration | None:
        return {**facts, part: [*facts[part], make(random)]}

    weaken.__name__ = f"one more {part}"
    return weaken


def _read_write(facts: Configuration, random: Random) -> Configuration | None:
    return setting_each("mount", {"mount.read_only": False})(facts, random)


def _namespace(name: str) -> Weakening:
    return setting_each("process", {f"process.namespaces.{name}": "host"})


CONTAINER_WEAKENINGS: tuple[Weakening, ...] = (
    setting_each("process", {"process.no_new_privileges": False}),
    setting_each("process", {"process.apparmor.confined": False, "process.lsm.label": ""}),
    setting_each("process", {"process.uid_shared_with": ["other"]}),
    _without_filter,
    _as_root,
    _without_user_namespace,
    _capability,
    _read_write,
    *(_namespace(name) for name in NAMESPACES),
    _record("mount", lambda random: _mount(random, lambda weight=1.0: False)),
    _record("device", _device),
    _record("device_rule", _rule),
    _record("control_socket", _socket),
    setting_each("mount", {"mount.shared_with": ["other"]}),
    setting_each("mount", {"mount.propagation": "shared"}),
    setting_each("network", {"network.default": True}),
    setting("container.selinux.disabled", True),
    setting("container.masked_paths", []),
    setting("container.readonly_paths", []),
    setting("container.cgroup_writable", True),
    setting("container.limits.memory.set", False),
    setting("container.limits.pids.set", False),
    setting("container.limits.cpu.set", False),
    setting("container.limits.block_io.set", False),
    setting("container.storage.limit.set", False),
    setting("sentry.seccomp.mode", "disabled"),
    setting("container.kernel", "host"),
    setting("engine.runc.known_vulnerable", ["CVE-2024-21626"]),
    setting("host.kernel.known_vulnerable", ["CVE-2024-1086"]),
    setting("host.kernel.lockdown", "none"),
    setting("host.kernel.module_signatures", False),
    setting("host.mac.enforcing", False),
    setting("host.cgroup.version", 1),
    setting("host.smt.active", True),
    setting("host.ksm.running", True),
    setting("host.cpu.unmitigated", ["l1tf"]),
    setting("host.sysctl.ptrace_scope", 0),
    setting("host.sysctl.dmesg_restrict", 0),
    setting("host.sysctl.modules_disabled", 0),
    *(setting(f"host.feature.{name}", True) for name in FEATURES),
)


def hidden(facts: Configuration, random: Random) -> tuple[Configuration, str]:
    """Return a configuration without one of its facts, of a record or of the target, and which."""
    changed = copy.deepcopy(facts)
    path = random.choice([one for one in facts if one not in STRUCTURE])
    if isinstance(changed[path], list) and changed[path] and isinstance(changed[path][0], dict):
        record = random.choice(changed[path])
        field = random.choice(list(record))
        del record[field]
        return changed, field
    del changed[path]
    return changed, path


STRUCTURE = frozenset({"network"})
"""Parts that stay: hiding a whole part is tried with the others."""
