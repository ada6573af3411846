"""Random configurations of virtual machines, and what takes one of their protections away."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.property.configurations import (
    SURFACES,
    Configuration,
    Weakening,
    counted,
    host_of,
    setting,
    setting_each,
)

LEAN = ("virtio-net", "virtio-blk", "virtio-rng", "virtio-balloon")
RICH = (
    "virtio-scsi",
    "virtio-serial",
    "ahci",
    "qxl",
    "vga",
    "qemu-xhci",
    "e1000",
    "rtl8139",
    "cirrus",
    "floppy",
    "ide-cdrom",
    "ac97",
    "usb-tablet",
    "sdhci",
    "pcnet",
    "lsilogic",
)
GRAPHICS = ("none", "socket", "loopback", "address", "all")


def machine(random: Random) -> Configuration:
    """Return a random VM, from a legacy one to a minimal confined one."""
    trust = random.random()

    def maybe(weight: float = 1.0) -> bool:
        return random.random() < trust * weight

    devices = [*LEAN[: random.randint(1, 4)]]
    if not maybe(1.2):
        devices += random.sample(RICH, random.randint(1, 5))
    return counted({
        "vm.accelerator": random.choice(("kvm", "kvm", "kvm", "tcg")),
        "vm.machine": random.choice(("pc-q35-7.2", "pc-i440fx-7.2", "microvm")),
        "vm.kernel": "guest",
        "vm.architecture": "x86_64",
        "vm.devices": devices,
        "vm.cpu.nested": not maybe(),
        "vm.cpu.limited": maybe(),
        "vm.cpu.pinned": maybe(),
        "vm.cpu.mode": "custom",
        "vm.memory.hard_limit": 1 << 30 if maybe() else 0,
        "vm.memory.locked": maybe(),
        "vm.memory.shared_pages": not maybe(),
        "vm.memory.access": "private" if maybe(1.5) else "shared",
        "vm.disk_io_limited": maybe(),
        "vm.commandline_passthrough": [],
        "vm.debug_stub": not maybe(1.5),
        "vm.vsock": not maybe(),
        "vm.accel_3d": not maybe(1.5),
        "vm.watchdog_action": "none" if maybe(1.5) else "dump",
        "vm.crash_action": "destroy",
        "vm.tpm": "passthrough" if not maybe(1.8) else random.choice(("emulated", "none")),
        "vm.tpm_encrypted": maybe(),
        "vm.secure_boot": maybe(),
        "vm.dump_core": not maybe(),
        "vm.launch_security.type": "sev-snp" if maybe(0.3) else "none",
        "vm.launch_security.debug": False,
        "vm.launch_security.bound": maybe(),
        "vm.seclabel.confined": maybe(),
        "vm.seclabel.type": "dynamic",
        "vm.seclabel.models": ["selinux"],
        "vmm.name": "qemu",
        "vmm.manager": "libvirt",
        "vmm.pid": 4711,
        "vmm.uid": 64055 if maybe(1.5) else 0,
        "vmm.root_permitted": not maybe(1.5),
        "vmm.powerful_groups": [] if maybe() else ["disk"],
        "vmm.uid_shared_with": [] if maybe() else ["other"],
        "vmm.capabilities.effective": [] if maybe(1.5) else ["CAP_SYS_ADMIN"],
        "vmm.capabilities.permitted": [] if maybe(1.5) else ["CAP_SYS_ADMIN"],
        "vmm.no_new_privileges": maybe(1.5),
        "vmm.seccomp.mode": "filter" if maybe(1.5) else "disabled",
        "vmm.seccomp.unfiltered_threads": 0 if maybe(1.5) else 2,
        **{f"vmm.seccomp.allows.{name}": not maybe() for name in SURFACES},
        "vmm.sandbox.options": ["elevateprivileges=deny", "obsolete=deny", "resourcecontrol=deny",
                                "spawn=deny"] if maybe(1.5) else [],
        "vmm.lsm.label": "svirt" if maybe() else "",
        "vmm.lsm.label_shared_with": [] if maybe() else ["other"],
        **{f"vmm.namespaces.{name}": "private" if maybe() else "host"
           for name in ("mnt", "pid", "net", "ipc", "uts", "cgroup")},
        "vmm.user_namespace": "private" if maybe(0.5) else "host",
        "vmm.root_is_host": not maybe(),
        "vmm.cgroup.own": maybe(1.5),
        "vmm.cgroup.dedicated": maybe(1.5),
        "vmm.limits.memory.set": maybe(),
        "vmm.limits.pids.set": maybe(),
        "vmm.limits.cpu.set": maybe(),
        "vmm.vhost_workers": 0 if maybe() else 1,
        "disk": [_disk(random, maybe) for _ in range(random.choice((0, 1, 1, 2)))],
        "interface": [_interface(random, maybe) for _ in range(random.choice((0, 1, 1)))],
        "graphics": [_graphics(random, maybe) for _ in range(random.choice((0, 0, 1)))],
        "share": [_share(random, maybe) for _ in range(random.choice((0, 0, 0, 1)))],
        "host_device": [_host_device(random, maybe) for _ in range(random.choice((0, 0, 0, 1)))],
        "character_device": [_port(random, maybe) for _ in range(random.choice((0, 1)))],
        "shared_memory": [],
        "monitor": [_monitor(random, maybe) for _ in range(random.choice((0, 1)))],
        "host.libvirt.listen_tcp": not maybe(1.5),
        "host.libvirt.auth_tcp": "sasl" if maybe() else "none",
        "host.libvirt.listen_tls": False,
        "host.libvirt.allow_disk_format_probing": not maybe(1.8),
        "host.libvirt.stdio_handler": "logd" if maybe(1.5) else "file",
        "control_end": [],
        "vmm_listener": [],
        "vmm_descriptor": [],
        "helper": [],
        "hook": [],
        **host_of(random, maybe),
    }, "vmm")  # fmt: skip


def _disk(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    return {
        "disk.target": "vda", "disk.device": "disk", "disk.bus": "virtio",
        "disk.source_type": "file" if maybe(1.5) else "block", "disk.source": "/srv/vm.img",
        "disk.format": "raw" if maybe(1.5) else "", "disk.read_only": maybe(0.5),
        "disk.raw_scsi": not maybe(1.5), "disk.encrypted": maybe(),
        "disk.whole_host_disk": not maybe(1.5), "disk.backing_files": [],
        "disk.backing_formats": [], "disk.shareable": not maybe(1.5),
        "disk.shared_with": [] if maybe() else ["other"], "disk.limited": maybe(),
    }  # fmt: skip


def _interface(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    return {
        "interface.type": "network" if maybe(1.5) else random.choice(("user", "bridge")),
        "interface.source": "default", "interface.model": "virtio",
        "interface.filter": "clean-traffic" if maybe() else "",
        "interface.isolated": maybe(), "interface.vhost": not maybe(),
        "interface.limited": maybe(), "interface.trust_guest_filters": not maybe(1.5),
        "interface.shared_with": [] if maybe() else ["other"], "interface.mode": "",
        "interface.forward": "nat", "interface.vlan": [],
    }  # fmt: skip


def _graphics(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    exposure = "loopback" if maybe(1.5) else random.choice(GRAPHICS)
    return {
        "graphics.type": "vnc", "graphics.listen": "127.0.0.1", "graphics.exposure": exposure,
        "graphics.password_set": maybe(), "graphics.tls_required": maybe(),
        "graphics.clipboard": not maybe(), "graphics.file_transfer": not maybe(),
        "graphics.websocket": False, "graphics.password_in_configuration": False,
    }  # fmt: skip


def _share(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    return {
        "share.source": "/srv/share" if maybe(1.5) else "/etc", "share.target": "data",
        "share.driver": random.choice(("9p", "virtiofs")), "share.access_mode": "mapped",
        "share.read_only": maybe(), "share.sandbox": "namespace", "share.id_mapped": maybe(),
        "share.xattr": False,
    }  # fmt: skip


def _host_device(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    kind = random.choice(("usb", "mdev", "pci")) if maybe() else "scsi"
    return {"host_device.type": kind, "host_device.address": "0000:01:00.0"}


def _port(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    kind, address = ("pty", "") if maybe() else random.choice((
        ("file", "/var/log/vm.log"), ("unix", "/run/docker.sock"), ("unix", "/run/agent.sock"),
    ))  # fmt: skip
    return {"character_device.role": "serial", "character_device.name": "0",
            "character_device.backend": kind, "character_device.address": address}  # fmt: skip


def _monitor(random: Random, maybe: Callable[..., bool]) -> dict[str, Any]:
    if maybe(1.5):
        kind, address = "unix", "/run/qmp"
    else:
        kind, address = "tcp", random.choice((":4444", "127.0.0.1:4444", "[::1]:4444"))
    return {"monitor.kind": "qmp", "monitor.backend": kind, "monitor.address": address}


def _one_more_device(facts: Configuration, random: Random) -> Configuration | None:
    further = [name for name in RICH if name not in facts["vm.devices"]]
    return {**facts, "vm.devices": [*facts["vm.devices"], random.choice(further)]}


def _one_more(part: str, make: Callable[..., dict[str, Any]]) -> Weakening:
    def weaken(facts: Configuration, random: Random) -> Configuration | None:
        return {**facts, part: [*facts[part], make(random, lambda weight=1.0: False)]}

    weaken.__name__ = f"one more {part}"
    return weaken


def _as_root(facts: Configuration, random: Random) -> Configuration | None:
    if facts["vmm.root_permitted"]:
        return None
    return {**facts, "vmm.root_permitted": True, "vmm.uid": 0}


def _capable(facts: Configuration, random: Random) -> Configuration | None:
    if "CAP_SYS_ADMIN" in facts["vmm.capabilities.effective"]:
        return None
    return counted({**facts, "vmm.capabilities.effective": ["CAP_SYS_ADMIN"]}, "vmm")


def _unfiltered(facts: Configuration, random: Random) -> Configuration | None:
    if facts["vmm.seccomp.mode"] == "disabled":
        return None
    allowed = {f"vmm.seccomp.allows.{name}": True for name in SURFACES}
    off = {"vmm.seccomp.mode": "disabled", "vmm.seccomp.unfiltered_threads": 3}
    return counted({**facts, **off, **allowed, "vmm.sandbox.options": []}, "vmm")


VM_WEAKENINGS: tuple[Weakening, ...] = (
    setting("vm.accelerator", "tcg"),
    setting("vm.cpu.nested", True),
    setting("vm.cpu.limited", False),
    setting("vm.memory.hard_limit", 0),
    setting("vm.memory.shared_pages", True),
    setting("vm.memory.locked", False),
    setting("vm.disk_io_limited", False),
    setting("vm.debug_stub", True),
    setting("vm.vsock", True),
    setting("vm.accel_3d", True),
    setting("vm.tpm", "passthrough"),
    setting("vm.watchdog_action", "dump"),
    setting("vm.tpm_encrypted", False),
    setting("vm.secure_boot", False),
    setting("vm.dump_core", True),
    setting("vm.launch_security.type", "none"),
    setting("vm.launch_security.debug", True),
    setting("vm.seclabel.confined", False),
    setting("vmm.lsm.label", ""),
    setting("vmm.uid_shared_with", ["other"]),
    setting("vmm.lsm.label_shared_with", ["other"]),
    _capable,
    setting("vmm.no_new_privileges", False),
    setting("vmm.sandbox.options", []),
    setting("vmm.root_is_host", True),
    setting("vmm.cgroup.own", False),
    setting("vmm.limits.memory.set", False),
    setting("vmm.limits.pids.set", False),
    setting("vmm.limits.cpu.set", False),
    setting("vmm.vhost_workers", 2),
    *(setting(f"vmm.namespaces.{name}", "host") for name in ("mnt", "pid", "net", "ipc")),
    setting("vmm.user_namespace", "host"),
    _as_root,
    _unfiltered,
    _one_more_device,
    _one_more("disk", _disk),
    _one_more("interface", _interface),
    _one_more("graphics", _graphics),
    _one_more("share", _share),
    _one_more("monitor", _monitor),
    _one_more("host_device", _host_device),
    _one_more("character_device", _port),
    setting_each("disk", {"disk.shareable": True, "disk.shared_with": ["other"]}),
    setting_each("disk", {"disk.encrypted": False}),
    setting_each("disk", {"disk.whole_host_disk": True, "disk.source_type": "block"}),
    setting_each("disk", {"disk.raw_scsi": True}),
    setting_each("interface", {"interface.filter": "", "interface.isolated": False}),
    setting_each("interface", {"interface.shared_with": ["other"]}),
    setting_each("interface", {"interface.vhost": True}),
    setting_each("graphics", {"graphics.exposure": "all"}),
    setting_each("graphics", {"graphics.password_set": False}),
    setting_each("graphics", {"graphics.tls_required": False}),
    setting_each("share", {"share.read_only": False}),
    setting_each("share", {"share.source": "/etc"}),
    setting_each("share", {"share.id_mapped": False}),
    setting_each("monitor", {"monitor.backend": "tcp", "monitor.address": ":4444"}),
    setting("host.smt.active", True),
    setting("host.ksm.running", True),
    setting("host.kvm.nested", True),
    setting("host.kvm.known_vulnerable", ["CVE-2026-53359"]),
    setting("host.cpu.unmitigated", ["l1tf"]),
    setting("host.mac.enforcing", False),
    setting("host.kernel.known_vulnerable", ["CVE-2024-1086"]),
    setting("host.vfio.unsafe_interrupts", True),
    setting("host.libvirt.listen_tcp", True),
    setting("host.libvirt.auth_tcp", "none"),
    setting("host.libvirt.allow_disk_format_probing", True),
    setting("host.libvirt.stdio_handler", "file"),
)
