"""What a service of systemd sees of the host's files: its root, binds, and file systems of its own.

Without a root of its own a service has the host's, and whatever lies there; what it is given by
name is told, and that there is more. Sources: systemd.exec(5) (paths, sandboxing).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.unit import Entry
from isoaudit.model import Missing, Record, Value
from isoaudit.probes.declared import Placed, not_declarable, not_declared, record
from isoaudit.probes.defaults import tmpfs_options, tmpfs_size_limited
from isoaudit.probes.systemd_file.namespaces import mount_namespace
from isoaudit.probes.systemd_file.service import SYSTEMD_DEFAULT, Service, is_open
from isoaudit.probes.writers import THIS_CONTAINER, folders_above, normal

_OWN_ROOTS = ("RootDirectory", "RootImage")
_FOLDERS = {
    "RuntimeDirectory": "/run",
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
}
_PROPAGATION = {"shared": "shared", "slave": "slave", "private": "private"}
_HOSTS = "the host's own files are there as well: only some are hidden"
_HOW = "Give the service a root of its own: RootDirectory, or TemporaryFileSystem=/:ro and binds."
_OF_THE_HOST = {
    "mount.options": "it takes them over from a mount of the host",
    "mount.shared_with": "who else mounts it, the host tells",
    "mount.source_writers": "whose the folders above it are, the host tells",
}
_LONGEST_PATH = 4096
_ROOT_IS_HOST = "process.root_is_host"
_READ_ONLY = "container.rootfs.read_only"


def note_mounts(service: Service) -> None:
    """Note the part `mount`, whose root it is, and whether that can be written to."""
    own = own_root(service)
    remark = f"no root of its own: {SYSTEMD_DEFAULT}"
    if own is None:
        service.process.default(_ROOT_IS_HOST, True, remark)
    else:
        service.process.say(_ROOT_IS_HOST, False, own)
    sealed = _sealed(service)
    if sealed is None:
        service.facts.default(_READ_ONLY, False, f"no ProtectSystem=strict: {SYSTEMD_DEFAULT}")
    else:
        service.facts.say(_READ_ONLY, True, sealed)
    incomplete = not_declared("mount", _HOSTS, _HOW) if own is None else None
    service.facts.part("mount", _records(service, own, sealed), incomplete)


def own_root(service: Service) -> Entry | None:
    """Return the setting that gives a service a root other than the host's, None if none does."""
    for key in _OWN_ROOTS:
        said = service.last(key)
        if said is not None and said.value.strip("-/"):
            return said
    over = [e for path, e in service.paths("TemporaryFileSystem") if _split(path)[0] == "/"]
    return over[-1] if over else None


def _sealed(service: Service) -> Entry | None:
    """Return the setting that keeps the root file system from being written to."""
    strict = service.last("ProtectSystem")
    if strict is not None and strict.value == "strict":
        return strict
    if (dynamic := service.dynamic()) is not None:
        return dynamic  # which implies it, whatever else is said
    for path, entry in service.paths("ReadOnlyPaths"):
        if path.lstrip("-+") == "/":
            return entry
    for path, entry in service.paths("TemporaryFileSystem"):
        target, options = _split(path)
        if target == "/" and "ro" in options:
            return entry
    return None


def _records(service: Service, own: Entry | None, sealed: Entry | None) -> Iterator[Record]:
    travels = _propagation(service)
    yield _root(service, own or sealed, sealed is not None, travels)
    binds = list(_binds(service, sealed))
    written = frozenset(bind.source for bind in binds if not bind.read_only)
    for bind in binds:
        yield _bind(bind, travels, written)
    for path, entry in service.paths("TemporaryFileSystem"):
        target, options = _split(path)
        if target != "/":
            yield _tmpfs(entry, target, options)


def _root(service: Service, said: Placed | None, sealed: bool, travels: str) -> Record:
    fields: dict[str, Value] = {
        "mount.kind": "system",
        "mount.destination": "/",
        "mount.read_only": sealed,
        "mount.managed": True,
        "mount.propagation": travels,
    }
    why = "those of the host's own mount"
    unread = {"mount.options": not_declarable("mount.options", why)}
    return record(said or service.anchor, fields, unread)


def _propagation(service: Service) -> str:
    """Return how mounts travel: with a namespace of its own from the host alone."""
    if mount_namespace(service) is None:
        return "shared"
    said = service.last("MountFlags")
    return _PROPAGATION.get(said.value, "slave") if said is not None else "slave"


class Bind(NamedTuple):
    """What is bound, or left writable: a host path, its place, and whether systemd adds it."""

    source: str
    target: str
    read_only: bool
    managed: bool
    entry: Entry


def _binds(service: Service, sealed: Entry | None) -> Iterator[Bind]:
    """Yield what is bound by name, what a sealed root leaves writable, and systemd's folders."""
    for key, read_only in (("BindPaths", False), ("BindReadOnlyPaths", True)):
        for word, entry in service.paths(key):
            source, _, rest = word.lstrip("-").partition(":")
            target = rest.partition(":")[0] or source
            yield Bind(source, target, read_only, False, entry)
    if sealed is not None:
        for word, entry in service.paths("ReadWritePaths"):
            path = word.lstrip("-+")
            yield Bind(path, path, False, False, entry)
    for key, folder in _FOLDERS.items():
        for word, entry in service.paths(key):
            path = posixpath.join(folder, word.partition(":")[0])
            yield Bind(path, path, False, True, entry)


def _bind(bind: Bind, travels: str, written: frozenset[str]) -> Record:
    source, target = (normal(p) if p else "" for p in (bind.source, bind.target))
    fields: dict[str, Value] = {
        "mount.kind": "bind",
        "mount.destination": target,
        "mount.read_only": bind.read_only,
        "mount.managed": bind.managed,
        "mount.propagation": travels,
    }
    unread: dict[str, str | Missing] = {
        path: not_declarable(path, why) for path, why in _OF_THE_HOST.items()
    }
    if is_open(source) or len(source) > _LONGEST_PATH:
        unread["mount.source"] = "a specifier, which systemd fills in"
    else:
        fields["mount.source"] = source
        if not written.isdisjoint(folders_above(source)):
            fields["mount.source_writers"] = (THIS_CONTAINER,)
            del unread["mount.source_writers"]
    return record(bind.entry, fields, unread)


def _split(word: str) -> tuple[str, list[str]]:
    """Return the place and the options of an entry of TemporaryFileSystem."""
    target, _, options = word.partition(":")
    return target.rstrip("/") or "/", options.split(",") if options else []


def _tmpfs(entry: Entry, target: str, options: list[str]) -> Record:
    return record(
        entry,
        {
            "mount.kind": "tmpfs",
            "mount.destination": target,
            "mount.read_only": "ro" in options,
            "mount.managed": False,
            "mount.propagation": "private",
            "mount.options": tmpfs_options(["nodev", *options], restricted=False),
            "mount.size_limited": tmpfs_size_limited(options),
        },
    )
