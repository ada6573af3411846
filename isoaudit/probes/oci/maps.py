"""The user namespace of an OCI bundle: whether it has one of its own, and how ids are mapped.

Sources: the OCI runtime specification (config-linux, namespaces and user namespace mappings),
user_namespaces(7).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.probes.oci.bundle import Bundle, number, text, word

_MOST = 340
"""Lines of a map that the kernel takes (user_namespaces(7))."""

_ROOTLESS = "a rootless engine's, which is in a user namespace already"
_JOINED = "joins a user namespace by path, whose maps only the host shows"

HOSTS_OWN = re.compile(r"/proc/(?:1|self|thread-self)/(?:task/[0-9]+/)?ns/\w+|.*/netns/default")
"""Paths of namespaces that are the host's: those of pid 1 and of the runtime itself, and what
moby's libnetwork calls the host's network namespace."""

Range = tuple[int, int, int]


class Maps(NamedTuple):
    """Whether the user namespace is its own, and its maps as (inside, outside, count).

    `rootless` says that a rootless engine wrote the file: the runtime's own user namespace is then
    not the host's. `why` says why maps that count are not known.
    """

    private: bool
    rootless: bool
    uids: tuple[Range, ...]
    gids: tuple[Range, ...]
    why: str = ""
    node: Node | None = None

    def uid(self, inside: int) -> int | None:
        """Return the uid that the runtime's own user namespace sees, None if that is not known."""
        return _outside(inside, self.uids) if self.private else inside

    def gid(self, inside: int) -> int | None:
        """Return the gid that the runtime's own user namespace sees, None if that is not known."""
        return _outside(inside, self.gids) if self.private else inside


def read_maps(bundle: Bundle) -> Maps:
    """Return the user namespace that a bundle asks for; raises DocumentError."""
    rootless = _is_rootless(bundle)
    uids, gids = (_ranges(bundle, key) for key in ("uidMappings", "gidMappings"))
    for entry in bundle.listed("linux", "namespaces"):
        if word(entry, "type") != "user":
            continue
        path = word(entry, "path")
        if HOSTS_OWN.fullmatch(path):
            break
        joined = bool(path)
        why = _JOINED if joined else _ROOTLESS if rootless else ""
        return Maps(True, rootless, () if joined else uids, () if joined else gids, why, entry)
    return Maps(False, rootless, (), (), _ROOTLESS if rootless else "")


def _is_rootless(bundle: Bundle) -> bool:
    """Say whether the control group is one of a user's own manager."""
    path = bundle.get("linux", "cgroupsPath")
    group = text(path) if path is not None else ""
    return group.startswith("user.slice:") or "/user.slice/" in f"/{group}"


def _ranges(bundle: Bundle, key: str) -> tuple[Range, ...]:
    entries = bundle.listed("linux", key)
    if len(entries) > _MOST:
        raise entries[_MOST].error(f"more than {_MOST} entries, which the kernel refuses")
    return tuple(_range(entry) for entry in entries)


def _range(entry: Node) -> Range:
    fields = []
    for key in ("containerID", "hostID", "size"):
        found = entry.get(key)
        fields.append(number(found) if found is not None else 0)
    return fields[0], fields[1], fields[2]


def _outside(inside: int, ranges: tuple[Range, ...]) -> int | None:
    for first, outside, count in ranges:
        if first <= inside < first + count:
            return outside + inside - first
    return None


def maps_root(ranges: tuple[Range, ...]) -> bool:
    """Say whether id 0 outside is among those that are mapped."""
    return any(outside <= 0 < outside + count for _, outside, count in ranges)
