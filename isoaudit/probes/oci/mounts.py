"""The mounts of an OCI bundle, its root file system first.

Sources: the OCI runtime specification (config, mounts; config-linux, rootfsPropagation), mount(8),
runc (where no propagation is named, a bind stays a slave of the host's mount).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.model import Missing, Record, Value
from isoaudit.probes.declared import not_declarable, record
from isoaudit.probes.defaults import (
    TMPFS_RESTRICTIONS,
    leads_to_cgroups,
    tmpfs_options,
    tmpfs_size_limited,
)
from isoaudit.probes.file_systems import HOSTS_OWN
from isoaudit.probes.oci.bundle import RUNTIME_DEFAULT, Bundle, flag, path_in, text, word, words
from isoaudit.probes.writers import THIS_CONTAINER, folders_above

_SYSTEMS = {
    "proc": "/proc",
    "sysfs": "/sys",
    "mqueue": "/dev/mqueue",
    "devpts": "/dev",
    "cgroup": "/sys/fs/cgroup",
    "cgroup2": "/sys/fs/cgroup",
}
"""File systems of the kernel, and where a runtime mounts them."""

_OWN_TMPFS = frozenset({"/dev", "/dev/shm", "/proc", "/sys", "/sys/fs/cgroup", "/run/lock"})  # noqa: S108
_PSEUDO = frozenset({"binfmt_misc", "bpf", "efivarfs", "fusectl", "hugetlbfs", "pstore",
                     "ramfs", "selinuxfs", *_SYSTEMS})  # fmt: skip
_PROPAGATION = {
    f"{r}{word}": word for word in ("private", "slave", "shared", "unbindable") for r in ("", "r")
}
_VOLUME = re.compile(
    r"(?:/var/lib/(?:docker|containers/storage)|/.+/\.local/share/(?:docker|containers/storage))"
    r"/volumes/[^/]+/_data"
)
_ID = re.compile(r"[0-9a-f]{64}")
_ENGINES_PLACES = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/shm", "/run/.containerenv",  # noqa: S108
     "/run/secrets", "/dev/termination-log"}
)  # fmt: skip
_OF_THE_HOST = "a bind takes them over from the mount of the host that it lies in"


class Mount(NamedTuple):
    """One entry of `mounts`: its type (`bind` for every bind), source, place and options."""

    type: str
    source: str
    destination: str
    options: tuple[str, ...]
    node: Node

    @property
    def read_only(self) -> bool:
        """Whether it refuses writes: of contradicting options the last one counts."""
        asked = [one for one in self.options if one in {"ro", "rro", "rw", "rrw"}]
        return bool(asked) and asked[-1] in {"ro", "rro"}


def note_mounts(bundle: Bundle) -> None:
    """Note the part `mount`, and whether control groups can be written to."""
    mounts = list(_mounts(bundle))
    rest = _rest(bundle)
    folders = frozenset(m.source for m in mounts if m.type == "bind" and not m.read_only)
    records = (_record(mount, folders, rest) for mount in mounts)
    bundle.facts.part("mount", _with_root(bundle, rest, records))
    _note_cgroups(bundle, mounts)


def written_sources(bundle: Bundle) -> frozenset[str]:
    """Return the host paths that the container binds and can write to."""
    found = _mounts(bundle)
    return frozenset(one.source for one in found if one.type == "bind" and not one.read_only)


def _mounts(bundle: Bundle) -> Iterator[Mount]:
    for node in bundle.listed("mounts"):
        options = words(node.get("options"))
        bound = not {"bind", "rbind"}.isdisjoint(options)
        kind = "bind" if bound else word(node, "type")
        source = path_in(node, "source")
        if kind == "bind":
            source = _host_path(bundle, source)
        elif kind in HOSTS_OWN:
            # There is one of each, whoever mounts it: it is the host's.
            kind, source = "bind", HOSTS_OWN[kind]
        elif kind == "overlay":
            source = ""  # what is put together stands in the options: it may be any host path
        destination = path_in(node, "destination")
        yield Mount(kind, source, _trimmed(destination), options, node)


def _host_path(bundle: Bundle, source: str) -> str:
    """Return the path of a bind's source; a relative one is below the bundle's folder."""
    if not source:
        return ""
    joined = posixpath.normpath(posixpath.join(bundle.folder, source))
    return "/" + joined.lstrip("/") if joined.startswith("/") else joined


def _trimmed(path: str) -> str:
    return path.rstrip("/") or path[:1]


def _rest(bundle: Bundle) -> str:
    """Return how mounts travel where no option says: the root's propagation, slave by default."""
    said = bundle.get("linux", "rootfsPropagation")
    return _PROPAGATION.get(text(said), "slave") if said is not None else "slave"


def _with_root(bundle: Bundle, rest: str, records: Iterator[Record]) -> Iterator[Record]:
    said = bundle.get("linux", "rootfsPropagation") or bundle.get("root") or bundle.root
    sealed = bundle.get("root", "readonly")
    yield record(
        said,
        {
            "mount.kind": "system",
            "mount.destination": "/",
            "mount.read_only": sealed is not None and flag(sealed),
            "mount.propagation": rest,
            "mount.managed": True,
        },
        {"mount.options": not_declarable("mount.options", "what the image's mount has")},
    )
    yield from records


def _record(mount: Mount, folders: frozenset[str], rest: str) -> Record:
    kind = _kind(mount)
    fields: dict[str, Value] = {
        "mount.kind": kind,
        "mount.destination": mount.destination,
        "mount.read_only": mount.read_only,
        "mount.propagation": _propagation(mount, rest),
        "mount.managed": kind in {"system", "volume"} or _is_engines(mount),
    }
    unread: dict[str, str | Missing] = {}
    held = tmpfs_options(mount.options, restricted=False)
    if kind in {"bind", "volume"}:
        _put_source(mount, kind, folders, fields, unread)
        if len(held) < len(TMPFS_RESTRICTIONS):
            unread["mount.options"] = not_declarable("mount.options", _OF_THE_HOST)
        else:
            fields["mount.options"] = held
    else:
        fields["mount.options"] = held
    if mount.type == "tmpfs":
        fields["mount.size_limited"] = tmpfs_size_limited(mount.options)
    return record(mount.node, fields, unread)


def _put_source(
    mount: Mount,
    kind: str,
    folders: frozenset[str],
    fields: dict[str, Value],
    unread: dict[str, str | Missing],
) -> None:
    """Set what is behind a bind or volume, and who else comes to it."""
    if mount.source:
        fields["mount.source"] = mount.source
    else:
        unread["mount.source"] = "which files of the host it shows, the file does not tell"
    why = "who else mounts it, the host tells"
    unread["mount.shared_with"] = not_declarable("mount.shared_with", why)
    if kind != "bind":
        return
    path = "mount.source_writers"
    if not folders.isdisjoint(folders_above(mount.source)):
        fields[path] = (THIS_CONTAINER,)
    else:
        unread[path] = not_declarable(path, "whose the folders above it are, the host tells")


def _kind(mount: Mount) -> str:
    if mount.type == "bind":
        return "volume" if _VOLUME.fullmatch(mount.source) else "bind"
    if mount.type == "tmpfs":
        return "system" if mount.destination in _OWN_TMPFS else "tmpfs"
    return "system" if mount.type in _PSEUDO else "bind"


def _is_engines(mount: Mount) -> bool:
    """Say whether an engine put a bind there by itself, from its own folder for the container."""
    if mount.type != "bind" or mount.destination not in _ENGINES_PLACES:
        return False
    if mount.source == mount.destination == "/dev/shm":  # noqa: S108 - the name of a mount
        return True
    return any(_ID.fullmatch(name) for name in mount.source.split("/"))


def _propagation(mount: Mount, rest: str) -> str:
    asked = [_PROPAGATION[one] for one in mount.options if one in _PROPAGATION]
    if asked:
        return asked[-1]
    if mount.type == "bind" or rest == "shared":
        return rest
    return "private"


def _note_cgroups(bundle: Bundle, mounts: list[Mount]) -> None:
    path = "container.cgroup_writable"
    for mount in mounts:
        bound = mount.type == "bind" and leads_to_cgroups(mount.source)
        if (bound or mount.type in {"cgroup", "cgroup2"}) and not mount.read_only:
            bundle.facts.say(path, True, mount.node)
            return
    bundle.facts.default(path, False, f"no writable mount of them: {RUNTIME_DEFAULT}")
