"""The namespaces of a service of systemd: the host's, unless a setting gives one of its own.

Sources: systemd.exec(5) (sandboxing), systemd.unit(5) (JoinsNamespaceOf).
"""

from __future__ import annotations

import re

from isoaudit.documents.unit import Entry
from isoaudit.probes.systemd_file.service import FILE_SYSTEM, SYSTEMD_DEFAULT, Service

_OF_THE_HOST = re.compile(r"/proc/(?:1|self)/ns/\w+")
_PATHS = "container.namespace_paths"
_USER = "process.user_namespace"
_OWN = {
    "pid": ("PrivatePIDs",),
    "uts": ("ProtectHostname",),
    "net": ("PrivateNetwork",),
    "ipc": ("PrivateIPC",),
}
_JOINED = {"net": "NetworkNamespacePath", "ipc": "IPCNamespacePath"}
_IMPLIED_MOUNTS = (*sorted(FILE_SYSTEM), "DynamicUser", "PrivateNetwork", "PrivateIPC",
                   "PrivatePIDs")  # fmt: skip
_GROUPS = frozenset({"private", "strict"})


def note_namespaces(service: Service) -> None:
    """Note the namespaces of the process, and those joined by path."""
    _note(service, "mnt", mount_namespace(service))
    for kind, keys in _OWN.items():
        joined = service.last(_JOINED[kind]) if kind in _JOINED else None
        own = next((e for key in keys if (e := service.on(key)) is not None), None)
        if joined is not None:
            _note_path(service, kind, joined)
        elif own is not None and kind in _JOINED and service.unit.all("Unit", "JoinsNamespaceOf"):
            detail = "JoinsNamespaceOf: whose it is, the other unit says"
            service.process.unknown(f"process.namespaces.{kind}", detail)
        else:
            _note(service, kind, own)
    groups = service.last("ProtectControlGroups")
    _note(service, "cgroup", groups if groups is not None and groups.value in _GROUPS else None)
    _note_time(service)
    paths = [(kind, e) for kind, key in _JOINED.items() if (e := service.last(key)) is not None]
    if paths:
        named = tuple(f"{kind}:{entry.value}" for kind, entry in paths)
        service.facts.say(_PATHS, named, paths[0][1])
    else:
        service.facts.default(_PATHS, (), "no setting names a path")
    _note_borrowed(service)
    _note_users(service)


def _note_borrowed(service: Service) -> None:
    """Note the units whose network and IPC namespaces it may join."""
    path, joins = "container.borrowed_namespaces", service.unit.all("Unit", "JoinsNamespaceOf")
    kinds = [kind for kind in ("net", "ipc") if service.on(_OWN[kind][0]) is not None]
    if joins and kinds:
        units = [word.text for entry in joins for word in entry.words()]
        service.facts.say(path, tuple(f"{kind}:{unit}" for kind in kinds for unit in units),
                          joins[0])  # fmt: skip
    else:
        service.facts.default(path, (), "no namespace of another unit's is joined")


def mount_namespace(service: Service) -> Entry | None:
    """Return the setting for which a service is given a mount namespace, None if none does."""
    return next((e for key in _IMPLIED_MOUNTS if (e := service.setting(key)) is not None), None)


def _note(service: Service, kind: str, own: Entry | None) -> None:
    path = f"process.namespaces.{kind}"
    if own is None:
        service.process.default(path, "host", f"{SYSTEMD_DEFAULT}: the host's")
    else:
        service.process.say(path, "private", own)


def _note_time(service: Service) -> None:
    path = "process.namespaces.time"
    service.process.default(path, "host", "systemd gives no service one of its own")


def _note_path(service: Service, kind: str, joined: Entry) -> None:
    path = f"process.namespaces.{kind}"
    if _OF_THE_HOST.fullmatch(joined.value):
        service.process.say(path, "host", joined, "that path is the host's own")
    else:
        service.process.unknown(path, "whose namespace that path is, only the host tells")


def _note_users(service: Service) -> None:
    """Note the user namespace: systemd maps root of the host to itself, so that files stay whose
    they are; a user's own manager maps its user alone."""
    asked, own = "container.user_namespace", service.on("PrivateUsers")
    process = service.process
    if own is None:
        remark = f"no PrivateUsers: {SYSTEMD_DEFAULT}"
        service.facts.default(asked, "default", remark)
        process.default(_USER, "host", remark)
    else:
        service.facts.say(asked, "private", own)
        process.say(_USER, "private", own)
    for name in ("maps_root", "maps_root_group"):
        path = f"{_USER}_{name}"
        if own is not None and service.of_user:
            process.say(path, False, own, "a user's own manager maps its user alone")
        else:
            process.say(path, True, own or service.anchor, "root is mapped to itself")
