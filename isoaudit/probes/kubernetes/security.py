"""The privileges of a container in a pod: security contexts, capabilities, profiles, namespaces.

Sources: the Kubernetes API reference (SecurityContext, PodSecurityContext, PodSpec), the Pod
Security Standards, and containerd's CRI plugin for what a runtime makes of them.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.declared import Sheet
from isoaudit.probes.defaults import (
    ALL,
    ALL_CAPABILITIES,
    DOCKER_CAPABILITIES,
    DOCKER_MASKED_PATHS,
    DOCKER_READONLY_PATHS,
    in_kernel_order,
    normalise_capability,
)
from isoaudit.probes.kubernetes.context import DEFAULT, Context, flag, note_switch
from isoaudit.probes.kubernetes.credentials import note_asked
from isoaudit.probes.kubernetes.objects import scalar
from isoaudit.probes.kubernetes.profiles import note_apparmor, note_seccomp, note_selinux

_BOUNDING = "process.capabilities.bounding"
_IN_FORCE = ("process.capabilities.effective", "process.capabilities.permitted")
_LARGEST_UID = 2**31 - 1
_SHARED = "shareProcessNamespace"


def note_security(context: Context) -> None:
    """Note what the container's process may do, and which protections are asked for."""
    note_switch(context.facts, "container.privileged", context.of_container("privileged"))
    note_switch(
        context.facts,
        "container.rootfs.read_only",
        context.of_container("readOnlyRootFilesystem"),
    )
    _note_user_and_capabilities(context)
    note_seccomp(context)
    note_apparmor(context)
    note_selinux(context)
    note_asked(context)
    _note_hidden_paths(context)
    _note_namespaces(context)


def _note_user_and_capabilities(context: Context) -> None:
    process = context.process
    bounding, where = _bounding(context)
    other_user = _note_user(context)
    for path in (_BOUNDING,) if other_user is not None else (*_IN_FORCE, _BOUNDING):
        if where is None:
            process.default(path, bounding, f"no capabilities: {DEFAULT}")
        else:
            process.say(path, bounding, where)
    if other_user is not None:
        for path in _IN_FORCE:
            process.say(path, (), other_user, "a user other than root is given none")
    _note_no_new_privileges(context, bounding)


def _note_user(context: Context) -> Node | None:
    """Note the user; return the setting that proves it is not root, if one does."""
    process = context.process
    user, not_root = context.setting("runAsUser"), context.setting("runAsNonRoot")
    forbidden = not_root is not None and flag(not_root)
    if user is not None:
        scalar(user)
        uid = user.integer()
        process.say("process.uid", uid, user)
        # NOTE: what is no user id is refused by the API server, and wraps round to root elsewhere.
        other = 0 < uid <= _LARGEST_UID
        process.say("process.root_permitted", not other, user)
        return user if other else None
    process.unknown("process.uid", "no runAsUser: the image decides", "Set runAsUser to a number.")
    if forbidden and not_root is not None:
        process.say("process.root_permitted", False, not_root, "the kubelet refuses root")
        return not_root
    process.default("process.root_permitted", True, "no runAsUser or runAsNonRoot")
    return None


def _bounding(context: Context) -> tuple[tuple[str, ...], Node | None]:
    """Return the bounding set, and what declares it."""
    if context.privileged is not None:
        return ALL_CAPABILITIES, context.privileged
    declared = context.of_container("capabilities")
    if declared is None:
        return DOCKER_CAPABILITIES, None
    return cri_set(_names(declared, "add"), _names(declared, "drop")), declared


def _names(declared: Node, key: str) -> list[str]:
    found = declared.get(key)
    return [scalar(entry) for entry in found.elements()] if found is not None else []


def cri_set(add: list[str], drop: list[str]) -> tuple[str, ...]:
    """Return the set that a CRI runtime gives: first ALL added, ALL dropped, then the named ones.

    A named drop comes last and wins, unlike with docker. Names are written without `CAP_`:
    containerd drops nothing for one that has it (it would look for CAP_CAP_…), CRI-O adds it.
    """
    added = {normalise_capability(name) for name in add}
    plain = [name for name in drop if not name.strip().upper().startswith("CAP_")]
    dropped = {normalise_capability(name) for name in plain}
    held = set(ALL_CAPABILITIES if ALL in added else DOCKER_CAPABILITIES)
    if ALL in dropped:
        held = set()
    return in_kernel_order((held | added) - dropped - {ALL})


def _note_no_new_privileges(context: Context, bounding: tuple[str, ...]) -> None:
    path = "process.no_new_privileges"
    said = context.of_container("allowPrivilegeEscalation")
    if said is None:
        context.process.default(path, False, f"no allowPrivilegeEscalation: {DEFAULT}")
    elif context.privileged is not None or "CAP_SYS_ADMIN" in bounding:
        remark = "privileged and SYS_ADMIN always allow escalation"
        context.process.say(path, False, context.privileged or said, remark)
    else:
        context.process.say(path, not flag(said), said)


def _note_hidden_paths(context: Context) -> None:
    proc_mount = context.of_container("procMount")
    unmasked = proc_mount is not None and scalar(proc_mount) == "Unmasked"
    decisive = context.privileged or (proc_mount if unmasked else None)
    for path, paths in (
        ("container.masked_paths", DOCKER_MASKED_PATHS),
        ("container.readonly_paths", DOCKER_READONLY_PATHS),
    ):
        if decisive is not None:
            context.facts.say(path, (), decisive)
        else:
            context.facts.default(path, paths, DEFAULT)


def _note_namespaces(context: Context) -> None:
    process = context.process
    process.default("process.namespaces.mnt", "private", DEFAULT)
    network = context.of_pod("hostNetwork")
    _note_namespace(process, "process.namespaces.net", network)
    # NOTE: a CRI runtime gives a pod on the host's network the host's UTS namespace, too.
    _note_namespace(process, "process.namespaces.uts", network)
    _note_namespace(process, "process.namespaces.ipc", context.of_pod("hostIPC"))
    _note_pid(context)
    if context.privileged is not None:
        process.say("process.namespaces.cgroup", "host", context.privileged, "privileged")
    else:
        detail = "private on a node with cgroup v2, the node's own with v1"
        process.beyond("process.namespaces.cgroup", detail)
    for path in ("container.namespace_paths", "container.borrowed_namespaces"):
        context.facts.default(path, (), "a pod cannot name any")
    _note_user_namespace(context)


def _note_namespace(process: Sheet, path: str, said: Node | None) -> None:
    if said is None:
        process.default(path, "private", DEFAULT)
    else:
        process.say(path, "host" if flag(said) else "private", said)


def _note_pid(context: Context) -> None:
    path = "process.namespaces.pid"
    of_host, shared = context.of_pod("hostPID"), context.of_pod(_SHARED)
    joined = context.container.node.get("targetContainerName")
    if of_host is not None and flag(of_host):
        context.process.say(path, "host", of_host)
    elif shared is not None and flag(shared):
        context.process.say(path, "shared", shared)
    elif context.container.ephemeral and joined is not None:
        context.process.say(path, "shared", joined)
    elif of_host is not None:
        context.process.say(path, "private", of_host)
    else:
        context.process.default(path, "private", DEFAULT)


def _note_user_namespace(context: Context) -> None:
    said = context.of_pod("hostUsers")
    asked, got = "container.user_namespace", "process.user_namespace"
    if said is None:
        remark = f"no hostUsers: {DEFAULT}"
        context.facts.default(asked, "default", remark)
        context.process.default(got, "host", remark)
        return
    kind = "host" if flag(said) else "private"
    context.facts.say(asked, kind, said)
    context.process.say(got, kind, said)
    if kind == "private":
        remark = "the kubelet gives every such pod a range of ids of its own, above the host's"
        for name in ("maps_root", "maps_root_group", "shared_ids"):
            context.process.say(f"process.user_namespace_{name}", False, said, remark)
