"""The control groups of a container as an engine was asked for them: namespace and write access.

Sources: Docker Engine API (ContainerInspect), moby daemon/oci_linux.go (a mount of cgroups loses
`ro` for privileged, for writable-cgroups and under user-namespace remapping), podman-run(1).
"""

from __future__ import annotations

from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import leads_to_cgroups
from isoaudit.probes.docker.answer import PODMAN_SILENT, Answer, not_told, unreliable
from isoaudit.probes.docker.options import EngineDefaults, SecurityOptions

_WRITABLE = "container.cgroup_writable"


def note_cgroups(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    """Note the cgroup namespace as asked for, and whether a cgroup file system is writable."""
    host = inspect.below("HostConfig")
    note_cgroup_namespace(notes, "container.cgroup_namespace", host, defaults)
    _note_writable(notes, inspect, options, defaults)


def note_cgroup_namespace(notes: Notes, path: str, host: Answer, defaults: EngineDefaults) -> None:
    """Note whether the cgroup namespace is the host's; unset, the cgroup version decides."""
    mode = host.text("CgroupnsMode")
    source = host.source("CgroupnsMode")
    if mode in {"host", "private"}:
        notes.fact(path, mode, source)
    elif host.engine == "podman" and mode == "":
        # NOTE: podman's answer is empty even with --cgroupns=host.
        unreliable(notes, path, f"{source} is empty: {PODMAN_SILENT}")
    elif mode == "" and defaults.cgroup_version in {"1", "2"}:
        word = "private" if defaults.cgroup_version == "2" else "host"
        notes.fact(path, word, f"engine default on cgroup version {defaults.cgroup_version}")
    else:
        not_told(notes, path, host, "CgroupnsMode")


def _note_writable(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    host, mounts = inspect.below("HostConfig"), inspect.objects("Mounts")
    privileged = host.flag("Privileged")
    if privileged is None or host.names("SecurityOpt") is None or mounts is None:
        not_told(notes, _WRITABLE, host, "Privileged, SecurityOpt or Mounts")
        return
    bound = next((mount for mount in mounts if _binds_cgroups(mount)), None)
    if privileged or bound is not None:
        source = host.source("Privileged") if bound is None else bound.source("RW")
        notes.fact(_WRITABLE, True, source)
    elif options.writable_cgroups:
        notes.fact(_WRITABLE, True, host.source("SecurityOpt"))
    elif host.engine == "podman":
        # NOTE: an init may write to it, as may --security-opt unmask, which the answer leaves out.
        unreliable(notes, _WRITABLE, PODMAN_SILENT)
    elif not defaults.known:
        unreliable(notes, _WRITABLE, "whether the engine remaps users is not known")
    elif defaults.remap and host.text("UsernsMode") == "host":
        unreliable(notes, _WRITABLE, "under remapping it depends on the engine's version")
    elif defaults.remap:
        notes.fact(_WRITABLE, True, "engine default under user-namespace remapping")
    else:
        notes.fact(_WRITABLE, False, "engine default: read-only")


def _binds_cgroups(mount: Answer) -> bool:
    """Say whether a mount brings the host's cgroups along, and can be written to."""
    source = mount.text("Source") or ""
    bound = mount.text("Type") == "bind" and mount.flag("RW") is not False
    return bound and leads_to_cgroups(source.rstrip("/") or "/")
