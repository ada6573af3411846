"""Who a service of systemd runs as: user, groups, capability sets, no-new-privileges.

Sources: systemd.exec(5) (credentials, capabilities, security), capabilities(7). `root` and `nobody`
are known to systemd itself (nss-systemd(8)); any other name the host's accounts resolve.
"""

from __future__ import annotations

from isoaudit.documents.unit import Entry
from isoaudit.probes.declared import Placed
from isoaudit.probes.defaults import ALL_CAPABILITIES, DOCKER_CAPABILITIES, in_kernel_order
from isoaudit.probes.systemd_file.service import (
    SECCOMP,
    SYSTEMD_DEFAULT,
    Service,
    truth,
)

_KNOWN = {"root": 0, "nobody": 65534}
_TRACKED = frozenset(
    {"root", "docker", "podman", "disk", "kvm", "libvirt", "shadow", "adm", "systemd-journal",
     "lxd", "incus", "incus-admin"}
)  # fmt: skip
_DROPPED = {
    "PrivateDevices": ("CAP_MKNOD", "CAP_SYS_RAWIO"),
    "ProtectClock": ("CAP_SYS_TIME", "CAP_WAKE_ALARM"),
    "ProtectKernelLogs": ("CAP_SYSLOG",),
    "ProtectKernelModules": ("CAP_SYS_MODULE",),
}
"""What settings take from the bounding set besides."""

_BY_NUMBER = "Set User to a number, or DynamicUser=yes."
_OF_MANAGER = "the user's own manager runs it: as whom, the file does not say"
_NNP = "process.no_new_privileges"


def note_credentials(service: Service) -> None:
    """Note who the process is and what it may do."""
    started, process = service.started, service.process
    where = started.entry if started is not None else service.anchor
    name = started.program.rpartition("/")[2] if started is not None else ""
    process.say("process.name", name[:255], where)
    process.say("process.main", True, where, "the service's command")
    root = _note_user(service)
    _note_groups(service, root)
    bounding = bounding_set(service)
    _note_capabilities(service, root, bounding)
    _note_no_new_privileges(service, root)


def _note_user(service: Service) -> bool | None:
    """Note the user; return whether it is root, None if the file does not tell."""
    process, user, dynamic = service.process, service.last("User"), service.dynamic()
    paths = ("process.uid", "process.host_uid")
    if dynamic is not None and (user is None or _KNOWN.get(user.value) != 0):
        process.say("process.root_permitted", False, dynamic, "a user made for the service")
        for path in paths:
            process.unknown(path, "DynamicUser picks one between 61184 and 65519")
        return False
    if user is None and service.of_user:
        for path in (*paths, "process.root_permitted"):
            process.unknown(path, _OF_MANAGER, _BY_NUMBER)
        return None
    if user is None:
        remark = f"no User: {SYSTEMD_DEFAULT}, root"
        for path in paths:
            process.default(path, 0, remark)
        process.default("process.root_permitted", True, remark)
        return True
    uid = _KNOWN.get(user.value)
    if uid is None and user.value.isascii() and user.value.isdecimal() and len(user.value) < 11:
        uid = int(user.value)
    if uid is None:
        for path in (*paths, "process.root_permitted"):
            process.unknown(path, "the host's accounts say which user that name is", _BY_NUMBER)
        return None
    for path in paths:
        process.say(path, uid, user)
    process.say("process.root_permitted", uid == 0, user)
    return uid == 0


def _note_groups(service: Service, root: bool | None) -> None:
    """Note the groups that are named, and root's own; others the accounts of the host may add."""
    path, process = "process.host_groups", service.process
    named = [(w.text, e) for e in service.all("SupplementaryGroups") for w in e.words()]
    own = service.last("Group")
    if own is not None:
        named.append((own.value, own))
    groups = {"root" if name == "0" else name: entry for name, entry in named}
    held = sorted(_TRACKED.intersection(groups))
    if root and own is None:
        held = sorted({*held, "root"})
        process.say(path, tuple(held), service.last("User") or service.anchor, "root's own group")
    elif held:
        process.say(path, tuple(held), groups[held[0]])
    elif service.dynamic() is not None and not named:
        dynamic = service.dynamic() or service.anchor
        process.say(path, (), dynamic, "a group made for the service")
    else:
        process.beyond(path, "whose gids they are is in the host's /etc/group")


def capability_set(
    entries: list[Entry], default: tuple[str, ...]
) -> tuple[frozenset[str], Entry | None]:
    """Return a set that assignments in their order come to, and the last of them.

    The first one replaces the default; an empty one stands for none, a lone `~` for all.
    """
    every = frozenset(ALL_CAPABILITIES)
    held: frozenset[str] | None = None
    for entry in entries:
        text = entry.value.strip()
        inverted = text.startswith("~")
        named = frozenset(w.upper() for w in text.removeprefix("~").split()) & every
        if not text:
            held = frozenset()
        elif text == "~":
            held = every
        elif inverted:
            held = (every if held is None else held) - named
        else:
            held = named if held is None else held | named
    if held is None:
        return frozenset(default), None
    return held, entries[-1]


def bounding_set(service: Service) -> frozenset[str]:
    """Return the bounding set: as listed, less what other settings take away."""
    held, _ = capability_set(service.raw("CapabilityBoundingSet"), ALL_CAPABILITIES)
    for key, names in _DROPPED.items():
        if service.on(key) is not None:
            held -= frozenset(names)
    return held


def _note_capabilities(service: Service, root: bool | None, bounding: frozenset[str]) -> None:
    process = service.process
    keys = ("CapabilityBoundingSet", *_DROPPED)
    where = next((e for key in keys if (e := service.setting(key)) is not None), None)
    ambient, said = capability_set(service.raw("AmbientCapabilities"), ())
    ambient &= bounding
    remark = "of what the manager has: all" if where is None else ""
    upper: Placed = where or service.anchor
    process.say("process.capabilities.bounding", in_kernel_order(bounding), upper, remark)
    process.say("process.capabilities.ambient", in_kernel_order(ambient), said or service.anchor)
    beyond = in_kernel_order(bounding.difference(DOCKER_CAPABILITIES))
    service.facts.say("container.capabilities.added", beyond, upper, "beyond docker's default set")
    for name in ("effective", "permitted"):
        path = f"process.capabilities.{name}"
        if root is None:
            process.unknown(path, "depends on who the user is", _BY_NUMBER)
        elif root:
            process.say(path, in_kernel_order(bounding), upper, remark)
        else:
            process.say(path, in_kernel_order(ambient), said or service.anchor,
                        "a user other than root is given the ambient ones alone")  # fmt: skip


def _note_no_new_privileges(service: Service, root: bool | None) -> None:
    process, asked, dynamic = service.process, service.last("NoNewPrivileges"), service.dynamic()
    if asked is not None and truth(asked.value):
        process.say(_NNP, True, asked)
        return
    if dynamic is not None:
        process.say(_NNP, True, dynamic, "implied, and cannot be switched off")
        return
    implying = next((e for key in sorted(SECCOMP) if (e := service.setting(key)) is not None), None)
    if implying is None or root is True:
        remark = f"no NoNewPrivileges: {SYSTEMD_DEFAULT}"
        if asked is not None:
            process.say(_NNP, False, asked)
        else:
            process.default(_NNP, False, remark)
        return
    ambient, said = capability_set(service.raw("AmbientCapabilities"), ())
    if said is not None and "CAP_SYS_ADMIN" in ambient:
        process.say(_NNP, False, said, "with CAP_SYS_ADMIN nothing is implied")
    elif root is None:
        why = "implied for a user without CAP_SYS_ADMIN, which this one need not be"
        process.unknown(_NNP, why, "Set NoNewPrivileges=yes.")
    else:
        process.say(_NNP, True, implying, "implied for a user without CAP_SYS_ADMIN")
