"""The main process as an engine was asked to start it: one `process` record.

Sources: Docker Engine API (ContainerInspect), moby oci/caps, podman pkg/specgen/generate/security,
capabilities(7): a process that is not root loses its effective and permitted set on exec.
"""

from __future__ import annotations

import re

from isoaudit.model import Record
from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import (
    ALL_CAPABILITIES,
    DOCKER_CAPABILITIES,
    effective_set,
    in_kernel_order,
    normalise_capability,
)
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.options import EngineDefaults, SecurityOptions, seccomp_word
from isoaudit.probes.docker.seccomp import note_asked_filter
from isoaudit.probes.docker.settings import note_cgroup_namespace

_HOST_PATH = re.compile(r"ns:/proc/(?:1|self|thread-self)/ns/")
"""A namespace named by the path of pid 1, or of the engine itself, is the host's."""

_BY_CONTAINER = "container:"
_ROOT = frozenset({"", "root", "0"})
_SETS = ("effective", "permitted", "bounding", "inheritable", "ambient")


def process_record(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> Record:
    """Return the record of the main process, with what `notes` of the engine's vantage hold."""
    host = inspect.below("HostConfig")
    path = inspect.text("Path")
    notes.fact("process.main", True, f"{inspect.engine} inspect")
    if path is not None:
        notes.fact("process.name", path.rpartition("/")[2], inspect.bare("Path"))
    user = _note_user(notes, inspect)
    _note_capabilities(notes, host, user)
    _note_privileges(notes, host, options, defaults)
    _note_seccomp(notes, host, options, defaults)
    _note_apparmor(notes, inspect, options, defaults)
    _note_user_namespace(notes, host, defaults)
    _note_namespaces(notes, host)
    note_cgroup_namespace(notes, "process.namespaces.cgroup", host, defaults)
    return notes.record()


def _note_user(notes: Notes, inspect: Answer) -> str | None:
    """Note the uid; the engine has merged the image's user in, so that an empty one is root."""
    config = inspect.below("Config")
    user = config.text("User")
    if user is None:
        not_told(notes, "process.uid", config, "User")
        not_told(notes, "process.root_permitted", config, "User")
        return None
    name = user.partition(":")[0]
    source = config.source("User")
    if inspect.engine == "podman" and name == "":
        # NOTE: with --userns=keep-id an empty user is the caller's, and the answer hides the mode.
        unreliable(notes, "process.uid", f"{source} is empty, and podman may keep the caller's id")
        notes.fact("process.root_permitted", True, f"{source} is empty")
        return ""
    if name in _ROOT:
        notes.fact("process.uid", 0, source if name else f"{source} is empty: root")
    elif name.isascii() and name.isdecimal():
        notes.fact("process.uid", int(name), source)
    else:
        unreliable(notes, "process.uid", f"{source} is a name that only the image resolves")
    proven = name.isascii() and name.isdecimal() and int(name) != 0
    notes.fact("process.root_permitted", not proven, source)
    return name


def _note_capabilities(notes: Notes, host: Answer, user: str | None) -> None:
    """Note the five sets; which of them hold anything depends on engine, user and privilege."""
    privileged = host.flag("Privileged")
    add, drop = host.names("CapAdd"), host.names("CapDrop")
    if privileged is None or add is None or drop is None:
        not_told(notes, "process.capabilities", host, "Privileged, CapAdd or CapDrop")
        return
    source = host.source("Privileged" if privileged else "CapAdd, CapDrop")
    bounding = bounding_set(host.engine, privileged, add, drop)
    notes.fact("process.capabilities.bounding", bounding, source)
    if user is None or not (user in _ROOT or _is_other(user)):
        for name in ("effective", "permitted"):
            path = f"process.capabilities.{name}"
            unreliable(notes, path, "depends on the user, a name that only the image resolves")
        return
    held = bounding if user in _ROOT else ()
    kept: tuple[str, ...] = ()
    if host.engine == "podman" and user not in _ROOT:
        # NOTE: podman gives a user what --cap-add names. Its answer lists what exceeds docker's
        # defaults only, so the rest of the named ones cannot be told from the defaults.
        for name in ("effective", "permitted", "inheritable", "ambient"):
            path = f"process.capabilities.{name}"
            unreliable(notes, path, "podman gives a user the capabilities that were added by name")
        return
    for name in ("effective", "permitted"):
        notes.fact(f"process.capabilities.{name}", held, source)
    for name in ("inheritable", "ambient"):
        notes.fact(f"process.capabilities.{name}", kept, "engine default: empty")


def bounding_set(engine: str, privileged: bool, add: list[str], drop: list[str]) -> tuple[str, ...]:
    """Return the bounding set that an engine's answer amounts to.

    Docker repeats what was asked for and ignores it if privileged. Podman lists the difference of
    what it gives to docker's 14 (its own 11 show as a drop of three), or to all if privileged.
    """
    if privileged and engine != "podman":
        return ALL_CAPABILITIES
    if privileged:
        dropped = {normalise_capability(name) for name in drop}
        return in_kernel_order(set(ALL_CAPABILITIES) - dropped)
    return effective_set(DOCKER_CAPABILITIES, add, drop)


def _is_other(user: str) -> bool:
    return user.isascii() and user.isdecimal() and int(user) != 0


def _note_privileges(
    notes: Notes, host: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    path, source = "process.no_new_privileges", host.source("SecurityOpt")
    if host.names("SecurityOpt") is None:
        not_told(notes, path, host, "SecurityOpt")
    elif options.no_new_privileges is not None:
        notes.fact(path, options.no_new_privileges, source)
    elif defaults.no_new_privileges:
        notes.fact(path, True, "engine default: info SecurityOptions")
    else:
        notes.fact(path, False, f"engine default: {source} does not ask for it")


def _note_seccomp(
    notes: Notes, host: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    """Note whether a filter is loaded: as asked, unless the engine's seccomp is off or absent."""
    path, source = "process.seccomp.mode", host.source("SecurityOpt")
    privileged = host.flag("Privileged")
    if host.names("SecurityOpt") is None or privileged is None:
        not_told(notes, path, host, "SecurityOpt or Privileged")
        return
    asked = options.seccomp and seccomp_word(options.seccomp)
    if asked == "unconfined":
        notes.fact(path, "disabled", source)
    elif privileged and not asked:
        notes.fact(path, "disabled", f"{host.source('Privileged')}: no filter")
    elif not defaults.known:
        unreliable(notes, path, "the engine's own seccomp default is not known")
    elif defaults.seccomp == "unavailable":
        notes.fact(path, "disabled", "info SecurityOptions: no seccomp")
    elif not asked and defaults.seccomp == "unconfined":
        notes.fact(path, "disabled", "engine default: info SecurityOptions seccomp")
    else:
        notes.fact(path, "filter", source if asked else "engine default: a filter")
        add, drop = host.names("CapAdd"), host.names("CapDrop")
        if add is not None and drop is not None:
            held = bounding_set(host.engine, privileged, add, drop)
            note_asked_filter(notes, options, defaults, held, host.engine)


def _note_apparmor(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    """Note whether AppArmor confines it: never without AppArmor on the engine's host."""
    path = "process.apparmor.confined"
    profile = inspect.text("AppArmorProfile")
    privileged = inspect.below("HostConfig").flag("Privileged")
    if not defaults.known:
        unreliable(notes, path, "whether the engine's host has AppArmor is not known")
    elif not defaults.apparmor:
        notes.fact(path, False, "info SecurityOptions: no apparmor")
    elif profile:
        notes.fact(path, profile != "unconfined", inspect.bare("AppArmorProfile"))
    elif options.apparmor:
        source = inspect.below("HostConfig").source("SecurityOpt")
        notes.fact(path, options.apparmor != "unconfined", source)
    elif privileged is None:
        not_told(notes, path, inspect, "AppArmorProfile")
    else:
        notes.fact(path, not privileged, "engine default")


def _note_user_namespace(notes: Notes, host: Answer, defaults: EngineDefaults) -> None:
    """Note the user namespace; a rootless engine's containers never have the initial one."""
    path, source = "process.user_namespace", host.source("UsernsMode")
    mode = host.text("UsernsMode")
    if mode is None:
        not_told(notes, path, host, "UsernsMode")
    elif defaults.rootless:
        notes.fact(path, "private", "info SecurityOptions: rootless")
    elif mode in {"", "host"} and not (defaults.remap and mode == ""):
        if mode == "" and not defaults.known:
            unreliable(notes, path, "the engine's user namespace default is not known")
        else:
            notes.fact(path, "host", source if mode else f"engine default: {source} is empty")
    else:
        words = source if mode else "engine default: info SecurityOptions userns"
        notes.fact(path, "private", words)


def _note_namespaces(notes: Notes, host: Answer) -> None:
    notes.fact("process.namespaces.mnt", "private", "engine default: always its own")
    for name, key in (
        ("pid", "PidMode"),
        ("net", "NetworkMode"),
        ("ipc", "IpcMode"),
        ("uts", "UTSMode"),
    ):
        path = f"process.namespaces.{name}"
        mode = host.text(key)
        if mode is None or (mode == "" and name == "net"):
            not_told(notes, path, host, key)
        elif mode.startswith(_BY_CONTAINER):
            # NOTE: that one may be in the host's itself; of a running container the kernel tells.
            unreliable(notes, path, f"{host.source(key)} names a container that was not looked at")
        elif host.engine == "podman" and name == "ipc" and mode == "shareable":
            # NOTE: podman 4 answers "shareable" for --ipc=host too.
            unreliable(notes, path, f"{host.source(key)} is the same for a private and the host's")
        else:
            notes.fact(path, namespace_word(mode), host.source(key))


def namespace_word(mode: str) -> str:
    """Return host, shared or private for a mode as engines write it.

    `ns:PATH` joins a namespace that exists already; `pod` is podman's pod.
    """
    if mode == "host" or _HOST_PATH.match(mode):
        return "host"
    if mode == "pod" or mode.startswith("ns:"):
        return "shared"
    return "private"
