"""Processes as an engine was asked to start them: the main one, and those of exec sessions.

Sources: Docker Engine API (ContainerInspect, ExecInspect), moby daemon/exec_linux.go: an exec
session has the container's filters, labels and namespaces, and credentials of its own.
"""

from __future__ import annotations

import re

from isoaudit.model import Record, Vantage
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.cgroups import note_cgroup_namespace
from isoaudit.probes.docker.credentials import (
    Start,
    asked_bounding,
    bounding_set,
    main_start,
    note_credentials,
    user_namespace,
)
from isoaudit.probes.docker.limits import note_process_limits
from isoaudit.probes.docker.options import EngineDefaults, SecurityOptions, seccomp_word
from isoaudit.probes.docker.seccomp import note_asked_filter

_HOST_PATH = re.compile(r"ns:/proc/(?:1|self|thread-self)/ns/")
"""A namespace named by the path of pid 1, or of the engine itself, is the host's."""

_BY_CONTAINER = "container:"


def process_record(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> Record:
    """Return the record of the main process, with what `notes` of the engine's vantage hold."""
    path = inspect.text("Path")
    notes.fact("process.main", True, f"{inspect.engine} inspect")
    if path is not None:
        notes.fact("process.name", path.rpartition("/")[2], inspect.bare("Path"))
    notes.fact("process.exceeds_main", (), "the container's first process")
    note_credentials(notes, inspect, main_start(inspect), defaults)
    _note_confinement(notes, inspect, options, defaults)
    return notes.record()


def exec_record(
    inspect: Answer, session: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> Record:
    """Return the record of an exec session in an inspected container, from its own answer."""
    notes, config = Notes(Vantage.ENGINE), session.below("ProcessConfig")
    start = _exec_start(inspect, config)
    path = config.text("entrypoint")
    notes.fact("process.main", False, session.source("Running"))
    if path is not None:
        notes.fact("process.name", path.rpartition("/")[2], config.source("entrypoint"))
    note_process_limits(notes, inspect)
    _note_excess(notes, inspect.below("HostConfig"), main_start(inspect), start)
    note_credentials(notes, inspect, start, defaults)
    _note_confinement(notes, inspect, options, defaults)
    return notes.record()


def _exec_start(inspect: Answer, config: Answer) -> Start:
    """Return how an exec session is started: as the container is, where it says nothing else."""
    main, user, privileged = main_start(inspect), config.text("user"), config.flag("privileged")
    if user:
        main = main._replace(user=user, user_source=config.source("user"))
    elif user is None:
        main = main._replace(user=None)
    if privileged or privileged is None:
        source = config.source("privileged")
        main = main._replace(privileged=privileged, privileged_source=source)
    return main


def _note_excess(notes: Notes, host: Answer, main: Start, start: Start) -> None:
    """Note what an exec session can hold that the main process cannot."""
    path, upper, own = "process.exceeds_main", asked_bounding(host, main), None
    if upper is not None:
        own = asked_bounding(host, start)
    if upper is None or own is None:
        not_told(notes, path, host, "Privileged, CapAdd or CapDrop")
        return
    beyond = tuple(name for name in own if name not in upper)
    notes.fact(path, beyond, start.privileged_source if beyond else host.source("CapAdd, CapDrop"))


def _note_confinement(
    notes: Notes, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> None:
    """Note what all processes of a container have in common when they are started."""
    host = inspect.below("HostConfig")
    _note_privileges(notes, host, options, defaults)
    _note_seccomp(notes, host, options, defaults)
    _note_apparmor(notes, inspect, options, defaults)
    _note_user_namespace(notes, host, defaults)
    _note_namespaces(notes, host)
    note_cgroup_namespace(notes, "process.namespaces.cgroup", host, defaults)


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
    mode, word = host.text("UsernsMode"), user_namespace(host, defaults)
    if mode is None:
        not_told(notes, path, host, "UsernsMode")
    elif word is None:
        unreliable(notes, path, "the engine's user namespace default is not known")
    elif defaults.rootless:
        notes.fact(path, word, "info SecurityOptions: rootless")
    elif mode:
        notes.fact(path, word, source)
    elif word == "host":
        notes.fact(path, word, f"engine default: {source} is empty")
    else:
        notes.fact(path, word, "engine default: info SecurityOptions userns")


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
