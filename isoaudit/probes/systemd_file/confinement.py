"""What else confines a service of systemd: LSM labels, and the paths of /proc and /sys it loses.

Sources: systemd.exec(5) (AppArmorProfile, SELinuxContext, ProtectKernelTunables, ProcSubset), and
systemd's own table of what ProtectKernelTunables protects.
"""

from __future__ import annotations

from isoaudit.documents.unit import Entry
from isoaudit.probes.defaults import DOCKER_MASKED_PATHS, RECENT_MASKED_PATHS
from isoaudit.probes.systemd_file.service import SYSTEMD_DEFAULT, Service

_TUNABLES_READ_ONLY = (
    "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/latency_stats",
    "/proc/mtrr", "/proc/scsi", "/proc/sys", "/proc/sysrq-trigger", "/proc/timer_stats", "/sys",
)  # fmt: skip
_TUNABLES_HIDDEN = ("/proc/kallsyms", "/proc/kcore")
_LOGS_HIDDEN = ("/proc/kmsg",)
_KERNELS = ("/proc/", "/sys/")
_APPARMOR, _CONFINED = "container.apparmor.profile", "process.apparmor.confined"
_SELINUX = "container.selinux"


def note_confinement(service: Service) -> None:
    """Note labels, hidden and read-only paths, and whether control groups can be written to."""
    _note_apparmor(service)
    _note_selinux(service)
    _note_hidden(service)
    _note_cgroups(service)
    _note_none(service)


def _note_none(service: Service) -> None:
    """Note what a service cannot have, being no container of an engine."""
    facts = service.facts
    facts.default("container.privileged", False, "systemd has no such switch")
    facts.default("container.gpu.requested", False, "systemd hands none in")
    facts.default("container.gpu.by_environment", False, "systemd hands none in")
    facts.default("container.relabelled_paths", (), "systemd labels no path anew")


def _note_apparmor(service: Service) -> None:
    """Note the profile: without a setting one may still be attached by the program's path."""
    said = service.last("AppArmorProfile")
    if said is None:
        why = "no AppArmorProfile: the host may attach one by the program's path"
        service.facts.beyond(_APPARMOR, why)
        service.process.beyond(_CONFINED, why)
        return
    name = said.value.removeprefix("-")
    service.facts.say(_APPARMOR, name, said)
    if name == "unconfined":
        service.process.say(_CONFINED, False, said)
    else:
        service.process.beyond(_CONFINED, "only on a host with AppArmor it is confined")


def _note_selinux(service: Service) -> None:
    said = service.last("SELinuxContext")
    if said is None:
        service.facts.beyond(_SELINUX, "no SELinuxContext: the host's policy decides")
        return
    fields = said.value.removeprefix("-").split(":", 3)
    kind = fields[2] if len(fields) > 2 else ""
    options = zip(("user", "role", "type", "level"), fields, strict=False)
    off = kind in {"unconfined_t", "unconfined_service_t", "spc_t"}
    service.facts.say(f"{_SELINUX}.disabled", off, said)
    service.facts.say(f"{_SELINUX}.type", kind, said)
    service.facts.say(f"{_SELINUX}.options", tuple(f"{k}:{v}" for k, v in options), said)


def _note_hidden(service: Service) -> None:
    hidden: dict[str, Entry] = {}
    kept: dict[str, Entry] = {}
    tunables, logs = service.on("ProtectKernelTunables"), service.on("ProtectKernelLogs")
    subset = service.last("ProcSubset")
    if tunables is not None:
        hidden |= dict.fromkeys(_TUNABLES_HIDDEN, tunables)
        kept |= dict.fromkeys(_TUNABLES_READ_ONLY, tunables)
    if logs is not None:
        hidden |= dict.fromkeys(_LOGS_HIDDEN, logs)
    if subset is not None and subset.value == "pid":
        every = (*DOCKER_MASKED_PATHS, *RECENT_MASKED_PATHS)
        hidden |= dict.fromkeys((p for p in every if p.startswith("/proc/")), subset)
    for key, found in (("InaccessiblePaths", hidden), ("ReadOnlyPaths", kept)):
        for path, entry in service.paths(key):
            name = path.lstrip("-+").rstrip("/")
            if name.startswith(_KERNELS) or name in {"/proc", "/sys"}:
                found[name] = entry
    for path, found in (("container.masked_paths", hidden), ("container.readonly_paths", kept)):
        if found:
            service.facts.say(path, tuple(sorted(found)), next(iter(found.values())))
        else:
            service.facts.default(path, (), f"no setting hides any: {SYSTEMD_DEFAULT}")


def _note_cgroups(service: Service) -> None:
    path, sealed = "container.cgroup_writable", service.on("ProtectControlGroups")
    if sealed is not None:
        service.facts.say(path, False, sealed)
    else:
        remark = f"no ProtectControlGroups: {SYSTEMD_DEFAULT}, as the host's mount is"
        service.facts.default(path, True, remark)
