"""Who a process of a container is started as: user, groups and capability sets as asked for.

Sources: Docker Engine API (ContainerInspect, ExecInspect), moby oci/caps and daemon/exec_linux.go,
podman pkg/specgen/generate/security, capabilities(7): a process that is not root loses its
effective and permitted set on exec.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.probes.base import Notes
from isoaudit.probes.defaults import (
    ALL,
    ALL_CAPABILITIES,
    DOCKER_CAPABILITIES,
    PODMAN_CAPABILITIES,
    effective_set,
    in_kernel_order,
    normalise_capability,
)
from isoaudit.probes.docker.answer import Answer, not_told, unreliable
from isoaudit.probes.docker.options import EngineDefaults

ROOT_USERS = frozenset({"", "root", "0"})
"""What `Config.User` says of root: the engine has merged the image's user in."""

_ROOT_GROUPS = frozenset({"root", "0"})
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_CLEARS_INHERITABLE = {"docker": (20, 10, 14), "podman": (4, 0, 3)}
"""The first versions that leave the inheritable set empty (CVE-2022-24769, CVE-2022-27649)."""


class Start(NamedTuple):
    """How a process is started: as which user and whether with every capability; None if not told.

    The sources say where each of the two was read.
    """

    user: str | None
    user_source: str
    privileged: bool | None
    privileged_source: str


def main_start(inspect: Answer) -> Start:
    """Return how the main process is started."""
    config, host = inspect.below("Config"), inspect.below("HostConfig")
    return Start(
        config.text("User"),
        config.source("User"),
        host.flag("Privileged"),
        host.source("Privileged"),
    )


def note_credentials(notes: Notes, inspect: Answer, start: Start, defaults: EngineDefaults) -> None:
    """Note user, groups and capability sets of a process that is started so."""
    user = _note_user(notes, inspect, start)
    _note_groups(notes, inspect.below("HostConfig"), start, defaults)
    _note_capabilities(notes, inspect.below("HostConfig"), start, user, defaults)


def _note_user(notes: Notes, inspect: Answer, start: Start) -> str | None:
    """Note the uid and return the user's name without its group, None if it was not told."""
    user, source = start.user, start.user_source
    if user is None:
        not_told(notes, "process.uid", inspect.below("Config"), "User")
        not_told(notes, "process.root_permitted", inspect.below("Config"), "User")
        return None
    name = user.partition(":")[0]
    if inspect.engine == "podman" and name == "":
        # NOTE: with --userns=keep-id an empty user is the caller's, and the answer hides the mode.
        unreliable(notes, "process.uid", f"{source} is empty, and podman may keep the caller's id")
        notes.fact("process.root_permitted", True, f"{source} is empty")
        return ""
    if name in ROOT_USERS:
        notes.fact("process.uid", 0, source if name else f"{source} is empty: root")
    elif name.isascii() and name.isdecimal():
        notes.fact("process.uid", int(name), source)
    else:
        unreliable(notes, "process.uid", f"{source} is a name that only the image resolves")
    notes.fact("process.root_permitted", not _is_other(name), source)
    return name


def _note_groups(notes: Notes, host: Answer, start: Start, defaults: EngineDefaults) -> None:
    """Note that the process is in the host's group root; of no other number the engine can tell."""
    path, added = "process.host_groups", host.names("GroupAdd") or []
    own = (start.user or "").partition(":")[2]
    if user_namespace(host, defaults) == "host":
        for group, source in ((own, start.user_source), (added, host.source("GroupAdd"))):
            if not _ROOT_GROUPS.isdisjoint([group] if isinstance(group, str) else group):
                notes.fact(path, ["root"], f"{source}: gid 0")
                return
    unreliable(notes, path, "whose gids they are is in the host's /etc/group")


def user_namespace(host: Answer, defaults: EngineDefaults) -> str | None:
    """Return host or private, None where neither the mode nor the engine's default is known."""
    mode = host.text("UsernsMode")
    if mode is None:
        return None
    if defaults.rootless:
        return "private"
    if mode == "":
        return None if not defaults.known else "private" if defaults.remap else "host"
    return "host" if mode == "host" else "private"


def _note_capabilities(
    notes: Notes, host: Answer, start: Start, user: str | None, defaults: EngineDefaults
) -> None:
    """Note the five sets; which of them hold anything depends on engine, user and privilege."""
    bounding = asked_bounding(host, start)
    if bounding is None:
        not_told(notes, "process.capabilities", host, "Privileged, CapAdd or CapDrop")
        return
    source = start.privileged_source if start.privileged else host.source("CapAdd, CapDrop")
    notes.fact("process.capabilities.bounding", bounding, source)
    sets = ("effective", "permitted")
    if user is None or not (user in ROOT_USERS or _is_other(user)):
        for name in sets:
            path = f"process.capabilities.{name}"
            unreliable(notes, path, "depends on the user, a name that only the image resolves")
        return
    if host.engine == "podman" and user not in ROOT_USERS:
        # NOTE: podman gives a user what --cap-add names. Its answer lists what exceeds docker's
        # defaults only, so the rest of the named ones cannot be told from the defaults.
        for name in (*sets, "inheritable", "ambient"):
            path = f"process.capabilities.{name}"
            unreliable(notes, path, "podman gives a user the capabilities that were added by name")
        return
    for name in sets:
        held = bounding if user in ROOT_USERS else ()
        notes.fact(f"process.capabilities.{name}", held, source)
    _note_inherited(notes, host, defaults)


def _note_inherited(notes: Notes, host: Answer, defaults: EngineDefaults) -> None:
    """Note the two sets that survive exec, which engines of today leave empty."""
    notes.fact("process.capabilities.ambient", (), "engine default: empty")
    path, fixed = "process.capabilities.inheritable", _CLEARS_INHERITABLE.get(host.engine)
    match = _VERSION.match(defaults.version)
    if fixed and match and tuple(map(int, match.groups())) >= fixed:
        notes.fact(path, (), f"engine default of {defaults.version}: empty")
        return
    detail = f"an engine of version {defaults.version or 'unknown'} may fill it (CVE-2022-24769)"
    unreliable(notes, path, detail)


def asked_bounding(host: Answer, start: Start) -> tuple[str, ...] | None:
    """Return the bounding set of a process started so, None if the answer does not tell."""
    add, drop = host.names("CapAdd"), host.names("CapDrop")
    if start.privileged is None or add is None or drop is None:
        return None
    return bounding_set(host.engine, start.privileged, add, drop)


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


def note_asked(notes: Notes, inspect: Answer) -> None:
    """Note what the container as a whole was asked to be given: capabilities by name, and root."""
    host, start = inspect.below("HostConfig"), main_start(inspect)
    add, drop = host.names("CapAdd"), host.names("CapDrop")
    added, dropped = "container.capabilities.added", "container.capabilities.dropped"
    if add is None or drop is None:
        not_told(notes, "container.capabilities", host, "CapAdd or CapDrop")
    elif host.engine == "podman":
        held = bounding_set("podman", start.privileged is True, add, drop)
        beyond = in_kernel_order(set(held) - set(PODMAN_CAPABILITIES))
        notes.fact(added, beyond, f"{host.source('CapAdd, CapDrop')} beside podman's default set")
        unreliable(notes, dropped, "podman's answer names what docker's default set has besides")
    else:
        notes.fact(added, _named(add), host.source("CapAdd"))
        notes.fact(dropped, tuple(drop), host.source("CapDrop"))
    _note_root(notes, inspect, start)


def _named(names: list[str]) -> tuple[str, ...]:
    named = {normalise_capability(name) for name in names}
    return (ALL,) * (ALL in named) + in_kernel_order(named - {ALL})


def _note_root(notes: Notes, inspect: Answer, start: Start) -> None:
    path = "container.user_is_root"
    if start.user is None:
        not_told(notes, path, inspect.below("Config"), "User")
        return
    name = start.user.partition(":")[0]
    if inspect.engine == "podman" and name == "":
        unreliable(notes, path, f"{start.user_source} is empty: podman may keep the caller's id")
    elif name in ROOT_USERS or _is_other(name):
        notes.fact(path, name in ROOT_USERS, start.user_source)
    else:
        unreliable(notes, path, f"{start.user_source} is a name that only the image resolves")


def _is_other(user: str) -> bool:
    return user.isascii() and user.isdecimal() and int(user) != 0
