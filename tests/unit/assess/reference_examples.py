"""The reference examples of science.md 5.3 as facts, each with the points it is to have about.

Those with an open way stand at what their class allows; they need the primitives. The others rest
on the weights alone. Whether a distribution's kernel has known flaws is not known of the
containers, as mostly: their low end is what is compared.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from isoaudit.assess.definitions import Definitions, definitions
from isoaudit.model import Kind
from isoaudit.rules.context import Context
from isoaudit.rules.examples import context_of

DEFAULT_SET = tuple(
    "CAP_" + name
    for name in (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_OLD_RUNC = ["CVE-2024-21626"]
_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")


def container(exploits: int, **changes: Any) -> Context:
    """Return a container of a default engine, with changes to its process and to its facts.

    `process` holds changes to the process, `facts` to everything else.
    """
    process: dict[str, Any] = {
        "process.name": "app",
        "process.uid": 0,
        "process.host_uid": 0,
        "process.root_permitted": True,
        "process.no_new_privileges": False,
        "process.user_namespace": "host",
        "process.user_namespace_maps_root": True,
        "process.user_namespace_maps_root_group": True,
        "process.user_namespace_shared_ids": False,
        "process.uid_shared_with": [],
        "process.host_groups": [],
        "process.root_is_host": False,
        "process.capabilities.effective": DEFAULT_SET,
        "process.capabilities.permitted": DEFAULT_SET,
        "process.capabilities.bounding": DEFAULT_SET,
        "process.seccomp.mode": "filter",
        "process.seccomp.exploits_reachable": exploits,
        "process.seccomp.allows.keyring": False,
        "process.apparmor.confined": False,
        "process.lsm.label": "",
        **{f"process.namespaces.{name}": "private" for name in _NAMESPACES},
        "process.namespaces.shared_with": [],
        **changes.get("process", {}),
    }
    facts = {
        "process": [process],
        "mount": [], "device": [], "device_rule": [], "control_socket": [], "descriptor": [],
        "network": [], "neighbour": [], "environment": [],
        "container.kernel": "host",
        "container.seccomp.profile": "default",
        "container.platform": "docker",
        "container.borrowed_namespaces": [],
        "container.engine_address": "",
        "container.engine_place": "none",
        "container.network.names": ["bridge"],
        "engine.tcp_unprotected": [],
        "container.privileged": False,
        "container.masked_paths": ["/proc/kcore", "/proc/keys"],
        "container.readonly_paths": ["/proc/sys", "/proc/sysrq-trigger"],
        "container.cgroup_writable": False,
        "container.limits.memory.set": True,
        "container.limits.pids.set": True,
        "engine.runc.known_vulnerable": [],
        "engine.rootless": False,
        "host.kernel.lockdown": "none",
        "host.mac.module": "apparmor",
        "host.mac.enforcing": True,
        "host.cgroup.version": 1,
        "host.smt.active": False,
        "host.ksm.running": False,
        "host.cpu.unmitigated": [],
        **changes.get("facts", {}),
    }  # fmt: skip
    return context_of(Kind.CONTAINER, facts)


_NO_CAPABILITIES: dict[str, Any] = {
    f"process.capabilities.{name}": [] for name in ("effective", "permitted", "bounding")
}
_USER: dict[str, Any] = {
    **_NO_CAPABILITIES,
    "process.uid": 1000,
    "process.host_uid": 1000,
    "process.root_permitted": False,
    "process.no_new_privileges": True,
}
_USERNS: dict[str, Any] = {
    "process.user_namespace": "private",
    "process.user_namespace_maps_root": False,
    "process.user_namespace_maps_root_group": False,
    "process.host_uid": 100_000,
}
_LSM: dict[str, Any] = {"process.apparmor.confined": True, "process.lsm.label": "docker-default"}
_SENTRY = {"container.kernel": "sentry", "sentry.seccomp.mode": "filter"}


def _with(name: str) -> dict[str, Any]:
    held = [*DEFAULT_SET, f"CAP_{name}"]
    return {f"process.capabilities.{one}": held for one in ("effective", "permitted", "bounding")}


EXAMPLES: Mapping[str, tuple[Context, int]] = {
    "seccomp=unconfined": (
        container(78, process={"process.seccomp.mode": "disabled"}), 10,
    ),
    "default and NET_ADMIN": (container(69, process=_with("NET_ADMIN")), 13),
    "default 20.10, old runc": (container(20, facts={"engine.runc.known_vulnerable": _OLD_RUNC}),
                                32),
    "default 20.10, runc patched": (container(20), 40),
    "default 29.4.2": (container(12), 46),
    "all capabilities dropped": (container(12, process=_NO_CAPABILITIES), 48),
    "rootless": (container(12, process=_USERNS), 51),
    "dropped, no new privileges, not root": (container(12, process=_USER), 55),
    "and a tight filter, and an LSM": (container(5, process={**_USER, **_LSM}), 70),
    "rootless, tight filter, LSM": (
        container(5, process={**_USER, **_LSM, **_USERNS, "process.host_uid": 101_000}), 77,
    ),
    "gVisor": (container(12, facts=_SENTRY), 73),
    "gVisor, hardened": (container(12, process=_USER, facts=_SENTRY), 81),
}  # fmt: skip


LEAN = ("virtio-net", "virtio-blk", "virtio-rng", "isa-serial")
TYPICAL = (*LEAN, "virtio-balloon", "virtio-serial", "qemu-xhci", "usb-tablet", "ahci")
LEGACY = ("rtl8139", "cirrus", "floppy", "isa-fdc", "ide-disk", "usb-tablet", "ac97",
          "piix3-uhci", "isa-serial")  # fmt: skip


def machine(devices: tuple[str, ...], **changes: Any) -> Context:
    """Return a VM as libvirt runs it by default, with these devices and changed facts."""
    facts: dict[str, Any] = {
        "vm.accelerator": "kvm", "vm.machine": "pc-q35-7.2", "vm.kernel": "guest",
        "vm.architecture": "x86_64", "vm.devices": list(devices), "vm.cpu.nested": False,
        "vm.memory.access": "private", "vm.launch_security.type": "none",
        "vm.tpm": "none", "vm.watchdog_action": "none", "vm.crash_action": "destroy",
        "vmm.name": "qemu", "vmm.manager": "libvirt", "vmm.pid": 4711,
        "vmm.root_permitted": False, "vmm.capabilities.effective": [],
        "vmm.seccomp.mode": "filter", "vmm.seccomp.unfiltered_threads": 0,
        "vmm.namespaces.mnt": "private", "vmm.root_is_host": False,
        "vmm.namespaces.net": "host", "vmm.namespaces.pid": "host", "vmm.lsm.label": "",
        "vmm.uid_shared_with": ["other"], "vmm.lsm.label_shared_with": [], "vmm.vhost_workers": 1,
        "disk": [], "interface": [], "graphics": [], "share": [], "host_device": [],
        "character_device": [], "shared_memory": [], "monitor": [], "control_end": [],
        "vmm_listener": [], "vmm_descriptor": [], "helper": [], "hook": [],
        "host.kernel.known_vulnerable": [], "host.kvm.known_vulnerable": [],
        "host.kvm.nested": True, "host.smt.active": False, "host.ksm.running": False,
        "host.cpu.unmitigated": [],
        **changes,
    }  # fmt: skip
    return context_of(Kind.VM, facts)


_ROOT = {"vmm.root_permitted": True}
_SVIRT = {"vmm.lsm.label": "svirt:c1,c2", "vmm.vhost_workers": 0}

MACHINES: Mapping[str, tuple[Context, int]] = {
    "VM, emulated": (machine(TYPICAL, **{"vm.accelerator": "tcg"}), 45),
    "VM, old devices, root, nested": (
        machine(LEGACY, **_ROOT, **{"vm.cpu.nested": True}), 34,
    ),
    "VM, virtio, nested": (machine(TYPICAL, **{"vm.cpu.nested": True}), 71),
    "VM, virtio, libvirt's default": (machine(TYPICAL), 79),
    "VM, minimal, sVirt": (machine(LEAN, **_SVIRT), 83),
}  # fmt: skip

_CONFINED = {
    "container.kernel": "guest", "vmm.root_permitted": False, "vmm.capabilities.effective": [],
    "vmm.seccomp.mode": "filter", "vmm.seccomp.unfiltered_threads": 0, "vmm.root_is_host": False,
    "vmm.namespaces.mnt": "private", "vmm.namespaces.net": "private",
    "vmm.namespaces.pid": "private", "vmm.lsm.label": "svirt:c1,c2", "vmm.vhost_workers": 0,
    "host.kvm.nested": False, "host.kernel.known_vulnerable": [], "host.kvm.known_vulnerable": [],
}  # fmt: skip
KATA: Mapping[str, tuple[Context, int]] = {
    "Kata, its VMM confined": (container(12, facts=_CONFINED), 83),
}

EVERY: Mapping[str, tuple[Context, int]] = {**EXAMPLES, **MACHINES, **KATA}


def with_each_weight(factor: float) -> Iterator[tuple[str, Definitions]]:
    """Yield the model with one weight after the other changed, those of terms and of devices."""
    known = definitions()
    for name, document in known.documents.items():
        for number, term in enumerate(document.get("terms", ()) if "score" in name else ()):
            for place, option in enumerate(term.get("choose", ())):
                if not option["bits"]:
                    continue
                changed = copy.deepcopy(document)
                changed["terms"][number]["choose"][place]["bits"] *= factor
                yield (
                    f"{term['id']}[{place}]",
                    known._replace(documents={**known.documents, name: changed}),
                )
