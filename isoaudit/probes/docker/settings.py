"""What an engine says a container was asked to be: the `container.*` facts.

Sources: Docker Engine API (ContainerInspect), moby's defaults, podman 4 and 5 as they answer.
"""

from __future__ import annotations

from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import MASKED_PATHS
from isoaudit.probes.docker.answer import PODMAN_SILENT, Answer, not_told, unreliable
from isoaudit.probes.docker.cgroups import note_cgroups
from isoaudit.probes.docker.credentials import note_asked
from isoaudit.probes.docker.gpu import note_gpu
from isoaudit.probes.docker.options import EngineDefaults, SecurityOptions, seccomp_word
from isoaudit.probes.docker.seccomp import note_custom_profile

_DEFAULT = "default"
_NAMESPACE_MODES = {
    "cgroup": "CgroupnsMode",
    "ipc": "IpcMode",
    "net": "NetworkMode",
    "pid": "PidMode",
    "user": "UsernsMode",
    "uts": "UTSMode",
}


def note_settings(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    """Note every `container.*` fact that the answer of an inspection gives."""
    host = inspect.below("HostConfig")
    privileged = host.flag("Privileged")
    notes.fact("container.platform", inspect.engine, "the engine's own version answer")
    _note_namespace_paths(notes, host)
    if privileged is None:
        not_told(notes, "container.privileged", host, "Privileged")
    else:
        notes.fact("container.privileged", privileged, host.source("Privileged"))
    _note_image(notes, inspect)
    _note_runtime(notes, host, defaults)
    _note_profiles(notes, host, options, privileged)
    note_custom_profile(notes, host, options, defaults)
    _note_selinux(notes, host, options, privileged)
    _note_relabelled(notes, inspect, defaults)
    _note_paths(notes, host, privileged)
    _note_rest(notes, host)
    note_asked(notes, inspect)
    note_cgroups(notes, inspect, options, defaults)
    note_gpu(notes, inspect, defaults)


def _note_namespace_paths(notes: Notes, host: Answer) -> None:
    """Note the namespaces joined by path, which podman's modes can name as `ns:PATH`."""
    if host.text("NetworkMode") is None:
        not_told(notes, "container.namespace_paths", host, "NetworkMode")
        return
    paths: list[str] = []
    for kind, key in _NAMESPACE_MODES.items():
        word, _, path = (host.text(key) or "").partition(":")
        if word == "ns":
            paths.append(f"{kind}:{path}")
    notes.fact("container.namespace_paths", paths, host.source("*Mode"))


def _note_image(notes: Notes, inspect: Answer) -> None:
    config = inspect.below("Config")
    reference = config.text("Image")
    if reference is None:
        not_told(notes, "container.image.reference", config, "Image")
        return
    source = config.source("Image")
    pinned = "@" in reference or reference.startswith("sha256:")
    notes.fact("container.image.reference", reference, source)
    notes.fact("container.image.pinned", pinned, source)


def _note_runtime(notes: Notes, host: Answer, defaults: EngineDefaults) -> None:
    runtime = host.text("Runtime")
    if host.engine == "podman" and runtime in {"", "oci"}:
        # NOTE: podman writes "oci" for every runtime; its default need not be this container's.
        unreliable(notes, "container.runtime", PODMAN_SILENT)
    elif runtime:
        notes.fact("container.runtime", runtime, host.source("Runtime"))
    elif runtime == "" and defaults.runtime:
        notes.fact("container.runtime", defaults.runtime, "engine default: info DefaultRuntime")
    else:
        not_told(notes, "container.runtime", host, "Runtime")


def _note_profiles(
    notes: Notes, host: Answer, options: SecurityOptions, privileged: bool | None
) -> None:
    """Note the seccomp and AppArmor profiles as asked for; privileged asks for none."""
    source = host.source("SecurityOpt")
    if host.names("SecurityOpt") is None:
        not_told(notes, "container.seccomp.profile", host, "SecurityOpt")
        not_told(notes, "container.apparmor.profile", host, "SecurityOpt")
        return
    for path, asked in (
        ("container.seccomp.profile", options.seccomp and seccomp_word(options.seccomp)),
        ("container.apparmor.profile", options.apparmor),
    ):
        if asked:
            notes.fact(path, _DEFAULT if asked == "docker-default" else asked, source)
        elif privileged:
            notes.fact(path, "unconfined", f"{host.source('Privileged')}: unconfined")
        elif privileged is None:
            not_told(notes, path, host, "Privileged")
        else:
            notes.fact(path, _DEFAULT, f"engine default: {source} names none")


def _note_selinux(
    notes: Notes, host: Answer, options: SecurityOptions, privileged: bool | None
) -> None:
    """Note what is asked of SELinux; the engine drops labels for privileged and host pid or ipc."""
    if host.names("SecurityOpt") is None:
        not_told(notes, "container.selinux", host, "SecurityOpt")
        return
    source = host.source("SecurityOpt")
    shared = "host" in {host.text("PidMode"), host.text("IpcMode")}
    kind = next((o.removeprefix("type:") for o in options.labels if o.startswith("type:")), "")
    disabled = options.label_disabled or kind == "spc_t"
    if not disabled and (privileged or shared):
        key = "Privileged" if privileged else "PidMode, IpcMode"
        notes.fact("container.selinux.disabled", True, f"{host.source(key)}: no label")
    elif not disabled and privileged is None:
        not_told(notes, "container.selinux.disabled", host, "Privileged")
    else:
        notes.fact("container.selinux.disabled", disabled, source)
    notes.fact("container.selinux.type", kind, source)
    notes.fact("container.selinux.options", list(options.labels), source)


def _note_relabelled(notes: Notes, inspect: Answer, defaults: EngineDefaults) -> None:
    """Note the binds that are labelled anew; what the engine does to its own volumes is no news."""
    path, mounts = "container.relabelled_paths", inspect.objects("Mounts")
    if mounts is None:
        not_told(notes, path, inspect, "Mounts")
        return
    binds = [mount for mount in mounts if mount.text("Type") == "bind"]
    if binds and inspect.engine == "podman":
        # NOTE: podman's answer lists the same mode with and without :Z.
        if defaults.known and not defaults.selinux:
            notes.fact(path, (), "info SecurityOptions: no selinux")
        else:
            unreliable(notes, path, f"{inspect.bare('Mounts')}: {PODMAN_SILENT}")
        return
    modes = [(mount, (mount.text("Mode") or "").split(",")) for mount in binds]
    asked = [mount.text("Source") or "" for mount, mode in modes if {"z", "Z"} & set(mode)]
    notes.fact(path, sorted(source.rstrip("/") or "/" for source in asked), inspect.bare("Mounts"))


def _note_paths(notes: Notes, host: Answer, privileged: bool | None) -> None:
    """Note the hidden and read-only paths; null means none if privileged, else the default."""
    for path, key in (
        ("container.masked_paths", "MaskedPaths"),
        ("container.readonly_paths", "ReadonlyPaths"),
    ):
        listed = host.names(key)
        if listed is None or privileged is None:
            not_told(notes, path, host, key)
        elif host.raw(key) is not None or privileged:
            notes.fact(path, listed, host.source(key))
        elif host.engine in MASKED_PATHS:
            # NOTE: null beside an unprivileged container: docker fills in its defaults on create,
            # podman says null even with --security-opt unmask=ALL.
            unreliable(notes, path, f"{host.source(key)} is null: {PODMAN_SILENT}")
        else:
            not_told(notes, path, host, key)


def _note_rest(notes: Notes, host: Answer) -> None:
    read_only = host.flag("ReadonlyRootfs")
    if read_only is None:
        not_told(notes, "container.rootfs.read_only", host, "ReadonlyRootfs")
    else:
        notes.fact("container.rootfs.read_only", read_only, host.source("ReadonlyRootfs"))
    users = host.text("UsernsMode")
    if users is None:
        not_told(notes, "container.user_namespace", host, "UsernsMode")
    else:
        notes.fact("container.user_namespace", _users_word(users), host.source("UsernsMode"))


def _users_word(mode: str) -> str:
    if mode == "":
        return _DEFAULT
    return "host" if mode == "host" else "private"
