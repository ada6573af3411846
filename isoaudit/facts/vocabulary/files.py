"""What the configuration files of VMMs and hypervisors other than libvirt can say, kind by kind.

Most of it is the vocabulary that libvirt's domains already have; what only these files know stands
here. Sources: Firecracker's API (swagger), Kata's configuration.toml, qemu(1), DMTF DSP0243 (OVF),
xl.cfg(5).
"""

from functools import cache

from isoaudit.facts.spec import (
    BOOL,
    COMPOSE,
    CONTAINER,
    INT,
    LIST,
    STRING,
    VM,
    FactSpec,
    PartSpec,
)

_C, _V = CONTAINER, VM

PARTS = (
    PartSpec("hook", "Programs that an OCI runtime starts around the container.", _C),
)  # fmt: skip

FACTS = (
    FactSpec("container.engine", STRING,
             "Engine that a command line names: docker, podman, nerdctl.", _C, ("docker_run",)),
    FactSpec("hook.stage", STRING,
             "When it runs: prestart, createRuntime, createContainer, startContainer, poststart or "
             "poststop.", _C, identifying=True),
    FactSpec("hook.path", STRING, "The program's path.", _C, identifying=True),
    FactSpec("hook.of_host", BOOL,
             "Whether the program is the host's and runs with the runtime's rights; one at "
             "startContainer is the image's own.", _C),
    FactSpec("hook.writable_inside", BOOL,
             "Whether a writable bind of the container leads to the program.", _C),
    FactSpec("vm.mmds_version", STRING,
             "Firecracker's metadata service: V1 (no session token), V2, or none.", _V),
    FactSpec("vm.kata.annotations", LIST,
             "Annotations by which a pod may change its hypervisor's settings, as patterns.", _V),
    FactSpec("vm.kata.annotation_paths", LIST,
             "Host paths that such annotations may name, as `hypervisor: /usr/bin/qemu*`.", _V),
    FactSpec("vm.kata.debug", LIST, "Debugging that is on, as agent.debug_console_enabled.", _V),
    FactSpec("vm.kata.guest_seccomp", BOOL,
             "Whether seccomp profiles of containers hold inside the guest.", _V),
    FactSpec("vm.kata.guest_selinux", BOOL, "Whether SELinux holds inside the guest.", _V),
    FactSpec("vm.kata.private_network", BOOL,
             "Whether shim and hypervisor are kept out of the host's network namespace.", _V),
    FactSpec("vm.kata.rootless", BOOL, "Whether the hypervisor runs as an ordinary user.", _V),
    FactSpec("vm.kata.sandbox_cgroup_only", BOOL,
             "Whether all processes of a pod, the VMM's too, are in the pod's cgroup.", _V),
    FactSpec("vm.kata.extra_monitor", STRING,
             "Protocol of a second monitor socket, as hmp or qmp; empty if there is none.", _V),
    FactSpec("vm.kata.template", BOOL,
             "Whether VMs are cloned from one template, whose memory they share.", _V),
    FactSpec("vm.kata.cached_vms", INT, "VMs kept running for pods to come.", _V, unit="VMs"),
    FactSpec("vm.kata.memory_dump_path", STRING,
             "Folder that guests' memory is dumped to when they panic; empty for none.", _V),
    FactSpec("vm.kata.guest_hook_path", STRING,
             "Folder inside the guest whose hooks run at each container; empty for none.", _V),
    FactSpec("vm.kata.hot_plug_vfio", STRING,
             "Where host devices may be plugged into a running VM, or no-port.", _V),
)  # fmt: skip

_DISK = ("disk", "disk.target", "disk.device", "disk.bus", "disk.source_type", "disk.source",
         "disk.read_only", "disk.whole_host_disk")  # fmt: skip
_MORE_DISK = ("disk.format", "disk.raw_scsi", "disk.encrypted", "disk.backing_files")
_CARD = ("interface", "interface.type", "interface.source", "interface.model")
_SIZE = ("vm.memory.bytes", "vm.vcpus")
_SHARE = ("share", "share.source", "share.target", "share.driver", "share.read_only",
          "share.access_mode")  # fmt: skip
_SCREEN = ("graphics", "graphics.type", "graphics.listen", "graphics.exposure",
           "graphics.password_set", "graphics.password_in_configuration",
           "graphics.tls_required")  # fmt: skip
_PASSED = ("host_device", "host_device.type", "host_device.address")
_PORT = ("character_device", "character_device.role", "character_device.name",
         "character_device.backend", "character_device.address")  # fmt: skip
_BOOT = ("boot_file", "boot_file.role", "boot_file.path")
_MONITOR = ("monitor", "monitor.kind", "monitor.backend", "monitor.address")
_SHARED = ("shared_memory", "shared_memory.name")
_FIXED = (
    "vmm.name",
    "vmm.manager",
    "vm.accelerator",
    "vm.devices",
    "vm.debug_stub",
    "vm.commandline_passthrough",
)
_TRUST = ("vm.secure_boot", "vm.tpm", "vm.launch_security.type")

_NAMESPACES = tuple(
    f"process.namespaces.{n}" for n in ("mnt", "pid", "net", "ipc", "uts", "cgroup")
)
_SURFACES = ("io_uring", "af_alg", "af_vsock", "user_namespace", "keyring", "userfaultfd", "bpf",
             "perf", "mount", "module", "kexec", "open_by_handle", "ptrace", "raw_io", "setns",
             "reboot", "swap", "acct", "quota", "clock", "syslog")  # fmt: skip
_MOUNTED = ("mount", "mount.kind", "mount.source", "mount.destination", "mount.read_only",
            "mount.propagation", "mount.managed", "mount.options", "mount.size_limited",
            "mount.shared_with", "mount.source_writers")  # fmt: skip
_DEVICE = ("device", "device.path", "device.destination", "device.permissions")
_RULE = ("device_rule", "device_rule.type", "device_rule.major", "device_rule.minor",
         "device_rule.access")  # fmt: skip
_PROCESS = ("process", "process.name", "process.main", "process.uid", "process.host_uid",
            "process.root_permitted", "process.host_groups", "process.user_namespace",
            "process.no_new_privileges", "process.seccomp.mode", "process.apparmor.confined",
            "process.oom_score_adj", *_NAMESPACES)  # fmt: skip
_CAPABILITIES = tuple(
    f"process.capabilities.{name}"
    for name in ("effective", "permitted", "inheritable", "bounding", "ambient")
)
_RLIMITS = tuple(
    f"process.limits.{name}"
    for name in ("open_files.set", "open_files.count", "locked_memory.set", "locked_memory.bytes",
                 "core.set", "core.bytes")
)  # fmt: skip
_BOUNDS = tuple(
    f"container.limits.{name}"
    for name in ("memory.set", "memory.bytes", "memory.oom_kill_disabled", "swap.set",
                 "swap.bytes", "pids.set", "pids.count", "cpu.set", "cpu.millicores", "cpu.pinned",
                 "cpu.realtime", "block_io.set")
)  # fmt: skip
_VARIABLE = ("environment", "environment.name", "environment.secret")
_OCI = (
    *_PROCESS, *_CAPABILITIES, *_RLIMITS, *_BOUNDS, *_MOUNTED, *_DEVICE, *_RULE, *_VARIABLE,
    "device.type", "process.namespaces.time", "process.user_namespace_maps_root",
    "process.user_namespace_maps_root_group", "process.user_namespace_shared_ids",
    *(f"process.seccomp.allows.{name}" for name in _SURFACES),
    "process.seccomp.exploits_reachable",
    "hook", "hook.stage", "hook.path", "hook.of_host", "hook.writable_inside",
    "container.engine_address", "container.engine_place",
    "sysctl", "sysctl.name", "sysctl.value", "container.network.forwarding",
    "container.platform", "container.privileged", "container.image.reference",
    "container.image.pinned", "container.capabilities.added", "container.user_namespace",
    *(f"container.seccomp.{n}" for n in ("profile", "default_action", "flags", "supervised",
                                         "interfaces")),
    "container.apparmor.profile", "container.selinux.disabled", "container.selinux.type",
    "container.selinux.options", "container.masked_paths", "container.readonly_paths",
    "container.rootfs.read_only", "container.namespace_paths", "container.borrowed_namespaces",
    "container.cgroup_namespace", "container.cgroup_writable", "container.cgroup.parent",
    "container.cgroup.own",
)  # fmt: skip
"""An OCI bundle is resolved: it says what holds, and not what was asked of the engine."""

_SYSTEMD = (
    *_PROCESS, *(path for path in _CAPABILITIES if not path.endswith("inheritable")), *_RLIMITS,
    *_BOUNDS, *_MOUNTED, *_DEVICE, *_RULE, *_VARIABLE, "sysctl",
    "process.root_is_host", "process.namespaces.time", "process.user_namespace_maps_root",
    "process.user_namespace_maps_root_group",
    *(f"process.seccomp.allows.{name}" for name in _SURFACES),
    "container.platform", "container.privileged", "container.capabilities.added",
    "container.user_namespace", "container.seccomp.profile", "container.seccomp.default_action",
    "container.apparmor.profile", "container.selinux.disabled", "container.selinux.type",
    "container.selinux.options", "container.relabelled_paths", "container.masked_paths",
    "container.readonly_paths", "container.rootfs.read_only", "container.namespace_paths",
    "container.borrowed_namespaces", "container.cgroup_writable", "container.cgroup.parent",
    "container.cgroup.own", "container.gpu.requested", "container.gpu.by_environment",
)  # fmt: skip
"""What a service that confines itself says; of the container that another one starts its command
line says what docker_run can."""

_SAYS = {
    "systemd": _SYSTEMD,
    "oci": _OCI,
    "dockerfile": ("container.platform", "container.user_is_root"),
    "libvirt_xml": ("vmm.name", "vmm.manager"),
    "qemu": (
        *_FIXED, *_TRUST, *_SIZE, *_DISK, *_MORE_DISK, *_CARD, *_SHARE, *_SCREEN, *_PASSED, *_PORT,
        *_BOOT, *_MONITOR, *_SHARED, "character_device.tls", "vm.cpu.mode", "vm.machine", "vm.uuid",
        "interface.filter", "interface.isolated", "boot_file.read_only", "graphics.clipboard",
        "graphics.file_transfer", "graphics.websocket",
        "vm.launch_security.debug", "vmm.sandbox.options",
    ),
    "vmx": (
        *_SIZE, *_DISK, "disk.raw_scsi", *_CARD, *_SHARE[:5], *_SCREEN, *_PASSED, *_PORT,
        "character_device.tls", "vm.secure_boot", "vm.tpm", "vm.debug_stub", "vm.uuid",
        "vm.devices", "vmm.manager", "vmm.name",
    ),
    "xl": (
        *_SIZE, *_DISK, "disk.raw_scsi", "disk.format", *_CARD, *_SHARE, *_SCREEN, *_PASSED, *_PORT,
        *_BOOT, "vmm.name", "vmm.manager", "vm.accelerator", "vm.devices", "vm.uuid",
        "vm.commandline_passthrough",
    ),
    "ovf": (
        *_SIZE, *_DISK, *_CARD, *_SHARE[:5], *_SCREEN, "vm.devices", "vmm.manager", "vmm.name",
    ),
    "cloud_hypervisor": (
        *_SIZE, *_TRUST, *_DISK, *_MORE_DISK, *_CARD, *_SHARE, *_SCREEN[:1], *_PASSED, *_PORT,
        *_BOOT, *_SHARED[:1], "interface.filter", "interface.isolated", "vmm.name", "vmm.manager",
        "vm.accelerator", "vm.devices", "vm.debug_stub", "vm.cpu.mode", "vm.memory.shared_pages",
        "vmm.seccomp.option", "vmm.landlock",
    ),
    "kata": (
        *_SHARE, *_SCREEN[:1], *_BOOT, *_MONITOR, *_SIZE, *_TRUST, "vmm.name",
        "vmm.uid", "vmm.sandbox.options", "vmm.manager", "vm.accelerator", "vm.machine",
        "vm.cpu.mode", "vm.mmds_version", "vm.seclabel.confined", "vm.seclabel.models",
        *(spec.path for spec in FACTS if spec.path.startswith("vm.kata.")),
    ),
    "firecracker": (
        *_FIXED, *_TRUST, *_SIZE, *_DISK, *_MORE_DISK, *_CARD, *_SHARE[:1], *_SCREEN[:1],
        *_PASSED[:1], *_PORT, *_BOOT, *_MONITOR, *_SHARED[:1], "vm.cpu.mode", "vm.mmds_version",
        "disk.limited", "interface.limited",
    ),
}  # fmt: skip


_LIKE_COMPOSE = ("docker_run", "devcontainer", "quadlet")
"""Kinds of file that ask a container engine for a container in words of their own."""

_COMPOSE_ALONE = ("container.lifecycle.privileged", "container.lifecycle.root",
                  "container.build.privileged", "container.build.entitlements")  # fmt: skip


def said_in(path: str, dialects: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds of file that can say a fact, or have a part.

    `dialects` are those its own table names: whatever compose can ask of an engine, its command
    line can as well.
    """
    like = _LIKE_COMPOSE if COMPOSE in dialects and path not in _COMPOSE_ALONE else ()
    return dialects + like + _by_path().get(path, ())


@cache
def _by_path() -> dict[str, tuple[str, ...]]:
    """Return the kinds of file of `_SAYS` by what they say: every fact there is is asked for."""
    found: dict[str, tuple[str, ...]] = {}
    for dialect, paths in _SAYS.items():
        for path in dict.fromkeys(paths):
            found[path] = (*found.get(path, ()), dialect)
    return found
