"""Seccomp, AppArmor and SELinux of a container in a pod.

Sources: the Kubernetes API reference; the tutorials on seccomp and AppArmor for the annotations
that came before the fields; containerd's CRI plugin for what privileged does to them.
"""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.probes.kubernetes.context import Context
from isoaudit.probes.kubernetes.fields import (
    APPARMOR_ANNOTATION,
    SECCOMP_ANNOTATION,
    SECCOMP_POD_ANNOTATION,
)
from isoaudit.probes.kubernetes.objects import scalar

_SECCOMP = "container.seccomp.profile"
_MODE = "process.seccomp.mode"
_SECCOMP_TYPES = {
    "RuntimeDefault": ("default", "filter"),
    "Localhost": ("custom", "filter"),
    "Unconfined": ("unconfined", "disabled"),
}

_APPARMOR = "container.apparmor.profile"
_CONFINED = "process.apparmor.confined"


def note_seccomp(context: Context) -> None:
    """Note the seccomp profile: without one, Kubernetes loads none."""
    facts, process = context.facts, context.process
    if context.privileged is not None:
        facts.say(_SECCOMP, "unconfined", context.privileged, "privileged")
        process.say(_MODE, "disabled", context.privileged, "privileged")
        return
    said = context.setting("seccompProfile")
    if said is not None:
        kind = said.get("type")
        word = scalar(kind) if kind is not None else ""
        if word not in _SECCOMP_TYPES:
            raise said.error("a seccomp profile is RuntimeDefault, Localhost or Unconfined")
        profile, mode = _SECCOMP_TYPES[word]
        facts.say(_SECCOMP, profile, said)
        process.say(_MODE, mode, said)
        return
    if _old_seccomp(context) is not None:
        detail = "asked for by an annotation, which Kubernetes ignores since 1.27"
        for sheet, path in ((facts, _SECCOMP), (process, _MODE)):
            sheet.unknown(path, detail, "Set securityContext.seccompProfile.")
        return
    remark = "Kubernetes default Unconfined, unless the kubelet sets seccompDefault"
    facts.default(_SECCOMP, "unconfined", remark)
    process.default(_MODE, "disabled", remark)


def _old_seccomp(context: Context) -> Node | None:
    """Return the annotation that asks for a seccomp filter, if there is one."""
    annotations = context.container.pod.annotations
    if annotations is None:
        return None
    said = annotations.get(SECCOMP_ANNOTATION + context.container.name)
    said = said if said is not None else annotations.get(SECCOMP_POD_ANNOTATION)
    return said if said is not None and scalar(said) not in {"", "unconfined"} else None


def note_apparmor(context: Context) -> None:
    """Note the AppArmor profile: without one, the node decides by whether it has AppArmor."""
    asked, where = _apparmor(context)
    if context.privileged is not None and asked in {"", "default"}:
        context.facts.say(_APPARMOR, "unconfined", context.privileged, "privileged")
        context.process.say(_CONFINED, False, context.privileged, "privileged")
    elif where is None:
        context.facts.default(_APPARMOR, "default", "no appArmorProfile: runtime/default")
        context.process.unknown(
            _CONFINED,
            "no appArmorProfile: the runtime confines it only on a node with AppArmor",
            "Set securityContext.appArmorProfile.",
        )
    else:
        context.facts.say(_APPARMOR, asked, where)
        context.process.say(_CONFINED, asked != "unconfined", where)


def _apparmor(context: Context) -> tuple[str, Node | None]:
    """Return default, unconfined, a name, or "", and what asks for it: the field wins."""
    said = context.setting("appArmorProfile")
    if said is not None:
        kind, name = said.get("type"), said.get("localhostProfile")
        word = scalar(kind) if kind is not None else ""
        if word == "Localhost" and name is not None:
            return scalar(name), said
        named = {"RuntimeDefault": "default", "Unconfined": "unconfined"}
        if word not in named:
            raise said.error("an AppArmor profile is RuntimeDefault, Localhost or Unconfined")
        return named[word], said
    annotations = context.container.pod.annotations
    key = APPARMOR_ANNOTATION + context.container.name
    old = annotations.get(key) if annotations is not None else None
    if old is None or not scalar(old):
        return "", None
    word = scalar(old)
    return "default" if word == "runtime/default" else word.removeprefix("localhost/"), old


def note_selinux(context: Context) -> None:
    """Note the SELinux label asked for; a privileged container gets none."""
    facts = context.facts
    said = context.setting("seLinuxOptions")
    found = {key: scalar(value) for key, value in said.items()} if said is not None else {}
    kind = found.get("type", "")
    options = tuple(
        f"{key}:{found[key]}" for key in ("user", "role", "type", "level") if found.get(key)
    )
    if said is None:
        remark = "no seLinuxOptions: the node's default"
        facts.default("container.selinux.type", kind, remark)
        facts.default("container.selinux.options", options, remark)
    else:
        facts.say("container.selinux.type", kind, said)
        facts.say("container.selinux.options", options, said)
    decisive = context.privileged or (said if kind == "spc_t" else None)
    if decisive is not None:
        facts.say("container.selinux.disabled", True, decisive)
    elif said is not None:
        facts.say("container.selinux.disabled", False, said)
    else:
        facts.default("container.selinux.disabled", False, "no seLinuxOptions: the node's default")
